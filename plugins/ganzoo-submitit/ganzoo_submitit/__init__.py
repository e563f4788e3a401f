"""SLURM for ganzoo: the engine `submitit`, which gives each cell of a grid to the cluster as a job."""

from collections.abc import Mapping

import ganzoo

GANZOO_API = 1


@ganzoo.hookimpl
def register_engines() -> "Mapping[str, type[ganzoo.Engine]]":
    """Return the engine."""
    from ganzoo_submitit.engine import (
        Submitit,  # not at the top: a job imports the package, and need not wait for torch
    )

    return {"submitit": Submitit}
