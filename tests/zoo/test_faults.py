"""Plugins whose code fails in use: the error names plugin and component, and the traceback is kept."""

import json
import sys

import pytest

from ganzoo.errors import DataError, PluginError
from ganzoo.zoo.faults import SHOW, name_plugins
from ganzoo.zoo.plugins import load_zoo
from support.failing import FAILING
from support.runs import ganzoo

WORDS = ["--no-scores", "--loss=failing", "--dataset=lost", "--model=odd"]


@pytest.fixture
def failing(tmp_path, monkeypatch):
    """Train in a run folder with the plugin, which fails as the first word says; returns click's result."""
    (tmp_path / "failing.py").write_text(FAILING)
    monkeypatch.chdir(tmp_path)

    def run(how, code, *words):
        monkeypatch.setenv("FAIL", how)
        for name in [name for name in sys.modules if name.startswith("ganzoo_file_failing")]:
            del sys.modules[name]
        words = words or ("run", *TINY, "--steps", 4, "--out", "run", *WORDS)
        return ganzoo("--plugin", "failing.py", *words, code=code)

    return run


TINY = ["--image-size=8", "--batch-size=8", "--device=cpu", "--set=model.width=16", "--set=model.depth=1"]


@pytest.mark.parametrize(
    ("how", "said"),
    [
        ("loss raises", "loss 'failing' of plugin failing.py fails: ValueError: the reason"),
        ("loss exits", "loss 'failing' of plugin failing.py fails: SystemExit: 3"),
        ("loss abandons", "loss 'failing' of plugin failing.py fails: BaseException: the reason"),
        ("loss none", "plugin failing.py) fails at its first trial: AttributeError: 'NoneType' object has no"),
        ("dataset raises", "dataset 'lost' of plugin failing.py fails: ValueError: the reason"),
        ("dataset none", "dataset 'lost' breaks its contract: load() returned NoneType"),
        ("model", "generator of Odd: expected a torch.nn.Module, got function"),
    ],
)
@pytest.mark.fault("a plugin raises, exits or returns nonsense before the first step", "exit 4 names it", "F58")
def test_a_plugin_that_fails_before_the_first_step_is_named_and_leaves_no_folder(failing, tmp_path, how, said):
    result = failing(how, 4)
    assert said in result.stderr and "failing.py" in result.stderr
    assert not (tmp_path / "run").exists()


@pytest.mark.fault("a plugin raises while a run trains", "exit 4 names it, and error.txt has its traceback")
@pytest.mark.parametrize(
    ("how", "said"),
    [
        ("later raises", "ValueError: the reason"),
        ("later exits", "SystemExit: 3"),
        ("later misses", "FileNotFoundError: [Errno 2] No such file or directory: '/nowhere/file'"),
    ],
)
def test_a_plugin_that_fails_in_training_leaves_its_traceback_in_the_run(failing, tmp_path, how, said):
    result = failing(how, 4)
    assert f"ganzoo: loss 'failing' of plugin failing.py fails: {said}\n" in result.stderr
    assert result.stderr.endswith("  try:   read run/error.txt (the whole traceback)\n")
    assert f"where: {tmp_path / 'failing.py'}, line " in result.stderr
    kept = (tmp_path / "run" / "error.txt").read_text()
    assert kept.startswith("Traceback") and "in discriminator_loss" in kept and said in kept
    assert json.loads((tmp_path / "run" / "status.json").read_text())["state"] == "failed"
    failing("nothing", 0, "resume", "run")
    assert not (tmp_path / "run" / "error.txt").exists()


@pytest.mark.fault("memory ends in the code of a plugin", "exit 9 names a smaller batch", "F92")
def test_memory_that_ends_in_the_code_of_a_plugin_is_not_its_fault(failing):
    assert "out of memory\n  try:   a machine with more memory\n" in failing("dataset eats", 9).stderr
    assert "out of memory\n  try:   --set optim.batch_size=4" in failing("later eats", 9).stderr


def test_an_interrupt_is_no_fault_of_the_plugin_that_it_hits(failing):
    assert failing("dataset interrupts", 130).stderr == ""


@pytest.fixture
def zoo(tmp_path):
    (tmp_path / "failing.py").write_text(FAILING)
    (tmp_path / "beside.py").write_text("def work():\n    raise ValueError('beside')\n")
    return load_zoo(files=[tmp_path / "failing.py"])


def test_errors_of_ganzoo_itself_and_those_that_a_plugin_means_stay_as_they_are(zoo):
    with pytest.raises(ZeroDivisionError), name_plugins(zoo):
        raise ZeroDivisionError
    with pytest.raises(DataError, match="on purpose"), name_plugins(zoo):
        raise DataError("on purpose")


def test_a_module_beside_a_plugin_is_its_own(zoo, tmp_path):
    scope = {"__name__": "beside"}
    exec(compile((tmp_path / "beside.py").read_text(), tmp_path / "beside.py", "exec"), scope)
    with (
        pytest.raises(PluginError, match=r"^plugin failing\.py fails: ValueError: beside") as caught,
        name_plugins(zoo),
    ):
        scope["work"]()
    assert caught.value.where == f"{tmp_path / 'beside.py'}, line 2, in work" and caught.value.hint == SHOW


def test_the_author_of_a_plugin_sees_its_own_error(zoo, monkeypatch):
    monkeypatch.setenv("GANZOO_STRICT_PLUGINS", "1")
    monkeypatch.setenv("FAIL", "loss raises")
    with pytest.raises(ValueError, match="the reason"), name_plugins(zoo):
        zoo.entry("loss", "failing").component().discriminator_loss(real=None, fake=None)


def test_a_traceback_that_cannot_be_kept_can_be_shown(zoo, tmp_path, monkeypatch):
    monkeypatch.setenv("FAIL", "loss raises")
    with pytest.raises(PluginError) as caught, name_plugins(zoo, tmp_path / "failing.py" / "error.txt"):
        zoo.entry("loss", "failing").component().discriminator_loss(real=None, fake=None)
    assert caught.value.hint == SHOW


@pytest.mark.fault("a plugin raises in a command other than run", "exit 4 names it")
def test_a_command_names_the_plugin_that_failed_in_it(failing, monkeypatch):
    failing("nothing", 0)
    result = failing("dataset raises", 4, "evaluate", "run")
    assert (
        "dataset 'lost' of plugin failing.py fails: ValueError: the reason" in result.stderr and SHOW in result.stderr
    )


@pytest.mark.fault(
    "the loss of a plugin prints while it trains", "the text goes to stderr, and --json stays one object"
)
def test_what_a_plugin_prints_is_not_mixed_with_a_result(tmp_path):
    (tmp_path / "loud.py").write_text(
        "from ganzoo import hookimpl\n"
        "from ganzoo.builtin.losses import NonSaturating\n"
        "class Loud(NonSaturating):\n"
        "    def generator_loss(self, **logits):\n"
        "        print('LOUD')\n"
        "        return super().generator_loss(**logits)\n"
        "@hookimpl\n"
        "def register_losses(): return {'loud': Loud}\n"
    )
    words = [
        "--plugin",
        tmp_path / "loud.py",
        "run",
        *TINY,
        "--model=mlp",
        "--loss=loud",
        "--steps=1",
        "--json",
        "--no-scores",
    ]
    result = ganzoo(*words, "--out", tmp_path / "run")
    assert json.loads(result.stdout)["status"]["state"] == "complete"
    assert "LOUD" in result.stderr
