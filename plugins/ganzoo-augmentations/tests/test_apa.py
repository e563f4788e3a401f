"""APA against losses of mixed batches by hand."""

import pytest
import torch
from ganzoo_augmentations import PseudoAugmentation
from torch import nn

import ganzoo


class Slope(nn.Module):
    """D(x) = psi * the sum of x."""

    def __init__(self):
        super().__init__()
        self.psi = nn.Parameter(torch.tensor(1.0))

    def forward(self, x, y):
        return ganzoo.Verdict(self.psi * x.sum(dim=1))


def game(x_real, regularizer, fakes=-2.0, loss="hinge"):
    """An update of D whose other fakes, whatever z is, are `fakes`."""
    D, z = Slope(), torch.zeros(len(x_real), 1)
    return ganzoo.Game(
        generator=lambda z, y: torch.full_like(z, fakes),
        discriminator=D,
        G=nn.Identity(),
        D=D,
        x_real=x_real,
        x_fake=z - 1,
        z=z,
        y=torch.zeros(len(z), dtype=torch.long),
        loss=ganzoo.load_zoo(disabled=["all"]).entry("loss", loss).component(),
        state=regularizer.state(ganzoo.DataSpec((1,)), 1),
    )


def term(played, regularizer):
    real, fake = (played.discriminator(x, played.y) for x in (played.x_real, played.x_fake))
    return regularizer.discriminator_term(played, real=real, fake=fake), real, fake


@pytest.mark.parametrize("loss", ["bce", "hinge", "lsgan", "wgan"])
def test_with_p_1_the_sum_is_the_loss_with_fakes_in_place_of_all_reals(loss):
    regularizer = PseudoAugmentation(start=1.0)
    played = game(torch.tensor([[0.5], [2.0]]), regularizer, loss=loss)
    rest, real, fake = term(played, regularizer)
    expected = played.loss.discriminator_loss(real=torch.full((2,), -2.0), fake=fake.logits)
    assert (rest + played.loss.discriminator_loss(real=real.logits, fake=fake.logits)).item() == pytest.approx(
        expected.item()
    )


def test_with_p_0_it_is_0():
    regularizer = PseudoAugmentation()
    assert term(game(torch.ones(8, 1), regularizer), regularizer)[0].item() == 0


def test_the_share_of_fakes_is_p_and_gradients_come_from_them():
    torch.manual_seed(0)
    regularizer = PseudoAugmentation(start=0.25)
    played = game(torch.zeros(4000, 1), regularizer, loss="wgan")
    value = term(played, regularizer)[0]
    assert value.item() == pytest.approx(0.25 * 2, rel=0.1)  # wgan: minus the mean of reals, of which a quarter are -2
    value.backward()
    assert played.D.psi.grad.item() == pytest.approx(value.item(), rel=1e-5)


@pytest.mark.parametrize(("x", "p"), [(1.0, 0.5 + 8 / 100), (-1.0, 0.5 - 8 / 100)])
def test_p_moves_after_each_interval_by_the_samples_of_it(x, p):
    regularizer = PseudoAugmentation(start=0.5, speed=100, interval=2)
    played, seen = game(torch.full((4, 1), x), regularizer), []
    for _ in range(4):
        term(played, regularizer)
        seen.append(played.state.p.item())
    assert seen == pytest.approx([0.5, p, p, 2 * p - 0.5])


def test_p_stays_between_0_and_its_bound():
    for x, bound in ((1.0, 0.3), (-1.0, 0.0)):
        regularizer = PseudoAugmentation(start=0.2, speed=10, interval=1, p_max=0.3)
        played = game(torch.full((4, 1), x), regularizer)
        term(played, regularizer)
        assert played.state.p.item() == pytest.approx(bound)
