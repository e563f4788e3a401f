"""Augmentations change samples before D sees them."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from torch import nn

from ganzoo.builtin.augmentations.ada import AdaptiveAugmentation
from ganzoo.builtin.augmentations.diffaug import DiffAugment
from ganzoo.contracts import Augmentation, DataSpec
from ganzoo.hookspecs import hookimpl


@dataclass(frozen=True)
class NoAugmentation(Augmentation):
    """Change nothing: D sees samples as they are.

    Nobody's invention.
    """

    def transform(self, data: DataSpec) -> nn.Module:
        return nn.Identity()


@hookimpl
def register_augmentations() -> Mapping[str, type[Augmentation]]:
    """Return the augmentations that ship with ganzoo."""
    return {"none": NoAugmentation, "diffaug": DiffAugment, "ada": AdaptiveAugmentation}
