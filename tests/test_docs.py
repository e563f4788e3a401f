"""What README and docs/ say is what the code does: their blocks run, and their lists are those of the code."""

import inspect
import json
import re
import shlex
import signal
import tomllib
from itertools import pairwise
from pathlib import Path

import click
import pytest
import torch
from click.testing import CliRunner
from PIL import Image

import ganzoo
from ganzoo import errors
from ganzoo.cli import cli
from ganzoo.zoo.checks import CONTRACTS
from ganzoo.zoo.plugins import BUILTIN, load_zoo
from ganzoo.zoo.recipes import list_recipes
from support.checkout import ROOT
from support.pages import block_below, blocks, command_lines, names, rows

README = (ROOT / "README.md").read_text(encoding="utf-8")
COMBINATIONS = (ROOT / "docs" / "combinations.md").read_text(encoding="utf-8")
COMMANDS = (ROOT / "docs" / "commands.md").read_text(encoding="utf-8")
PLUGINS = (ROOT / "docs" / "writing-a-plugin.md").read_text(encoding="utf-8")
QUICKSTART = (ROOT / "docs" / "quickstart.md").read_text(encoding="utf-8")
FILES = (ROOT / "docs" / "files.md").read_text(encoding="utf-8")
PAGES = sorted([*ROOT.glob("*.md"), *(ROOT / "docs").glob("*.md")])

FIRST_RUN = (
    "python -m venv .venv && . .venv/bin/activate && pip install -e . && "
    "ganzoo run --model dcgan --loss wgan --lipschitz gp"
)
FIRST_TESTS = "python -m venv .venv && . .venv/bin/activate && pip install -e '.[test]' && pytest"
NOT_RUN_HERE = {
    FIRST_RUN: "continuous integration runs it",
    FIRST_TESTS: "continuous integration runs it",
    "python -m venv .venv && . .venv/bin/activate && pip install -e .": "the beginning of the above",
    "python -m venv .venv && . .venv/bin/activate && pip install -e '.[dev]'": "continuous integration runs its like",
    "ruff check .": "continuous integration runs it",
    "ruff format --check .": "continuous integration runs it",
    "mypy": "continuous integration runs it",
    "pytest": "this is it",
    "pytest -m 'fault and not soak' --faults": "its tests run anyway",
    "pytest -m soak -n 0 -s": "takes hours",
    "torchrun --standalone --nproc-per-node 2 -m ganzoo run --model dcgan --loss wgan --lipschitz gp --out runs/two": (
        "test_ranks.py runs its like"
    ),
    "torchrun --standalone --nproc-per-node 2 -m ganzoo resume runs/two --steps 30000": "test_ranks.py runs its like",
    "tensorboard --logdir runs": "serves until it is stopped",
    "pip install ./plugins/ganzoo-r3gan": ".ci/run does",
    "ganzoo resume runs/first --dataset-path /mnt/new/photos": "test_continue.py runs its like",
    "ganzoo resume runs/first --from best --out runs/again": "test_continue.py runs its like",
    "ganzoo resume runs/first --from 2000 --set optim.lr_g=5e-5 --set optim.lr_d=5e-5 --out runs/slower": (
        "test_continue.py runs its like"
    ),
    "ganzoo compare --model dcgan,r3gan --dataset digits --image-size 16 --seeds 0..2": ".ci/run runs its like",
    "pip install -e './ganzoo-mine[test]'": "test_new.py runs its like",
    "ganzoo push digits OWNER/digits": "test_hub.py runs its like",
    "pip install 'ganzoo-torch[onnx]'": "CI installs all extras",
    "pip install 'ganzoo-torch[hub]'": "CI installs all extras",
    "pytest ganzoo-mine": "test_new.py runs its like",
    "ganzoo run mine --steps 200": "test_new.py runs its like",
    "ganzoo check ganzoo-mine": "needs it installed",
    "ganzoo check my_enforcer.py": "test_plugin_docs.py runs its like",
}
SMALL = {
    # the last of two equal flags wins
    "run": ["--steps", "2", "--batch-size", "4", "--samples", "16"],
    "resume": ["--steps", "3"],
    "bench": ["--batch-size", "2", "--set", "optim.batch_size_g=2", "--repeats", "1", "--seconds", "0"],
    "compare": ["--steps", "2", "--batch-size", "4", "--samples", "16", "--set", "eval.metrics='fid'", "--seeds", "0"],
    "tune": ["--trials", "1", "--steps", "2", "--batch-size", "4", "--samples", "16", "--seeds", "0", "--evals", "0"],
}
NARROW = {
    "ganzoo bench sngan --dataset digits --against eager": ["--set", "model.width_g=16", "--set", "model.width_d=16"],
}
FEW_SCORES = {"eval.samples": 16}
RUN, COMPARE = ganzoo.run, ganzoo.compare

LONG_PAGES = (
    *("commands.md", "data.md", "diagnosis.md", "evaluation.md", "export.md", "first-hour.md", "grids.md"),
    *("own-images.md", "performance.md", "quickstart.md", "reports.md", "tables.md", "writing-a-plugin.md"),
)
MARKED_PAGES = [pytest.param(p, marks=pytest.mark.full) if p.name in LONG_PAGES else p for p in PAGES]

# What can be run


@pytest.fixture
def workplace(tmp_path, monkeypatch):
    """A folder with what a reader has: the recipes of the checkout, and some photographs in class folders."""
    (tmp_path / "configs").symlink_to(ROOT / "configs")
    for name, colour in {"cat/1": "red", "cat/2": "orange", "dog/1": "blue", "dog/2": "navy"}.items():
        path = tmp_path / "photos" / f"{name}.png"
        path.parent.mkdir(parents=True, exist_ok=True)
        Image.new("RGB", (80, 60), colour).save(path)
    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr(ganzoo, "run", run_with_few_scores)
    monkeypatch.setattr(ganzoo, "compare", compare_as_the_command_does)
    return tmp_path


def shorten(words):
    """The same command with few steps; one that downloads is asked for its settings instead."""
    verb = next((word for word in words if word in cli.commands), "")
    if "--download" in words:
        at = words.index("run")
        return [*words[:at], "config", "show", *words[at + 1 :]]
    often = ["--eval-every", "1"] if "--eval-every" in words else []
    is_own = any(":" in after for word, after in pairwise(words) if word == "--dataset")
    unscored = (
        ["--no-scores"] if verb == "run" and is_own and "--features" not in words else []
    )  # Inception is not here
    few = [*SMALL.get(verb, []), *often, *unscored]
    if "--budget" in words:  # it says how long a run is, so that --steps may not
        few = ["--budget", "images=40", *few[few.index("--steps") + 2 :]]
    return [*words, *few]


def run_command(line):
    program, *words = shlex.split(line, comments=True)
    assert program == "ganzoo", f"nothing here knows how to run {line!r}"
    return CliRunner().invoke(cli, [*shorten(words), *NARROW.get(line, [])])


def run_with_few_scores(*recipe, **settings):
    return RUN(*recipe, **settings | {"options": FEW_SCORES | settings.get("options", {})})


def compare_as_the_command_does(*recipes, **settings):
    """As SMALL has it, so that the cells of a command above are found."""
    few = {"steps": 2, "batch_size": 4, "samples": 16, "metrics": "fid", "seeds": 1}
    return COMPARE(*recipes, **settings | few)


def run_python(block, path, variables):
    if block.text.startswith("# ") and (name := block.text.split()[1]).endswith(".py"):
        Path(name).write_text(block.text, encoding="utf-8")
    source = "\n" * block.line + block.text  # line numbers as in the page
    exec(compile(source, str(path), "exec"), variables)


@pytest.mark.parametrize("path", MARKED_PAGES, ids=lambda path: path.name)
def test_the_blocks_of_a_page_run_one_after_the_other(path, workplace):
    variables = {"__name__": path.stem}
    for block in blocks(path.read_text(encoding="utf-8")):
        if block.language == "python":
            run_python(block, path, variables)
        elif block.language == "toml":
            tomllib.loads(block.text)
            if (name := block.text.split()[1]).endswith(".toml"):
                Path(name).write_text(block.text, encoding="utf-8")
        elif block.language == "bash":
            for line in block.text.splitlines():
                if line not in NOT_RUN_HERE:
                    result = run_command(line)
                    assert result.exit_code == 0, (
                        f"{path.name}:{block.line}: {line}\n{result.output}{result.exception!r}"
                    )
        else:
            assert block.language == "text", f"{path.name}:{block.line}: which language?"


def test_a_command_that_fails_is_noticed(workplace):
    assert run_command("ganzoo run --loss wgn").exit_code == 2
    assert run_command("ganzoo run --dataset mnist --download --los wgan").exit_code == 2
    with pytest.raises(AssertionError, match="nothing here knows"):
        run_command("pip install ganzoo")


def test_what_is_not_run_here_still_stands_in_a_page():
    lines = {line for path in PAGES for line in command_lines(path.read_text(encoding="utf-8"))}
    assert (NOT_RUN_HERE.keys() | NARROW.keys()) - lines == set()


def test_the_first_two_blocks_of_the_readme_are_the_two_set_up_lines():
    assert [(b.language, b.text) for b in blocks(README)[:2]] == [
        ("bash", FIRST_RUN + "\n"),
        ("bash", FIRST_TESTS + "\n"),
    ]


@pytest.mark.parametrize("path", PAGES, ids=lambda path: path.name)
def test_files_that_a_page_points_to_exist(path):
    targets = re.findall(r"\]\(([^)#]+)", path.read_text(encoding="utf-8"))
    local = [target for target in targets if not target.startswith("https://")]
    assert [target for target in local if not (path.parent / target).exists()] == []


# README


def components(kind):
    """Names of what ships with ganzoo, whatever else is installed."""
    shipped = {module.rpartition(".")[2] for module in BUILTIN}
    return [entry.name for entry in load_zoo().entries(kind) if entry.plugin in shipped]


def test_the_table_of_combinations_lists_every_component_and_recipe():
    listed = {axis: names(cell) for axis, cell, _ in rows(COMBINATIONS, "| axis |")}
    shipped = {kind: components(kind) for kind in CONTRACTS}
    assert listed == shipped | {"recipe": [recipe.name for recipe in list_recipes()]}


def leaves(command, path=()):
    if isinstance(command, click.Group):
        return [leaf for name, sub in command.commands.items() for leaf in leaves(sub, (*path, name))]
    return [path]


@pytest.mark.parametrize("command", leaves(cli), ids=" ".join)
def test_every_command_has_an_example(command):
    assert any(shlex.split(line)[1 : 1 + len(command)] == list(command) for line in command_lines(COMMANDS))


def test_every_hook_and_contract_stands_in_the_page_of_plugins():
    for hook, contract in CONTRACTS.values():
        assert re.search(rf"\b{hook}\b", PLUGINS), hook
        assert f"ganzoo.{contract.__name__}" in PLUGINS, contract


def test_the_readme_is_one_page():
    assert len(README.splitlines()) < 120


def test_the_plugin_of_the_readme_has_at_most_20_lines():
    (plugin,) = [block for block in blocks(README) if block.text.startswith("# my_loss.py")]
    assert 0 < len([line for line in plugin.text.splitlines() if line]) <= 20


def test_exit_codes_of_the_page_are_those_of_the_errors():
    listed = {int(code) for codes, _ in rows(COMMANDS, "| code |") for code in codes.split(",")}
    classes = [each for each in vars(errors).values() if inspect.isclass(each)]
    kinds = [kind for kind in classes if issubclass(kind, errors.GanzooError) and kind.exit_code > 1]
    stopped = {128 + number for number in (signal.SIGHUP, signal.SIGINT, signal.SIGTERM)}
    assert listed == {0, 1} | {kind.exit_code for kind in kinds} | stopped


# A run


@pytest.fixture(scope="module")
def tiny_run(tmp_path_factory):
    options = {"model.width": 8, "dataset.image_size": 8} | FEW_SCORES
    return ganzoo.run(model="mlp", steps=1, options=options, out=tmp_path_factory.mktemp("docs") / "run")


def test_the_files_of_a_run_folder_are_those_of_the_page(tiny_run):
    listed = block_below(FILES, "A run folder").splitlines()
    files = [path.relative_to(tiny_run.path) for path in tiny_run.path.rglob("*") if path.is_file()]
    assert [str(file) for file in files if not any(file.match(pattern) for pattern in listed)] == []
    assert [pattern for pattern in listed if not any(file.match(pattern) for file in files)] == []


def test_the_page_names_all_that_a_checkpoint_holds(tiny_run):
    (sentence,) = re.findall(r"A checkpoint is a dict of ([^:]+):", FILES)
    path = max(tiny_run.folder.checkpoints.glob("*.pt"))
    assert names(sentence) == list(torch.load(path, weights_only=True))


def test_the_quickstart_explains_every_number_of_the_log(tiny_run):
    listed = [name for cell, _ in rows(QUICKSTART, "| key |") for name in names(cell)]
    assert sorted(listed) == sorted(json.loads(tiny_run.folder.log.read_text().splitlines()[-1]))
