"""The U-Net: its sizes, what its logits depend on, and what a loss makes of them."""

import pytest
import torch
from ganzoo_unet import UNetGAN

import ganzoo

SMALL = UNetGAN(z_dim=6, width_g=8, width_d=2)


def square(size, channels=3):
    return ganzoo.DataSpec((channels, size, size), 10)


def widths(blocks):
    return [(block.conv1.in_channels, block.conv1.out_channels) for block in blocks]


def test_at_128_pixels_the_maps_are_as_wide_as_in_the_paper():
    with torch.device("meta"):
        D = UNetGAN(width_d=64).discriminator(square(128), per_sample=True)
    assert widths(D.encoder) == [(3, 64), (64, 128), (128, 256), (256, 512), (512, 1024)]
    assert widths(D.decoder) == [(1024, 512), (1024, 256), (512, 128), (256, 64), (128, 64)]


@pytest.mark.parametrize("size", [16, 32, 64])
def test_there_are_two_features_for_each_pixel_and_the_first_half_repeats(size):
    D = SMALL.discriminator(square(size), per_sample=True)
    h = D(torch.randn(2, 3, size, size))
    assert h.shape == (2, 2 * size * size, 2) and D.feature_dim == 2
    image, pixels = h.chunk(2, dim=1)
    assert torch.equal(image, image[:, :1].expand_as(image))
    assert pixels.std(dim=1).min() > 0


def test_image_and_pixels_weigh_one_half_each_in_a_loss():
    h = SMALL.discriminator(square(16), per_sample=True)(torch.randn(2, 3, 16, 16))
    logits = h.sum(dim=2)
    loss = ganzoo.load_zoo(disabled=["all"]).entry("loss", "bce").component()
    whole = loss.generator_loss(fake=logits)
    halves = [loss.generator_loss(fake=half) for half in (logits[:, 0], logits[:, 256:])]
    assert whole.item() == pytest.approx(sum(half.item() for half in halves) / 2, rel=1e-5)


def test_the_logit_of_a_pixel_sees_its_surroundings_by_the_short_way_most():
    torch.manual_seed(0)
    D = SMALL.discriminator(square(32), per_sample=True)
    x = torch.randn(1, 3, 32, 32, requires_grad=True)
    pixels = D(x)[:, 1024:].reshape(1, 32, 32, 2)
    (gradient,) = torch.autograd.grad(pixels[0, 8, 8].sum(), x)
    slopes = gradient[0].abs().sum(dim=0)
    assert slopes[6:11, 6:11].mean() > 3 * slopes[22:, 22:].mean()


@pytest.mark.parametrize(("shape", "nearest"), [((1, 28, 28), "32"), ((3, 100, 100), "128"), ((1, 8, 8), "16")])
def test_other_sizes_are_refused_by_both_networks_with_the_nearest(shape, nearest):
    for make in (
        lambda: SMALL.generator(ganzoo.DataSpec(shape, 1), 0),
        lambda: SMALL.discriminator(ganzoo.DataSpec(shape, 1), per_sample=True),
    ):
        with pytest.raises(ganzoo.ConfigError, match="square images of 16, 32, 64, 128, 256") as refusal:
            make()
        assert refusal.value.hint == f"--image-size {nearest}"
