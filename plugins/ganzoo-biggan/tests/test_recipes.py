"""The recipes have the published numbers, and ganzoo finds them without their being named in full."""

import json
import subprocess
import sys
import tomllib
from pathlib import Path

import ganzoo_biggan

RECIPES = Path(ganzoo_biggan.__file__).parent / "recipes"


def show(*flags):
    """Return what `ganzoo config show` says of these flags: {"optim.lr_g": its row}."""
    command = [sys.executable, "-m", "ganzoo", "config", "show", *flags, "--json"]
    done = subprocess.run(command, capture_output=True, text=True, timeout=60, check=True)
    return {row["setting"]: row for row in json.loads(done.stdout)}


def values(rows, *settings):
    return tuple(rows[setting]["value"] for setting in settings)


def test_the_recipe_has_the_settings_of_cifar_10():
    rows = show("biggan")
    assert values(rows, "model.name", "model.z_dim", "model.width") == ("biggan", 80, 96)
    assert values(rows, "loss.name", "lipschitz.name", "lipschitz.generator") == ("hinge", "sn", True)
    assert values(rows, "optim.lr_g", "optim.lr_d", "optim.beta1", "optim.beta2") == (2e-4, 2e-4, 0.5, 0.999)
    assert values(rows, "optim.n_critic", "train.steps", "train.ema_decay") == (5, 100_000, 0.9999)
    assert "1809.11096" in rows["optim.lr_g"]["paper"]


def test_the_deep_recipe_differs_in_the_model_alone():
    one, deep = (tomllib.loads((RECIPES / name).read_text()) for name in ("biggan.toml", "biggan_deep.toml"))
    assert deep.pop("model") == {"name": "biggan-deep", "z_dim": 128, "width": 128}
    assert one.pop("model") == {"name": "biggan", "z_dim": 80, "width": 96}
    assert one == deep
