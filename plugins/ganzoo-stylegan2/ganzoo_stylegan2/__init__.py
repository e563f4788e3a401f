"""StyleGAN2 for ganzoo: the model `stylegan2` and the recipe of that name. arXiv:1912.04958."""

from __future__ import annotations

from collections.abc import Mapping

from ganzoo import Model, hookimpl
from ganzoo_stylegan2.model import StyleGAN2

GANZOO_API = 1


@hookimpl
def register_models() -> Mapping[str, type[Model]]:
    """Return the model `stylegan2`."""
    return {"stylegan2": StyleGAN2}
