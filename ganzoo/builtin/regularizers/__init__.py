"""Regularizers add terms to the losses."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from ganzoo.builtin.regularizers.consistency import BalancedConsistency, LatentConsistency
from ganzoo.builtin.regularizers.lecam import LeCam
from ganzoo.contracts import Regularizer
from ganzoo.hookspecs import hookimpl


@dataclass(frozen=True)
class NoRegularizer(Regularizer):
    """Add nothing to either loss.

    Nobody's invention.
    """


@hookimpl
def register_regularizers() -> Mapping[str, type[Regularizer]]:
    """Return the regularizers that ship with ganzoo."""
    return {"none": NoRegularizer, "lecam": LeCam, "bcr": BalancedConsistency, "zcr": LatentConsistency}
