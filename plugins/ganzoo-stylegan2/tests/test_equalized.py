import pytest
import torch
from ganzoo_stylegan2.equalized import Activation, Conv, Linear


def effective(layer, a):
    """The weights that a layer multiplies with: its answers to unit vectors, (B, A)."""
    return (layer(torch.eye(a)) - layer(torch.zeros(1, a))).T.detach()


def test_a_linear_layer_multiplies_by_its_weight_over_the_root_of_its_inputs():
    layer = Linear(16, 3)
    torch.nn.init.ones_(layer.weight)
    assert torch.allclose(layer(torch.ones(1, 16)), torch.full((1, 3), 16 / 4.0))


def test_weights_begin_with_variance_one_whatever_the_multiplier():
    torch.manual_seed(0)
    for multiplier in (1.0, 0.01):
        layer = Linear(400, 400, lr_multiplier=multiplier, bias=1.0)
        assert effective(layer, 400).std().item() == pytest.approx(1 / 20, rel=0.01)
        assert torch.allclose(layer(torch.zeros(1, 400)), torch.ones(1, 400))


@pytest.mark.parametrize("inputs", [4, 64])
@pytest.mark.parametrize("multiplier", [1.0, 0.01])
def test_a_step_of_adam_changes_each_weight_by_rate_times_multiplier_over_the_root_of_inputs(inputs, multiplier):
    layer = Linear(inputs, 2, lr_multiplier=multiplier)
    before = effective(layer, inputs)
    layer(torch.ones(1, inputs)).sum().backward()
    with torch.no_grad():
        layer.weight -= 0.5 * layer.weight.grad.sign()  # the first step of Adam at a rate of 0.5
    moved = before - effective(layer, inputs)
    assert torch.allclose(moved, torch.full_like(moved, 0.5 * multiplier / inputs**0.5), rtol=1e-3)


def test_a_convolution_multiplies_by_its_weight_over_the_root_of_its_fan_in():
    layer = Conv(4, 2, 3)
    torch.nn.init.ones_(layer.weight)
    assert layer(torch.ones(1, 4, 3, 3))[0, 0, 1, 1].item() == pytest.approx(36 / 6)


def test_the_activation_is_leaky_and_has_a_gain():
    assert Activation()(torch.tensor([1.0, -1.0])).tolist() == pytest.approx([2**0.5, -0.2 * 2**0.5])
