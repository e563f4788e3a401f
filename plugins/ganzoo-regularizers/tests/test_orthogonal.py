"""Orthogonal regularization against products by hand."""

import pytest
import torch
from games import Scale, game, verdict
from ganzoo_regularizers import Orthogonal
from ganzoo_regularizers.orthogonal import filters
from torch import nn
from torch.nn.utils.parametrizations import spectral_norm

import ganzoo


class Judge(nn.Module):
    """D: one linear layer with these rows, and the sum of its features."""

    def __init__(self, rows):
        super().__init__()
        self.layer = nn.Linear(len(rows[0]), len(rows))
        with torch.no_grad():
            self.layer.weight.copy_(torch.tensor(rows))

    def forward(self, x, y):
        return ganzoo.Verdict(self.layer(x).sum(dim=1))


def term(rows, **options):
    update = game(D=Judge(rows), z=torch.zeros(2, len(rows[0])))
    said = verdict(update)
    return Orthogonal(weight_d=1.0, **options).discriminator_term(update, real=said, fake=said)


def test_right_angles_cost_nothing_whatever_the_lengths():
    assert term([[2.0, 0.0], [0.0, -3.0]]).item() == 0


def test_each_pair_of_filters_costs_its_squared_product_twice():
    assert term([[1.0, 2.0], [3.0, 0.5]]).item() == 2 * (1 * 3 + 2 * 0.5) ** 2


def test_with_norms_lengths_cost_too():
    assert term([[2.0, 0.0], [0.0, -3.0]], norms=True).item() == (4 - 1) ** 2 + (9 - 1) ** 2
    assert term([[0.0, 1.0], [1.0, 0.0]], norms=True).item() == 0


def test_each_player_has_its_own_weight():
    update = game(G=Judge([[1.0], [1.0]]), D=Judge([[1.0], [2.0]]), z=torch.zeros(2, 1), x_real=torch.zeros(2, 1))
    said = ganzoo.Verdict(torch.zeros(2))
    regularizer = Orthogonal(weight_g=0.5, weight_d=0.25)
    assert regularizer.generator_term(update, fake=said).item() == 0.5 * 2
    assert regularizer.discriminator_term(update, real=said, fake=said).item() == 0.25 * 2 * 2**2


def test_the_gradient_is_that_of_the_paper():
    D = Judge(torch.randn(3, 5).tolist())
    update, said = game(D=D, z=torch.zeros(2, 5)), ganzoo.Verdict(torch.zeros(2))
    Orthogonal(weight_d=1.0).discriminator_term(update, real=said, fake=said).backward()
    W = D.layer.weight.detach()
    assert torch.allclose(D.layer.weight.grad, 4 * (W @ W.T * (1 - torch.eye(3))) @ W, atol=1e-5)


def test_a_filter_is_what_makes_one_channel():
    convolution, transposed = nn.Conv2d(2, 3, 4), nn.ConvTranspose2d(2, 3, 4)
    (one,), (other,) = filters(convolution), filters(transposed)
    assert one.shape == other.shape == (3, 2 * 16)
    assert torch.equal(other[1], transposed.weight[:, 1].flatten())


def test_under_spectral_norm_it_reads_the_undivided_weights_and_changes_no_state():
    layer = spectral_norm(nn.Linear(4, 4))
    before = {name: buffer.clone() for name, buffer in layer.named_buffers()}
    (W,) = filters(layer)
    assert W is layer.parametrizations.weight.original or torch.equal(W, layer.parametrizations.weight.original)
    assert all(torch.equal(buffer, before[name]) for name, buffer in layer.named_buffers())


def test_networks_without_layers_cost_nothing():
    update = game(G=Scale())
    assert Orthogonal().generator_term(update, fake=verdict(update)).item() == pytest.approx(0)
