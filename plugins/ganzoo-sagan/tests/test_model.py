"""The pair: sizes, where it attends, and what spectral norm makes of G."""

import pytest
import torch
from ganzoo_sagan import SAGAN
from ganzoo_sagan.attention import SelfAttention
from torch import nn

import ganzoo

SMALL = SAGAN(z_dim=6, width=4)


def square(size, channels=3):
    return ganzoo.DataSpec((channels, size, size), 10)


def attended(network):
    """Sizes of the maps that go through attention, for images of whatever size the network makes or takes."""
    sizes = []
    for module in network.modules():
        if isinstance(module, SelfAttention):
            module.register_forward_hook(lambda module, args, out: sizes.append(out.shape[-1]))
    return sizes


@pytest.mark.parametrize("size", [8, 16, 32, 64, 128])
def test_both_networks_attend_once_to_maps_of_half_the_image_at_most_32_pixels(size):
    G, D = SMALL.generator(square(size), 3), SMALL.discriminator(square(size), per_sample=True)
    in_g, in_d = attended(G), attended(D)
    x = G(torch.randn(2, 6), torch.randn(2, 3))
    assert x.shape == (2, 3, size, size)
    assert D(x).shape == (2, D.feature_dim)
    assert in_g == in_d == [min(size // 2, 32)]


def test_another_map_is_attended_to_if_it_is_asked_for():
    model = SAGAN(z_dim=6, width=4, attend_at=8)
    in_d = attended(D := model.discriminator(square(64), per_sample=True))
    D(torch.zeros(1, 3, 64, 64))
    assert in_d == [8]


@pytest.mark.parametrize("attend_at", [2, 5, 16])
def test_a_map_that_there_is_not_is_refused_with_those_that_there_are(attend_at):
    with pytest.raises(ganzoo.ConfigError, match="maps of 4, 8\n"):
        SAGAN(attend_at=attend_at).generator(square(16), 0)


@pytest.mark.parametrize(("size", "nearest"), [(28, 32), (24, 32), (20, 16), (4, 8), (100, 128)])
def test_other_sizes_are_refused_with_the_nearest_that_is_made(size, nearest):
    with pytest.raises(ganzoo.ConfigError, match=f"not 3 x {size} x {size}") as refusal:
        SMALL.discriminator(square(size), per_sample=True)
    assert refusal.value.hint == f"--image-size {nearest}"


@pytest.mark.parametrize("shape", [(2,), (1, 16, 32)])
def test_what_is_no_square_image_is_refused(shape):
    with pytest.raises(ganzoo.ConfigError, match="square images"):
        SMALL.generator(ganzoo.DataSpec(shape, 1), 0)


def test_at_128_pixels_widths_are_1_2_4_8_16_times_that_next_to_the_image():
    G, D = SMALL.generator(square(128), 0), SMALL.discriminator(square(128), per_sample=True)
    assert [block.conv2.out_channels for block in G.blocks] == [64, 32, 16, 8, 4]
    assert D.feature_dim == 64


def layers(network):
    return [layer for layer in network.modules() if isinstance(layer, nn.Conv2d | nn.Linear)]


def largest_singular_value(layer):
    return torch.linalg.matrix_norm(layer.weight.detach().flatten(1), ord=2).item()


def test_after_some_passes_every_layer_of_the_generator_has_a_largest_singular_value_of_1():
    torch.manual_seed(0)
    G = SMALL.generator(square(16), 0)
    with torch.no_grad():
        for layer in layers(G):
            layer.parametrizations.weight.original.mul_(7)
        for _ in range(50):
            G(torch.randn(2, 6), torch.zeros(2, 0))
    G.eval()
    values = [largest_singular_value(layer) for layer in layers(G)]
    assert len(values) == 1 + 2 * 3 + 4 + 1  # to 4 x 4, two blocks, attention, to the image
    assert values == pytest.approx([1.0] * len(values), abs=0.03)


def test_what_labels_do_to_the_norms_of_the_generator_is_small_at_first_and_not_bounded():
    G = SAGAN(width=16).generator(square(16), 64)
    modulators = [layer for name, layer in G.named_modules() if name.endswith("modulate")]
    assert len(modulators) == 4  # two in each block
    assert not any(hasattr(layer, "parametrizations") for layer in modulators)
    assert [layer.weight.std().item() for layer in modulators] == pytest.approx([0.02] * 4, rel=0.1)


def test_the_discriminator_is_left_to_the_enforcer():
    D = SMALL.discriminator(square(16), per_sample=True)
    assert not any(hasattr(layer, "parametrizations") for layer in layers(D))


def test_features_are_sums_of_what_is_positive():
    D = SMALL.discriminator(square(16), per_sample=True)
    assert D(torch.randn(3, 3, 16, 16)).min() >= 0


def test_a_label_changes_the_image():
    G, z = SMALL.generator(square(16), 3).eval(), torch.randn(1, 6)
    assert not torch.equal(G(z, torch.zeros(1, 3)), G(z, torch.ones(1, 3)))


def test_images_stay_in_their_range_whatever_the_weights():
    G = SMALL.generator(square(16), 0)
    with torch.no_grad():
        G.to_image.bias.fill_(5.0)
    assert 0.99 < G(torch.randn(2, 6), torch.zeros(2, 0)).max() <= 1
