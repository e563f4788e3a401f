"""Projected GAN for ganzoo: the model `projected-gan`. Sauer et al. 2021, arXiv:2111.01007."""

from collections.abc import Mapping

import ganzoo
from ganzoo_projected.model import ProjectedGAN

GANZOO_API = 1


@ganzoo.hookimpl
def register_models() -> Mapping[str, type[ganzoo.Model]]:
    """Return the pair whose D reads frozen features."""
    return {"projected-gan": ProjectedGAN}
