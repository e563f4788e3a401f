"""The pairs: numbers of weights of the papers, sizes, the way of z and labels, and first weights."""

import pytest
import torch
from ganzoo_biggan import BigGAN, BigGANDeep
from ganzoo_biggan.attention import SelfAttention
from torch import nn

import ganzoo

SMALL = {"biggan": BigGAN(z_dim=120, width=4), "biggan-deep": BigGANDeep(z_dim=6, width=4)}
CLASSES = 1000


def square(size, channels=3):
    return ganzoo.DataSpec((channels, size, size), CLASSES)


def count(network):
    return sum(weights.numel() for weights in network.parameters())


def pair(model, size):
    """Networks of a model with a label embedding of 128, on a device without memory."""
    with torch.device("meta"):
        return model.generator(square(size), 128), model.discriminator(square(size), per_sample=True)


def free_gains(G):
    """Gains and biases of conditional norms that depend on no label, which the paper's networks lack."""
    norms = [module for module in G.modules() if isinstance(module, ganzoo.ConditionalBatchNorm)]
    return sum(norm.gain.numel() + norm.bias.numel() for norm in norms)


def with_projection(D):
    """Weights of D, of its last layer and of its embedding of the classes."""
    return count(D) + D.feature_dim + 1 + CLASSES * D.feature_dim


def test_at_128_pixels_biggan_has_the_70_4_and_88_0_million_weights_of_the_paper():
    G, D = pair(BigGAN(z_dim=120, width=96), 128)
    assert count(G) + 128 * CLASSES - free_gains(G) == 70_433_988
    assert with_projection(D) == 87_982_370


def test_at_128_pixels_biggan_deep_has_the_50_4_and_34_6_million_weights_of_the_paper():
    G, D = pair(BigGANDeep(z_dim=128, width=128), 128)
    to_image, authors = count(G.to_image), 9 * 128 * 128 + 128  # the published G draws 128 channels and shows three
    assert count(G) + 128 * CLASSES - free_gains(G) + authors - to_image == 50_388_609
    assert with_projection(D) == 34_590_210


@pytest.mark.parametrize("name", SMALL)
@pytest.mark.parametrize("size", [32, 64, 128, 512])
def test_both_networks_attend_once_to_maps_of_half_the_image_at_most_64_pixels(name, size):
    sizes = []
    networks = pair(SMALL[name], size)
    for module in (module for network in networks for module in network.modules()):
        if isinstance(module, SelfAttention):
            module.register_forward_hook(lambda module, args, out: sizes.append(out.shape[-1]))
    G, D = networks
    with torch.device("meta"):
        x = G(torch.randn(2, SMALL[name].z_dim), torch.randn(2, 128))
        features = D(x)
    assert x.shape == (2, 3, size, size) and features.shape == (2, D.feature_dim)
    assert sizes == [min(size // 2, 64)] * 2


def test_each_part_of_z_enters_one_place():
    G = SMALL["biggan"].generator(square(32), 0).eval()  # four parts: the linear layer and three blocks
    seen = []
    for block in G.blocks:
        if not isinstance(block, SelfAttention):
            block.register_forward_hook(lambda block, args, out: seen.append(args[1]))
    z = torch.arange(120.0).expand(2, 120)
    G(z, torch.zeros(2, 0))
    assert [part[0].tolist() for part in seen] == [list(range(30 * i, 30 * i + 30)) for i in (1, 2, 3)]
    assert G.project.in_features == 30


def test_a_deep_generator_gives_all_of_z_and_the_label_to_every_place():
    G = SMALL["biggan-deep"].generator(square(32), 3).eval()
    seen = []
    for block in G.blocks:
        if not isinstance(block, SelfAttention):
            block.register_forward_hook(lambda block, args, out: seen.append(args[1]))
    z, c = torch.randn(2, 6), torch.randn(2, 3)
    G(z, c)
    assert len(seen) == 6 and all(torch.equal(part, torch.cat([z, c], dim=1)) for part in seen)
    assert G.project.in_features == 9


def test_a_z_without_equal_parts_is_refused_with_the_papers():
    with pytest.raises(ganzoo.ConfigError, match="6 equal parts for images of 128 pixels, not 80 numbers") as refusal:
        BigGAN(z_dim=80).discriminator(square(128), per_sample=True)
    assert refusal.value.hint == "--set model.z_dim=120"


@pytest.mark.parametrize("name", SMALL)
@pytest.mark.parametrize(("size", "nearest"), [(28, 32), (16, 32), (100, 128), (300, 256)])
def test_other_sizes_are_refused_with_the_nearest_that_is_made(name, size, nearest):
    with pytest.raises(ganzoo.ConfigError, match=f"{name} makes square images .* not 3 x {size} x {size}") as refusal:
        SMALL[name].generator(square(size), 0)
    assert refusal.value.hint == f"--image-size {nearest}"


@pytest.mark.parametrize("model", [BigGAN(attend_at=4), BigGANDeep(attend_at=4)])
def test_a_map_that_there_is_not_is_refused_with_those_that_there_are(model):
    with pytest.raises(ganzoo.ConfigError, match="maps of 8, 16\n"):
        model.generator(square(32), 0)


@pytest.mark.parametrize("name", SMALL)
def test_weights_start_orthogonal_and_biases_at_zero_in_the_head_too(name):
    model = SMALL[name]
    G, D, head = model.generator(square(32), 3), model.discriminator(square(32), per_sample=True), nn.Linear(8, 1)
    model.initialise_head(D, head)
    for layer in (layer for network in (G, D, head) for layer in network.modules()):
        if isinstance(layer, nn.Conv2d | nn.Linear):
            weight = layer.weight.detach().flatten(1)
            small = weight @ weight.T if weight.shape[0] <= weight.shape[1] else weight.T @ weight
            assert torch.allclose(small, torch.eye(len(small)), atol=1e-4)
            assert layer.bias is None or not layer.bias.any()


@pytest.mark.parametrize("name", SMALL)
def test_features_are_sums_of_what_is_positive_and_the_discriminator_has_no_norm(name):
    D = SMALL[name].discriminator(square(32), per_sample=True)
    assert D(torch.randn(3, 3, 32, 32)).min() >= 0
    assert not any(isinstance(module, nn.BatchNorm2d) for module in D.modules())
