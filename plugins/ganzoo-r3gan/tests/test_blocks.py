"""Blocks and changes of size, against numbers by hand."""

import pytest
import torch
from ganzoo_r3gan.blocks import Basis, Residual, Up, double, halve
from torch import nn


def row(*pixels):
    """One row of pixels, repeated downwards: (1, 1, W, W)."""
    return torch.tensor(pixels).expand(1, 1, len(pixels), len(pixels)).contiguous()


def test_a_block_starts_as_the_identity():
    x = torch.randn(2, 8, 4, 4)
    assert torch.equal(Residual(8, 16, 4, depth=2)(x), x)


def test_the_branch_is_widen_rectify_mix_rectify_narrow():
    block = Residual(1, 1, 1, depth=1)
    with torch.no_grad():
        for layer, weight in ((block.widen, 2.0), (block.narrow, 10.0)):
            layer.weight.fill_(weight)
        block.mix.weight.zero_()[0, 0, 1, 1] = 3.0  # the pixel itself
        block.widen.bias.fill_(-3.0)
        block.mix.bias.fill_(1.0)
    # 1 -> 2 - 3 = -1 -> -0.2 -> -0.6 + 1 = 0.4 -> 4, and 1 + 4
    assert block(torch.ones(1, 1, 2, 2)).flatten().tolist() == pytest.approx([5.0] * 4)


def test_weights_of_a_branch_shrink_with_the_fourth_root_of_the_number_of_blocks():
    torch.manual_seed(0)
    block = Residual(128, 256, 64, depth=16)
    gain = (2 / 1.04) ** 0.5 / 2  # of a leaky rectifier of slope 0.2; 16^(-1/4) = 1/2
    assert block.widen.weight.std().item() == pytest.approx(gain / 128**0.5, rel=0.02)
    assert block.mix.weight.std().item() == pytest.approx(gain / (64 * 9) ** 0.5, rel=0.02)


def test_pixels_mix_within_groups_of_channels():
    block = Residual(8, 16, 4, depth=1)
    x = torch.zeros(1, 16, 3, 3, requires_grad=True)
    (gradient,) = torch.autograd.grad(block.mix(x)[0, 0].sum(), x)  # channel 0 of the first group of 4
    assert gradient.abs().sum(dim=(0, 2, 3)).nonzero().flatten().tolist() == [0, 1, 2, 3]


def test_biases_come_before_rectifiers_alone():
    block = Residual(8, 16, 4, depth=1)
    assert [name for name, _ in block.named_parameters() if "bias" in name] == ["widen.bias", "mix.bias"]


def test_doubling_puts_means_between_pixels():
    assert double(row(0.0, 2.0))[0, 0, 0].tolist() == [0, 1, 2, 2]


def test_halving_weighs_three_pixels_1_2_1():
    assert halve(row(0.0, 4.0, 8.0, 4.0))[0, 0, 0].tolist() == [(0 + 0 + 0 + 4) / 4, (4 + 16 + 4) / 4]


def test_halving_is_the_filter_1_2_1_with_its_edge_repeated():
    x, taps = torch.randn(2, 1, 8, 8), torch.tensor([1.0, 2.0, 1.0]) / 4
    padded = nn.functional.pad(x, (1, 1, 1, 1), mode="replicate")
    filtered = nn.functional.conv2d(padded, torch.outer(taps, taps)[None, None], stride=2)
    assert torch.allclose(halve(x), filtered, atol=1e-6)


@pytest.mark.parametrize("resize", [double, halve])
def test_a_change_of_size_leaves_a_plain_area_plain(resize):
    assert torch.equal(resize(torch.full((1, 2, 6, 6), 3.0)).unique(), torch.tensor([3.0]))


def test_a_change_of_width_commutes_with_doubling():
    up, x = Up(3, 5), torch.randn(2, 3, 4, 4)
    assert torch.allclose(up(x), up.resize(double(x)), atol=1e-6)


def test_each_channel_of_the_first_map_is_a_picture_times_a_number():
    basis = Basis(6, 8)
    z = torch.randn(3, 6)
    assert torch.allclose(basis(z), basis.pictures * basis.weigh(z).reshape(3, 8, 1, 1))
    assert torch.allclose(basis(2 * z), 2 * basis(z))
