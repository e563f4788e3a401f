import pytest
import torch
from ganzoo_stylegan2.modulation import ModulatedConv, StyledConv
from ganzoo_stylegan2.resampling import Upsample
from torch.nn.functional import conv2d


def kernels_by_hand(layer, w):
    """w'' of each sample by Eq. 1 and 3, term by term: (N, B, A, k, k)."""
    kernels = layer.scale * layer.weight * layer.style(w)[:, None, :, None, None]
    return kernels / kernels.square().sum(dim=(2, 3, 4), keepdim=True).sqrt()


def test_each_map_is_made_by_weights_of_norm_one():
    torch.manual_seed(0)
    layer, w = ModulatedConv(5, 7, 3, w_dim=4), torch.randn(1, 4)
    impulses = torch.zeros(5, 5, 3, 3)
    impulses[range(5), range(5), 1, 1] = 1.0  # input map i alone: the answer is w''[:, i]
    answers = layer(impulses, w.expand(5, 4))  # (A, B, 3, 3)
    assert torch.allclose(answers.square().sum(dim=(0, 2, 3)), torch.ones(7), atol=1e-5)


def test_each_sample_is_convolved_with_a_kernel_of_its_own():
    torch.manual_seed(0)
    layer, x, w = ModulatedConv(5, 7, 3, w_dim=4), torch.randn(3, 5, 8, 8), torch.randn(3, 4)
    expected = [conv2d(x[n : n + 1], kernel, padding=1) for n, kernel in enumerate(kernels_by_hand(layer, w))]
    assert torch.allclose(layer(x, w), torch.cat(expected), atol=1e-5)


def test_up_is_to_enlarge_and_then_to_convolve():
    torch.manual_seed(0)
    layer, x, w = ModulatedConv(5, 7, 3, w_dim=4, up=True), torch.randn(3, 5, 6, 6), torch.randn(3, 4)
    kernels = kernels_by_hand(layer, w).flip(3, 4)
    expected = [conv2d(Upsample()(x[n : n + 1]), kernel, padding=1) for n, kernel in enumerate(kernels)]
    inside = slice(2, -2)  # at the edge enlarging first cuts off what the filter spreads beyond
    assert torch.allclose(layer(x, w)[:, :, inside, inside], torch.cat(expected)[:, :, inside, inside], atol=1e-5)


def test_without_demodulation_the_style_sets_the_strength():
    layer, x = ModulatedConv(4, 2, 1, w_dim=3, demodulate=False), torch.ones(1, 4, 2, 2)
    torch.nn.init.ones_(layer.weight)
    torch.nn.init.zeros_(layer.style.weight)
    for style in (1.0, 3.0):
        torch.nn.init.constant_(layer.style.bias, style)
        assert torch.allclose(layer(x, torch.zeros(1, 3)), torch.full((1, 2, 2, 2), style * 4 / 2.0))


def test_styles_begin_around_one():
    layer = ModulatedConv(5, 7, 3, w_dim=4)
    assert torch.equal(layer.style(torch.zeros(1, 4)), torch.ones(1, 5))


def noisy_layer(strength):
    torch.manual_seed(0)
    layer = StyledConv(3, 3, 8, 4, up=False, noisy=True)
    torch.nn.init.constant_(layer.strength, strength)
    return layer, torch.randn(2, 3, 8, 8), torch.randn(2, 4)


def test_noise_begins_with_strength_zero():
    layer = StyledConv(3, 3, 8, 4, up=False, noisy=True)
    assert layer.strength.item() == 0.0


def test_noise_is_new_in_training_and_the_same_outside_of_it():
    layer, x, w = noisy_layer(strength=0.5)
    assert not torch.equal(layer(x, w), layer(x, w))
    layer.eval()
    assert torch.equal(layer(x, w), layer(x, w))


@pytest.mark.parametrize("training", [True, False])
def test_noise_is_the_same_in_all_maps_and_has_the_learned_strength(training):
    layer, x, w = noisy_layer(strength=0.5)
    layer.train(training)
    torch.nn.init.constant_(layer.bias, 100.0)  # where the activation is linear
    torch.manual_seed(1)
    loud = layer(x, w)
    torch.nn.init.zeros_(layer.strength)
    torch.manual_seed(1)
    noise = torch.randn(2, 1, 8, 8) if training else layer.noise
    assert torch.allclose(loud - layer(x, w), 0.5 * 2**0.5 * noise.expand(2, 3, 8, 8), atol=1e-4)


@pytest.mark.parametrize("training", [True, False])
def test_without_noise_nothing_is_drawn(training):
    layer = StyledConv(3, 3, 8, 4, up=True, noisy=False).train(training)
    x, w = torch.randn(2, 3, 4, 4), torch.randn(2, 4)
    state = torch.get_rng_state()
    assert torch.equal(layer(x, w), layer(x, w))
    assert torch.equal(torch.get_rng_state(), state)
    assert {name for name, _ in layer.named_parameters()} == {
        "bias",
        "conv.weight",
        "conv.style.weight",
        "conv.style.bias",
    }
