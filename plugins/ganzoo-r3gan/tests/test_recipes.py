"""The recipes have the paper's numbers, and ganzoo finds them without their being named in full."""

import json
import subprocess
import sys
import tomllib
from importlib.resources import files

import pytest


def read(name):
    return tomllib.loads((files("ganzoo_r3gan") / "recipes" / f"{name}.toml").read_text())


def show(*flags):
    """Return what `ganzoo config show` says of these flags: {"optim.lr_g": its row}."""
    command = [sys.executable, "-m", "ganzoo", "config", "show", *flags, "--json"]
    done = subprocess.run(command, capture_output=True, text=True, timeout=60, check=True)
    return {row["setting"]: row for row in json.loads(done.stdout)}


def test_schedules_end_at_the_papers_numbers():
    recipe = read("r3gan")
    optim = recipe["optim"]
    assert optim["lr_g"] * optim["lr_end"] == pytest.approx(5e-5)
    assert recipe["lipschitz"]["gamma"] * optim["penalty_end"] == pytest.approx(0.005)
    assert (optim["beta1"], optim["beta2"], optim["beta2_end"]) == (0, 0.9, 0.99)


def test_the_run_is_20_million_images_and_the_average_has_the_half_lives_that_are_stated():
    """The decay of update t is at most (1 + t) / (10 + t): 0.99993, a half-life of 5 million images, is a limit."""
    optim, train = read("r3gan")["optim"], read("r3gan")["train"]
    assert train["steps"] * optim["batch_size"] == pytest.approx(20e6, rel=1e-4)
    assert train["ema_decay"] ** (5e6 / optim["batch_size"]) == pytest.approx(0.5, rel=0.02)
    last = min(train["ema_decay"], (1 + train["steps"]) / (10 + train["steps"]))
    assert last ** (1.54e6 / optim["batch_size"]) == pytest.approx(0.5, rel=0.01)
    assert last ** (0.077 * train["steps"]) == pytest.approx(0.5, rel=0.01)


def test_the_papers_recipe_is_found_by_name():
    rows = show("r3gan")
    assert (rows["model.width"]["value"], rows["optim.batch_size"]["value"]) == (768, 512)
    assert "2501.05441" in rows["optim.lr_g"]["paper"]


def test_the_components_alone_bring_the_method_and_not_the_large_networks():
    rows = show("--model", "r3gan", "--loss", "rpgan", "--lipschitz", "r1r2")
    assert (rows["optim.lr_decay"]["value"], rows["lipschitz.gamma"]["value"]) == ("cosine", 1.0)
    assert rows["model.width"]["value"] == 32
