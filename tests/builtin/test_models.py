"""Networks: shapes at every size, initial scales, and the papers' parameter counts."""

import pytest
import torch
from torch import nn

from ganzoo.builtin.models.dcgan import DCGAN
from ganzoo.builtin.models.resnet import DownBlock, ResNet, UpBlock
from ganzoo.builtin.models.sizes import halve
from ganzoo.contracts import DataSpec
from ganzoo.errors import ConfigError
from ganzoo.layers import ConditionalBatchNorm
from support.zoo import ZOO

SMALL = {"mlp": {"width": 8}, "dcgan": {"width": 2, "max_width": 8}, "resnet": {"width_g": 8, "width_d": 4}}
SIZES = {"mlp": [8, 28], "dcgan": [16, 28, 32, 48, 64, 128, 256], "resnet": [16, 28, 32, 48, 64, 128, 256]}
CASES = [
    (entry.name, size, channels)
    for entry in ZOO.entries("model")
    for size in SIZES.get(entry.name, [32])
    for channels in (1, 3)
]


def make(name):
    return ZOO.entry("model", name).component(**SMALL.get(name, {}))


@pytest.mark.parametrize(("name", "size", "channels"), CASES)
@pytest.mark.parametrize("embedding_dim", [0, 5])
def test_a_pair_makes_and_judges_images_of_its_size(name, size, channels, embedding_dim):
    model, data = make(name), DataSpec((channels, size, size), 10)
    generator = model.generator(data, embedding_dim)
    x = generator(torch.randn(2, model.z_dim), torch.randn(2, embedding_dim))
    assert x.shape == (2, channels, size, size)
    assert x.abs().max() <= 1
    discriminator = model.discriminator(data, per_sample=True)
    assert discriminator(x).shape == (2, discriminator.feature_dim)


def test_dcgan_starts_from_the_papers_scales():
    generator = DCGAN().generator(DataSpec((3, 64, 64)), 0)
    weights = [layer.weight for layer in generator.modules() if isinstance(layer, nn.ConvTranspose2d)]
    assert len(weights) == 4
    for weight in weights:
        assert weight.std().item() == pytest.approx(0.02, rel=0.05)
    gains = torch.cat([layer.weight for layer in generator.modules() if isinstance(layer, nn.BatchNorm2d)])
    assert gains.mean().item() == pytest.approx(1.0, abs=0.01)


def test_a_critic_of_dcgan_without_norm_keeps_the_scale_of_its_input():
    """He et al. 2015: the mean square of a layer's output is that of its input, whatever its width."""
    torch.manual_seed(0)
    critic = DCGAN().discriminator(DataSpec((3, 64, 64)), per_sample=True)
    for layer in (layer for layer in critic.modules() if isinstance(layer, nn.Conv2d)):
        fan_in = layer.weight[0].numel()
        assert layer.weight.std().item() == pytest.approx((2 / (1 + 0.2**2) / fan_in) ** 0.5, rel=0.05)
        assert layer.bias.abs().max() == 0
    judged = DCGAN().discriminator(DataSpec((3, 64, 64)), per_sample=False)
    weights = [layer.weight.std().item() for layer in judged.modules() if isinstance(layer, nn.Conv2d)]
    assert weights == pytest.approx([0.02] * 4, rel=0.05)  # the paper's, where norms set the scale


def test_dcgan_doubles_its_width_at_each_halving_up_to_a_limit():
    assert DCGAN().widths(2) == [64, 128]
    assert DCGAN().widths(6) == [64, 128, 256, 512, 512, 512]


def count(network: nn.Module) -> int:
    return sum(weight.numel() for weight in network.parameters())


def test_resnet_at_32_pixels_has_the_papers_number_of_parameters():
    """By hand from arXiv:1802.05957, Table 4: G 256 channels and three up-blocks, D 128 channels and four blocks."""
    data = DataSpec((3, 32, 32))
    up_block = 2 * (256 * 256 * 9 + 256) + (256 * 256 + 256) + 2 * 2 * 256
    g = (128 * 4096 + 4096) + 3 * up_block + 2 * 256 + (256 * 3 * 9 + 3)
    conv, skip = 128 * 128 * 9 + 128, 128 * 128 + 128
    first = (3 * 128 * 9 + 128) + conv + (3 * 128 + 128)
    d = first + (2 * conv + skip) + 2 * (2 * conv)
    assert count(ResNet().generator(data, 0)) == g
    assert count(ResNet().discriminator(data, per_sample=True)) == d


def test_shortcuts_moved_across_resampling_compute_the_same_function():
    """A 1x1 convolution commutes with nearest upsampling and with average pooling."""
    up, x, c = UpBlock(4, 6, 0).eval(), torch.randn(2, 4, 5, 5), torch.zeros(2, 0)
    big = nn.functional.interpolate(x, scale_factor=2)
    late = up(x, c) - nn.functional.interpolate(up.shortcut(x), scale_factor=2) + up.shortcut(big)
    assert torch.allclose(up(x, c), late, atol=1e-5)
    down, x = DownBlock(4, 6, "none", down=True), torch.randn(2, 4, 6, 6)
    late = down(x) - down.shortcut(nn.functional.avg_pool2d(x, 2)) + nn.functional.avg_pool2d(down.shortcut(x), 2)
    assert torch.allclose(down(x), late, atol=1e-5)


def test_conditional_batch_norm_without_labels_is_batch_norm():
    ours, torchs, x = ConditionalBatchNorm(3, 0), nn.BatchNorm2d(3), torch.randn(8, 3, 4, 4)
    assert torch.allclose(ours(x, torch.zeros(8, 0)), torchs(x), atol=1e-6)


def test_conditional_batch_norm_scales_each_sample_by_its_own_label():
    layer, x = ConditionalBatchNorm(1, 1), torch.randn(2, 1, 64, 64)
    layer.modulate.weight.data = torch.tensor([[1.0], [5.0]])  # gain 1 + c, bias 5 c
    out = layer(x, torch.tensor([[0.0], [2.0]]))
    plain = layer.norm(x)
    assert torch.allclose(out[0], plain[0], atol=1e-5)
    assert torch.allclose(out[1], 3 * plain[1] + 10, atol=1e-4)


@pytest.mark.parametrize("model", [DCGAN(width=4), ResNet(width_g=4, width_d=4)])
def test_convolutional_pairs_make_sides_of_two_lengths_and_any_number_of_channels(model):
    data = DataSpec((5, 64, 32), images=False)
    x = model.generator(data, 0)(torch.randn(2, model.z_dim), torch.zeros(2, 0))
    assert x.shape == (2, 5, 64, 32)
    critic = model.discriminator(data, per_sample=True)
    assert critic(x).shape == (2, critic.feature_dim)
    assert halve(DataSpec((1, 128, 64)), "dcgan") == (4, (8, 4))
    with pytest.raises(ConfigError, match="not 1 x 64 x 36"):
        halve(DataSpec((1, 64, 36)), "dcgan")
