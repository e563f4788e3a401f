"""MS-SSIM against an implementation of its own by NumPy and SciPy."""

import numpy as np
import pytest
import torch
from ganzoo_metrics import StructuralSimilarity
from ganzoo_metrics.ms_ssim import as_bytes, count_scales, ms_ssim
from scipy.ndimage import gaussian_filter
from sets import Formula

import ganzoo


def images(n, side, seed=0, channels=1):
    return torch.rand(n, channels, side, side, generator=torch.Generator().manual_seed(seed)) * 2 - 1


def slow_ms_ssim(x, y, scales):
    """One channel, float64: Gaussian windows by SciPy, of which the inner ones are kept."""
    weights = np.array([0.0448, 0.2856, 0.3001, 0.2363, 0.1333])[:scales]
    product, inner = 1.0, (slice(5, -5), slice(5, -5))
    for j, weight in enumerate(weights / weights.sum()):

        def mean(image):
            return gaussian_filter(image, 1.5, radius=5)[inner]

        mx, my = mean(x), mean(y)
        vx, vy, cov = mean(x * x) - mx**2, mean(y * y) - my**2, mean(x * y) - mx * my
        c1, c2 = (0.01 * 255) ** 2, (0.03 * 255) ** 2
        values = (2 * cov + c2) / (vx + vy + c2)
        if j == scales - 1:
            values = values * (2 * mx * my + c1) / (mx**2 + my**2 + c1)
        product *= values.mean() ** weight
        even = len(x) // 2 * 2
        x, y = (each[:even, :even].reshape(even // 2, 2, -1, 2).mean(axis=(1, 3)) for each in (x, y))
    return product


@pytest.mark.parametrize(("side", "scales"), [(16, 1), (32, 2), (48, 3), (176, 5)])
def test_it_is_that_of_another_implementation(side, scales):
    x = as_bytes(images(2, side))
    y = as_bytes((images(2, side) + 0.4 * images(2, side, seed=1)).clamp(-1, 1))
    assert count_scales(x) == scales
    expected = [slow_ms_ssim(a[0].numpy(), b[0].numpy(), scales) for a, b in zip(x, y, strict=True)]
    assert ms_ssim(x, y, scales).tolist() == pytest.approx(expected, rel=1e-9)


def test_equal_images_have_1_and_contrary_ones_0():
    x = as_bytes(images(2, 32))
    assert ms_ssim(x, x, 2).tolist() == pytest.approx([1, 1])
    assert ms_ssim(x, 255 - x, 2).tolist() == [0, 0]


def score(sampler, **options):
    (named,) = StructuralSimilarity(**options).compute_generator(sampler).items()
    return named


def test_a_collapsed_generator_has_1_and_a_varied_one_less():
    torch.manual_seed(0)
    name, collapsed = score(Formula(lambda z, y: images(1, 32).expand(len(z), 1, 32, 32)), pairs=8)
    assert name == "MS-SSIM-2"
    assert (collapsed.value, collapsed.low, collapsed.high) == pytest.approx((1, 1, 1))
    pattern = images(4, 32)
    _, varied = score(Formula(lambda z, y: torch.tanh(torch.einsum("nz,zchw->nchw", z, pattern))), pairs=64)
    assert varied.low < varied.value < varied.high < 0.9


def test_pairs_are_of_one_class_and_classes_in_turn():
    pattern = images(3, 32)
    sampler = Formula(lambda z, y: pattern[y], num_classes=3)
    assert score(sampler, pairs=9)[1].value == pytest.approx(1)  # one image of each class
    assert [y.tolist() for y in sampler.asked] == [[0, 1, 2] * 3] * 2


@pytest.mark.parametrize("shape", [(2,), (1, 8, 8)])
def test_what_has_no_room_for_a_window_is_refused(shape):
    with pytest.raises(ganzoo.EvaluationError, match="11 x 11"):
        score(Formula(lambda z, y: torch.zeros(len(z), *shape)))
