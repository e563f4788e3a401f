"""Lipschitz enforcers for ganzoo: bounds on the slope of the discriminator."""

from collections.abc import Mapping

import ganzoo
from ganzoo_enforcers.banach import Banach
from ganzoo_enforcers.bjorck import Bjorck
from ganzoo_enforcers.ct import ConsistencyTerm
from ganzoo_enforcers.gradient_normalization import GradientNormalization
from ganzoo_enforcers.penalties import MaxGradientPenalty, WassersteinDivergence, ZeroCentred

GANZOO_API = 1


@ganzoo.hookimpl
def register_lipschitz() -> Mapping[str, type[ganzoo.LipschitzEnforcer]]:
    """Return the enforcers of this package."""
    return {
        "0-gp": ZeroCentred,
        "banach": Banach,
        "bjorck": Bjorck,
        "ct": ConsistencyTerm,
        "gn": GradientNormalization,
        "max-gp": MaxGradientPenalty,
        "wgan-div": WassersteinDivergence,
    }
