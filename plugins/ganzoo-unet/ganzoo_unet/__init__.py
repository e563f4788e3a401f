"""U-Net GAN for ganzoo: the model `unetgan` and the regularizer `cutmix`. Schonfeld et al. 2020, arXiv:2002.12655."""

from collections.abc import Mapping

import ganzoo
from ganzoo_unet.cutmix import CutMix
from ganzoo_unet.model import UNetGAN

GANZOO_API = 1


@ganzoo.hookimpl
def register_models() -> Mapping[str, type[ganzoo.Model]]:
    """Return the pair whose D judges pixels too."""
    return {"unetgan": UNetGAN}


@ganzoo.hookimpl
def register_regularizers() -> Mapping[str, type[ganzoo.Regularizer]]:
    """Return the consistency under CutMix."""
    return {"cutmix": CutMix}
