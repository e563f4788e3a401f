"""An observer for ganzoo that keeps runs and grids in MLflow."""

from collections.abc import Mapping

import ganzoo
from ganzoo_mlflow.observer import MLflow

GANZOO_API = 1


@ganzoo.hookimpl
def register_observers() -> Mapping[str, type[ganzoo.Observer]]:
    """Return the observer of this package."""
    return {"mlflow": MLflow}
