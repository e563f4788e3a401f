"""The nine kinds of components. No torch here, so that help can list them fast."""

from __future__ import annotations

from typing import Literal, get_args

Kind = Literal["model", "loss", "lipschitz", "conditioner", "augment", "dataset", "features", "metric", "engine"]
ALL_KINDS: tuple[Kind, ...] = get_args(Kind)
KINDS = ALL_KINDS[:-2]
"""Those of which a run chooses one; of metrics it takes several, and an engine is a grid's."""

DEFAULT_NAMES = {
    "model": "dcgan",
    "loss": "bce",
    "lipschitz": "none",
    "conditioner": "none",
    "augment": "none",
    "dataset": "digits",
    "features": "auto",  # the default of the dataset
}
