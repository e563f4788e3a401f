"""Frozen weights stay bit-equal, and the others move."""

import pytest
import torch

from ganzoo.errors import ConfigError
from ganzoo.runs.run import Run
from support.runs import train


def weights(path, step, network):
    state = torch.load(path / "checkpoints" / f"step-{step:08d}.pt", weights_only=True)[network]
    return {name: tensor for name, tensor in state.items() if name.endswith(("weight", "bias", "original"))}


def moved(path, network, steps=3):
    """Names of the weights that a run of `steps` steps changed."""
    before, after = weights(path, 0, network), weights(path, steps, network)
    return {name for name in before if not torch.equal(before[name], after[name])}


@pytest.mark.parametrize("lipschitz", ["none", "gp", "clip", "sn"])
def test_the_first_layers_of_d_stay_bit_equal_under_every_kind_of_enforcer(tmp_path, lipschitz):
    words = ["--no-scores", f"--lipschitz={lipschitz}", "--set=model.depth=3", "--set=train.freeze_d=2"]
    train(tmp_path / "run", *words, steps=3)
    names = list(weights(tmp_path / "run", 0, "D"))
    layers = list(dict.fromkeys(n.partition(".parametrizations.")[0].removesuffix(".weight").removesuffix(".bias")
                                for n in Run(tmp_path / "run").build().D.state_dict() if n in names))  # fmt: skip
    frozen = {name for name in names if name.startswith((f"{layers[0]}.", f"{layers[1]}."))}
    assert len(frozen) == 4 and moved(tmp_path / "run", "D") == set(names) - frozen
    assert moved(tmp_path / "run", "G") == set(weights(tmp_path / "run", 0, "G"))


def test_weights_are_frozen_by_their_names_and_the_average_keeps_them(tmp_path):
    first = next(iter(Run(_plain(tmp_path)).build().G.state_dict()))
    train(tmp_path / "run", "--no-scores", f"--set=train.freeze='G.{first}'", steps=3)
    assert moved(tmp_path / "run", "G") == set(weights(tmp_path / "run", 0, "G")) - {first}
    assert f"module.{first}" not in moved(tmp_path / "run", "G_ema")


def _plain(tmp_path):
    train(tmp_path / "plain", "--no-scores", steps=1)
    return tmp_path / "plain"


@pytest.mark.parametrize(
    ("words", "what"),
    [("train.freeze_d=99", "every weight of D is frozen"), ("train.freeze='D.nothing'", "is the name of no weight")],
)
def test_a_name_of_nothing_and_a_network_that_cannot_learn_are_refused(tmp_path, words, what):
    assert what in train(tmp_path / "run", f"--set={words}", code=ConfigError.exit_code).stderr
