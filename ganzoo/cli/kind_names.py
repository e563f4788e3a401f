"""Kinds of components as people type them: in any case, in the plural, and by other words."""

from __future__ import annotations

from typing import Any

import click

from ganzoo.settings.kinds import ALL_KINDS
from ganzoo.settings.spelling import fold, spell

KINDS_AND_RECIPE = (*ALL_KINDS, "recipe")
_WORDS = {
    "model": "models network networks architecture arch",
    "loss": "losses objective",
    "lipschitz": "enforcer enforcers penalty penalties constraint",
    "conditioner": "conditioners conditioning condition",
    "augment": "augmentation augmentations augments aug",
    "regularizer": "regularizers regulariser regularisers regularization regularisation reg",
    "optimizer": "optimizers optimiser optimisers optim",
    "schedule": "schedules lr-schedule lr-schedules decay",
    "dataset": "datasets data",
    "features": "feature extractor extractors",
    "metric": "metrics score scores",
    "engine": "engines",
    "observer": "observers watcher watchers callback callbacks logger loggers tracker trackers",
    "recipe": "recipes configs config method methods",
}


def read_kind(text: str) -> str:
    """Return the kind that a word means; empty if it means none."""
    if (kind := spell(text, KINDS_AND_RECIPE)) in KINDS_AND_RECIPE:
        return kind
    return next((kind for kind, words in _WORDS.items() if fold(text) in words.split()), "")


class KindName(click.Choice[str]):
    """A kind of component, or `recipe`."""

    def __init__(self) -> None:
        super().__init__(KINDS_AND_RECIPE)

    def convert(self, value: Any, param: click.Parameter | None, ctx: click.Context | None) -> str:
        """Return the kind."""
        return super().convert(read_kind(value) or value, param, ctx)
