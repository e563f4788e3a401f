"""An observer for ganzoo that keeps runs and grids in Weights & Biases."""

from collections.abc import Mapping

import ganzoo
from ganzoo_wandb.observer import Wandb

GANZOO_API = 1


@ganzoo.hookimpl
def register_observers() -> Mapping[str, type[ganzoo.Observer]]:
    """Return the observer of this package."""
    return {"wandb": Wandb}
