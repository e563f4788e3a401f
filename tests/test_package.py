"""What a user installs: the wheel, built as pip builds it from the source archive, has all that ganzoo needs to run."""

import subprocess
import sys
import tarfile
import tomllib
import zipfile
from configparser import ConfigParser
from email.parser import Parser

import pytest

from ganzoo import __version__
from support.checkout import ROOT
from support.runs import ENVIRONMENT, TINY

PROJECT = tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]


@pytest.fixture(scope="module")
def built(tmp_path_factory):
    """The folder with the source archive, and the wheel that was made of it."""
    out = tmp_path_factory.mktemp("dist")
    words = ["-m", "build", "--no-isolation", "--outdir", out, ROOT]
    result = subprocess.run([sys.executable, *words], env=ENVIRONMENT, capture_output=True, text=True)
    assert result.returncode == 0, result.stdout + result.stderr
    return out


@pytest.fixture(scope="module")
def wheel(built):
    (path,) = built.glob("*.whl")
    with zipfile.ZipFile(path) as archive:
        yield archive


@pytest.fixture(scope="module")
def about(wheel):
    """The wheel's folder of metadata."""
    (path,) = (name for name in wheel.namelist() if name.endswith(".dist-info/METADATA"))
    return path.removesuffix("METADATA")


def test_wheel_and_source_archive_bear_name_and_version(built):
    stem = f"ganzoo_torch-{__version__}"
    assert {path.name for path in built.iterdir()} == {f"{stem}-py3-none-any.whl", f"{stem}.tar.gz"}


def test_the_wheel_has_every_module_recipe_and_data_file_and_nothing_else(wheel, about):
    package = {str(path.relative_to(ROOT)) for path in (ROOT / "ganzoo").rglob("*.py")}
    recipes = {f"ganzoo/{path.relative_to(ROOT)}" for path in (ROOT / "configs").rglob("*.toml")}
    digits = (f"{name}.{ending}" for name in ("digits", "mnist-5k") for ending in ("npz", "LICENSE"))
    data = {f"ganzoo/builtin/datasets/{name}" for name in digits} | {"ganzoo/py.typed", "ganzoo/zoo/index.json"}
    data |= {f"ganzoo/builtin/features/{name}.safetensors" for name in ("digits-cnn", "photos-cnn")}
    data |= {f"ganzoo/results/report/{name}" for name in ("page.html.j2", "report.css", "report.js")}
    data |= {f"ganzoo/results/tables/{name}.html.j2" for name in ("page", "table", "cell")}
    data |= {str(path.relative_to(ROOT)) for path in (ROOT / "ganzoo" / "cli" / "explanations").rglob("*.txt")}
    data |= {str(path.relative_to(ROOT)) for path in (ROOT / "ganzoo" / "cli" / "templates").rglob("*.tmpl")}
    assert {"ganzoo/configs/wgan_gp.toml", "ganzoo/configs/datasets/digits.toml"} <= recipes
    assert {name for name in wheel.namelist() if not name.startswith(about)} == package | recipes | data


def test_the_wheel_brings_its_licences(wheel, about):
    for licence in PROJECT["license-files"]:
        assert wheel.read(f"{about}licenses/{licence}") == (ROOT / licence).read_bytes()
    assert b"CC BY 4.0" in wheel.read(f"{about}licenses/ganzoo/builtin/datasets/digits.LICENSE")
    assert b"CC BY-SA 3.0" in wheel.read(f"{about}licenses/ganzoo/builtin/datasets/mnist-5k.LICENSE")


def test_the_metadata_says_what_it_is_and_needs(wheel, about):
    metadata = Parser().parsestr(wheel.read(f"{about}METADATA").decode())
    assert (metadata["Name"], metadata["Version"]) == ("ganzoo-torch", __version__)
    assert (metadata["Requires-Python"], metadata["License-Expression"]) == (
        ">=3.11",
        "MIT AND CC-BY-4.0 AND CC-BY-SA-3.0",
    )
    needed = [line for line in metadata.get_all("Requires-Dist") if "extra ==" not in line]
    assert len(needed) == len(PROJECT["dependencies"]) and not [line for line in needed if "<" in line or "==" in line]
    assert metadata.get_payload() == (ROOT / "README.md").read_text()


def test_installing_it_makes_one_command(wheel, about):
    points = ConfigParser()
    points.read_string(wheel.read(f"{about}entry_points.txt").decode())
    assert {section: dict(points[section]) for section in points.sections()} == {
        "console_scripts": {"ganzoo": "ganzoo.__main__:main"}
    }


def test_what_is_in_the_wheel_is_enough_to_list_recipes_and_to_train(wheel, tmp_path):
    wheel.extractall(tmp_path / "site")
    code = (
        "import ganzoo, ganzoo.zoo.recipes; from ganzoo.cli import cli\n"
        f"assert ganzoo.__file__.startswith({str(tmp_path)!r}), ganzoo.__file__\n"
        "print(len(ganzoo.zoo.recipes.list_recipes()), flush=True)\n"
        "cli()"
    )
    words = ["run", "wgan_gp", *TINY, "--dataset=digits", "--steps=2", "--out=run"]
    environment = ENVIRONMENT | {"PYTHONPATH": str(tmp_path / "site"), "GANZOO_DISABLE_PLUGINS": "all"}
    python = [sys.executable, "-c", code, *words]
    result = subprocess.run(python, env=environment, cwd=tmp_path, capture_output=True, text=True)
    assert result.returncode == 0, result.stderr
    first, second, *_ = result.stdout.splitlines()
    assert int(first) == len(list((ROOT / "configs").glob("*.toml")))
    assert second.startswith("complete: 2 of 2 steps")


def test_the_source_archive_has_the_tests_and_the_recipes(built):
    (path,) = built.glob("*.tar.gz")
    with tarfile.open(path) as archive:
        names = {name.partition("/")[2] for name in archive.getnames()}
    assert {"tests/test_package.py", "tests/support/runs.py", "configs/wgan_gp.toml", "LICENSE", "README.md"} <= names
    assert "pyproject.toml" in names
