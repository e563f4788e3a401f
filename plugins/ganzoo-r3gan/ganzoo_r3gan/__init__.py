"""R3GAN for ganzoo: the loss `rpgan` and the model `r3gan`. Huang et al. 2024, arXiv:2501.05441."""

from collections.abc import Mapping

import ganzoo
from ganzoo_r3gan.loss import RelativisticPairing
from ganzoo_r3gan.model import R3GAN

GANZOO_API = 1


@ganzoo.hookimpl
def register_losses() -> Mapping[str, type[ganzoo.AdversarialLoss]]:
    """Return the relativistic pairing loss."""
    return {"rpgan": RelativisticPairing}


@ganzoo.hookimpl
def register_models() -> Mapping[str, type[ganzoo.Model]]:
    """Return the pair of networks without normalisation."""
    return {"r3gan": R3GAN}
