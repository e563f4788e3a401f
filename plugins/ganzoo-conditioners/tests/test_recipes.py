"""The recipes have their sources' numbers, and train."""

import tomllib
from importlib.resources import files

import ganzoo_conditioners
import pytest

import ganzoo

SMALL = {
    "model.width_g": 4,
    "model.width_d": 4,
    "dataset.image_size": 16,
    "optim.batch_size": 8,
    "optim.n_critic": 1,
    "eval.at_end": False,
    "train.device": "cpu",
}
CLASSES = sorted(ganzoo_conditioners.register_conditioners().keys() - {"vectors"})


def read(name):
    return tomllib.loads((files("ganzoo_conditioners") / "recipes" / f"{name}.toml").read_text())


@pytest.mark.parametrize(
    ("name", "lr", "n_critic", "batch"),
    [
        ("reacgan", (2.8284e-4, 2.8284e-4), 5, 128),
        ("contragan", (2e-4, 2e-4), 5, 64),
        ("adcgan", (2e-4, 2e-4), 4, 50),
        ("tacgan", (2e-4, 2e-4), 4, 50),
        ("mhgan", (1e-4, 4e-4), 1, 64),
    ],
)
def test_rates_updates_and_batch_are_those_of_the_source(name, lr, n_critic, batch):
    optim = read(name)["optim"]
    assert ((optim["lr_g"], optim["lr_d"]), optim["n_critic"], optim["batch_size"]) == (lr, n_critic, batch)


@pytest.mark.parametrize("name", ["adcgan", "tacgan"])
def test_the_run_is_a_thousand_epochs_of_50_000_images_for_d(name):
    recipe = read(name)
    seen_by_d = recipe["train"]["steps"] * recipe["optim"]["n_critic"] * recipe["optim"]["batch_size"]
    assert seen_by_d == 1000 * 50_000


@pytest.mark.parametrize("name", CLASSES)
def test_a_recipe_trains_with_the_conditioner_of_its_name(name, tmp_path):
    run = ganzoo.run(name, dataset="digits", options=SMALL, steps=1, out=tmp_path / "run")
    by_label = [run.samples(1, label=label) for label in (0, 1)]
    assert not (by_label[0] == by_label[1]).all()
    assert f'name = "{name}"' in (run.path / "recipe.toml").read_text()
