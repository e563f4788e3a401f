"""Self-attention, against numbers by hand."""

import math

import pytest
import torch
from ganzoo_sagan.attention import SelfAttention


def fill(layer, weight):
    with torch.no_grad():
        layer.weight.copy_(torch.tensor(weight).reshape(layer.weight.shape))


def test_it_starts_as_the_identity():
    x = torch.randn(2, 16, 8, 8)
    assert torch.equal(SelfAttention(16)(x), x)


def test_queries_and_keys_have_an_eighth_of_the_channels_and_values_half():
    attention = SelfAttention(64)
    widths = {name: getattr(attention, name).out_channels for name in ("query", "key", "value", "out")}
    assert widths == {"query": 8, "key": 8, "value": 32, "out": 64}


def test_what_a_pixel_reads_sums_to_one_over_a_quarter_of_the_pixels():
    weights = SelfAttention(16).weights(torch.randn(2, 16, 8, 4))
    assert weights.shape == (2, 32, 8)
    assert weights.sum(dim=2).flatten().tolist() == pytest.approx([1.0] * 64, abs=1e-6)


def two_positions():
    """Two channels, maps of 2 x 4: after pooling two keys remain, one of each half."""
    attention = SelfAttention(2)
    fill(attention.query, [1.0, 0.0])
    fill(attention.key, [0.0, 1.0])
    fill(attention.value, [0.0, 10.0])
    fill(attention.out, [0.0, 1.0])
    with torch.no_grad():
        attention.gamma.fill_(0.5)
    x = torch.zeros(1, 2, 2, 4)
    x[0, 1, :, 2:] = math.log(3)  # the second half has key log 3 and value 10 log 3; the first has 0 and 0
    x[0, 0, 0, 0] = 1.0  # the query of the corner; all others are 0
    return attention, x


def test_a_query_weighs_two_keys_by_the_softmax_of_its_products():
    attention, x = two_positions()
    weights = attention.weights(x)[0]
    assert weights[0].tolist() == pytest.approx([1 / 4, 3 / 4])  # exp(0) : exp(log 3)
    assert weights[1].tolist() == pytest.approx([1 / 2, 1 / 2])  # a query of 0 reads both alike


def test_a_pixel_adds_gamma_times_what_it_reads():
    attention, x = two_positions()
    added = (attention(x) - x)[0]
    assert added[0].abs().max() == 0  # `out` writes to the second channel
    assert added[1, 0, 0].item() == pytest.approx(0.5 * 3 / 4 * 10 * math.log(3))
    assert added[1, 1, 3].item() == pytest.approx(0.5 * 1 / 2 * 10 * math.log(3))


def test_it_follows_when_the_map_is_turned_by_a_quarter():
    attention, x = SelfAttention(16), torch.randn(2, 16, 8, 8)
    with torch.no_grad():
        attention.gamma.fill_(1.0)
    assert torch.allclose(attention(x.rot90(dims=(2, 3))), attention(x).rot90(dims=(2, 3)), atol=1e-5)


def test_a_sample_reads_from_itself_alone():
    attention, x = SelfAttention(16), torch.randn(3, 16, 4, 4, requires_grad=True)
    with torch.no_grad():
        attention.gamma.fill_(1.0)
    (gradient,) = torch.autograd.grad(attention(x)[0].sum(), x)
    assert gradient[0].abs().sum() > 0
    assert gradient[1:].abs().max() == 0
