"""Filters against SciPy's, and the nonlinearity between them."""

import math

import pytest
import torch
from ganzoo_stylegan3.filters import FilteredRectifier, design_filter
from scipy.signal import firwin


@pytest.mark.parametrize(
    ("taps", "cutoff", "width", "rate"), [(12, 4.0, 3.0, 32.0), (24, 2.0, 12.0, 64.0), (6, 8, 1, 32)]
)
def test_a_filter_is_that_of_kaiser(taps, cutoff, width, rate):
    expected = firwin(taps, cutoff, width=width, fs=rate)
    assert design_filter(taps, cutoff, width, rate).tolist() == pytest.approx(expected.tolist(), abs=1e-6)


def test_one_tap_changes_nothing():
    assert design_filter(1, 4.0, 1.0, 16.0) is None


def test_its_response_is_one_half_at_the_cutoff():
    taps = design_filter(64, 4.0, 2.0, 32.0)
    times = torch.arange(64) - 31.5
    response = [(taps * torch.cos(2 * math.pi * f / 32.0 * times)).sum().item() for f in (0.0, 4.0, 8.0)]
    assert response == pytest.approx([1.0, 0.5, 0.0], abs=0.01)


def test_raising_and_lowering_the_rate_keeps_a_wave_of_the_band():
    """A wave of 2 cycles on 32 pixels, at twice the rate and back without rectifier: the same wave further in."""
    taps = design_filter(24, 10.0, 8.0, 64.0)
    total = 31 * 2 + 1 - 32 * 2 + 24 + 24 - 2
    left = (total + 2) // 2
    through = FilteredRectifier(taps, taps, (2, 2), (left, total - left), 1.0)
    wave = torch.sin(2 * math.pi * 2 * torch.arange(32) / 32)
    x = wave.expand(1, 1, 32, 32)
    y = through(x)
    assert y.shape == x.shape
    assert torch.allclose(y[..., 12:-12, 12:-12], x[..., 12:-12, 12:-12], atol=0.02)
