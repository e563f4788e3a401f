"""Orthonormal weights against the polar factor, and GroupSort by hand."""

from itertools import pairwise

import pytest
import torch
from ganzoo_enforcers import Bjorck
from ganzoo_enforcers.bjorck import GroupSort2, bound_of_norm, orthonormalize, windows
from torch import nn

import ganzoo


@pytest.mark.parametrize("shape", [(4, 9), (9, 4), (1, 7), (5, 5)])
def test_the_iteration_ends_at_the_nearest_orthonormal_matrix(shape):
    torch.manual_seed(0)
    W = torch.randn(shape)
    U, _, V = torch.linalg.svd(W, full_matrices=False)  # the polar factor is U V
    assert torch.allclose(orthonormalize(W, 40), U @ V, atol=1e-4)


@pytest.mark.parametrize("iterations", [1, 3, 10])
def test_no_singular_value_ever_exceeds_1(iterations):
    W = torch.randn(20, 20)
    assert torch.linalg.matrix_norm(orthonormalize(W, iterations), ord=2) <= 1 + 1e-5


def test_the_bound_of_a_norm_is_exact_where_all_weights_are_equal():
    assert bound_of_norm(torch.full((3, 4), 2.0)).item() == pytest.approx(2 * 12**0.5)


def test_pairs_are_sorted_and_an_odd_channel_stays():
    x = torch.tensor([[1.0, 2.0, 3.0, -4.0, 0.5]])  # pairs are (1, 3) and (2, -4)
    assert GroupSort2()(x).tolist() == [[3.0, 2.0, 1.0, -4.0, 0.5]]


def test_sorting_keeps_the_length_of_gradients():
    x = torch.randn(5, 8, 3, 3, requires_grad=True)
    upstream = torch.randn(5, 8, 3, 3)
    (gradient,) = torch.autograd.grad(GroupSort2()(x), x, upstream)
    assert torch.allclose(gradient.flatten(1).norm(dim=1), upstream.flatten(1).norm(dim=1))


class Chain(nn.Module):
    """(x (N, 16), y) -> Verdict, through layers that are not wider than the one before."""

    def __init__(self):
        super().__init__()
        widths = (16, 16, 8, 1)
        layers = [part for a, b in pairwise(widths) for part in (nn.Linear(a, b), nn.LeakyReLU(0.2))]
        self.body = nn.Sequential(*layers[:-1])

    def forward(self, x, y):
        return ganzoo.Verdict(self.body(x).squeeze(1))


def slopes(D, x):
    return ganzoo.gradient_norm(lambda x: D(x, None).logits, x)


def test_a_chain_has_a_slope_of_1_at_each_sample():
    torch.manual_seed(0)
    D = Bjorck(iterations=40).constrain(Chain())
    assert torch.allclose(slopes(D, torch.randn(50, 16)), torch.ones(50), atol=1e-3)


def test_rectifiers_lose_slope_that_sorting_keeps():
    torch.manual_seed(0)
    D = Bjorck(iterations=40, sort=False).constrain(Chain())
    assert slopes(D, torch.randn(50, 16)).max() < 0.9


@pytest.mark.parametrize(("kernel", "stride", "reads"), [(3, 1, 9), (4, 2, 4), (5, 2, 9), (1, 1, 1)])
def test_a_convolution_is_divided_by_the_windows_that_read_a_pixel(kernel, stride, reads):
    convolution = nn.Conv2d(2, 6, kernel, stride, padding=1, bias=False)
    assert windows(convolution) == reads and windows(nn.Linear(2, 3)) == 1
    Bjorck(sort=False).constrain(convolution)
    x = torch.randn(1, 2, 8, 8)
    jacobian = torch.func.jacrev(lambda x: convolution(x).flatten())(x).flatten(1)
    assert torch.linalg.matrix_norm(jacobian, ord=2) <= 1 + 1e-4


def test_a_shared_activation_is_replaced_wherever_it_is():
    D = Chain()
    D.also = D.body[1]
    Bjorck().constrain(D)
    assert isinstance(D.also, GroupSort2) and isinstance(D.body[1], GroupSort2) and isinstance(D.body[3], GroupSort2)


def test_a_norm_is_refused_with_a_way_out():
    with pytest.raises(ganzoo.ConfigError, match="BatchNorm1d in D") as refused:
        Bjorck().constrain(nn.Sequential(nn.Linear(2, 2), nn.BatchNorm1d(2), nn.ReLU()))
    assert refused.value.hint.startswith("--set model.norm_d=none")
