"""Consensus optimization on the Dirac-GAN, where both gradients are known: D(x) = psi x, G(z) = theta, reals at 0."""

import pytest
import torch
from games import Pairing, Scale, Slope, game, verdict
from ganzoo_regularizers import Consensus

import ganzoo


def dirac(theta=1.0, psi=1.0, loss="wgan"):
    return game(G=Scale(theta), D=Slope(psi), z=torch.ones(2, 1), loss=loss)


def terms(update, gamma):
    said, regularizer = verdict(update), Consensus(gamma=gamma)
    return (
        regularizer.discriminator_term(update, real=said, fake=said),
        regularizer.generator_term(update, fake=said),
    )


def test_the_term_is_half_the_squared_norm_of_both_gradients():
    # L_D = psi theta and L_G = -psi theta, so dL_D/dpsi = theta and dL_G/dtheta = -psi
    for value in terms(dirac(theta=0.5, psi=2.0), gamma=3.0):
        assert value.item() == pytest.approx(3 / 2 * (0.5**2 + 2.0**2))


def test_each_player_descends_it_by_its_own_weights_alone():
    update = dirac(theta=0.5, psi=2.0)
    terms(update, gamma=3.0)[0].backward()
    assert (update.D.psi.grad.item(), update.G.theta.grad) == (6.0, None)
    update.D.psi.grad = None
    update.D.requires_grad_(False)  # as in an update of G
    Consensus(gamma=3.0).generator_term(update, fake=verdict(update)).backward()
    assert (update.G.theta.grad.item(), update.D.psi.grad) == (1.5, None)


def distance_after(gamma, loss, steps=400, rate=0.05):
    """Distance of (theta, psi) from the equilibrium at 0 after alternating steps from (1, 1)."""
    update, said = dirac(loss=loss), ganzoo.Verdict(torch.zeros(2))
    regularizer = Consensus(gamma=gamma)
    for step in range(steps):
        update = game(G=update.G, D=update.D, z=torch.ones(2, 1), loss=loss)
        fake = verdict(update).logits
        if step % 2:
            player = update.G.theta
            objective = update.loss.generator_loss(fake=fake) + regularizer.generator_term(update, fake=said)
        else:
            player, real = update.D.psi, update.discriminator(update.x_real, update.y).logits
            objective = update.loss.discriminator_loss(real=real, fake=fake)
            objective = objective + regularizer.discriminator_term(update, real=said, fake=said)
        (slope,) = torch.autograd.grad(objective, player)
        player.data -= rate * slope
    return torch.stack([update.G.theta, update.D.psi]).norm().item()


@pytest.mark.parametrize("loss", ["wgan", "bce"])
def test_it_converges_where_plain_descent_circles(loss):
    assert distance_after(0.0, loss) > 0.7
    assert distance_after(1.0, loss) < 0.1


def test_a_relativistic_loss_is_given_the_reals():
    for value in terms(dirac(theta=0.5, psi=2.0, loss=Pairing()), gamma=2.0):
        assert value.item() == pytest.approx(0.5**2 + 2.0**2)
