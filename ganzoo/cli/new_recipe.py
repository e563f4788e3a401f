"""The recipe of a new package, and the commands that try its components."""

from __future__ import annotations

from collections.abc import Sequence

import tomli_w

from ganzoo.settings.kinds import NAMED_KINDS, Kind
from ganzoo.zoo.aliases import typed_flag

RECIPE_KINDS: tuple[Kind, ...] = ("model", "loss", "lipschitz")
"""Kinds that make up a method, so that a package with one of them has a recipe."""

_ADDED: tuple[Kind, ...] = ("conditioner", "augment", "regularizer", "dataset", "features")
_PARTNERS = {"model": "mlp", "loss": "hinge", "lipschitz": "sn"}


def write_recipe(component: str, kinds: Sequence[Kind]) -> str:
    """Return a recipe that trains the components of these kinds, beside built-in ones."""
    own = {kind: component for kind in (*RECIPE_KINDS, *_ADDED) if kind in kinds}
    tables = {kind: {"name": name} for kind, name in (_PARTNERS | own).items()}
    optim = {"lr_g": 2e-4, "lr_d": 2e-4, "beta1": 0.0, "beta2": 0.9, "batch_size": 64}
    source = "an example of ganzoo new plugin: say here which paper the values are from, and what departs"
    return tomli_w.dumps({"source": source, **tables, "optim": optim, "train": {"steps": 2000}})


def try_it(component: str, kinds: Sequence[Kind]) -> list[str]:
    """Return the commands that use the components of these kinds: a run, and for an engine a grid."""
    lines = [f"ganzoo compare --model mlp --seeds 0..1 --engine {component} --steps 50"] if "engine" in kinds else []
    words = [component] if any(kind in RECIPE_KINDS for kind in kinds) else []
    words += [f"--{kind} {component}" for kind in _ADDED if kind in kinds and not words]
    words += [typed_flag(kind, component) for kind in NAMED_KINDS if kind in kinds]
    return [" ".join(["ganzoo run", *words, "--steps 200"]), *lines] if words else lines
