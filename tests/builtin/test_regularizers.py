"""Regularizers by hand: terms of LeCam, bCR and zCR, and what they refuse."""

import pytest
import torch

from ganzoo.builtin.regularizers.consistency import BalancedConsistency, LatentConsistency, move
from ganzoo.builtin.regularizers.lecam import LeCam
from ganzoo.contracts import DataSpec, Game, Verdict
from ganzoo.errors import ConfigError

IMAGES = DataSpec((1, 6, 6))


def game_of(state, *, x_real=None, x_fake=None, z=None, generator=None, discriminator=None):
    y = torch.zeros(2, dtype=torch.long)
    return Game(generator, discriminator, None, None, x_real, x_fake, z, y, None, state)


def verdict(*logits):
    return Verdict(torch.tensor(logits))


def test_lecam_pulls_each_side_to_the_moving_average_of_the_other_by_hand():
    """Averages from 0: real 0.5 * 4 = 2, fake 0.5 * -2 = -1; ((3 + 1)^2 + (5 + 1)^2) / 2 + (-2 - 2)^2 = 42."""
    regularizer = LeCam(weight=0.5, decay=0.5)
    game = game_of(regularizer.state(IMAGES, 8))
    real, fake = verdict(3.0, 5.0), verdict(-2.0, -2.0)
    assert regularizer.discriminator_term(game, real=real, fake=fake).item() == pytest.approx(21.0)
    assert {name: value.item() for name, value in game.state.named_buffers()} == {"real": 2.0, "fake": -1.0}
    regularizer.discriminator_term(game, real=real, fake=fake)
    assert {name: value.item() for name, value in game.state.named_buffers()} == {"real": 3.0, "fake": -1.5}


def test_lecam_gives_no_gradient_to_the_averages():
    regularizer = LeCam()
    real = Verdict(torch.tensor([1.0, 3.0], requires_grad=True))
    game = game_of(regularizer.state(IMAGES, 8))
    regularizer.discriminator_term(game, real=real, fake=verdict(0.0, 0.0)).backward()
    assert real.logits.grad.tolist() == pytest.approx([0.3 * 1.0, 0.3 * 3.0])  # 2 / N * (logit - 0)
    assert not game.state.real.requires_grad


def test_a_moved_image_is_one_of_its_windows_with_mirrored_edges():
    x = torch.arange(36.0).reshape(1, 1, 6, 6)
    padded = torch.nn.functional.pad(x, [2] * 4, mode="reflect")
    windows = [padded[..., i : i + 6, j : j + 6] for i in range(5) for j in range(5)]
    found = move(x.expand(400, 1, 6, 6), 2, mirror=False)
    seen = {next(k for k, window in enumerate(windows) if torch.equal(one, window[0])) for one in found}
    assert seen == set(range(25))  # 400 draws of 25: one is absent with a probability of 2e-6


def test_half_of_the_images_are_mirrored_where_nothing_moves():
    x = torch.rand(1, 1, 4, 4).expand(4000, 1, 4, 4)
    mirrored = (move(x, 0, mirror=True) == x.flip(3)).flatten(1).all(dim=1).float().mean().item()
    assert mirrored == pytest.approx(0.5, abs=0.03)  # four standard deviations
    assert torch.equal(move(x, 0, mirror=False), x)


def test_bcr_weighs_the_squares_of_what_moving_changes_by_hand():
    """D answers 1, 2 for what moved: 10 * ((1 - 0)^2 + (2 - 0)^2) / 2 + 2 * ((1 - 1)^2 + (2 - 4)^2) / 2 = 29."""
    regularizer = BalancedConsistency(weight_real=10.0, weight_fake=2.0, shift=1)
    x = torch.zeros(2, 1, 6, 6)
    game = game_of(None, x_real=x, x_fake=x, discriminator=lambda x, y: verdict(1.0, 2.0))
    term = regularizer.discriminator_term(game, real=verdict(0.0, 0.0), fake=verdict(1.0, 4.0))
    assert term.item() == pytest.approx(29.0)


@pytest.mark.parametrize(
    ("shape", "hint"), [((2,), "--regularizer zcr"), ((1, 4, 4), "--set regularizer.shift=0"), ((1, 5, 5), "")]
)
def test_bcr_refuses_what_it_cannot_move(shape, hint):
    if not hint:
        BalancedConsistency().state(DataSpec(shape), 8)
        return
    with pytest.raises(ConfigError) as caught:
        BalancedConsistency().state(DataSpec(shape), 8)
    assert hint in caught.value.hint


def test_zcr_asks_d_for_little_change_and_g_for_much_by_hand():
    """G(z) = 3 z and D(x) = 2 x, so that e moves samples by 3 e and logits by 6 e."""
    regularizer = LatentConsistency(weight_d=5.0, weight_g=0.5, noise=0.1)
    z = torch.tensor([[1.0], [-1.0]])
    game = game_of(
        None, z=z, x_fake=3 * z, generator=lambda z, y: 3 * z, discriminator=lambda x, y: Verdict(2 * x[:, 0])
    )
    torch.manual_seed(0)
    e = 0.1 * torch.randn(2, 1)
    for term, expected in (
        (lambda: regularizer.discriminator_term(game, real=None, fake=Verdict(6 * z[:, 0])), 5.0 * 36),
        (lambda: regularizer.generator_term(game, fake=None), -0.5 * 9),
    ):
        torch.manual_seed(0)
        assert term().item() == pytest.approx(expected * e.square().mean().item(), rel=1e-4)
