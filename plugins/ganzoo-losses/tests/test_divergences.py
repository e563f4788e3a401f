"""f-GAN on two points, where each divergence and the best D have closed forms."""

import math

import pytest
import torch
from ganzoo_losses.divergences import (
    Hellinger,
    JensenShannon,
    KullbackLeibler,
    Pearson,
    ReverseKullbackLeibler,
    exponential,
)

import ganzoo

P, Q = (3 / 4, 1 / 4), (1 / 4, 3 / 4)  # ratios 3 and 1/3
KL = 3 / 4 * math.log(3) + 1 / 4 * math.log(1 / 3)
MIX = 3 / 4 * math.log(3 / 2) + 1 / 4 * math.log(1 / 2)  # KL(P || (P + Q) / 2), and KL(Q || the same)

# the divergence of P from Q, and the logit of the best D as a function of p / q
CASES = [
    pytest.param(KullbackLeibler, KL, lambda u: 1 + math.log(u), id="kl"),
    pytest.param(ReverseKullbackLeibler, KL, math.log, id="reverse-kl"),  # P and Q are mirror images
    pytest.param(Pearson, 1 / 4 * (3 - 1) ** 2 + 3 / 4 * (1 / 3 - 1) ** 2, lambda u: 2 * (u - 1), id="pearson"),
    pytest.param(Hellinger, 2 - 4 * math.sqrt(3 / 16), lambda u: math.log(u) / 2, id="hellinger"),
    pytest.param(JensenShannon, 2 * MIX, math.log, id="js"),
]
CLASSES = [case.values[0] for case in CASES]


def batches(logits):
    """Logits of the samples of P and of Q, four of each, by the logits of both points."""
    a, b = logits
    return torch.stack([a, a, a, b]), torch.stack([a, b, b, b])


@pytest.mark.parametrize(("divergence", "value", "best"), CASES)
def test_the_loss_of_the_best_d_is_minus_the_divergence_and_has_no_gradient(divergence, value, best):
    logits = torch.tensor([best(p / q) for p, q in zip(P, Q, strict=True)], requires_grad=True)
    real, fake = batches(logits)
    loss = divergence().discriminator_loss(real=real, fake=fake)
    loss.backward()
    assert loss.item() == pytest.approx(-value)
    assert logits.grad.tolist() == pytest.approx([0, 0], abs=1e-6)


@pytest.mark.parametrize(("divergence", "value", "best"), CASES)
@pytest.mark.parametrize("off", [(0.5, 0.0), (-0.5, 0.2), (0.0, -1.0)])
def test_every_other_d_bounds_the_divergence_from_below(divergence, value, best, off):
    logits = torch.tensor([best(p / q) + o for p, q, o in zip(P, Q, off, strict=True)])
    real, fake = batches(logits)
    assert -divergence().discriminator_loss(real=real, fake=fake).item() < value


@pytest.mark.parametrize(("divergence", "value", "best"), CASES)
def test_equal_distributions_have_no_divergence(divergence, value, best):
    logits = torch.full((4,), best(1.0))
    assert divergence().discriminator_loss(real=logits, fake=logits).item() == pytest.approx(0, abs=1e-6)


@pytest.mark.parametrize(("divergence", "value", "best"), CASES)
def test_at_the_best_d_both_games_of_g_pull_it_to_p(divergence, value, best):
    """The point of which Q has too much has the lower logit; f*' is p / q, so the first point pulls nine times more."""
    fake = torch.tensor([best(3.0), best(1 / 3)], requires_grad=True)
    divergence(saturating=True).generator_loss(fake=fake).backward()
    slope_of_g = torch.autograd.functional.jacobian(divergence().activation, fake.detach()).diagonal()
    assert (fake.grad / slope_of_g).tolist() == pytest.approx([-3 / 2, -1 / 3 / 2], rel=1e-5)  # (f* o g)' = u g'


@pytest.mark.parametrize(
    ("divergence", "d", "g", "saturated"),
    [
        (KullbackLeibler, -0.5 + math.exp(-2), 1.0, -math.exp(-2)),
        (ReverseKullbackLeibler, math.exp(-0.5) - 2, math.exp(1), 2.0),
        (Pearson, -0.5 + 1 / 4 - 1, 1.0, 3 / 4),
        (Hellinger, math.exp(-0.5) + math.exp(-1) - 2, math.exp(1) - 1, 1 - math.exp(-1)),
        (
            JensenShannon,
            math.log1p(math.exp(-0.5)) + math.log1p(math.exp(-1)) - 2 * math.log(2),
            math.log1p(math.exp(1)) - math.log(2),
            math.log(2) - math.log1p(math.exp(-1)),
        ),
    ],
)
def test_values_at_logits_of_a_half_and_minus_one(divergence, d, g, saturated):
    real, fake = torch.tensor([0.5]), torch.tensor([-1.0])
    assert divergence().discriminator_loss(real=real, fake=fake).item() == pytest.approx(d)
    assert divergence().generator_loss(fake=fake).item() == pytest.approx(g)
    assert divergence(saturating=True).generator_loss(fake=fake).item() == pytest.approx(saturated)


@pytest.mark.parametrize("divergence", CLASSES)
@pytest.mark.parametrize("saturating", [False, True])
def test_logits_of_a_thousand_are_finite_with_their_gradients(divergence, saturating):
    loss = divergence(saturating=saturating)
    real, fake = (torch.tensor([1000.0, -1000.0], requires_grad=True) for _ in range(2))
    value = loss.discriminator_loss(real=real, fake=fake) + loss.generator_loss(fake=fake)
    value.backward()
    assert value.isfinite() and real.grad.isfinite().all() and fake.grad.isfinite().all()


def test_the_exponential_goes_on_as_its_tangent_above_ten():
    x = torch.tensor([9.0, 10.0, 12.0], requires_grad=True)
    y = exponential(x)
    assert y.tolist() == pytest.approx([math.exp(9), math.exp(10), 3 * math.exp(10)])
    (slope,) = torch.autograd.grad(y.sum(), x)
    assert slope.tolist() == pytest.approx([math.exp(9), slope[1].item(), math.exp(10)])


def test_a_fake_below_what_a_ratio_can_be_costs_pearson_no_more():
    fake = torch.tensor([-2.0, -5.0], requires_grad=True)
    value = Pearson().discriminator_loss(real=torch.zeros(2), fake=fake)
    value.backward()
    assert value.item() == -1
    assert fake.grad.tolist() == [0, 0]


def test_jensen_shannon_has_the_gradients_of_binary_cross_entropy():
    zoo = ganzoo.load_zoo(disabled=["all"])
    for loss, name in ((JensenShannon(), "bce"), (JensenShannon(saturating=True), "minimax")):
        known = zoo.entry("loss", name).component()
        real, fake = torch.randn(2, 6)
        d = loss.discriminator_loss(real=real, fake=fake) - known.discriminator_loss(real=real, fake=fake)
        g = loss.generator_loss(fake=fake) - known.generator_loss(fake=fake)
        assert d.item() == pytest.approx(-2 * math.log(2), abs=1e-6)
        assert abs(g.item()) == pytest.approx(math.log(2), abs=1e-6)
