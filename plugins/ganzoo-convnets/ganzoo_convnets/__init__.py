"""Plain convolutional pairs for ganzoo: `sndcgan` of arXiv:1802.05957, `infogan` of arXiv:1606.03657."""

from collections.abc import Mapping

import ganzoo
from ganzoo_convnets.infogan import InfoGAN
from ganzoo_convnets.sndcgan import SNDCGAN

GANZOO_API = 1


@ganzoo.hookimpl
def register_models() -> Mapping[str, type[ganzoo.Model]]:
    """Return the pair of SNGAN's standard CNN and that of InfoGAN for MNIST."""
    return {"infogan": InfoGAN, "sndcgan": SNDCGAN}
