"""Layers that cost less than what they stand for, and give the same: values, gradients, gradients of gradients."""

import pytest
import torch
from torch import nn
from torch.nn.functional import avg_pool2d, interpolate

from ganzoo.builtin.lipschitz import GradientPenalty
from ganzoo.builtin.models.grey import DoublingConv, HalvingConv
from ganzoo.layers import ConvPool, Rectifier, UpConv
from ganzoo.training.costs import _FlopCounter

DOUBLE = {"dtype": torch.float64, "requires_grad": True}


def two_operations(layer, x):
    convolved = nn.functional.conv2d
    if isinstance(layer, UpConv):
        return convolved(interpolate(x, scale_factor=2), layer.weight, layer.bias, padding=1)
    return avg_pool2d(convolved(x, layer.weight, layer.bias, padding=1), 2)


@pytest.mark.parametrize("kind", [UpConv, ConvPool])
def test_folded_convolutions_give_what_two_operations_give_with_the_same_gradients(kind):
    torch.manual_seed(0)
    layer, x = kind(3, 5).double(), torch.randn(2, 3, 6, 10, **DOUBLE)
    folded, literal = layer(x), two_operations(layer, x)
    assert torch.allclose(folded, literal, atol=1e-12)
    towards = torch.randn_like(folded)
    wanted = (x, layer.weight, layer.bias)
    for a, b in zip(*(torch.autograd.grad(y, wanted, towards) for y in (folded, literal)), strict=True):
        assert torch.allclose(a, b, atol=1e-12)
    layer.literal = True
    assert torch.equal(layer(x), two_operations(layer, x))


@pytest.mark.parametrize("kind", [UpConv, ConvPool])
def test_folded_convolutions_take_four_ninths_of_the_operations(kind):
    layer, x = kind(4, 4), torch.randn(2, 4, 8, 8)
    counts = {}
    for layer.literal in (False, True):
        with _FlopCounter() as counter, torch.no_grad():
            layer(x)
        counts[layer.literal] = counter.total
    assert counts[False] / counts[True] == pytest.approx(4 / 9)


def differentiate_twice(layer, x, towards):
    """The values of a layer, their gradients, and the gradients of a penalty on the slope."""
    wanted = (x, layer.weight, layer.bias)
    y = layer(x)
    first = torch.autograd.grad(y, wanted, towards, create_graph=True)
    return y, *first, torch.autograd.grad(first[0].square().sum(), layer.weight)[0]


@pytest.mark.parametrize("layer", [HalvingConv(1, 5), DoublingConv(5, 1)])
def test_grey_convolutions_give_what_torch_gives_up_to_the_second_derivative(layer):
    torch.manual_seed(0)
    layer, x = layer.double(), torch.randn(2, layer.in_channels, 6, 10, **DOUBLE)
    towards = torch.randn_like(layer(x))
    products = differentiate_twice(layer, x, towards)
    layer.literal = True
    for a, b in zip(products, differentiate_twice(layer, x, towards), strict=True):
        assert torch.allclose(a, b, atol=1e-12)


@pytest.mark.parametrize("layer", [HalvingConv(1, 32), DoublingConv(32, 1)])
def test_grey_convolutions_are_products_in_channels_last_order(layer):
    x = torch.randn(2, layer.in_channels, 8, 8).contiguous(memory_format=torch.channels_last)
    with torch.profiler.profile() as profiler:
        y = layer(x)
    names = {event.key for event in profiler.key_averages()}
    assert y.is_contiguous(memory_format=torch.channels_last)
    assert not any("conv" in name for name in names) and any(name.endswith("mm") for name in names)


@pytest.mark.parametrize("slope", [0.0, 0.2])
def test_rectifiers_are_those_of_torch_up_to_the_second_derivative(slope):
    x = torch.tensor([-2.0, -0.5, 0.0, 0.5, 3.0], **DOUBLE)
    layers = Rectifier(slope), nn.LeakyReLU(slope)
    assert torch.equal(layers[0](x), layers[1](x))
    first = [torch.autograd.grad((layer(x) ** 3).sum(), x, create_graph=True)[0] for layer in layers]
    assert torch.equal(*first)
    second = [torch.autograd.grad(gradient.sum(), x)[0] for gradient in first]
    assert torch.equal(*second)
    assert torch.autograd.gradcheck(layers[0], x.detach()[[0, 1, 3, 4]].requires_grad_())
    assert torch.autograd.gradgradcheck(layers[0], x.detach()[[0, 1, 3, 4]].requires_grad_())


def penalised(rectifier):
    """The gradient of a penalty on a critic's weights, and its cost in forward passes."""
    torch.manual_seed(0)
    critic = nn.Sequential(
        nn.Conv2d(3, 8, 4, 2, 1), rectifier(), nn.Conv2d(8, 16, 4, 2, 1), rectifier(), nn.Flatten(), nn.Linear(256, 1)
    )
    x = torch.randn(2, 3, 16, 16)
    with _FlopCounter() as one:
        critic(x)
    with _FlopCounter() as all_of_it:
        GradientPenalty().penalty(lambda x: critic(x)[:, 0], real=x, fake=-x).backward()
    return [weight.grad for weight in critic.parameters() if weight.grad is not None], all_of_it.total / one.total


def test_a_penalty_costs_four_forward_passes_instead_of_six_and_has_the_same_gradient():
    ours, four = penalised(lambda: Rectifier(0.2))
    theirs, six = penalised(lambda: nn.LeakyReLU(0.2))
    assert (four, six) == (pytest.approx(4, abs=0.02), pytest.approx(6, abs=0.02))
    for a, b in zip(ours, [gradient for gradient in theirs if bool(gradient.any())], strict=True):
        assert torch.allclose(a, b, rtol=1e-5, atol=1e-7)
