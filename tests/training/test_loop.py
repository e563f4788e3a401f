"""The loop: exact continuation for every combination, schedules, what is written when, and divergence."""

import math

import pytest
import torch

from ganzoo.errors import CheckpointError, DivergedError
from ganzoo.training.compatibility import advise
from ganzoo.training.loop import train
from ganzoo.training.schedule import set_schedule
from support.product import combinations
from support.states import same
from support.trainings import TINY, Notebook, interrupted_equals_whole, make


@pytest.mark.fault(
    "a run of any loss, enforcer and conditioner is interrupted", "it ends in the bits of the undisturbed one", "F22"
)
@combinations("loss", "lipschitz", "conditioner")
def test_an_interrupted_run_ends_bit_identical_to_a_whole_one(tmp_path, loss, lipschitz, conditioner):
    assert interrupted_equals_whole(tmp_path, 3, loss=loss, lipschitz=lipschitz, conditioner=conditioner)


@pytest.mark.fault("a run is interrupted at each of its steps", "it ends in the bits of the undisturbed one", "F22")
@pytest.mark.parametrize("stop", range(1, 6))
def test_it_does_so_wherever_it_is_interrupted(tmp_path, stop):
    assert interrupted_equals_whole(tmp_path, stop, loss="wgan", lipschitz="gp")


@pytest.mark.parametrize("optimiser", ["adam", "rmsprop", "sgd"])
def test_it_does_so_with_convolutions_batch_norm_and_every_optimiser(tmp_path, optimiser):
    model = {"name": "dcgan", "width": 2, "z_dim": 3}
    assert interrupted_equals_whole(tmp_path, 2, model=model, loss="bce", optim={"name": optimiser})


def test_two_seeds_differ():
    one, two = make(seed=0), make(seed=1)
    train(one, Notebook()), train(two, Notebook())
    assert not same(one.gan.state_dict(), two.gan.state_dict())


def test_a_step_is_n_critic_batches_for_d_and_one_for_g():
    training = make(steps=3)
    train(training, Notebook())
    assert training.feed.position == 3 * (2 * 5 + 7)


def test_records_samples_and_checkpoints_come_when_due_and_at_the_end():
    notebook = Notebook()
    train(make(steps=7, schedule={"log_every": 2}), notebook)
    assert notebook.steps == [1, 2, 3, 4, 5, 6, 7]
    assert list(notebook.records) == [2, 4, 6, 7]
    assert notebook.sampled == [2, 4, 6, 7]
    assert notebook.saved == [3, 6, 7]


def test_a_wish_to_stop_saves_and_leaves_a_wish_to_save_goes_on():
    notebook = Notebook(stop_after=4)
    train(make(), notebook)
    assert (notebook.steps[-1], notebook.saved) == (4, [3, 4])


def test_linear_decay_by_hand():
    training = make(steps=4, optim={"lr_g": 0.4, "lr_d": 0.8})
    notebook = Notebook()
    train(training, notebook)
    assert [r["lr/g"] for r in notebook.records.values()] == pytest.approx([0.4, 0.3, 0.2, 0.1])
    assert [r["lr/d"] for r in notebook.records.values()] == pytest.approx([0.8, 0.6, 0.4, 0.2])


@pytest.mark.parametrize(
    ("shape", "over", "left"),
    [
        ("none", 1, [1, 1, 1, 1]),
        ("linear", 1, [1, 0.75, 0.5, 0.25]),
        ("linear", 0.5, [1, 0.5, 0, 0]),
        ("cosine", 1, [1, (1 + math.sqrt(0.5)) / 2, 0.5, (1 - math.sqrt(0.5)) / 2]),
        ("cosine", 0.5, [1, 0.5, 0, 0]),
    ],
)
def test_rates_beta2_and_penalty_go_to_their_ends_together(shape, over, left):
    ends = {"lr_d": 0.8, "lr_end": 0.5, "beta2": 0.5, "beta2_end": 0.9, "penalty_end": 0.2}
    training = make(lipschitz="gp", optim={**ends, "lr_decay": shape, "decay_over": over})
    gan, found = training.gan, []
    for done in (0, 0.25, 0.5, 0.75):
        set_schedule(gan, training.run.optim, done)
        group = gan.opt_d.param_groups[0]
        found.append((group["lr"], *group["betas"], float(gan.penalty_scale)))
    beta1 = training.run.optim.beta1
    expected = [(0.8 * (0.5 + 0.5 * f), beta1, 0.9 - 0.4 * f, 0.2 + 0.8 * f) for f in left]
    assert found == [pytest.approx(numbers) for numbers in expected]


def test_an_end_that_no_schedule_leads_to_is_remarked():
    training = make(optim={"lr_decay": "none", "penalty_end": 0.1})
    assert "optim.penalty_end has no effect" in "".join(advise(training.run, training.gan))
    training = make(optim={"lr_decay": "cosine", "name": "sgd", "beta2_end": 0.9})
    assert "optim.beta2_end has no effect" in "".join(advise(training.run, training.gan))


def test_without_decay_the_rate_stays():
    training = make(optim={"lr_decay": "none", "lr_g": 0.4})
    set_schedule(training.gan, training.run.optim, 0.9)
    assert training.gan.opt_g.param_groups[0]["lr"] == 0.4


def test_gradient_norms_are_those_of_the_last_updates():
    training, notebook = make(steps=1), Notebook()
    train(training, notebook)
    by_hand = math.sqrt(sum(w.grad.square().sum().item() for w in training.gan.D.parameters()))
    assert notebook.records[1]["grad_norm/d"] == pytest.approx(by_hand, rel=1e-5)
    assert notebook.records[1]["grad_norm/g"] > 0


def test_divergence_is_an_error_that_names_step_and_number():
    training = make(loss="wgan", optim={"lr_d": 1e30, "lr_g": 1e30})
    with pytest.raises(DivergedError, match=r"diverged by step \d: \S+ is (nan|inf|-inf)"):
        train(training, Notebook())


@pytest.mark.fault("a checkpoint is of other networks", "exit 5, in words")
def test_a_checkpoint_of_other_networks_is_refused():
    state = make(model={**TINY, "width": 7}).state_dict()
    state["settings"] = make().state_dict()["settings"]  # a plugin's new version, say
    with pytest.raises(CheckpointError, match="does not fit the recipe"):
        make().load_state_dict(state)


@pytest.mark.fault(
    "a checkpoint lacks the moving average, an optimiser, the random states or the position",
    "exit 5 with the name of the part",
    "F13",
)
@pytest.mark.parametrize("part", ["G_ema", "opt_d", "random", "position"])
def test_a_checkpoint_that_lacks_a_part_is_refused_by_name(part):
    state = make().state_dict()
    del state[part]
    with pytest.raises(CheckpointError, match=f"lacks '{part}'"):
        make().load_state_dict(state)


def test_every_random_stream_is_restored():
    import random

    import numpy as np

    from ganzoo.training import randomness

    state = randomness.capture()
    first = (torch.rand(3).tolist(), np.random.rand(3).tolist(), random.random(), np.random.randn())
    randomness.restore(state)
    assert first == (torch.rand(3).tolist(), np.random.rand(3).tolist(), random.random(), np.random.randn())


def test_a_checkpoint_from_before_there_were_some_settings_and_augmentations_goes_on():
    state = make().state_dict()
    for key in ("optim.penalty_end", "optim.decay_over", "augment.name"):
        del state["settings"][key]
    del state["transform"]
    make().load_state_dict(state)


def test_a_checkpoint_of_other_settings_is_refused_by_key():
    state = make(loss="bce", optim={"lr_g": 0.1}).state_dict()
    with pytest.raises(CheckpointError, match=r"loss.name bce -> wgan.*optim.lr_g 0.1 -> 0.2"):
        make(loss="wgan", optim={"lr_g": 0.2}).load_state_dict(state)


def test_a_checkpoint_may_go_on_longer_and_log_more_often():
    state = make(steps=6).state_dict()
    longer = make(steps=9, schedule={"log_every": 3, "save_every": 9})
    longer.load_state_dict(state)
    assert longer.run.train.steps == 9
