"""Dual norms against Hölder's inequality and single frequencies."""

import math

import pytest
import torch
from ganzoo_enforcers import Banach
from ganzoo_enforcers.banach import sobolev

import ganzoo


def penalty(enforcer, w):
    real, fake = torch.randn(2, 6, *w.shape)
    return enforcer.penalty(lambda x: (x * w).flatten(1).sum(dim=1), real=real, fake=fake).item()


@pytest.mark.parametrize(
    ("p", "dual"), [(2.0, 5.0), (4.0, (3 ** (4 / 3) + 4 ** (4 / 3)) ** 0.75), (1.5, 91 ** (1 / 3))]
)
def test_the_slope_is_the_norm_with_the_conjugate_exponent(p, dual):
    assert penalty(Banach(p=p, weight=2.0), torch.tensor([3.0, -4.0])) == pytest.approx(2 * (dual - 1) ** 2, rel=1e-4)


@pytest.mark.parametrize("p", [1.5, 2.0, 3.0])
def test_the_dual_norm_is_the_largest_rise_over_images_of_norm_1(p):
    torch.manual_seed(0)
    w = torch.randn(1, 1, 1, 2)
    around = torch.linspace(0, 2 * math.pi, 20_001)
    x = torch.stack([around.cos(), around.sin()], dim=1)
    rises = (x @ w.flatten()) / torch.linalg.vector_norm(x, ord=p, dim=1)
    assert Banach(p=p).dual_norm(w).item() == pytest.approx(rises.max().item(), rel=1e-4)


def wave(rows, columns):
    """An image of 8 x 8 pixels that is one frequency."""
    down, right = torch.meshgrid(torch.arange(8), torch.arange(8), indexing="ij")
    return torch.cos(2 * math.pi * (rows * down + columns * right) / 8)[None, None]


@pytest.mark.parametrize(("rows", "columns"), [(0, 0), (1, 0), (2, 3), (4, 4), (6, 1)])
@pytest.mark.parametrize("s", [-1.5, 2.0])
def test_a_frequency_is_scaled_by_its_height(rows, columns, s):
    x = wave(rows, columns)
    shares = [min(count, 8 - count) / 4 for count in (rows, columns)]  # of the highest, which is 4 in 8 pixels
    scale = (1 + 5 * (shares[0] ** 2 + shares[1] ** 2)) ** (s / 2)
    assert torch.allclose(sobolev(x, s, 5.0), scale * x, atol=1e-5 * scale)
    assert Banach(s=-s).dual_norm(x).item() == pytest.approx(scale * x.norm().item(), rel=1e-4)


def test_the_norms_are_dual():
    """|<g, x>| <= ||g||_* ||x||, with equality for one x."""
    torch.manual_seed(0)
    g, enforcer = torch.randn(1, 2, 8, 8), Banach(s=1.0)
    x = sobolev(sobolev(g, -1.0, 5.0), -1.0, 5.0)
    norm = sobolev(x, 1.0, 5.0).norm()
    assert (g * x).sum().item() == pytest.approx((enforcer.dual_norm(g) * norm).item(), rel=1e-5)
    other = torch.randn(100, 2, 8, 8)
    bound = enforcer.dual_norm(g) * sobolev(other, 1.0, 5.0).flatten(1).norm(dim=1)
    assert ((g * other).flatten(1).sum(dim=1).abs() <= bound).all()


def test_with_the_defaults_it_is_the_gradient_penalty():
    gp = ganzoo.load_zoo(disabled=["all"]).entry("lipschitz", "gp").component()
    real, fake = torch.randn(2, 5, 1, 8, 8)
    values = []
    for enforcer in (Banach(), gp):
        torch.manual_seed(0)
        values.append(enforcer.penalty(lambda x: x.pow(3).flatten(1).sum(dim=1), real=real, fake=fake).item())
    assert values[0] == pytest.approx(values[1], rel=1e-5)


def test_a_target_is_told_for_the_euclidean_norm_alone():
    assert Banach().target_slopes() == {"between": 1.0}
    assert Banach(p=3.0).target_slopes() == Banach(s=1.0).target_slopes() == {}


def test_a_sobolev_norm_of_points_is_refused():
    with pytest.raises(ganzoo.ConfigError, match="one of images") as refused:
        penalty(Banach(s=1.0), torch.randn(2))
    assert refused.value.hint == "--set lipschitz.s=0"
