"""Each command through the front door: what it prints where, what it writes, and in which form."""

import hashlib
import json
import os
import re
import subprocess
import sys
import tomllib

import click
import pytest

from ganzoo import __version__
from ganzoo.cli import cli
from ganzoo.settings.kinds import KINDS
from ganzoo.settings.toml import from_tables
from ganzoo.zoo.recipes import list_recipes
from support.runs import ENVIRONMENT, HELD, TINY, contents, ganzoo, log, spawn, train
from support.zoo import ZOO


def commands(group=cli, path=()):
    """Every command and group, as the words that call it."""
    yield path
    for name, command in group.commands.items():
        yield from commands(command, (*path, name)) if isinstance(command, click.Group) else [(*path, name)]


def parse(text):
    """JSON as a strict reader takes it, without NaN and Infinity."""

    def refuse(constant):
        raise ValueError(f"{constant} is not JSON")

    return json.loads(text, parse_constant=refuse)


# Help


@pytest.mark.fault("a slow import of torch and of plugins", "help does not wait for either", "F62")
@pytest.mark.parametrize("words", [["--help"], ["run", "--help"]], ids=["ganzoo", "run"])
def test_help_comes_without_waiting_for_torch(words):
    python = [sys.executable, "-X", "importtime", "-m", "ganzoo", *words]
    shown = subprocess.run(python, env=ENVIRONMENT, capture_output=True, text=True, check=True)
    assert shown.stdout.startswith("Usage: ")
    imported = set(re.findall(r"\|\s+(\S+)$", shown.stderr, flags=re.MULTILINE))
    assert "click" in imported
    assert not imported & {"torch", "torchvision", "numpy", "tensorboard", "rich"}


@pytest.mark.parametrize("words", list(commands()), ids=" ".join)
def test_help_of_every_command_fits_80_columns_on_the_widest_terminal(words, monkeypatch):
    monkeypatch.setenv("COLUMNS", "300")
    lines = ganzoo(*words, "--help").stdout.splitlines()
    assert lines[0].startswith("Usage: ") and max(map(len, lines)) <= 80


@pytest.mark.parametrize("kind", KINDS)
def test_help_of_run_names_every_component_that_ships_and_no_other(kind):
    listed = re.search(rf"--{kind} NAME(.*?)\[default:\s+([\w-]+)", ganzoo("run", "--help").stdout, flags=re.DOTALL)
    words = set(re.findall(r"[\w-]+", re.sub(r"-\n\s+", "-", listed[1]))) - {"or", "a", "s", "plugin", "sum", "PATH"}
    assert words == {entry.name for entry in ZOO.entries(kind)}
    assert listed[2] in words or kind == "features"  # whose default is that of the dataset


def test_exit_codes_are_part_of_the_help():
    shown = " ".join(ganzoo("--help").stdout.split())
    for words in (
        "2 usage or settings",
        "3 data",
        "5 no usable checkpoint",
        "6 diverged",
        "7 evaluation impossible",
        "10 run folder busy",
    ):
        assert words in shown


def test_the_version_is_that_of_the_package():
    assert ganzoo("--version").stdout == f"ganzoo, version {__version__}\n"


# Looking around


def test_list_shows_every_component_and_recipe():
    rows = parse(ganzoo("list", "--json").stdout)
    assert [(row["kind"], row["name"]) for row in rows] == [
        *((entry.kind, entry.name) for entry in ZOO.all_entries()),
        *(("recipe", recipe.name) for recipe in list_recipes()),
    ]
    assert all(row["summary"] for row in rows)


def test_list_of_one_kind_is_a_table_of_that_kind():
    header, *lines = ganzoo("list", "loss").stdout.splitlines()
    assert header.split() == ["kind", "name", "plugin", "summary"]
    assert [line.split()[:2] for line in lines] == [["loss", entry.name] for entry in ZOO.entries("loss")]


def test_show_gives_formula_paper_options_and_defaults():
    shown = ganzoo("show", "lipschitz", "gp").stdout
    assert "arXiv:1704.00028" in shown and "||grad D(x_hat)||_2 - 1)^2" in shown
    assert re.search(r"^lipschitz\.weight +float >= 0 +10\.0$", shown, flags=re.MULTILINE)
    assert ganzoo("show", "loss", "bce").stdout.endswith("It has no options.\n")


def test_show_of_a_recipe_is_a_recipe():
    tables = tomllib.loads(ganzoo("show", "recipe", "sngan").stdout)
    assert tables.pop("source") and from_tables(tables).lipschitz.name == "sn"


def test_plugins_lists_the_built_ins_and_a_single_file(tmp_path):
    (tmp_path / "held.py").write_text(HELD)
    rows = parse(ganzoo("--plugin", tmp_path / "held.py", "plugins", "--json").stdout)
    loaded = [row["name"] for row in rows if row["state"] == "ok"]
    assert loaded == [plugin.name for plugin in ZOO.plugins if plugin.state == "ok"] + ["held.py"]
    assert "models" in ganzoo("plugins").stdout


def test_config_show_says_where_every_value_comes_from():
    words = ["--loss", "wgan", "--lipschitz", "gp", "--seed", "3", "--set", "optim.lr_g=1e-5"]
    rows = {row["setting"]: row for row in parse(ganzoo("config", "show", *words, "--json").stdout)}
    assert (rows["optim.lr_g"]["value"], rows["optim.lr_g"]["origin"]) == (1e-5, "--set")
    assert (rows["train.seed"]["value"], rows["train.seed"]["origin"]) == (3, "flag")
    assert (rows["optim.beta2"]["value"], rows["optim.beta2"]["origin"]) == (0.9, "recipe wgan_gp")
    assert rows["optim.beta2"]["paper"] == "arXiv:1704.00028"
    assert rows["train.ema_decay"]["origin"] == "default"
    assert re.search(r"^optim\.n_critic +5 +recipe wgan_gp", ganzoo("config", "show", *words).stdout, re.MULTILINE)


def test_config_validate_takes_a_good_recipe_and_names_the_fault_of_a_bad_one(tmp_path):
    recipe = tmp_path / "mine.toml"
    recipe.write_text('[model]\nname = "mlp"\nwidth = 8\n[loss]\nname = "hinge"\n')
    assert ganzoo("config", "validate", recipe).stdout == f"{recipe}: valid, mlp-hinge-none_mnist-5k\n"
    recipe.write_text('[model]\nname = "mlp"\nwidht = 8\n')
    result = ganzoo("config", "validate", recipe, code=2)
    assert "model.widht: no such option. Did you mean 'width'?" in result.stderr and result.stdout == ""


# Training


def test_run_says_what_came_out_on_stdout_and_how_it_went_on_stderr(tmp_path):
    result = train(tmp_path / "run", "--precision=fp32", "--set", "train.log_every=1", steps=4)
    assert re.match(r"complete: 4 of 4 steps in \d+ s\n", result.stdout)
    assert f"ganzoo resume {tmp_path / 'run'} --steps 8" in result.stdout
    assert f"{tmp_path / 'run' / 'samples' / 'step-000004.png'}" in result.stdout
    few, title, place, *lines = result.stderr.splitlines()
    assert few.startswith("note: 32 generated images are too few for FD over 64 features")  # before the first step
    assert (title, place) == ("mlp-bce-none_digits: 4 steps, seed 0, cpu, fp32", f"run folder: {tmp_path / 'run'}")
    assert [line.split()[1] for line in lines] == ["1/4", "2/4", "3/4", "4/4", "scoring"]
    assert "\x1b" not in result.output and "\r" not in result.output


def test_run_with_json_ends_with_one_object_on_stdout(tmp_path):
    result = train(tmp_path / "run", "--json", steps=4)
    outcome = parse(result.stdout)
    assert outcome["run"] == str(tmp_path / "run")
    assert (outcome["status"]["state"], outcome["status"]["step"]) == ("complete", 4)
    assert outcome["last"] == parse((tmp_path / "run" / "log.jsonl").read_text().splitlines()[-1])
    assert outcome["samples"].endswith("step-000004.png") and "step 4/4" in result.stderr
    assert parse(ganzoo("resume", tmp_path / "run", "--steps", 5, "--json").stdout)["status"]["step"] == 5


def test_a_run_without_a_name_gets_a_new_one_each_time(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    for _ in range(2):
        ganzoo("run", *TINY, "--steps", 1, "--seed", 7)
    names = [path.name for path in (tmp_path / "runs").iterdir()]
    assert len(names) == 2 and all(name.startswith("mlp-bce-none_digits_s7_") for name in names)


def test_the_same_seed_gives_the_same_log_and_another_seed_another(tmp_path):
    for name, seed in ("a", 3), ("b", 3), ("c", 4):
        train(tmp_path / name, "--seed", seed, "--set", "train.log_every=1")
    assert log(tmp_path / "a") == log(tmp_path / "b") != log(tmp_path / "c")


DIGITS = [178, 182, 177, 183, 181, 182, 181, 179, 174, 180]  # images of each, of the 1,797 of the UCI


def test_a_dry_run_counts_parameters_and_writes_nothing(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    dry_run = parse(ganzoo("run", *TINY, "--steps", 500, "--dry-run", "--json").stdout)
    assert dry_run["parameters_g"] == (4 * 16 + 16) + (16 * 64 + 64)
    assert dry_run["parameters_d"] == (64 * 16 + 16) + (16 + 1)
    assert (dry_run["samples"], dry_run["shape"], dry_run["steps"]) == (1797, [1, 8, 8], 500)
    assert dry_run["seconds"] == pytest.approx(500 * dry_run["seconds_per_step"])
    assert dry_run["classes"] == dict(zip("0123456789", DIGITS, strict=True))
    shown = ganzoo("run", *TINY, "--dry-run").stdout
    assert "10 classes: 0 (178), 1 (182), 2 (177)" in shown
    assert max(map(len, shown.splitlines())) <= 80
    assert "nothing was written" in shown and "G 1,168  D 1,057" in shown
    assert contents(tmp_path) == {}


@pytest.mark.fault("wgan without a Lipschitz enforcer", "a note before the first step", "F46")
def test_a_warning_comes_before_a_combination_that_will_disappoint(tmp_path):
    result = train(tmp_path / "run", "--loss", "wgan")
    assert result.stderr.startswith("note: wgan without a Lipschitz enforcer")
    assert "note:" not in train(tmp_path / "other", "--loss", "wgan", "--lipschitz", "gp", "--no-scores").stderr


def test_a_plugin_of_one_file_brings_a_loss_that_trains_as_a_built_in_does(tmp_path):
    (tmp_path / "held.py").write_text(HELD)
    words = ["--loss", "held", "--set", "loss.scale=1.0", "--steps", 4, "--out", tmp_path / "its"]
    ganzoo("--plugin", tmp_path / "held.py", "run", *TINY, *words)
    train(tmp_path / "ours", "--loss", "bce", steps=4)
    assert log(tmp_path / "its") == log(tmp_path / "ours") != []
    components = json.loads((tmp_path / "its" / "manifest.json").read_text())["components"]
    digest = hashlib.sha256(HELD.encode()).hexdigest()[:8]
    assert {"kind": "loss", "name": "held", "plugin": "held.py", "version": digest} in components


def test_a_run_goes_on_with_another_content_of_its_plugin_file_and_says_so(tmp_path):
    plugin = tmp_path / "held.py"
    plugin.write_text(HELD)
    ganzoo("--plugin", plugin, "run", *TINY, "--loss", "held", "--steps", 2, "--no-scores", "--out", tmp_path / "run")
    assert "began with" not in ganzoo("--plugin", plugin, "resume", tmp_path / "run", "--steps", 3).stderr
    plugin.write_text(HELD + "# changed\n")
    said = ganzoo("--plugin", plugin, "resume", tmp_path / "run", "--steps", 4).stderr
    assert "maybe not bit-exact: loss 'held' began with held.py" in " ".join(said.split())


# Poor surroundings


@pytest.mark.fault(
    "no HOME, no temporary folder, ASCII output, a dumb terminal of 40 columns, quotes and accents in the path",
    "the run completes without a traceback or an escape sequence",
    "F91",
    "F95",
)
def test_a_run_needs_no_home_no_temporary_folder_no_utf8_and_no_simple_path(tmp_path):
    poor = {"TERM": "dumb", "COLUMNS": "40", "PYTHONIOENCODING": "ascii", "LC_ALL": "C", "TMPDIR": "/nonexistent"}
    environment = {key: value for key, value in ENVIRONMENT.items() if key != "HOME"} | poor
    out = tmp_path / "über 'all' \"das\""
    process = spawn("run", *TINY, "--steps", 2, f"--out={out}", env=environment, encoding="utf-8", errors="replace")
    shown, said = process.communicate(timeout=120)
    assert process.returncode == 0 and "complete: 2 of 2 steps" in shown
    assert "step 2/2" in said and "Traceback" not in said and "\x1b" not in shown + said
    assert [record["step"] for record in log(out)] == [2]


@pytest.mark.fault("stdout is a pipe that its reader has closed", "exit 141 and no traceback", "F34")
def test_a_reader_that_leaves_early_is_no_error_worth_a_traceback():
    ours, its = os.pipe()
    os.close(ours)  # as `| head -1` does, once it has its line
    process = spawn("list", stdout=its)
    os.close(its)
    _, said = process.communicate(timeout=120)
    assert (process.returncode, said) == (141, "")


CLOSED = """
import os, sys
for number in range(3):
    os.close(number)
sys.stdout = sys.stderr = None  # as Python has them where nothing is open at the start
from ganzoo.cli import _open_closed_streams
_open_closed_streams()
with open(sys.argv[1], "w") as file:
    print("to a stream"), print("to the file", file.fileno() > 2, sys.stdout.isatty(), file=file)
    os.write(1, b"of C")
"""


@pytest.mark.fault("stdin, stdout and stderr are closed, as a daemon has them", "what is printed reaches no file")
def test_closed_streams_lead_nowhere_and_not_into_the_next_file(tmp_path):
    subprocess.run([sys.executable, "-c", CLOSED, tmp_path / "log"], env=ENVIRONMENT, check=True)
    assert (tmp_path / "log").read_text() == "to the file True False\n"


@pytest.mark.fault("the working folder was deleted", "exit 10 in words, before anything is loaded")
def test_a_working_folder_that_is_gone_is_said_to_be(tmp_path, monkeypatch):
    (tmp_path / "gone").mkdir()
    monkeypatch.chdir(tmp_path / "gone")
    (tmp_path / "gone").rmdir()
    try:
        result = ganzoo("list", code=10)
    finally:
        os.chdir(tmp_path)
    assert "the working folder is gone: No such file or directory" in result.stderr
