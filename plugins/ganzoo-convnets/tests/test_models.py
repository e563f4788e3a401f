"""Both pairs: weights and shapes of the tables, sizes, norms."""

import pytest
import torch
from ganzoo_convnets import SNDCGAN, InfoGAN
from torch import nn

import ganzoo


def image(*shape):
    return ganzoo.DataSpec(shape, 10)


def count(network):
    return sum(weights.numel() for weights in network.parameters())


def pair(model, *shape, per_sample):
    with torch.device("meta"):
        return model.generator(image(*shape), 0), model.discriminator(image(*shape), per_sample=per_sample)


def test_sndcgan_has_the_layers_of_the_paper_for_cifar_10():
    G, D = pair(SNDCGAN(), 3, 32, 32, per_sample=True)
    dense, last = 129 * 512 * 16, 64 * 3 * 9 + 3
    ups = sum(16 * a * b + 2 * b for a, b in ((512, 256), (256, 128), (128, 64)))  # weights, gain and bias of the norm
    assert count(G) == dense + ups + last
    three = sum(9 * a * b + b for a, b in ((3, 64), (64, 128), (128, 256), (256, 512)))
    four = sum(16 * a * a + a for a in (64, 128, 256))
    assert count(D) == three + four
    assert D.feature_dim == 4 * 4 * 512
    layers = [
        (layer.kernel_size[0], layer.stride[0], layer.out_channels) for layer in D.body if hasattr(layer, "stride")
    ]
    assert layers == [(3, 1, 64), (4, 2, 64), (3, 1, 128), (4, 2, 128), (3, 1, 256), (4, 2, 256), (3, 1, 512)]


def test_infogan_has_the_layers_of_the_paper_for_mnist():
    G, D = pair(InfoGAN(), 1, 28, 28, per_sample=False)
    vectors = 74 * 1024 + 2 * 1024 + 1024 * 7 * 7 * 128 + 2 * 7 * 7 * 128
    assert count(G) == vectors + 16 * 128 * 64 + 2 * 64 + 16 * 64 + 1
    assert count(D) == 16 * 64 + 64 + 16 * 64 * 128 + 2 * 128 + 7 * 7 * 128 * 1024 + 2 * 1024
    assert D.feature_dim == 1024


@pytest.mark.parametrize(
    ("model", "shape"),
    [
        *((SNDCGAN(width=2), shape) for shape in ((1, 16, 16), (3, 48, 48), (3, 24, 40))),
        *((InfoGAN(width=2), shape) for shape in ((1, 8, 8), (1, 28, 28), (3, 32, 20))),
    ],
)
def test_other_sizes_are_made_too(model, shape):
    G, D = model.generator(image(*shape), 3), model.discriminator(image(*shape), per_sample=True)
    x = G(torch.randn(2, model.z_dim), torch.randn(2, 3))
    assert x.shape == (2, *shape) and D(x).shape == (2, D.feature_dim)


@pytest.mark.parametrize(
    ("model", "shape", "hint"),
    [
        (SNDCGAN(), (1, 28, 28), "--image-size 32"),
        (SNDCGAN(), (1, 8, 8), "--image-size 16"),
        (InfoGAN(), (1, 30, 30), "--image-size 32"),
        (InfoGAN(), (2,), "--model mlp (samples of any shape)"),
    ],
)
def test_other_sizes_are_refused_by_both_networks(model, shape, hint):
    for make in (
        lambda: model.generator(image(*shape), 0),
        lambda: model.discriminator(image(*shape), per_sample=True),
    ):
        with pytest.raises(ganzoo.ConfigError) as refusal:
            make()
        assert refusal.value.hint == hint


def test_rectifiers_of_both_discriminators_have_the_slope_of_the_papers():
    for model in (SNDCGAN(width=2), InfoGAN(width=2)):
        D = model.discriminator(image(1, 16, 16), per_sample=False)
        assert {layer.slope for layer in D.modules() if isinstance(layer, ganzoo.Rectifier)} == {0.1}


def test_infogan_leaves_batch_norm_out_where_logits_may_not_depend_on_the_batch():
    def normed(norm_d, per_sample):
        D = InfoGAN(width=2, norm_d=norm_d).discriminator(image(1, 8, 8), per_sample=per_sample)
        return any(isinstance(layer, nn.BatchNorm2d) for layer in D.modules())

    assert [normed("auto", False), normed("auto", True), normed("none", False)] == [True, False, False]
    with pytest.raises(ganzoo.ConfigError, match="whole batch") as refusal:
        normed("batch", True)
    assert refusal.value.hint == "--set model.norm_d=none"


def test_first_weights_are_of_0_02_with_norms_and_keep_the_scale_of_features_without():
    torch.manual_seed(0)
    model, head = InfoGAN(width=16), nn.Linear(256, 1)
    normed, plain = (model.discriminator(image(1, 16, 16), per_sample=each) for each in (False, True))
    model.initialise_head(normed, head)
    stds = [layer.weight.std().item() for layer in normed.body if isinstance(layer, nn.Conv2d | nn.Linear)]
    assert [*stds, head.weight.std().item()] == pytest.approx([0.02] * 4, rel=0.2)
    features = plain(torch.randn(64, 1, 16, 16))
    assert features.square().mean().item() == pytest.approx(1.0, abs=0.5)
