"""A component overrides a method of its contract if its class, or a class below the contract, has one of its own."""

import pytest

from ganzoo.builtin.lipschitz import GradientPenalty, SpectralNorm, WeightClipping
from ganzoo.contracts import LipschitzEnforcer, overrides


class MyPenalty(GradientPenalty):
    """A penalty that inherits its method."""


@pytest.mark.parametrize(
    ("component", "method"),
    [(GradientPenalty, "penalty"), (SpectralNorm, "constrain"), (WeightClipping, "project"), (MyPenalty, "penalty")],
)
def test_an_enforcer_overrides_the_one_method_that_it_works_by(component, method):
    for other in ("constrain", "penalty", "project"):
        assert overrides(component, other, LipschitzEnforcer) == (other == method)
        assert overrides(component(), other, LipschitzEnforcer) == (other == method)
