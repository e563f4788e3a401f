"""Engines: where the cells of a grid run."""

from __future__ import annotations

from typing import TYPE_CHECKING

from ganzoo.hookspecs import hookimpl

if TYPE_CHECKING:
    from ganzoo.contracts import Engine


@hookimpl
def register_engines() -> dict[str, type[Engine]]:
    """Return the engines for one machine and for a Ray cluster."""
    from ganzoo.builtin.engines.local import Local
    from ganzoo.builtin.engines.ray import RayCluster  # not at the top: a worker imports this room and needs no torch

    return {"local": Local, "ray": RayCluster}
