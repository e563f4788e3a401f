"""Blocks, against numbers by hand."""

import pytest
import torch
from ganzoo_biggan.attention import SelfAttention
from ganzoo_biggan.blocks import DeepDownBlock, DeepUpBlock, DownBlock, UpBlock


def without_residual_path(block):
    """The block with a last convolution of zeros: what is left is the shortcut."""
    last = block.last if hasattr(block, "last") else block.convs[-1] if hasattr(block, "convs") else block.conv2
    with torch.no_grad():
        last.weight.zero_()
        last.bias.zero_()
    return block


def test_a_deep_block_of_the_generator_keeps_the_first_channels_and_repeats_pixels():
    block, x = without_residual_path(DeepUpBlock(4, 2, 3, up=True)), torch.randn(2, 4, 2, 2)
    y = block(x, torch.randn(2, 3))
    assert torch.equal(y, x[:, :2].repeat_interleave(2, dim=2).repeat_interleave(2, dim=3))


def test_a_deep_block_of_the_discriminator_passes_means_of_pixels_on_and_adds_channels_to_them():
    block, x = without_residual_path(DeepDownBlock(2, 4, down=True)), torch.randn(3, 2, 4, 4)
    y, means = block(x), x.unfold(2, 2, 2).unfold(3, 2, 2).mean(dim=(4, 5))
    assert torch.allclose(y[:, :2], means, atol=1e-6)
    assert torch.allclose(y[:, 2:], block.more(means), atol=1e-6)


def test_deep_blocks_of_equal_width_are_the_identity_without_their_residual_path():
    x, c = torch.randn(2, 4, 4, 4), torch.randn(2, 3)
    assert torch.equal(without_residual_path(DeepUpBlock(4, 4, 3, up=False))(x, c), x)
    assert torch.equal(without_residual_path(DeepDownBlock(4, 4, down=False))(x), x)


def test_a_deep_block_is_a_quarter_as_wide_inside():
    up, down = DeepUpBlock(16, 8, 3, up=True), DeepDownBlock(8, 16, down=True)
    assert [tuple(conv.weight.shape[:2]) for conv in up.convs] == [(4, 16), (4, 4), (4, 4), (8, 4)]
    assert [tuple(conv.weight.shape[:2]) for conv in [*down.convs, down.last]] == [(4, 8), (4, 4), (4, 4), (16, 4)]


def test_plain_blocks_double_and_halve_and_project_the_shortcut():
    c = torch.randn(2, 3)
    up, down = without_residual_path(UpBlock(4, 2, 3)), without_residual_path(DownBlock(2, 4, down=True))
    x, y = torch.ones(2, 4, 2, 2), torch.ones(2, 2, 4, 4)
    assert torch.allclose(up(x, c), up.shortcut(x[:, :, :1, :1]).expand(2, 2, 4, 4))
    assert torch.allclose(down(y), down.shortcut(y[:, :, :1, :1]).expand(2, 4, 2, 2))


def test_attention_starts_as_the_identity_and_then_adds_gamma_times_the_mean_of_equal_keys():
    attention, x = SelfAttention(2), torch.randn(2, 2, 4, 4)
    assert torch.equal(attention(x), x)
    with torch.no_grad():
        attention.gamma.fill_(0.5)
        attention.key.weight.zero_()  # all keys alike: each of the four pooled pixels weighs a quarter
        attention.value.weight.copy_(torch.tensor([1.0, 0.0]).reshape(1, 2, 1, 1))
        attention.out.weight.copy_(torch.tensor([0.0, 1.0]).reshape(2, 1, 1, 1))
    added = attention(x) - x
    highest = x[:, 0].unfold(1, 2, 2).unfold(2, 2, 2).amax(dim=(3, 4)).mean(dim=(1, 2))  # (N,)
    assert added[:, 0].abs().max() == 0
    assert added[0, 1].flatten().tolist() == pytest.approx([0.5 * highest[0].item()] * 16, abs=1e-6)
