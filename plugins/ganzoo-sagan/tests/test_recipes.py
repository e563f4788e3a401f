"""The recipes have the paper's numbers, and ganzoo finds them without their being named in full."""

import json
import subprocess
import sys


def show(*flags):
    """Return what `ganzoo config show` says of these flags: {"optim.lr_g": its row}."""
    command = [sys.executable, "-m", "ganzoo", "config", "show", *flags, "--json"]
    done = subprocess.run(command, capture_output=True, text=True, timeout=60, check=True)
    return {row["setting"]: row for row in json.loads(done.stdout)}


def values(rows, *settings):
    return tuple(rows[setting]["value"] for setting in settings)


def test_the_papers_recipe_has_two_time_scales_and_one_update_each():
    rows = show("sagan")
    assert values(rows, "optim.lr_g", "optim.lr_d", "optim.n_critic") == (1e-4, 4e-4, 1)
    assert values(rows, "optim.beta1", "optim.beta2") == (0.0, 0.9)
    assert values(rows, "loss.name", "lipschitz.name", "conditioner.name") == ("hinge", "sn", "projection")
    assert "1805.08318" in rows["optim.lr_g"]["paper"]


def test_the_components_alone_bring_one_to_four_and_not_the_method_of_sngan():
    rows = show("--model", "sagan", "--loss", "hinge", "--lipschitz", "sn")
    lr_g, lr_d, n_critic, width = values(rows, "optim.lr_g", "optim.lr_d", "optim.n_critic", "model.width")
    assert (lr_d / lr_g, n_critic, width) == (4.0, 1, 16)
