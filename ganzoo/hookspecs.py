"""The extension points of ganzoo: one hook per kind.

A plugin is a module with functions of these names, marked `@ganzoo.hookimpl`, and an entry point in the
group "ganzoo". Each hook returns {name: class}: the name that recipes and flags use, and a frozen dataclass
that subclasses the contract of its kind. If two plugins offer one name, the second is known as name@plugin.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING

import pluggy

if TYPE_CHECKING:  # torch stays out, so that hook names can be listed fast
    from ganzoo.contracts import (
        AdversarialLoss,
        Augmentation,
        Conditioner,
        Dataset,
        Engine,
        FeatureExtractor,
        LipschitzEnforcer,
        Metric,
        Model,
        Observer,
        Regularizer,
        Schedule,
        UpdateRule,
    )

API_VERSION = 1
"""Version of hooks and contracts. A plugin that needs at least version 1 has GANZOO_API = 1 in its module."""

hookspec = pluggy.HookspecMarker("ganzoo")
hookimpl = pluggy.HookimplMarker("ganzoo")


@hookspec
def register_models() -> Mapping[str, type[Model]]:  # type: ignore[empty-body]
    """Return generator/discriminator pairs, e.g. {"dcgan": DCGAN}."""


@hookspec
def register_losses() -> Mapping[str, type[AdversarialLoss]]:  # type: ignore[empty-body]
    """Return adversarial losses, e.g. {"wgan": Wasserstein}."""


@hookspec
def register_lipschitz() -> Mapping[str, type[LipschitzEnforcer]]:  # type: ignore[empty-body]
    """Return Lipschitz enforcers, e.g. {"gp": GradientPenalty}."""


@hookspec
def register_conditioners() -> Mapping[str, type[Conditioner]]:  # type: ignore[empty-body]
    """Return conditioners, e.g. {"projection": Projection}."""


@hookspec
def register_augmentations() -> Mapping[str, type[Augmentation]]:  # type: ignore[empty-body]
    """Return augmentations of the samples that D sees, e.g. {"diffaug": DiffAugment}."""


@hookspec
def register_regularizers() -> Mapping[str, type[Regularizer]]:  # type: ignore[empty-body]
    """Return further terms of the losses, e.g. {"lecam": LeCam}."""


@hookspec
def register_optimizers() -> Mapping[str, type[UpdateRule]]:  # type: ignore[empty-body]
    """Return optimisers, e.g. {"adam": Adam}."""


@hookspec
def register_schedules() -> Mapping[str, type[Schedule]]:  # type: ignore[empty-body]
    """Return schedules of learning rates, e.g. {"cosine": Cosine}."""


@hookspec
def register_datasets() -> Mapping[str, type[Dataset]]:  # type: ignore[empty-body]
    """Return datasets, e.g. {"mnist": MNIST}."""


@hookspec
def register_features() -> Mapping[str, type[FeatureExtractor]]:  # type: ignore[empty-body]
    """Return feature extractors, e.g. {"inception": Inception}."""


@hookspec
def register_metrics() -> Mapping[str, type[Metric]]:  # type: ignore[empty-body]
    """Return metrics, e.g. {"fid": FrechetDistance}."""


@hookspec
def register_engines() -> Mapping[str, type[Engine]]:  # type: ignore[empty-body]
    """Return engines of grids, e.g. {"local": Local}."""


@hookspec
def register_observers() -> Mapping[str, type[Observer]]:  # type: ignore[empty-body]
    """Return observers, which a run tells what happens, e.g. {"csv": Csv}."""
