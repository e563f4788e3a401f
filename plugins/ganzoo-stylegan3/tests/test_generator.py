"""The plan of the layers against the paper, and equivariance to translation."""

from itertools import pairwise

import pytest
import torch
from ganzoo_stylegan3 import StyleGAN3
from ganzoo_stylegan3.plan import plan_bands

import ganzoo

SMALL = StyleGAN3(z_dim=4, w_dim=8, layers=6, channel_base=256, channel_max=8, width_d=4)


def square(size, channels=3):
    return ganzoo.DataSpec((channels, size, size), 1)


def count(network):
    return sum(weights.numel() for weights in network.parameters())


def test_at_1024_pixels_the_generator_has_the_22_3_million_weights_of_the_paper():
    model = StyleGAN3(z_dim=512, w_dim=512, channel_base=32768, channel_max=512)
    with torch.device("meta"):
        assert count(model.generator(square(1024), 0)) / 1e6 == pytest.approx(22.3, abs=0.05)


def test_cutoffs_grow_from_2_to_half_the_image_and_the_last_layers_are_sampled_critically():
    bands = plan_bands(256, 14, 32768, 512, 3)
    cutoffs = [band.cutoff for band in bands]
    assert cutoffs[0] == 2 and cutoffs[-3:] == pytest.approx([128.0] * 3)
    steps = [b / a for a, b in pairwise(cutoffs[:13])]
    assert steps == pytest.approx([64 ** (1 / 12)] * 12)
    assert [band.rate for band in bands][:3] == [16, 16, 16] and bands[-1].rate == 256
    assert all(band.rate >= 2 * band.cutoff for band in bands)
    assert [band.size for band in bands[:1] + bands[-3:]] == [36, 276, 256, 256]


@pytest.mark.parametrize("size", [16, 32])
def test_maps_have_the_planned_sizes_and_images_theirs(size):
    G = SMALL.generator(square(size), 3)
    sizes = []
    for layer in G.layers:
        layer.register_forward_hook(lambda layer, args, out: sizes.append(tuple(out.shape[1:])))
    x = G(torch.randn(2, 4), torch.randn(2, 3))
    bands = plan_bands(size, 6, 256, 8, 3)
    assert sizes == [(band.channels, band.size, band.size) for band in bands]
    assert x.shape == (2, 3, size, size) and x.abs().max() <= 1


def test_moving_the_waves_by_a_pixel_moves_the_image_by_a_pixel():
    """One pixel of 32 is half a pixel of the first layers, which a network with aliasing does not survive."""
    torch.manual_seed(0)
    G, z, c = SMALL.generator(square(32), 0).eval(), torch.randn(2, 4), torch.zeros(2, 0)
    with torch.no_grad():
        before = G(z, c)
        G.start.place.bias[2] = 1 / 32
        after = G(z, c)
    kept, moved = before[..., 8:-8, 8:23], after[..., 8:-8, 9:24]
    assert before.std() > 0.01
    error = (moved - kept).square().mean().sqrt() / kept.std()
    unmoved = (after[..., 8:-8, 8:23] - kept).square().mean().sqrt() / kept.std()
    assert error < 0.05 < unmoved


def test_the_running_magnitude_follows_the_input_in_training_alone():
    G, z, c = SMALL.generator(square(16), 0), torch.randn(2, 4), torch.zeros(2, 0)
    layer, seen = G.layers[1], []
    layer.register_forward_hook(lambda layer, args, out: seen.append(args[0].square().mean().item()))
    G.eval()(z, c)
    assert layer.magnitude.item() == 1
    G.train()(z, c)
    assert layer.magnitude.item() == pytest.approx(0.999 + 0.001 * seen[-1], rel=1e-5)


def test_scaling_the_weights_of_a_layer_changes_nothing():
    torch.manual_seed(0)
    G, z, c = SMALL.generator(square(16), 0).eval(), torch.randn(2, 4), torch.zeros(2, 0)
    before = G(z, c)
    with torch.no_grad():
        G.layers[2].weight.mul_(3.0)
    assert torch.allclose(G(z, c), before, atol=1e-4)


@pytest.mark.parametrize(("shape", "nearest"), [((1, 28, 28), "32"), ((3, 100, 100), "128"), ((1, 8, 8), "16")])
def test_other_sizes_are_refused_by_both_networks_with_the_nearest(shape, nearest):
    for make in (
        lambda: SMALL.generator(ganzoo.DataSpec(shape, 1), 0),
        lambda: SMALL.discriminator(ganzoo.DataSpec(shape, 1), per_sample=True),
    ):
        with pytest.raises(ganzoo.ConfigError, match="square images of 16, 32") as refusal:
            make()
        assert refusal.value.hint == f"--image-size {nearest}"
