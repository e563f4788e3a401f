"""Settings on the command line: explained, compared, shown for a run, and as a schema for editors."""

import json
import tomllib
from dataclasses import replace

import pytest

from ganzoo.cli.explain_setting import list_settings
from ganzoo.runs.folder import RunFolder
from ganzoo.settings.docs import describe_options, find_sentence
from ganzoo.settings.kinds import NAMED_KINDS
from ganzoo.settings.options import list_options
from ganzoo.settings.sections import SECTIONS, Choice
from ganzoo.zoo.recipes import folder, settle
from ganzoo.zoo.schema import make_schema
from support.runs import ganzoo
from support.zoo import ZOO

jsonschema = pytest.importorskip("jsonschema")


@pytest.mark.parametrize("section", SECTIONS)
def test_every_setting_has_a_sentence(section):
    said = describe_options(SECTIONS[section])
    for option in list_options(SECTIONS[section]):
        text = said[option.name]
        assert text[0].isupper() and len(text) > 10 and text.rstrip(".") != option.name, option.name


def test_what_a_docstring_says_about_an_option_is_found():
    text = "Do it.\n\n`width` is the number of channels; it doubles. `depth`: number of\nlayers.\n\nscale * x^2"
    assert find_sentence(text, "width") == "`width` is the number of channels; it doubles."
    assert find_sentence(text, "depth") == "`depth`: number of layers."
    assert (find_sentence(text, "scale"), find_sentence(text, "other")) == ("scale * x^2", "")


@pytest.mark.parametrize("name", list_settings()[::4])
def test_every_setting_is_explained_with_its_type_and_default_in_80_columns(name):
    section, _, option = name.partition(".")
    found = next(each for each in list_options(SECTIONS[section]) if each.name == option)
    text = ganzoo("explain", name).stdout
    assert text.startswith(f"{name}: ") and f"type      {found.type}\n" in text
    assert f"default   {found.shown_default}\n" in text and f"--set {name}=" in text
    assert max(map(len, text.splitlines())) <= 80 and len(text.splitlines()) <= 24


def test_settings_are_found_in_any_case_and_without_their_section():
    assert ganzoo("explain", "Optim.LR-G").stdout == ganzoo("explain", "optim.lr_g").stdout
    assert ganzoo("explain", "decay_over").stdout == ganzoo("explain", "optim.decay_over").stdout
    both = ganzoo("explain", "batch_size").stdout
    assert "optim.batch_size: " in both and "eval.batch_size: " in both and "--batch-size 64" in both
    assert "Learning rate of G." in ganzoo("explain", "OPTIM").stdout
    assert "one random point" in ganzoo("explain", "GP").stdout.replace("\n", " ")  # a topic goes first
    refused = ganzoo("explain", "optim.decay_ovr", code=2).stderr
    assert "Did you mean 'optim.decay_over'?" in refused and "ganzoo explain optim" in refused


def test_an_option_of_components_is_explained_for_each_that_has_it():
    text = ganzoo("explain", "lipschitz.weight").stdout
    assert "\ngp\n" in text and "\ndragan\n" in text and "\nsn\n" not in text and "default 10.0" in text
    assert "power iteration" in ganzoo("explain", "lipschitz.sn.power_iterations").stdout
    assert "no setting is named 'loss.weight'" in ganzoo("explain", "loss.weight", code=2).stderr


@pytest.fixture
def trained(tmp_path, monkeypatch):
    """A folder with what `config` reads of a run: its recipe and the origins of its settings; and a grid's."""
    monkeypatch.chdir(tmp_path)
    run = settle(flags={"model.name": "mlp", "train.steps": 7}).run
    for place in ("runs/one", "runs/grid/cells/bce-s0"):
        (tmp_path / place).mkdir(parents=True)
        RunFolder(tmp_path / place).write_recipe(replace(run, features=Choice("digits-cnn")))
        (tmp_path / place / "manifest.json").write_text(json.dumps({"origins": {"train.steps": "flag"}}))
    (tmp_path / "runs/grid/grid.json").write_text("{}")
    return tmp_path


def rows(*words):
    return {row["setting"]: row for row in json.loads(ganzoo("config", *words, "--json").stdout)}


def test_the_settings_of_a_run_and_of_a_cell_are_shown_with_the_origins_that_it_recorded(trained):
    for name in ("runs/one", "one", "runs/grid/cells/bce-s0"):
        shown = rows("show", name)
        assert (shown["train.steps"]["value"], shown["train.steps"]["origin"]) == (7, "flag")
        assert (shown["model.name"]["value"], shown["optim.lr_g"]["origin"]) == ("mlp", "default")
    refused = ganzoo("config", "show", "one", "--steps", 9, code=2).stderr
    assert "--steps cannot change them" in refused
    grid = ganzoo("config", "show", "runs/grid", code=2).stderr
    assert "ganzoo config show runs/grid/cells/bce-s0" in grid


@pytest.mark.full
def test_only_what_differs_between_runs_recipes_and_files_is_shown(trained):
    (trained / "mine.toml").write_text('[model]\nname = "MLP"\n[train]\nsteps = 7\n[optim]\nlr_g = 0.5\n')
    differing = rows("diff", "one", "mine.toml")
    assert differing["optim.lr_g"] == {
        "setting": "optim.lr_g", "a": 2e-4, "origin_a": "default", "b": 0.5, "origin_b": "recipe mine",
    }  # fmt: skip
    assert "train.steps" not in differing and "model.name" not in differing
    methods = rows("diff", "wgan", "WGAN-GP")
    assert (methods["lipschitz.limit"]["a"], methods["lipschitz.limit"]["b"]) == (0.01, None)
    text = ganzoo("config", "diff", "wgan", "wgan_gp").stdout
    assert "lipschitz.name clip (recipe wgan) gp (recipe wgan_gp)" in " ".join(text.split()) and "loss.name" not in text
    assert ganzoo("config", "diff", "wgan", "wgan").stdout == "wgan and wgan have the same settings\n"


def test_the_long_form_says_what_each_setting_means():
    lines = ganzoo("config", "show", "--loss", "wgan", "--lipschitz", "sn+gp", "--long").stdout
    assert "optim.n_critic = 5  (recipe wgan_gp)\n    Discriminator updates per generator update.\n" in lines
    assert "lipschitz.sn.power_iterations = 1  (default)\n    Steps of the power iteration" in lines
    assert max(map(len, lines.splitlines())) <= 80


@pytest.mark.full
def test_the_schema_takes_every_recipe_that_ships_and_refuses_what_ganzoo_refuses(tmp_path):
    schema = make_schema(ZOO)
    jsonschema.Draft202012Validator.check_schema(schema)
    validator = jsonschema.Draft202012Validator(schema)
    recipes = sorted(folder().glob("*.toml"))
    assert len(recipes) > 10
    for path in recipes:
        assert list(validator.iter_errors(tomllib.loads(path.read_text()))) == [], path
    for wrong in (
        {"optim": {"lr_g": -1}}, {"optim": {"lr": 1}}, {"loss": {"name": "wgna"}}, {"model": {"depth": 2}},
        {"lipschitz": {"name": "gp", "limit": 1}}, {"lipschitz": {"name": "sn+gp", "gp": {"limit": 1}}},
        {"train": {"steps": "many"}}, {"optimm": {}},
    ):  # fmt: skip
        assert not validator.is_valid(wrong), wrong
    for right in ({"lipschitz": {"name": "sn+gp", "gp": {"weight": 1}}}, {"features": {"name": "auto"}}, {}):
        assert validator.is_valid(right), right
    assert schema["properties"]["optim"]["properties"]["decay_over"] == {
        "type": "number", "exclusiveMinimum": 0, "maximum": 1, "default": 1.0,
        "description": describe_options(SECTIONS["optim"])["decay_over"],
    }  # fmt: skip
    for entry in ZOO.all_entries():
        if entry.kind in schema["properties"]:
            table = schema["properties"][entry.kind]["properties"]
            options = table[entry.name]["properties"] if entry.kind in NAMED_KINDS else table
            assert all(option.name in options for option in entry.options), entry


def test_the_schema_is_written_to_a_file_whose_name_a_recipe_gives(tmp_path):
    said = ganzoo("config", "schema", "-o", tmp_path / "s.json").stdout
    assert "#:schema ./s.json" in said
    assert json.loads((tmp_path / "s.json").read_text())["title"] == "Recipe of ganzoo"
