"""Regularizers in a step: their terms by hand, who learns from them, and the state that they keep."""

import inspect
import math
from dataclasses import dataclass, replace
from pathlib import Path

import pytest
import torch
from torch import nn

import ganzoo
from ganzoo.builtin.lipschitz import NoEnforcer
from ganzoo.builtin.losses import Wasserstein
from ganzoo.errors import ConfigError, PluginError
from ganzoo.testing.cases import list_cases
from ganzoo.training.gan import GAN
from ganzoo.training.graphs import _host_state
from ganzoo.training.regularizers import Regularizers
from ganzoo.training.steps import discriminate_both, discriminator_step, generator_step
from ganzoo.zoo.plugins import load_zoo
from support.dirac import dirac_gan
from support.methods import feature_matching, reacgan, rotation
from support.trainings import interrupted_equals_whole, make

METHODS = (feature_matching, reacgan, rotation)
Y = torch.zeros(4, dtype=torch.long)


class Kept(nn.Module):
    """A count of calls, and a weight of 2."""

    def __init__(self):
        super().__init__()
        self.register_buffer("calls", torch.zeros(()))
        self.weight = nn.Parameter(torch.full((), 2.0))


@dataclass(frozen=True)
class Both(ganzoo.Regularizer):
    """weight * psi * mean(x) in D's loss, and theta in G's; nobody's invention."""

    def state(self, data, feature_dim):
        return Kept()

    def discriminator_term(self, game, *, real, fake):
        game.state.calls += 1
        return game.state.weight * real.logits.mean()

    def generator_term(self, game, *, fake):
        return game.state.weight * game.generator(game.z, game.y).mean() + 0 * game.x_fake.mean()


def dirac_with(*parts) -> GAN:
    regularizers = Regularizers(parts, [part.state(None, 1) for part in parts])
    gan = replace(dirac_gan(Wasserstein(), NoEnforcer()), regularizers=regularizers)
    gan.opt_d.add_param_group({"params": [*regularizers.parameters()], "lr": 0.1})
    return gan


def test_the_term_of_d_moves_d_and_the_head_by_hand():
    """L_D = psi (1 - 3) + 2 psi 3: d/dpsi = 4, d/dweight = 3 psi = 3; theta stays, without a gradient."""
    gan = dirac_with(Both())
    terms = discriminator_step(gan, torch.full((4, 1), 3.0), Y)
    assert terms["d/regularizer"].item() == pytest.approx(6.0)
    assert (gan.D.psi.item(), gan.regularizers.states[0].weight.item()) == pytest.approx((0.6, 1.7))
    assert gan.G.trunk.theta.grad is None and gan.regularizers.states[0].calls.item() == 1


def test_the_term_of_g_moves_g_alone_by_hand():
    """L_G = -theta + 2 theta: theta <- 1 - 0.1."""
    gan = dirac_with(Both())
    terms = generator_step(gan, torch.zeros(4, 1), Y)
    assert terms["g/regularizer"].item() == pytest.approx(2.0)
    assert gan.G.trunk.theta.item() == pytest.approx(0.9)
    assert gan.D.psi.grad is None and gan.regularizers.states[0].weight.grad is None


def test_terms_of_several_add_up_and_each_has_its_own_state():
    gan = dirac_with(Both(), Both())
    terms = discriminator_step(gan, torch.full((4, 1), 3.0), Y)
    assert terms["d/regularizer"].item() == pytest.approx(12.0)
    assert [state.calls.item() for state in gan.regularizers.states] == [1, 1]


def test_without_a_regularizer_nothing_is_computed_and_no_term_is_logged():
    training = make()
    terms = discriminator_step(training.gan, *training.feed.next(5)) | generator_step(
        training.gan, *training.feed.next(5)
    )
    assert not {"d/regularizer", "g/regularizer"} & terms.keys()
    assert [*training.gan.regularizers.parameters(), *training.gan.regularizers.buffers()] == []


def test_a_generated_sample_has_no_gradient_in_an_update_of_d():
    gan = make().gan
    z, x = torch.zeros(4, gan.z_dim), torch.zeros(4, 1, 4, 4)
    assert not gan.game(x_real=x, x_fake=x, z=z, y=Y).generator(z, Y).requires_grad
    assert gan.game(x_real=x, x_fake=gan.G(z, Y), z=z, y=Y).generator(z, Y).requires_grad


@pytest.fixture
def zoo(monkeypatch):
    """What ships, and the methods of tests/support/methods, for the trainings of `support.trainings` too."""
    found = load_zoo(disabled=["all"], files=[Path(method.__file__) for method in METHODS])
    monkeypatch.setattr("support.trainings.ZOO", found)
    return found


@pytest.mark.parametrize("name", ["lecam+zcr", "rotation", "feature-matching"])
def test_a_resumed_run_with_a_regularizer_ends_like_a_whole_one(name, zoo, tmp_path):
    assert interrupted_equals_whole(tmp_path, 3, regularizer=name)


@pytest.mark.parametrize("method", METHODS, ids=lambda method: method.__name__.rpartition(".")[2])
def test_a_published_method_takes_40_lines_and_keeps_its_contract(method):
    assert len([line for line in inspect.getsource(method).splitlines() if line.strip()]) <= 40
    path = method.__file__
    for case in list_cases(load_zoo(disabled=["all"], files=[Path(path)]), path):
        outcome = case.outcome() if case.component != "together" else None
        assert outcome is None or outcome.state != "failed", f"{outcome.check}: {outcome.why}"


def test_reacgan_compares_reals_with_their_class_and_with_other_classes_by_hand():
    """Cosines with the own class 0.5, and of the two samples 0.6; temperature 1, margins 0.9 and 0.1.

    Each loss is log(exp(-0.4) + exp(0.5)) + 0.4 = log(1 + exp(0.9)).
    """
    verdict = ganzoo.Verdict(
        torch.zeros(2), torch.tensor([[0.5, 0.0], [0.0, 0.5]]), embedding=torch.tensor([[1.0, 0.0], [0.6, 0.8]])
    )
    conditioner = reacgan.ReACGAN(temperature=1.0, margin=0.9)
    loss = conditioner.discriminator_auxiliary(real=verdict, fake=None, y=torch.tensor([0, 1]))
    assert loss.item() == pytest.approx(math.log(1 + math.exp(0.9)))


@dataclass(frozen=True)
class PerSample(ganzoo.Regularizer):
    """A term for each sample; nobody's invention."""

    def discriminator_term(self, game, *, real, fake):
        return real.logits.square()


@dataclass(frozen=True)
class Counting(ganzoo.Regularizer):
    """Counts calls where no checkpoint sees it; nobody's invention."""

    def state(self, data, feature_dim):
        return Kept()

    def discriminator_term(self, game, *, real, fake):
        game.state.seen = getattr(game.state, "seen", 0) + 1
        return real.logits.mean()


def test_a_term_that_is_no_scalar_is_refused_before_the_first_step(zoo):
    zoo.add("mine", "register_regularizers", "regularizer", {"per-sample": PerSample})
    with pytest.raises(PluginError, match=r"regularizer 'per-sample': expected a term of D's loss of shape \(\)"):
        make(regularizer="per-sample")


def test_data_that_a_regularizer_does_not_suit_are_refused(zoo):
    with pytest.raises(ConfigError, match="moves images by 4 pixels"):
        make(regularizer="bcr")


def test_a_graph_would_not_repeat_what_a_regularizer_counts(zoo):
    zoo.add("mine", "register_regularizers", "regularizer", {"counting": Counting})
    for name, seen in (("counting", True), ("lecam", False)):
        training = make(regularizer=name)
        discriminator_step(training.gan, *training.feed.next(5))  # makes the moments of the optimiser
        before = _host_state(training.gan)
        discriminator_step(training.gan, *training.feed.next(5))
        assert (_host_state(training.gan)[1:] != before[1:]) == seen  # the first: random numbers of the CPU


def test_the_state_of_a_regularizer_is_trained_and_lies_in_checkpoints(zoo):
    gan = make(regularizer="rotation").gan
    head = [*gan.regularizers.parameters()]
    assert {id(weight) for weight in head} <= {id(w) for group in gan.opt_d.param_groups for w in group["params"]}
    assert gan.state_dict()["regularizers"].keys() == {"states.0.weight", "states.0.bias"}
    assert gan.regularizers in gan.modules


def test_a_checkpoint_of_before_there_were_regularizers_is_read():
    gan = make().gan
    state = gan.state_dict()
    del state["regularizers"]
    gan.load_state_dict(state)


def test_d_gives_the_features_that_its_head_is_on():
    gan = make().gan
    x, y = torch.rand(3, 1, 4, 4), torch.zeros(3, dtype=torch.long)
    verdict = gan.D(x, y)
    assert torch.equal(verdict.features, gan.D.trunk(x)) and verdict.features.shape == (3, 6)
    assert torch.equal(gan.D.head(verdict.features, y).logits, verdict.logits)


def test_both_verdicts_of_one_pass_have_all_their_parts():
    one = ganzoo.Verdict(torch.arange(4.0), None, torch.ones(4, 2), torch.arange(8.0).reshape(4, 2))
    gan = replace(dirac_gan(Wasserstein(), NoEnforcer()), D=lambda x, y: one)
    real, fake = discriminate_both(gan, torch.zeros(2, 1), torch.zeros(2, 1), Y[:2])
    assert (real.logits.tolist(), fake.logits.tolist()) == ([0.0, 1.0], [2.0, 3.0])
    assert (real.class_logits, fake.class_logits) == (None, None)
    assert real.embedding.tolist() == [[0.0, 1.0], [2.0, 3.0]] and fake.features.shape == (2, 2)
