"""What a run costs: counted by hand for a small network, and counted without leaving a trace."""

import copy

import pytest
import torch

from ganzoo.contracts import Samples
from ganzoo.runs.observer import Observer
from ganzoo.runs.run import Run
from ganzoo.settings.sections import OptimConfig
from ganzoo.settings.toml import from_tables
from ganzoo.training.costs import count_parameters, measure_costs
from ganzoo.training.prepare import prepare
from support.runs import TINY, ganzoo, train
from support.states import same

MODEL = {"name": "mlp", "width": 16, "depth": 1, "z_dim": 4}
DATA = {"name": "digits", "image_size": 8}


def prepared(zoo, lipschitz="none", **optim):
    tables = {"model": MODEL, "dataset": DATA, "lipschitz": {"name": lipschitz}, "optim": optim}
    return prepare(from_tables(tables), zoo, Observer().note)


def costs(zoo, **choice):
    training, samples = prepared(zoo, **choice)
    return measure_costs(training.gan, samples, training.run.optim)


# Multiplications of a sample. G: 4 -> 16 -> 64. D: 64 -> 16 -> 1. Backward, a layer costs as much again for its
# weights and as much again for its input, where that leads anywhere: not to latents, nor in D's step to images.
G, D = 4 * 16 + 16 * 64, 64 * 16 + 16 * 1
D_STEP = G + 2 * (D + D + 16)
G_STEP = G + D + D + (G + 16 * 64)


def test_parameters_and_operations_of_a_small_network_are_those_counted_by_hand(zoo):
    found = costs(zoo, batch_size=8)
    assert found["parameters_g"] == G + 16 + 64
    assert found["parameters_d"] == D + 16 + 1
    assert found["flops_per_step"] == 2 * 8 * (D_STEP + G_STEP)


def test_operations_follow_the_batch_sizes_and_the_updates_of_d(zoo):
    found = costs(zoo, batch_size=8, batch_size_g=24, n_critic=5)
    assert found["flops_per_step"] == 2 * (5 * 8 * D_STEP + 24 * G_STEP)


def test_a_penalty_costs_a_forward_a_backward_and_the_way_back_through_one_of_both(zoo):
    """D forward, D for the gradient on its input; of a rectifier's second derivative nothing goes back further."""
    plain, penalised = (costs(zoo, lipschitz=name, batch_size=1, n_critic=1) for name in ("none", "gp"))
    extra = (penalised["flops_per_step"] - plain["flops_per_step"]) / 2
    assert extra == pytest.approx(4 * D, rel=0.01)  # the last layer has nothing to hand on


def test_counting_leaves_weights_optimisers_and_random_state_as_they_were(zoo):
    training, samples = prepared(zoo, lipschitz="gp", batch_size=4)
    before, random = copy.deepcopy(training.gan.state_dict()), torch.get_rng_state()
    measure_costs(training.gan, samples, training.run.optim)
    assert same(training.gan.state_dict(), before)
    assert torch.equal(torch.get_rng_state(), random)


def test_a_run_records_what_it_cost(tmp_path, zoo):
    train(tmp_path / "run", "--no-scores")
    run = Run(tmp_path / "run")
    samples = Samples(torch.zeros(1, 1, 8, 8, dtype=torch.uint8), torch.zeros(1, dtype=torch.long), ("0",))
    training, _ = prepared(zoo, batch_size=8)
    assert run.folder.read_json(run.folder.manifest)["cost"] == measure_costs(
        training.gan, samples, OptimConfig(batch_size=8, batch_size_g=8)
    )
    assert run.status["memory_mb"] > 50  # of a process that has imported torch
    ganzoo("resume", tmp_path / "run", "--steps", 6)
    assert run.status["memory_mb"] > 50


def test_a_dry_run_says_the_operations_of_a_step():
    output = ganzoo("run", *TINY, "--dry-run").output
    assert f"{2 * 8 * (D_STEP + G_STEP):.3g} FLOPs a step" in output


@pytest.mark.parametrize("count", [0, 3])
def test_parameters_are_counted_over_all_weights(count):
    assert count_parameters(torch.nn.Sequential(*(torch.nn.Linear(2, 3) for _ in range(count)))) == 9 * count
