"""SAGAN for ganzoo: the model `sagan`. Zhang et al. 2018, arXiv:1805.08318."""

from collections.abc import Mapping

import ganzoo
from ganzoo_sagan.model import SAGAN

GANZOO_API = 1


@ganzoo.hookimpl
def register_models() -> Mapping[str, type[ganzoo.Model]]:
    """Return the pair with self-attention."""
    return {"sagan": SAGAN}
