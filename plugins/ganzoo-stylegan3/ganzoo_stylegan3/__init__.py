"""StyleGAN3-T for ganzoo: the model `stylegan3`. Karras et al. 2021, arXiv:2106.12423."""

from collections.abc import Mapping

import ganzoo
from ganzoo_stylegan3.model import StyleGAN3

GANZOO_API = 1


@ganzoo.hookimpl
def register_models() -> Mapping[str, type[ganzoo.Model]]:
    """Return the pair with the alias-free generator."""
    return {"stylegan3": StyleGAN3}
