"""Adversarial losses for ganzoo: relativistic averages, contrasts, f-divergences, smoothed labels."""

from collections.abc import Mapping

import ganzoo
from ganzoo_losses.contrastive import DualContrastive
from ganzoo_losses.divergences import Hellinger, JensenShannon, KullbackLeibler, Pearson, ReverseKullbackLeibler
from ganzoo_losses.relativistic import RelativisticAverage, RelativisticHinge, RelativisticLeastSquares
from ganzoo_losses.smoothing import SmoothedLabels

GANZOO_API = 1


@ganzoo.hookimpl
def register_losses() -> Mapping[str, type[ganzoo.AdversarialLoss]]:
    """Return the losses of this package."""
    return {
        "ragan": RelativisticAverage,
        "ralsgan": RelativisticLeastSquares,
        "rahinge": RelativisticHinge,
        "dual-contrastive": DualContrastive,
        "fgan-kl": KullbackLeibler,
        "fgan-reverse-kl": ReverseKullbackLeibler,
        "fgan-pearson": Pearson,
        "fgan-hellinger": Hellinger,
        "fgan-js": JensenShannon,
        "label-smoothing": SmoothedLabels,
    }
