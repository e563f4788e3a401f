"""`ganzoo new plugin`: what it writes is installed by pip, found, and trains; its own tests pass as written."""

import json
import re
import subprocess
import sys

import pytest

from ganzoo.cli.new_plugin import PARTS, plan_plugin
from ganzoo.settings.kinds import ALL_KINDS
from ganzoo.zoo import recipes
from ganzoo.zoo.checks import CONTRACTS
from support.runs import ENVIRONMENT, HELD, TINY, ganzoo

LONG = "ganzoo-a-name-of-some-length"


def new(path, name, *kinds, code=0, out=None):
    words = [word for kind in kinds for word in ("--kind", kind)]
    return ganzoo("new", "plugin", name, *words, "--out", out or path / name, code=code)


def python(*words, cwd, path):
    """Run Python in a process of its own that finds what was installed there."""
    environment = ENVIRONMENT | {"PYTHONPATH": str(path)}
    return subprocess.run([sys.executable, *words], cwd=cwd, env=environment, capture_output=True, text=True)


@pytest.fixture(scope="module")
def packages(tmp_path_factory):
    """A package per kind, and one with all kinds."""
    folder = tmp_path_factory.mktemp("packages")
    for kind in ALL_KINDS:
        new(folder, f"ganzoo-my-{kind}", kind)
    new(folder, "ganzoo-mine", *ALL_KINDS)
    return folder


def install(folder, packages):
    """Let pip put packages into a folder, and return it."""
    words = ["--no-deps", "--no-build-isolation", "--disable-pip-version-check", "--target", folder]
    result = python("-m", "pip", "install", "-q", *words, *sorted(packages), cwd=folder, path=folder)
    assert result.returncode == 0, result.stderr
    return folder


@pytest.fixture(scope="module")
def site(packages, tmp_path_factory):
    """Where pip put all of them."""
    return install(tmp_path_factory.mktemp("site"), packages.iterdir())


@pytest.fixture(scope="module")
def one(packages, tmp_path_factory):
    """Where pip put the one with all kinds; each package takes it a second."""
    return install(tmp_path_factory.mktemp("one"), [packages / "ganzoo-mine"])


@pytest.mark.full
def test_ganzoo_finds_the_packages_and_lists_their_parts(site):
    result = python("-m", "ganzoo", "list", "--json", cwd=site, path=site)
    found = {(row["kind"], row["name"], row["plugin"]) for row in json.loads(result.stdout)}
    parts = {(kind, "mine") for kind in ALL_KINDS} | {(kind, f"my-{kind}") for kind in ALL_KINDS}
    assert parts <= {(kind, name) for kind, name, _ in found}, result.stderr
    assert {name for kind, name, _ in found if kind == "recipe"} >= {"mine", "my-model", "my-loss", "my-lipschitz"}
    assert result.stderr == ""


@pytest.mark.full
def test_the_tests_of_the_packages_pass_as_they_are_written(packages, site):
    """Each package's own; that of the contracts, which starts processes, only where a package has all kinds."""
    words = ["-m", "pytest", "-q", "-p", "no:cacheprovider", "-W", "error"]
    contracts = [f"--ignore={path}" for path in packages.glob("ganzoo-my-*/tests/test_ganzoo_*.py")]
    result = python(*words, *contracts, *sorted(packages.glob("*/tests")), cwd=packages, path=site)
    assert result.returncode == 0, result.stdout
    assert int(re.findall(r"(\d+) passed", result.stdout)[0]) > 100  # the contracts too


def test_all_parts_of_a_package_train_together_by_its_recipe(one, tmp_path):
    words = [word for word in TINY if not word.startswith(("--model", "--dataset", "--set=model"))]
    short = ["--steps=2", "--set=model.width=4", "--set=dataset.count=16", "--samples=8", "--set=eval.metrics=mine"]
    result = python("-m", "ganzoo", "run", "mine", *words, *short, "--out", "run", cwd=tmp_path, path=one)
    assert result.returncode == 0, result.stderr
    scores = json.loads((tmp_path / "run" / "scores.json").read_text())
    assert "Mine(mine)-8" in json.dumps(scores)
    made = json.loads((tmp_path / "run" / "manifest.json").read_text())["components"]
    assert {part["kind"] for part in made if part["name"] == "mine"} >= {"model", "loss", "lipschitz", "augment"}


def test_what_is_written_is_neat(packages, tmp_path):
    ruff = pytest.importorskip("ruff").find_ruff_bin()
    new(tmp_path, LONG, *ALL_KINDS)
    for folder in (*packages.iterdir(), tmp_path / LONG):
        for words in (["check", "--select", "E,F,I,N,B,UP,RET,SIM,PTH,C4,PIE,RUF"], ["format", "--check"]):
            result = subprocess.run([ruff, *words, "--no-cache", "."], cwd=folder, capture_output=True, text=True)
            assert result.returncode == 0, result.stdout


def test_the_commands_that_it_prints_are_the_next_to_type(tmp_path):
    shown = new(tmp_path, "ganzoo-foo", "loss", "engine").stdout.splitlines()
    folder = tmp_path / "ganzoo-foo"
    assert [line.strip() for line in shown[1:]] == [
        f"pip install -e '{folder}[test]'",
        f"pytest {folder}",
        "ganzoo run foo --steps 200",
        "ganzoo compare --model mlp --seeds 0..1 --engine foo --steps 50",
    ]
    assert (
        'test_contracts = ganzoo.testing.contract_tests("ganzoo-foo")'
        in (folder / "tests" / "test_ganzoo_foo.py").read_text()
    )


def test_the_recipe_that_is_written_is_valid_and_names_the_parts(packages):
    recipe = recipes.read_recipe(packages / "ganzoo-my-loss" / "ganzoo_my_loss" / "recipes" / "my-loss.toml")
    assert recipe.source and recipe.component("loss") == "my-loss"
    assert recipes.settle(recipe=recipe).run.lipschitz.name == "sn"


def test_every_kind_of_the_zoo_has_a_template():
    assert {kind: (part.hook, f"{part.contract}") for kind, part in PARTS.items()} == {
        kind: (hook, contract.__name__) for kind, (hook, contract) in CONTRACTS.items()
    }


@pytest.mark.parametrize(
    ("name", "kind", "what", "hint"),
    [
        ("ganzoo-My_Loss", "loss", "lower-case letters", "ganzoo-my-loss"),
        ("ganzoo-3d", "loss", "a letter first", "ganzoo-my-3d"),
        ("ganzoo--", "loss", "lower-case letters", "ganzoo-my-gan"),
        ("class", "loss", "a keyword of Python", "ganzoo-my-class"),
        ("torch", "loss", "can be imported already", "ganzoo-my-torch"),
        ("json", "loss", "can be imported already", "ganzoo-my-json"),
        ("ganzoo", "loss", "can be imported already", "ganzoo-my-ganzoo"),
        ("ganzoo-torch", "loss", "ganzoo itself", "ganzoo-my-torch"),
        ("ganzoo-wgan", "loss", "a loss 'wgan' ships with ganzoo", "ganzoo-my-wgan"),
        ("ganzoo-sngan", "model", "a recipe 'sngan' ships with ganzoo", "ganzoo-my-sngan"),
    ],
)
def test_a_name_that_would_not_work_is_refused_with_one_that_would(tmp_path, name, kind, what, hint):
    refused = new(tmp_path, name, kind, code=2, out=tmp_path / "out")
    assert what in refused.stderr and f"ganzoo new plugin {hint} --kind {kind}" in refused.stderr
    assert not (tmp_path / "out").exists()
    plan_plugin(hint, [kind])


def test_a_name_of_a_loss_may_be_that_of_another_kind_of_package():
    assert plan_plugin("ganzoo-wgan", ["dataset"]).class_name("dataset") == "WganDataset"
    assert plan_plugin("ganzoo-soft-loss", ["loss"]).class_name("loss") == "SoftLoss"


def test_a_folder_that_exists_is_left_alone(tmp_path):
    (tmp_path / "ganzoo-foo").mkdir()
    assert "already" in new(tmp_path, "ganzoo-foo", "loss", code=10).stderr
    assert list((tmp_path / "ganzoo-foo").iterdir()) == []


def test_a_folder_that_cannot_be_made_is_named(tmp_path):
    (tmp_path / "file").touch()
    assert "cannot write" in new(tmp_path, "ganzoo-foo", "loss", code=10, out=tmp_path / "file" / "foo").stderr


def test_a_name_without_the_prefix_works_with_a_remark(tmp_path):
    result = new(tmp_path, "margins", "loss")
    assert "ganzoo-NAME" in result.stderr and (tmp_path / "margins" / "margins" / "loss.py").is_file()


def test_a_kind_that_there_is_not_is_refused_with_those_that_there_are(tmp_path):
    assert "none of model, loss" in new(tmp_path, "ganzoo-foo", "optimiser", code=2).stderr


# A single file


def test_scoring_a_run_without_its_single_file_names_the_file(tmp_path):
    held = tmp_path / "held.py"
    held.write_text(HELD)
    ganzoo("--plugin", held, "run", *TINY, "--loss=held", "--steps=1", "--no-scores", "--out", tmp_path / "run")
    score = ["evaluate", tmp_path / "run", "--samples=8", "--set=eval.metrics=fid"]
    assert "needs plugin held.py" in ganzoo(*score, code=4).stderr
    ganzoo("--plugin", held, *score)
