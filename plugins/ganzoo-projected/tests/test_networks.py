"""Frozen features, random mixing, and the D of each scale."""

import pytest
import torch
from ganzoo_projected import ProjectedGAN
from ganzoo_projected.frozen import FrozenNorm, draw_conv, freeze
from ganzoo_projected.networks import FeatureNetwork, RandomMixing
from torch import nn

import ganzoo

SMALL = ProjectedGAN(z_dim=6, width_g=4, width=4, mixed=4)


def image(*shape):
    return ganzoo.DataSpec(shape, 10)


def photos_cnn():
    return ganzoo.load_zoo(disabled=["all"]).entry("features", "photos-cnn").component().build().eval()


def test_frozen_features_are_those_of_the_classifier_in_either_mode():
    network, ours, x = photos_cnn(), FeatureNetwork(), torch.rand(2, 3, 32, 32) * 2 - 1
    expected = network(x).features
    for mode in (True, False):
        maps = ours.train(mode)(x)
        assert [tuple(m.shape[1:]) for m in maps] == [(24, 31, 31), (48, 15, 15), (128, 7, 7), (192, 3, 3)]
        assert torch.allclose(network.pool(maps[-1]), expected, atol=1e-4)


def test_a_frozen_norm_is_the_norm_in_eval_mode():
    norm = nn.BatchNorm2d(2).eval()
    with torch.no_grad():
        norm.running_mean.copy_(torch.tensor([1.0, 0.0]))
        norm.running_var.copy_(torch.tensor([4.0 - norm.eps, 1.0 - norm.eps]))
        norm.weight.copy_(torch.tensor([6.0, 1.0]))
        norm.bias.copy_(torch.tensor([0.5, 0.0]))
    x = torch.full((1, 2, 1, 1), 3.0)
    assert FrozenNorm(norm)(x).flatten().tolist() == pytest.approx([6 * (3 - 1) / 2 + 0.5, 3.0])


def test_what_is_frozen_has_no_parameters_and_stays_when_the_rest_is_bounded_and_clipped():
    D = SMALL.discriminator(image(3, 32, 32), per_sample=True)
    frozen = nn.ModuleList([D.features, D.mixing])
    assert not list(frozen.parameters())
    before, x = {name: buffer.clone() for name, buffer in frozen.named_buffers()}, torch.randn(2, 3, 32, 32)
    zoo = ganzoo.load_zoo(disabled=["all"])
    D = zoo.entry("lipschitz", "sn").component().constrain(D)
    D(x).sum().backward()
    torch.optim.SGD(D.parameters(), 0.1).step()
    assert len(before) > 10
    assert all(torch.equal(before[name], buffer) for name, buffer in frozen.named_buffers())


def test_the_gradient_of_a_sample_passes_the_frozen_features():
    D = SMALL.discriminator(image(1, 16, 16), per_sample=True)
    x = torch.randn(2, 1, 16, 16, requires_grad=True)
    (gradient,) = torch.autograd.grad(D(x)[0].sum(), x)
    assert gradient[0].abs().min() > 0 and gradient[1].abs().max() == 0


def identity(conv):
    """Let a mixing convolution pass its channels on."""
    with torch.no_grad():
        conv.weight.zero_()
        middle = conv.weight.shape[2] // 2
        for channel in range(conv.weight.shape[0]):
            conv.weight[channel, channel, middle, middle] = 1.0


def test_each_scale_is_added_to_the_enlarged_coarser_ones():
    mixing = RandomMixing([2, 2, 2], 2)
    for conv in (*mixing.across_channels, *mixing.across_scales):
        identity(conv)
    maps = [torch.full((1, 2, side, side), value) for side, value in ((7, 1.0), (3, 10.0), (1, 100.0))]
    mixed = mixing(maps)
    assert [m.shape[-1] for m in mixed] == [7, 3, 1]
    for m, value in zip(mixed, (111.0, 110.0, 100.0), strict=True):
        assert torch.allclose(m, torch.full_like(m, value))


def test_random_convolutions_keep_the_scale_of_maps():
    torch.manual_seed(0)
    y = draw_conv(64, 256, 1)(torch.randn(8, 64, 4, 4))
    assert y.square().mean().item() == pytest.approx(1.0, rel=0.1)


@pytest.mark.parametrize(("size", "places"), [(16, 9), (32, 9), (64, 49)])
def test_every_scale_has_as_many_logits(size, places):
    h = SMALL.discriminator(image(3, size, size), per_sample=True)(torch.randn(2, 3, size, size))
    assert h.shape == (2, 4 * places, 4)


def test_label_maps_beside_an_image_reach_the_features():
    D = SMALL.discriminator(image(4, 32, 32), per_sample=True)
    x = torch.randn(1, 4, 32, 32)
    moved = x.clone()
    moved[:, 3] += 1
    assert not torch.equal(D(x), D(moved))


def test_a_layer_with_another_stride_is_not_frozen_by_mistake():
    with pytest.raises(AssertionError):
        freeze(nn.Conv2d(2, 2, 3, stride=2))


def test_sizes_that_dcgan_does_not_make_are_refused_by_both_networks():
    for make in (
        lambda: SMALL.generator(image(1, 8, 8), 0),
        lambda: SMALL.discriminator(image(1, 8, 8), per_sample=True),
    ):
        with pytest.raises(ganzoo.ConfigError, match="sides of 16, 20"):
            make()
