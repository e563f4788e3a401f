"""Captured steps: the same run as plain ones, whatever is captured when; reasons where one is not captured.

A CPU records nothing, so that a stand-in does the work at each replay, on the memory that a graph would read.
Tests marked `cuda` need a GPU.
"""

import random

import numpy as np
import pytest
import torch

from ganzoo.builtin.lipschitz import NoEnforcer
from ganzoo.settings.sections import Choice, OptimConfig
from ganzoo.training.device import Device, choose_device
from ganzoo.training.graphs import (
    CHANGES_HOST,
    WARM_UP,
    CapturedStep,
    captured_updates,
    choose_updates,
    eager_updates,
    find_reason,
)
from ganzoo.training.loop import train
from ganzoo.training.optimizers import make_optimizer
from ganzoo.training.randomness import seed_everything
from ganzoo.training.schedule import set_schedule
from ganzoo.zoo.names import NAMES
from support.recorder import Deferred
from support.states import same
from support.trainings import Notebook, make
from support.zoo import ZOO

cuda = pytest.mark.skipif(not torch.cuda.is_available(), reason="needs a GPU")
NO_REASON = lambda *_: ""  # noqa: E731


class Incapable(Deferred):
    def capture(self, work):
        raise RuntimeError("operation not permitted when stream is capturing\nand much more")


def trained(updates=None, **settings):
    training = make(steps=6, loss="wgan", lipschitz="gp", **settings)
    if updates is not None:
        training.updates = updates(training.gan)
    notebook = Notebook()
    train(training, notebook)
    return training.state_dict(), notebook.records


def test_recorded_steps_are_the_plain_ones_bit_for_bit_with_ema_rates_and_random_numbers():
    capture, notes = Deferred(), []
    captured = trained(lambda gan: captured_updates(gan, notes.append, capture, NO_REASON))
    assert same(captured, trained())
    assert (capture.warm, capture.captured, notes) == (2 * WARM_UP, 2, [])


def test_a_step_is_recorded_on_memory_of_its_own_into_which_batches_are_copied():
    seen = []

    def step(gan, x, y):
        seen.append((x.data_ptr(), float(x[0])))
        return {"x": x.sum()}

    captured = CapturedStep(None, step, pytest.fail, Deferred(), NO_REASON)
    for number in range(WARM_UP + 3):
        assert captured(torch.full((2,), float(number)), torch.zeros(2))["x"] == 2 * number
    places, numbers = zip(*seen, strict=True)
    assert numbers == tuple(range(WARM_UP + 3))
    assert len(set(places[WARM_UP:])) == 1
    assert captured(torch.full((3,), 7.0), torch.zeros(3))["x"] == 21  # another shape is done as it is


@pytest.mark.parametrize(
    ("capture", "find", "reason"),
    [
        (Deferred(), lambda *_: "it draws random numbers of Python or NumPy", "it draws random numbers of Python"),
        (Incapable(), NO_REASON, "operation not permitted when stream is capturing"),
    ],
)
def test_a_step_that_cannot_be_recorded_is_said_in_one_line_once_and_goes_on_as_it_is(capture, find, reason):
    notes = []
    assert same(trained(lambda gan: captured_updates(gan, notes.append, capture, find)), trained())
    assert len(notes) == 2 and all(reason in note and "\n" not in note for note in notes)
    assert [note.split()[0] for note in notes] == ["discriminator_step", "update_generator"]


def test_a_cpu_records_nothing_and_says_nothing():
    gan = make().gan
    assert choose_updates(gan, OptimConfig(), pytest.fail).discriminator.func is eager_updates(gan).discriminator.func


def test_rates_that_are_tensors_stay_the_tensors_that_a_graph_reads_through_schedules_and_checkpoints():
    numbers, tensors = make(), make()
    for optimizer in (tensors.gan.opt_g, tensors.gan.opt_d):
        optimizer.param_groups[0]["lr"] = torch.tensor(optimizer.param_groups[0]["lr"])
    rate = tensors.gan.opt_d.param_groups[0]["lr"]
    for training in (numbers, tensors):
        seed_everything(0)
        train(training, Notebook(stop_after=3))
        set_schedule(training.gan, training.run.optim, 0.75)
    numbers_state, tensors_state = numbers.gan.state_dict(), tensors.gan.state_dict()
    for name, weight in tensors_state["G"].items():
        assert torch.allclose(weight, numbers_state["G"][name], atol=1e-6)
    tensors.gan.load_state_dict(numbers_state)
    numbers.gan.load_state_dict(tensors_state)
    assert tensors.gan.opt_d.param_groups[0]["lr"] is rate
    assert float(rate) == pytest.approx(0.25 * 2e-4)
    assert isinstance(numbers.gan.opt_d.param_groups[0]["lr"], float)


def test_how_an_optimiser_steps_is_as_the_device_needs_it_and_not_as_another_device_saved_it():
    saved, here = make(optim={"name": "rmsprop"}), make(optim={"name": "rmsprop"})
    for training in (saved, here):
        train(training, Notebook(stop_after=1))
    state = saved.gan.state_dict()
    for name in ("opt_g", "opt_d"):
        state[name]["param_groups"][0] |= {"capturable": True, "foreach": None, "lr": torch.tensor(0.5)}
    here.gan.load_state_dict(state)
    assert here.gan.opt_d.param_groups[0]["capturable"] is False
    train(here, Notebook(stop_after=2))


class Counting(NoEnforcer):
    calls = 0


def count(gan, x, y):
    object.__setattr__(gan.lipschitz, "calls", gan.lipschitz.calls + 1)


@pytest.mark.parametrize(
    ("step", "hidden"),
    [
        (lambda gan, x, y: gan.G.train(), False),
        (lambda gan, x, y: torch.rand(()), True),  # of the CPU, where a graph reads none
        (lambda gan, x, y: np.random.rand(), True),
        (lambda gan, x, y: random.random(), True),
        (count, True),
    ],
)
def test_what_a_step_changes_out_of_sight_of_a_graph_is_an_obstacle_and_the_trial_leaves_no_trace(step, hidden):
    training = make()
    training.gan.lipschitz = Counting()
    before, x = training.state_dict(), torch.zeros(4, 1, 4, 4)
    reason = find_reason(training.gan, step, x, torch.zeros(4))
    assert reason == (CHANGES_HOST if hidden else "")
    assert same(training.state_dict(), before) and training.gan.lipschitz.calls == 0


def test_a_trial_that_fails_is_an_obstacle_in_one_line():
    def step(gan, x, y):
        raise RuntimeError("called a synchronizing CUDA operation\nand more")

    assert find_reason(make().gan, step, torch.zeros(1), torch.zeros(1)) == "called a synchronizing CUDA operation"


@cuda
@pytest.mark.parametrize("lipschitz", ["none", "clip", "gp", "r1", "sn"])
@pytest.mark.parametrize("optimizer", NAMES["optimizer"])
def test_graphs_give_what_eager_steps_give_step_by_step(lipschitz, optimizer):
    states = []
    for captured in (True, False):
        model, device = {"name": "dcgan", "width": 8}, choose_device("cuda", "fp32")
        training = make(model=model, lipschitz=lipschitz, optim={"name": optimizer}, steps=12, device=device)
        gan = training.gan
        training.updates = choose_updates(gan, training.run.optim, pytest.fail) if captured else eager_updates(gan)
        notebook = Notebook()
        train(training, notebook)
        states.append([gan.G.state_dict(), gan.D.state_dict(), gan.G_ema.state_dict()])
    for ours, theirs in zip(*states, strict=True):
        for name, tensor in ours.items():
            torch.testing.assert_close(tensor, theirs[name], rtol=1e-4, atol=1e-5)


@cuda
@pytest.mark.parametrize("name", NAMES["optimizer"])
def test_rates_are_tensors_on_cuda(name):
    rule = ZOO.create("optimizer", Choice(name))
    optimizer = make_optimizer(rule, OptimConfig(), torch.nn.Linear(1, 1).cuda(), 0.1, choose_device("cuda", "fp32"))
    assert optimizer.param_groups[0]["lr"].is_cuda


def test_optimisers_of_a_cpu_have_numbers_as_rates():
    device = Device(torch.device("cpu"), "fp32")
    for name in NAMES["optimizer"]:
        rule = ZOO.create("optimizer", Choice(name))
        optimizer = make_optimizer(rule, OptimConfig(), torch.nn.Linear(1, 1), 0.1, device)
        assert optimizer.param_groups[0]["lr"] == 0.1
