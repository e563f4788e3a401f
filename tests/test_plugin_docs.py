"""docs/writing-a-plugin.md says what the code does: its example is a file, its signatures and hooks are the code's."""

import inspect
import re
from pathlib import Path

import numpy as np
import pytest

import ganzoo
from ganzoo import hookspecs
from ganzoo.cli.new_plugin import PARTS
from ganzoo.settings.kinds import KIND_INFO
from ganzoo.testing.cases import list_cases
from ganzoo.zoo.checks import CONTRACTS
from ganzoo.zoo.names import KNOWN
from ganzoo.zoo.plugins import load_zoo
from support.checkout import ROOT
from support.pages import blocks, members, names, rows

PATH = ROOT / "docs" / "writing-a-plugin.md"
PAGE = PATH.read_text(encoding="utf-8")
CODE = [block.text for block in blocks(PAGE) if block.language == "python"]
FILES = {text.split()[1]: text for text in CODE if re.match(r"# \w+\.py\n", text)}
HOOKS = {name for name, hook in vars(hookspecs).items() if inspect.isfunction(hook) and name.startswith("register_")}


def test_the_first_example_is_the_file_that_it_is_said_to_be():
    (path,) = re.findall(r"^This is `(plugins/.+\.py)`:$", PAGE, re.MULTILINE)
    assert CODE[0] == (ROOT / path).read_text(encoding="utf-8")


def test_every_hook_is_on_the_page_with_its_contract():
    listed = {kind: (*names(hook), *names(contract)) for kind, hook, contract, _ in rows(PAGE, "| kind | hook |")}
    assert listed == {kind: (hook, f"ganzoo.{contract.__name__}") for kind, (hook, contract) in CONTRACTS.items()}
    assert {hook for hook, _ in listed.values()} == HOOKS


def test_every_hook_is_tried_by_a_package_that_pip_installs():
    """test_new.py installs, lists and trains a package for each of these."""
    assert {part.hook for part in PARTS.values()} == HOOKS


@pytest.mark.parametrize("contract", [contract.__name__ for _, contract in CONTRACTS.values()])
def test_the_signatures_of_a_contract_are_those_of_the_code(contract):
    (section,) = re.findall(rf"^### {contract}\n(.*?)(?=^##|\Z)", PAGE, re.MULTILINE | re.DOTALL)
    stated = [line.replace("=None", " = None") for line in members(contract)]
    assert blocks(section)[0].text.splitlines() == stated
    prose = re.sub(r"^```.*?^```$", "", section, flags=re.MULTILINE | re.DOTALL)
    stated_names = [re.split(r"\W", line)[1] for line in stated]  # Model.z_dim: int
    unsaid = [name for name in stated_names if not re.search(rf"`{name}\b", prose)]
    assert unsaid == []


def test_all_that_the_page_takes_from_ganzoo_is_there():
    asked = set(re.findall(r"\bganzoo\.([A-Za-z_]\w*)", PAGE)) - {"testing"}
    assert [name for name in sorted(asked) if not hasattr(ganzoo, name)] == []


def test_the_errors_of_the_page_have_their_exit_codes():
    listed = {names(error)[0].removeprefix("ganzoo."): int(code) for error, _, code in rows(PAGE, "| raise |")}
    assert listed == {name: getattr(ganzoo, name).exit_code for name in listed}


def test_the_version_of_the_api_is_that_of_the_code():
    assert re.findall(r"GANZOO_API = (\d+)", PAGE) == [str(ganzoo.API_VERSION)]


@pytest.mark.parametrize("name", sorted(FILES))
def test_the_plugins_of_the_page_keep_their_contracts(name, tmp_path):
    """All that `ganzoo check FILE.py` does, but for the two processes, with which test_testing.py is concerned."""
    path, data = tmp_path / name, tmp_path / "noise.npz"
    path.write_text(FILES[name], encoding="utf-8")
    np.savez(data, x=np.arange(64 * 192, dtype=np.uint8).reshape(64, 3, 8, 8), y=np.arange(64) % 2)
    options = {"dataset": {"arrays": {"path": str(data)}}} if name == "my_dataset.py" else {}
    for case in list_cases(load_zoo(files=[path]), str(path), options):
        outcome = case.outcome() if case.component != "together" else None
        assert outcome is None or outcome.state != "failed", f"{outcome.component}, {outcome.check}: {outcome.why}"


def test_the_page_has_a_complete_plugin_of_each_larger_kind_and_a_wrapper():
    names = (
        "conditioner",
        "dataset",
        "enforcer",
        "metric",
        "model",
        "observer",
        "optimizer",
        "regularizer",
        "spectrograms",
        "wrapper",
    )
    assert sorted(FILES) == [f"my_{name}.py" for name in names]
    assert "register_losses" in Path(ROOT, "plugins/ganzoo-r3gan/ganzoo_r3gan/__init__.py").read_text(encoding="utf-8")


def test_the_packages_beside_ganzoo_are_known_with_all_that_they_bring():
    """What name help says of them, against what lies in plugins/."""
    recipes = {path.stem: path.parents[2].name for path in (ROOT / "plugins").glob("*/*/recipes/*.toml")}
    assert KNOWN["recipe"] == recipes
    for kind, hook in ((kind, info.hook) for kind, info in KIND_INFO.items()):
        brought = {
            name: path.parents[1].name
            for path in (ROOT / "plugins").glob("*/ganzoo_*/__init__.py")
            for body in re.findall(rf"def {hook}\(\).*?return (\{{.*?\}})", path.read_text(), flags=re.DOTALL)
            for name in re.findall(r'"([\w-]+)":', body)
        }
        assert KNOWN[kind] == brought
