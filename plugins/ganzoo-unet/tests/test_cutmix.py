"""The consistency, against closed forms, and its boxes."""

import pytest
import torch
from ganzoo_unet.cutmix import CutMix, draw_mask
from torch import nn

import ganzoo

N, SIDE = 64, 8
PIXELS = SIDE * SIDE


class Judge(nn.Module):
    """A D whose logits of pixels are a function of the image."""

    def __init__(self, of_pixels):
        super().__init__()
        self.of_pixels = of_pixels

    def forward(self, x, y):
        pixels = self.of_pixels(x).flatten(1)  # (N, P)
        return ganzoo.Verdict(torch.cat([torch.zeros_like(pixels), pixels], dim=1))


def term(of_pixels, weight=1.0):
    x = torch.ones(N, 1, SIDE, SIDE)
    y = torch.zeros(N, dtype=torch.long)
    D = Judge(of_pixels)
    game = ganzoo.Game(None, None, None, D, x, -x, torch.zeros(N, 2), y, None, nn.Module())
    return CutMix(weight=weight).discriminator_term(game, real=D(x, y), fake=D(-x, y))


def test_a_judge_of_single_pixels_is_consistent():
    assert term(lambda x: 3 * x + 1).item() == 0


def test_a_judge_of_the_mean_pays_four_times_the_shares_of_both_images():
    """D_p is the mean m = 2 s - 1 of shares s of 1 and 1 - s of -1: s (1 - m)^2 + (1 - s)(1 + m)^2 = 4 s (1 - s)."""
    torch.manual_seed(0)
    shares = draw_mask(torch.ones(N, 1, SIDE, SIDE)).float().mean(dim=(1, 2, 3))
    expected = (4 * shares * (1 - shares)).mean().item()
    torch.manual_seed(0)
    paid = term(lambda x: x.mean(dim=(2, 3), keepdim=True).expand_as(x), weight=2.0)
    assert paid.item() == pytest.approx(2 * expected, rel=1e-5)


def test_a_judge_without_logits_of_pixels_is_refused():
    x, y = torch.ones(2, 1, SIDE, SIDE), torch.zeros(2, dtype=torch.long)

    class Global(nn.Module):
        def forward(self, x, y):
            return ganzoo.Verdict(x.mean(dim=(1, 2, 3)))

    game = ganzoo.Game(None, None, None, Global(), x, -x, torch.zeros(2, 2), y, None, nn.Module())
    with pytest.raises(ganzoo.ConfigError, match=r"logits \(2,\)") as refusal:
        CutMix().discriminator_term(game, real=None, fake=None)
    assert refusal.value.hint == "--model unetgan"


def test_points_are_refused():
    with pytest.raises(ganzoo.ConfigError, match="cuts images"):
        CutMix().state(ganzoo.DataSpec((2,), 1), 4)


def test_masks_are_boxes_inside_or_outside_of_which_they_hold():
    torch.manual_seed(0)
    masks = draw_mask(torch.ones(400, 1, SIDE, SIDE))
    assert masks.shape == (400, 1, SIDE, SIDE) and masks.dtype == torch.bool
    assert masks.float().mean().item() == pytest.approx(0.5, abs=0.05)  # either side is real alike
    for mask in masks[:, 0]:
        boxes = []
        for side in (mask, ~mask):
            rows, columns = side.any(dim=1), side.any(dim=0)
            boxes.append(torch.equal(side, rows[:, None] & columns))
        assert any(boxes)
