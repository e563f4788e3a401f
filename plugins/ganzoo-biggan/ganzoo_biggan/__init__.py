"""BigGAN and BigGAN-deep for ganzoo. Brock et al. 2019, arXiv:1809.11096."""

from collections.abc import Mapping

import ganzoo
from ganzoo_biggan.model import BigGAN, BigGANDeep

GANZOO_API = 1


@ganzoo.hookimpl
def register_models() -> Mapping[str, type[ganzoo.Model]]:
    """Return the pair of BigGAN and the one with bottlenecks."""
    return {"biggan": BigGAN, "biggan-deep": BigGANDeep}
