"""What a command waits for: which modules are in when it answers, and when the first step of a run is done."""

import json
import sys
from types import SimpleNamespace

import pytest

from ganzoo.contracts import DataSpec
from ganzoo.errors import ConfigError
from ganzoo.runs import log
from ganzoo.runs.folder import RunFolder
from ganzoo.runs.log import RunLog
from ganzoo.settings.kinds import ALL_KINDS, KIND_INFO
from ganzoo.settings.toml import from_tables
from ganzoo.zoo import plugins
from ganzoo.zoo.installed import find_plugins
from ganzoo.zoo.names import NAMES, check_names
from support.imports import AT_END, SLOW, run_watched
from support.runs import HELD, TINY, ganzoo, train
from support.zoo import ZOO

COMPILER = {"torch._dynamo", "torch._inductor", "torch.onnx", "sympy"}

AT_FIRST_STEP = """
import atexit, os, sys
wanted, said = set(sys.argv.pop(1).split(",")), os.fdopen(os.dup(1), "w")  # while a run trains, stdout is stderr
from ganzoo.cli import main, progress
def step(display, step):
    step == 1 and print("IMPORTED", *sorted(wanted & set(sys.modules)), file=said, flush=True)
progress.Display.step = step
atexit.register(lambda: print("END", *sorted(wanted & set(sys.modules))))
main()
"""


# Answers


@pytest.mark.parametrize("kind", ALL_KINDS)
def test_the_names_known_without_torch_are_those_that_the_built_ins_register(kind):
    assert sorted(NAMES[kind]) == [entry.name for entry in ZOO.entries(kind)]


@pytest.mark.parametrize(
    ("words", "said"),
    [
        (["rnu"], "no command is named 'rnu'"),
        (["run", "--modle", "mlp"], "there is no option --modle"),
        (["run", "sngna"], "no recipe is named 'sngna'. Did you mean 'sngan'?"),
        (["run", "--model", "dcgna"], "no model is named 'dcgna'. Did you mean 'dcgan'?"),
        (["run", "--lipschitz", "sn+dragn"], "no Lipschitz enforcer is named 'dragn'. Did you mean 'dragan'?"),
        (["run", "--set", "eval.metrics=fid,kdi"], "no metric is named 'kdi'. Did you mean 'kid'?"),
        (["run", "--set", "optm.lr_g=1"], "unknown section [optm]. Did you mean 'optim'?"),
        (["run", "--set", "optim.beta3=0"], "optim.beta3: no such option. Did you mean 'beta2'?"),
        (["run", "--steps", "0"], "train.steps: 0 is refused"),
        (["config", "show", "--dataset", "digit"], "no dataset is named 'digit'. Did you mean 'digits'?"),
        (["show", "conditioner", "cgn"], "no conditioner is named 'cgn'. Did you mean 'cgan'?"),
        (["show", "metric", "kdi"], "no metric is named 'kdi'. Did you mean 'kid'?"),
        (
            ["evaluate", ".", "--features", "incepton"],
            "no feature extractor is named 'incepton'. Did you mean 'inception'?",
        ),
        (["compare", "--loss", "bce,wgna"], "no loss is named 'wgna'. Did you mean 'wgan'?"),
        (["compare", "wgan_gp,sngna"], "no recipe is named 'sngna'. Did you mean 'sngan'?"),
        (["compare", "--engine", "locl"], "no engine is named 'locl'. Did you mean 'local'?"),
    ],
    ids=lambda value: " ".join(value) if isinstance(value, list) else "",
)
def test_a_mistake_is_refused_before_torch_is_imported(words, said):
    shown, imported = run_watched(AT_END, SLOW, *words, exit_code=2)
    assert said in shown and imported["IMPORTED"] == set()


@pytest.fixture(scope="module")
def places(tmp_path_factory):
    """A folder with a run, a folder that holds something else, and a file of text."""
    place = tmp_path_factory.mktemp("places")
    (place / "other").mkdir()
    (place / "other" / "notes.txt").write_text("nothing of ganzoo")
    folder = RunFolder(place / "run")
    folder.path.mkdir()
    folder.write_recipe(from_tables({"dataset": {"name": "digits"}}))
    folder.write_status("complete", 4, 4)
    return place


AT_ONCE = {
    "run --out run": (10, "the folder exists (step 4, complete)"),
    "run --out other --dry-run": (10, "the path exists and is not a run folder"),
    "run --out other/notes.txt": (10, "the path exists and is not a run folder"),
    "run --init-from other": (5, "this is not a run folder"),
    "run --dataset folder:photos": (3, "no data: there is no "),
    "run --set eval.reference=no.npz": (7, ": there is no such file"),
    "run --features inception --set features.weights=other": (7, ": it is a folder"),
    "bench --dataset npz:images.npz": (3, "no data: there is no "),
    "resume other": (5, "this is not a run folder"),
    "resume run --out other": (10, "the path exists and is not a run folder"),
    "sample other": (5, "this is not a run folder"),
    "diagnose other": (5, "this is not a run folder"),
    "evaluate other": (2, "this is no run, and images are scored against a dataset: none is named"),
    "evaluate other --reference no.npz": (7, "no statistics in "),
    "compare --loss bce,wgan --out other": (10, "the folder holds no grid"),
    "list --plugin my_loss.py": (4, "--plugin takes a Python file"),
    "list --plugin other/notes.txt": (4, "--plugin takes a Python file"),
    "list --no-plugin nothing": (2, "no plugin is named 'nothing'"),
    "list --override nothing": (2, "no plugin is named 'nothing'"),
}


@pytest.mark.parametrize("words", AT_ONCE)
def test_a_place_that_will_not_do_is_refused_before_the_components_are_loaded(words, places, monkeypatch):
    monkeypatch.chdir(places)
    monkeypatch.setattr(plugins, "load_zoo", lambda **choice: pytest.fail("loaded"))
    code, said = AT_ONCE[words]
    assert said in ganzoo(*words.split(), code=code).stderr


@pytest.mark.parametrize("words", ["run --out run", "resume other", "compare --loss bce,wgan --out other"])
def test_such_a_refusal_imports_no_torch(words, places, monkeypatch):
    monkeypatch.chdir(places)
    _, imported = run_watched(AT_END, SLOW | {"pydantic"}, *words.split(), exit_code=AT_ONCE[words][0])
    assert imported["IMPORTED"] == set()


@pytest.mark.parametrize("words", ["list", "show loss bce", "config show sngan", "plugins", "explain fid"])
def test_what_ships_is_shown_without_pydantic_and_without_the_files_of_runs(words):
    slow = SLOW | {"pydantic", "ganzoo.runs.records"}
    _, imported = run_watched(AT_END, slow, *words.split())
    assert imported["IMPORTED"] == set()


def test_a_name_that_does_not_ship_is_left_to_the_plugin_of_one_file_that_may_bring_it(tmp_path):
    (tmp_path / "held.py").write_text(HELD)
    shown = ganzoo("--plugin", tmp_path / "held.py", "config", "show", "--loss", "held", "--json").stdout
    assert {row["setting"]: row["value"] for row in json.loads(shown)}["loss.scale"] == 2.0
    wrong = ganzoo("--plugin", tmp_path / "held.py", "config", "show", "--loss", "hedl", code=2)
    assert "Did you mean 'held'?" in wrong.stderr and "shows all 6" in wrong.stderr


@pytest.fixture
def installed(tmp_path, monkeypatch):
    """The plugin of the loss `held`, as pip would leave it on the path."""
    (tmp_path / "held_plugin.py").write_text(HELD)
    info = tmp_path / "held_plugin-0.3.dist-info"
    info.mkdir()
    (info / "METADATA").write_text("Metadata-Version: 2.1\nName: held_plugin\nVersion: 0.3\n")
    (info / "entry_points.txt").write_text("[ganzoo]\nheld_plugin = held_plugin\n")
    monkeypatch.delenv("GANZOO_DISABLE_PLUGINS")
    monkeypatch.syspath_prepend(str(tmp_path))
    monkeypatch.delitem(sys.modules, "held_plugin", raising=False)


def test_a_name_that_does_not_ship_is_left_to_an_installed_plugin_unless_it_is_disabled(installed, monkeypatch):
    assert ("held_plugin", True) in [(plugin.name, plugin.enabled) for plugin in find_plugins()]
    ganzoo("config", "show", "--loss", "held")
    refused = ganzoo("--no-plugin", "held_plugin", "config", "show", "--loss", "held", code=2)
    assert "no loss is named 'held'" in refused.stderr
    monkeypatch.setenv("GANZOO_DISABLE_PLUGINS", "other,held_plugin")
    assert ("held_plugin", False) in [(plugin.name, plugin.enabled) for plugin in find_plugins()]
    assert "held_plugin" in sys.modules  # of the first command


@pytest.mark.parametrize(
    "kind", [kind for kind in ALL_KINDS if not KIND_INFO[kind].sums and not KIND_INFO[kind].setting]
)
def test_only_enforcers_and_regularizers_add_up(kind):
    whole = "+".join(NAMES[kind][:2])
    with pytest.raises(ConfigError, match=f"no {KIND_INFO[kind].title} is named"):
        check_names({f"{kind}.name": whole})
    check_names(
        {
            "lipschitz.name": "sn+gp",
            "regularizer.name": "lecam+zcr",
            "features.name": "auto",
            "eval.metrics": "fid, is,",
        }
    )


# The first step


@pytest.mark.parametrize("optimizer", ["adam", *(pytest.param(x, marks=pytest.mark.full) for x in ("rmsprop", "sgd"))])
def test_no_step_waits_for_the_compiler_of_torch_and_the_first_not_for_tensorboard(tmp_path, optimizer):
    words = ["--steps=2", "--loss=wgan", "--lipschitz=gp", "--no-scores", f"--set=optim.name={optimizer}"]
    _, lines = run_watched(AT_FIRST_STEP, {*COMPILER, "tensorboard"}, "run", *TINY, *words, "--out", tmp_path / "run")
    assert lines["IMPORTED"] == set()
    assert lines["END"] == {"tensorboard"}
    assert any((tmp_path / "run" / "tb").iterdir())


# TensorBoard, which comes later


def recorder(place, step):
    run = from_tables({"dataset": {"name": "digits"}})
    return RunLog(RunFolder(place), run, DataSpec((1, 8, 8)), step)


def test_the_settings_are_among_the_events_of_a_run_that_was_stopped_before_its_first(tmp_path):
    recorder(tmp_path, 0).close()
    assert not (tmp_path / "tb").exists()
    for step in (3, 4):
        again = recorder(tmp_path, step)
        again.scalars(step + 1, {"loss": 1.0})
        again.close()
    assert len(list((tmp_path / "tb" / "scores").iterdir())) == 1


def test_no_clock_counts_the_opening_of_tensorboard_nor_a_pause_around_it(tmp_path, monkeypatch):
    clock = SimpleNamespace(now=0.0)
    monkeypatch.setattr(log.time, "perf_counter", lambda: clock.now)

    def open_slowly(*args):
        clock.now += 100
        return SimpleNamespace(scalars=lambda *args: None, close=lambda: None)

    monkeypatch.setattr(log, "Events", open_slowly)
    for name in ("one", "two"):
        (tmp_path / name).mkdir()
    first, second = recorder(tmp_path / "one", 0), recorder(tmp_path / "two", 0)
    clock.now += 2
    assert first.scalars(1, {})["seconds"] == 2  # and opens
    clock.now += 3
    assert first.scalars(2, {})["seconds"] == 5
    start = second._last_time
    with second.pausing():
        clock.now += 10
        second._events.close()
    assert second._last_time == start + 110


def test_a_run_that_logs_nothing_before_its_end_has_its_events(tmp_path):
    train(tmp_path / "run", "--no-scores", "--set", "train.log_every=1000", steps=3)
    assert any((tmp_path / "run" / "tb").iterdir())
