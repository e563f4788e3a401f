"""Quantiles of intervals."""

import pytest

from ganzoo.builtin.metrics.intervals import student_quantile


@pytest.mark.parametrize(("freedom", "tabled"), [(1, 12.7062), (2, 4.3027), (9, 2.2622), (30, 2.0423), (1000, 1.9623)])
def test_quantiles_of_student_are_the_tabled_ones(freedom, tabled):
    assert student_quantile(freedom) == pytest.approx(tabled, abs=5e-5)
