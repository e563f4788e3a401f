"""Feature matching against distances by hand."""

import pytest
import torch
from games import Pairing, Scale, game, verdict
from ganzoo_regularizers import FeatureMatching


def term(game, **options):
    return FeatureMatching(**options).generator_term(game, fake=verdict(game))


def played(**more):
    """Features are samples: the means are (0.5, 1) of reals and (1, -1) of fakes, whose squared distance is 4.25."""
    real, z = torch.tensor([[0.0, 2.0], [1.0, 0.0]]), torch.tensor([[2.0, -2.0], [0.0, 0.0]])
    return game(x_real=real, z=z, **more)


def test_the_term_is_the_squared_distance_of_mean_features():
    assert term(played()).item() == 4.25
    assert term(played(), weight=2.0).item() == 8.5


def test_equal_means_cost_nothing_whatever_the_samples():
    z = torch.tensor([[1.0], [-1.0]])
    assert term(game(z=z)).item() == 0


def test_g_moves_its_mean_towards_that_of_the_reals():
    G = Scale()
    term(played(G=G)).backward()
    # d/dtheta of (theta - 0.5)^2 + (-theta - 1)^2 at theta = 1
    assert G.theta.grad.item() == pytest.approx(2 * 0.5 + 2 * 2)


def test_alone_it_replaces_the_adversarial_loss():
    update = played(loss="bce")
    adversarial = update.loss.generator_loss(fake=verdict(update).logits)
    assert (term(update, alone=True) + adversarial).item() == pytest.approx(4.25)


def test_alone_it_replaces_a_relativistic_loss_too():
    update = played(loss=Pairing())
    adversarial = 3 / 2 - 0  # mean sum of the reals, less that of the fakes
    assert (term(update, alone=True) + adversarial).item() == pytest.approx(4.25)
