"""Mode seeking against ratios by hand."""

import pytest
import torch
from games import Scale, game, verdict
from ganzoo_regularizers import ModeSeeking


def term(G, **options):
    update = game(G=G, z=torch.randn(8, 3))
    return ModeSeeking(**options).generator_term(update, fake=verdict(update))


@pytest.mark.parametrize("theta", [0.5, -3.0])
def test_a_linear_generator_costs_the_inverse_of_its_scale(theta):
    assert term(Scale(theta)).item() == pytest.approx(1 / abs(theta), rel=1e-4)
    assert term(Scale(theta), weight=2.0, eps=1.0).item() == pytest.approx(2 / (abs(theta) + 1), rel=1e-5)


def test_g_spreads_its_images():
    G = Scale(0.5)
    term(G).backward()
    assert G.theta.grad.item() == pytest.approx(-1 / 0.5**2, rel=1e-3)  # descending makes it larger


def test_a_collapsed_generator_has_a_finite_term_and_gradient():
    G = Scale(0.0)
    value = term(G)
    value.backward()
    assert value.item() == pytest.approx(1e5)
    assert torch.isfinite(G.theta.grad)
