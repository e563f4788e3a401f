"""The pair: what it is at its start, which sizes it makes, how large the paper's is."""

import pytest
import torch
from ganzoo_r3gan import R3GAN
from ganzoo_r3gan.networks import Generator

import ganzoo

GREY = ganzoo.DataSpec((1, 16, 16), 10)
SMALL = R3GAN(z_dim=6, width=8, group_width=4)


def square(size, channels=3):
    return ganzoo.DataSpec((channels, size, size), 10)


def count(network):
    return sum(weight.numel() for weight in network.parameters())


def test_before_training_features_are_linear_in_the_image():
    D, x = SMALL.discriminator(GREY, per_sample=True), torch.randn(4, 1, 16, 16)
    assert torch.equal(D(torch.zeros_like(x)), torch.zeros(4, D.feature_dim))
    assert torch.allclose(D(3 * x), 3 * D(x), atol=1e-4)


def test_before_training_the_image_is_the_tanh_of_something_linear_in_the_latent():
    G, z, none = SMALL.generator(GREY, 0).double(), torch.randn(4, 6, dtype=torch.double) / 10, torch.zeros(4, 0)
    assert torch.allclose(G(2 * z, none).atanh(), 2 * G(z, none).atanh())


@pytest.mark.parametrize("size", [4, 8, 16, 32, 64])
def test_sizes_of_4_times_a_power_of_2_are_made_and_judged(size):
    G, D = SMALL.generator(square(size), 3), SMALL.discriminator(square(size), per_sample=True)
    x = G(torch.randn(2, 6), torch.randn(2, 3))
    assert x.shape == (2, 3, size, size)
    assert D(x).shape == (2, D.feature_dim) == (2, 8)


@pytest.mark.parametrize(("size", "nearest"), [(28, 32), (24, 32), (20, 16), (3, 4), (100, 128)])
def test_other_sizes_are_refused_with_the_nearest_that_is_made(size, nearest):
    with pytest.raises(ganzoo.ConfigError, match=f"not 3 x {size} x {size}") as refusal:
        SMALL.generator(square(size), 0)
    assert refusal.value.hint == f"--image-size {nearest}"


@pytest.mark.parametrize("shape", [(2,), (1, 16, 32)])
def test_what_is_no_square_image_is_refused(shape):
    with pytest.raises(ganzoo.ConfigError, match="square images"):
        SMALL.discriminator(ganzoo.DataSpec(shape, 1), per_sample=False)


@pytest.mark.parametrize("size", [16, 128])
def test_a_width_that_does_not_divide_into_groups_is_refused_with_one_that_does(size):
    with pytest.raises(ganzoo.ConfigError, match="group_width") as refusal:
        R3GAN(width=20).generator(square(size), 0)
    width = int(refusal.value.hint.removeprefix("--set model.width="))
    R3GAN(width=width).generator(square(size), 0)


def test_stages_above_32_pixels_halve_the_width():
    G = R3GAN(width=32).generator(square(128), 0)
    assert isinstance(G, Generator)
    assert [stage[-1].narrow.weight.shape[0] for stage in (G.first, *G.body)] == [32, 32, 32, 32, 16, 8]


def test_the_papers_networks_for_cifar_10_have_96_groups_and_21_million_weights():
    paper = R3GAN(width=768)
    G, D = paper.generator(square(32), 64), paper.discriminator(square(32), per_sample=True)
    assert G.first[0].mix.groups == 96
    blocks = 8 * (2 * 768 * 1536 + 1536 * 16 * 9 + 2 * 1536)
    assert count(D) == blocks + 3 * 768 + 16 * 768
    assert count(G) == blocks + 16 * 768 + 128 * 768 + 3 * 768 + 3


def test_a_label_changes_the_image():
    G, z = SMALL.generator(GREY, 3), torch.randn(1, 6)
    assert not torch.equal(G(z, torch.zeros(1, 3)), G(z, torch.ones(1, 3)))
