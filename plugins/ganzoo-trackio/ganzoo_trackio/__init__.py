"""An observer for ganzoo that keeps runs and grids in Trackio."""

from collections.abc import Mapping

import ganzoo
from ganzoo_trackio.observer import Trackio

GANZOO_API = 1


@ganzoo.hookimpl
def register_observers() -> Mapping[str, type[ganzoo.Observer]]:
    """Return the observer of this package."""
    return {"trackio": Trackio}
