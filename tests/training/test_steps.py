"""One step of each player: who moves, with what; and the Dirac-GAN of Mescheder et al. 2018, arXiv:1801.04406."""

import math
from dataclasses import dataclass, replace
from itertools import combinations as choose
from itertools import product

import pytest
import torch
from torch import nn

from ganzoo.builtin.lipschitz import R1, NoEnforcer, WeightClipping
from ganzoo.builtin.losses import NonSaturating, Wasserstein
from ganzoo.contracts import AdversarialLoss, Augmentation, DataSpec
from ganzoo.settings.toml import from_tables
from ganzoo.training.build import build_gan
from ganzoo.training.gan import average_of
from ganzoo.training.steps import discriminator_step, frozen, generator_step, update_average
from support.dirac import CPU, Dirac, Point, dirac_gan
from support.product import NAMES, combinations, is_default
from support.zoo import ZOO


def distance_from_equilibrium(loss, lipschitz, steps=500) -> float:
    """Play against the point x = 0; return ||(theta, psi)||, which starts at sqrt(2)."""
    gan = dirac_gan(loss, lipschitz)
    x_real, y = torch.zeros(4, 1), torch.zeros(4, dtype=torch.long)
    for _ in range(steps):
        discriminator_step(gan, x_real, y)
        generator_step(gan, x_real, y)
    return torch.cat([gan.G.trunk.theta, gan.D.psi]).norm().item()


def test_wgan_without_an_enforcer_circles_the_equilibrium():
    assert 1.0 < distance_from_equilibrium(Wasserstein(), NoEnforcer()) < 2.0


@pytest.mark.parametrize("loss", [NonSaturating(), Wasserstein()], ids=["bce", "wgan"])
def test_r1_leads_the_dirac_gan_to_its_equilibrium(loss):
    assert distance_from_equilibrium(loss, R1(gamma=1.0)) < 1e-3


def test_one_discriminator_step_of_the_dirac_gan_by_hand():
    """L_D = psi * theta with x = 0, so psi <- 1 - 0.1 * 1, and theta stays."""
    gan = dirac_gan(Wasserstein(), NoEnforcer())
    discriminator_step(gan, torch.zeros(4, 1), torch.zeros(4, dtype=torch.long))
    assert gan.D.psi.item() == pytest.approx(0.9)
    assert gan.G.trunk.theta.item() == 1.0


class Doubled(nn.Module):
    """x -> 2 x, and a buffer that remembers what D thought of it."""

    def __init__(self):
        super().__init__()
        self.register_buffer("seen", torch.zeros(()))

    def forward(self, x):
        return 2 * x


@dataclass(frozen=True)
class Doubling(Augmentation):
    """Doubles."""

    def transform(self, data):
        return Doubled()

    def adapt(self, transform, real_logits):
        transform.seen.copy_(real_logits.mean())


def test_d_sees_reals_and_fakes_augmented_and_so_does_g_by_hand():
    """L_D = psi * 2 theta - psi * 2 * 3, so psi <- 1 - 0.1 (2 - 6) = 1.4; then L_G = -1.4 * 2 theta: theta <- 1.28."""
    gan = dirac_gan(Wasserstein(), NoEnforcer(), augmentation=Doubling())
    x_real, y = torch.full((4, 1), 3.0), torch.zeros(4, dtype=torch.long)
    terms = discriminator_step(gan, x_real, y)
    assert gan.D.psi.item() == pytest.approx(1.4)
    assert (gan.transform.seen.item(), terms["augment/seen"].item()) == (6.0, 6.0)  # of D before its update
    generator_step(gan, x_real, y)
    assert gan.G.trunk.theta.item() == pytest.approx(1.28)


def test_a_penalty_is_of_the_samples_before_augmentation_by_hand():
    """D(2x) = 2 psi x has the slope 2 psi in x: gamma / 2 * 4 psi^2 = 2 with gamma = 1, and d/dpsi = 4."""
    gan = dirac_gan(Wasserstein(), R1(gamma=1.0), augmentation=Doubling())
    terms = discriminator_step(gan, torch.ones(4, 1), torch.zeros(4, dtype=torch.long))
    assert terms["d/penalty"].item() == pytest.approx(2.0)
    assert gan.D.psi.item() == pytest.approx(1 - 0.1 * 4)


def test_the_scale_of_a_penalty_scales_it_and_its_gradient():
    gan = dirac_gan(Wasserstein(), R1(gamma=1.0))
    gan.penalty_scale.fill_(0.5)
    terms = discriminator_step(gan, torch.ones(4, 1), torch.zeros(4, dtype=torch.long))
    assert terms["d/penalty"].item() == pytest.approx(0.25)
    assert gan.D.psi.item() == pytest.approx(1 - 0.1 * 0.5)


@pytest.mark.parametrize(("limit", "step"), [(0.0, 3.0), (2.0, 2.0), (5.0, 3.0)])
def test_a_gradient_is_never_longer_than_its_limit_and_keeps_its_direction(limit, step):
    """L_D = psi (1 - 4): its gradient on psi is -3."""
    gan = replace(dirac_gan(Wasserstein(), NoEnforcer()), clip_grad_norm=limit)
    discriminator_step(gan, torch.full((4, 1), 4.0), torch.zeros(4, dtype=torch.long))
    assert gan.D.psi.item() == pytest.approx(1 + 0.1 * step)


class Drawn(Dirac):
    """Pulls theta to 0."""

    def generator_penalty(self, generator, z, c):
        assert (z.shape, c.shape) == ((4, 1), (4, 0))
        return 3 * generator.theta.square().sum()


def test_a_generator_penalty_is_a_term_of_the_loss_of_g_by_hand():
    """L_G = -psi theta + 3 theta^2, so theta <- 1 - 0.1 (6 - 1)."""
    gan = dirac_gan(Wasserstein(), NoEnforcer(), model=Drawn())
    terms = generator_step(gan, torch.zeros(4, 1), torch.zeros(4, dtype=torch.long))
    assert terms["g/penalty"].item() == 3.0
    assert gan.G.trunk.theta.item() == pytest.approx(0.5)


def test_one_generator_step_of_the_dirac_gan_by_hand():
    """L_G = -psi * theta, so theta <- 1 + 0.1 * 1, and psi stays."""
    gan = dirac_gan(Wasserstein(), NoEnforcer())
    generator_step(gan, torch.zeros(4, 1), torch.zeros(4, dtype=torch.long))
    assert gan.G.trunk.theta.item() == pytest.approx(1.1)
    assert gan.D.psi.item() == 1.0


def test_weights_are_clipped_after_the_update():
    gan = dirac_gan(Wasserstein(), WeightClipping(limit=0.01))
    discriminator_step(gan, torch.zeros(4, 1), torch.zeros(4, dtype=torch.long))
    assert gan.D.psi.item() == pytest.approx(0.01)


def test_terms_say_what_the_losses_were():
    terms = discriminator_step(dirac_gan(Wasserstein(), R1(gamma=4.0)), torch.zeros(4, 1), torch.zeros(4).long())
    values = {name: value.item() for name, value in terms.items()}
    assert values == {"d/adversarial": 1.0, "d/penalty": 2.0, "d/auxiliary": 0.0, "score/real": 0.0, "score/fake": 1.0}


class Pairing(AdversarialLoss):
    """A relativistic loss that records whether it was given real logits."""

    relativistic = True

    def discriminator_loss(self, *, real, fake):
        return (fake - real).mean()

    def generator_loss(self, *, fake, real=None):
        return (real - fake).mean()


def test_a_relativistic_loss_is_given_the_real_logits():
    terms = generator_step(dirac_gan(Pairing(), NoEnforcer()), torch.full((4, 1), 3.0), torch.zeros(4).long())
    assert terms["g/adversarial"].item() == pytest.approx(3.0 - 1.0)


def test_frozen_restores_exactly_what_it_froze():
    network = nn.Linear(2, 2)
    network.bias.requires_grad_(False)
    with frozen(network):
        assert not network.weight.requires_grad
    assert network.weight.requires_grad and not network.bias.requires_grad


def test_moving_average_by_hand():
    """Weights 1, then 3: the first average copies; the second decays by min(0.5, 2 / 11)."""
    G = Point()
    average = average_of(G)
    update_average(average, G, 0.5)
    G.theta.data.fill_(3.0)
    update_average(average, G, 0.5)
    assert average.module.theta.item() == pytest.approx(1 * 2 / 11 + 3 * 9 / 11)


def test_moving_average_reaches_its_decay_after_the_warm_up():
    G = Point()
    average = average_of(G)
    for _ in range(20):
        update_average(average, G, 0.5)
    G.theta.data.fill_(3.0)
    update_average(average, G, 0.5)
    assert average.module.theta.item() == pytest.approx(2.0)


TINY = {
    "mlp": {"width": 8, "depth": 1, "z_dim": 4},
    "dcgan": {"width": 4, "z_dim": 4},
    "resnet": {"width_g": 8, "width_d": 8, "z_dim": 4},
}


@combinations("loss", "lipschitz", "conditioner", "model")
def test_every_combination_trains_and_each_step_moves_only_its_own_player(loss, lipschitz, conditioner, model):
    torch.manual_seed(0)
    size = 32 if model == "resnet" else 16
    tables = {"loss": {"name": loss}, "lipschitz": {"name": lipschitz}, "conditioner": {"name": conditioner}}
    run = from_tables({**tables, "model": {"name": model, **TINY.get(model, {})}})
    gan = build_gan(run, ZOO, DataSpec((1, size, size), num_classes=3), CPU)
    x, y = torch.rand(4, 1, size, size) * 2 - 1, torch.tensor([0, 1, 2, 0])
    for _ in range(3):
        before_g, before_d = weights(gan.G), weights(gan.D)
        terms = discriminator_step(gan, x, y)
        assert unchanged(before_g, weights(gan.G)) and not unchanged(before_d, weights(gan.D))
        before_d = weights(gan.D)
        terms |= generator_step(gan, x, y)
        assert unchanged(before_d, weights(gan.D)) and not unchanged(before_g, weights(gan.G))
        assert all(math.isfinite(value.item()) for value in terms.values())


def test_the_combinations_of_the_default_suite_have_every_pair_of_names():
    default = [row for row in product(*NAMES.values()) if is_default(*row)]
    assert len(default) == len(NAMES["loss"]) * len(NAMES["lipschitz"])
    for one, other in choose(range(len(NAMES)), 2):
        kinds = [list(NAMES.values())[kind] for kind in (one, other)]
        assert {(row[one], row[other]) for row in default} == set(product(*kinds))


def weights(network: nn.Module) -> list[torch.Tensor]:
    return [weight.detach().clone() for weight in network.parameters()]


def unchanged(before: list[torch.Tensor], after: list[torch.Tensor]) -> bool:
    return all(torch.equal(a, b) for a, b in zip(before, after, strict=True))
