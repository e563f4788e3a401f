import pytest
import torch
from ganzoo_stylegan2 import StyleGAN2

from ganzoo import ConfigError, DataSpec

GREY, COLOUR = DataSpec((1, 16, 16), 10), DataSpec((3, 32, 32), 10)
SMALL = StyleGAN2(z_dim=8, w_dim=8, channel_max=8)


def latents(n=4, e=0):
    torch.manual_seed(0)
    return torch.randn(n, 8), torch.randn(n, e)


@pytest.mark.parametrize("data", [DataSpec((1, 4, 4), 1), GREY, COLOUR], ids=str)
@pytest.mark.parametrize("embedding_dim", [0, 5])
def test_images_have_the_shape_and_the_range_of_the_data(data, embedding_dim):
    images = SMALL.generator(data, embedding_dim)(*latents(e=embedding_dim))
    assert images.shape == (4, *data.shape) and images.abs().max() <= 1


def test_the_length_of_a_latent_does_not_matter():
    network, (z, c) = SMALL.generator(GREY, 0).eval(), latents()
    assert torch.allclose(network(z, c), network(3 * z, c), atol=1e-6)


def test_the_embedding_of_a_label_changes_the_image():
    network, (z, c) = SMALL.generator(GREY, 5).eval(), latents(e=5)
    assert (network(z, c) - network(z, -c)).abs().mean() > 0.01


def test_outside_of_training_an_image_follows_from_its_latent():
    network, (z, c) = SMALL.generator(GREY, 0).eval(), latents()
    for name, weight in network.named_parameters():
        if name.endswith("strength"):
            torch.nn.init.ones_(weight)
    assert torch.equal(network(z, c), network(z, c))
    assert torch.allclose(network(z, c)[:1], network(z[:1], c[:1]), atol=1e-5)
    assert (network(z, c)[0] - network(z, c)[1]).abs().mean() > 0.01


def test_every_layer_listens_to_its_style():
    synthesis = SMALL.generator(GREY, 0).synthesis
    torch.manual_seed(0)
    styles = torch.randn(2, 6, 8, requires_grad=True)
    (gradient,) = torch.autograd.grad(synthesis(styles).square().sum(), styles)
    assert (gradient.abs().sum(dim=(0, 2)) > 0).all()


def test_an_image_is_the_sum_of_those_of_all_sizes():
    synthesis, styles = SMALL.generator(GREY, 0).synthesis, torch.zeros(1, 6, 8)
    for i, layer in enumerate([synthesis.to_image, *(block.to_image for block in synthesis.blocks)]):
        torch.nn.init.zeros_(layer.conv.weight)
        torch.nn.init.constant_(layer.bias, 0.1 * 2**i)
    assert torch.allclose(synthesis(styles)[0, 0, 6:10, 6:10], torch.tensor(0.1 + 0.2 + 0.4).tanh())  # far from edges


def test_every_layer_has_the_same_style_without_mixing():
    network, (z, c) = SMALL.generator(GREY, 0), latents()
    assert torch.equal(network.styles(z, c), network.mapping(z, c)[:, None].expand(-1, 6, -1))  # 2 for each of 4, 8, 16


def test_a_mixed_sample_changes_once_to_another_style():
    network, (z, c) = StyleGAN2(z_dim=8, w_dim=8, mixing=1.0).generator(GREY, 0), latents(64)
    own = (network.styles(z, c) == network.mapping(z, c)[:, None]).all(dim=2)  # (N, L)
    assert own[:, 0].all() and not own[:, -1].any()
    assert (own.int().diff(dim=1) <= 0).all()
    assert set(own.sum(dim=1).tolist()) == {1, 2, 3, 4, 5}


@pytest.mark.parametrize(("mixing", "training", "mixed"), [(0.3, True, 300), (0.3, False, 0), (0.0, True, 0)])
def test_the_share_of_mixed_samples_is_the_one_asked_for(mixing, training, mixed):
    network = StyleGAN2(z_dim=8, w_dim=8, mixing=mixing).generator(GREY, 0).train(training)
    z, c = latents(1000)
    styles = network.styles(z, c)
    assert (styles[:, 0] != styles[:, -1]).any(dim=1).sum().item() == pytest.approx(mixed, abs=45)  # 3 deviations


def test_channels_are_the_base_over_the_size_up_to_the_most():
    network = StyleGAN2(channel_base=256, channel_max=24).generator(COLOUR, 0)
    assert network.synthesis.constant.shape[1] == 24
    assert [block.conv1.conv.weight.shape[0] for block in network.synthesis.blocks] == [24, 16, 8]


@pytest.mark.parametrize("shape", [(2,), (1, 28, 28), (3, 12, 12), (3, 16, 32), (1, 2, 2)], ids=str)
def test_other_sizes_are_refused_by_both_networks(shape):
    for make in (lambda d: SMALL.generator(d, 0), lambda d: SMALL.discriminator(d, per_sample=True)):
        with pytest.raises(ConfigError, match="stylegan2 makes square images of 4, 8, 16, 32") as refusal:
            make(DataSpec(shape, 1))
        assert "--image-size" in refusal.value.hint


def test_a_share_above_one_is_refused():
    with pytest.raises(ConfigError) as refusal:
        StyleGAN2(mixing=1.5).generator(GREY, 0)
    assert refusal.value.where == "model.mixing"


def test_truncation_draws_styles_to_their_mean():
    network, (z, c) = SMALL.generator(GREY, 5).eval(), latents(e=5)
    whole, half, mean = (SMALL.truncated(network, psi) for psi in (1.0, 0.5, 1e-9))
    with torch.no_grad():
        assert torch.allclose(whole(z, c), network(z, c), atol=1e-4)
        same = mean(z, c[:1].expand(4, -1))
        assert torch.allclose(same, same[:1].expand(4, -1, -1, -1), atol=1e-5)  # one image for each label
        c = c[:1].expand(4, -1)
        assert 0 < half(z, c).std(0).mean() < whole(z, c).std(0).mean()
