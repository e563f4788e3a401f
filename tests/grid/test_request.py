"""A grid as Python asks for it is the grid that the command line asks for."""

import pytest

from ganzoo.errors import ConfigError
from ganzoo.grid.axes import component_axes, split_assignments
from ganzoo.grid.config import Budget
from ganzoo.grid.request import plugin_words, read_axes, read_budget, read_engine, read_seeds
from ganzoo.zoo.plugins import load_zoo


def test_lists_are_axes_and_the_rest_is_common():
    axes, flags, sets = read_axes(None, {"loss": ["bce", "wgan"], "steps": 5}, {"optim.lr_g": [1e-4, 2e-4], "a.b": 1})
    assert axes == {
        "model": ["dcgan"],
        "loss": ["bce", "wgan"],
        "lipschitz": ["none"],
        "optim.lr_g": ["0.0001", "0.0002"],
    }
    assert (flags, sets) == ({"train.steps": 5}, {"a.b": 1})


def test_axes_are_those_of_the_same_words_on_the_command_line():
    ours, _, _ = read_axes(None, {"model": "mlp", "loss": "bce,wgan"}, {"model.norm": ["batch", "none"]})
    axes, _ = split_assignments(["model.norm=batch,none"])
    assert ours == component_axes((), {"model": "mlp", "loss": "bce,wgan"}) | axes


def test_a_list_among_the_keywords_is_an_axis_of_its_setting():
    axes, flags, _ = read_axes(["sngan", "wgan_gp"], {"batch_size": [16, 32]}, None)
    assert (axes, flags) == ({"recipe": ["sngan", "wgan_gp"], "optim.batch_size": ["16", "32"]}, {})


def test_seeds_are_a_number_or_a_list():
    assert read_seeds(3) == (0, 1, 2)
    assert read_seeds([0, 5, 5, 9]) == (0, 5, 9)
    assert read_seeds(range(2, 4)) == (2, 3)
    assert read_seeds("0..2,7") == (0, 1, 2, 7)


@pytest.mark.parametrize("seeds", [0, -1, 1.5, [], [-1], True, None, ["a"], 20_000])
def test_what_is_no_seeds_is_refused(seeds):
    with pytest.raises(ConfigError, match="neither a number of seeds nor a list"):
        read_seeds(seeds)


def test_a_budget_is_a_text_or_a_mapping_and_excludes_steps():
    assert read_budget({"images": 2e5}, ()) == read_budget("images=2e5", ()) == Budget("images", 2e5)
    assert read_budget(None, ["train.steps"]) is None
    with pytest.raises(ConfigError, match="both say how long"):
        read_budget("steps=5", ["train.steps"])


@pytest.mark.parametrize(
    ("keywords", "options"),
    [
        ({"seed": 1}, None),
        ({"samples": [1, 2]}, None),
        ({}, {"train.seed": [1]}),
        ({"loss": []}, None),
        ({}, {"optim.lr_g": []}),
    ],
)
def test_what_is_no_axis_is_refused(keywords, options):
    with pytest.raises(ConfigError):
        read_axes(None, keywords, options)


def test_options_of_the_engine_are_taken_out_of_the_settings():
    sets = {"engine.threads": 1, "optim.lr_g": 1.0}
    choice = read_engine("local", sets, 2)
    assert (choice.name, choice.options, sets) == ("local", {"threads": 1, "jobs": 2}, {"optim.lr_g": 1.0})


def test_cells_load_the_plugins_of_the_zoo(tmp_path):
    path = tmp_path / "mine.py"
    path.write_text("import ganzoo\n@ganzoo.hookimpl\ndef register_losses():\n    return {}\n")
    assert plugin_words(load_zoo(files=[path]))[:2] == ["--plugin", str(path)]
