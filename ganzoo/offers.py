"""What can be asked for, before torch is imported: the names that ship, and which installed plugins may add to them."""

from __future__ import annotations

import os
from collections.abc import Collection, Mapping
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from importlib.metadata import EntryPoint

    from ganzoo.config import Kind
    from ganzoo.errors import ConfigError

NAMES: dict[Kind, tuple[str, ...]] = {
    "model": ("mlp", "dcgan", "resnet"),
    "loss": ("bce", "minimax", "lsgan", "wgan", "hinge"),
    "lipschitz": ("none", "clip", "gp", "lp", "dragan", "r1", "r1r2", "sn"),
    "conditioner": ("none", "cgan", "projection", "acgan"),
    "dataset": ("digits", "mnist", "fashion-mnist", "cifar10", "cifar100", "svhn", "stl10", "folder", "zip"),
    "features": ("digits-cnn", "photos-cnn", "inception", "dinov2", "clip", "vgg16"),
    "metric": ("fid", "fid-infinity", "is", "kid", "prc", "dc"),
    "engine": ("local", "ray"),
}
"""The built-in components, as help lists them; a test holds them to what the built-ins register."""


def find_plugins(disabled: Collection[str] = ()) -> list[tuple[EntryPoint, bool]]:
    """Return the installed plugins by name, and whether each is to be loaded; nothing is imported.

    `disabled` adds to the comma-separated names in GANZOO_DISABLE_PLUGINS.
    """
    from importlib.metadata import entry_points  # not at the top: help needs only names

    disabled = {*disabled, *filter(None, os.environ.get("GANZOO_DISABLE_PLUGINS", "").split(","))}
    points = sorted(entry_points(group="ganzoo"), key=lambda point: point.name)
    return [(point, point.name not in disabled) for point in points]


def check_names(values: Mapping[str, Any]) -> None:
    """Raise ConfigError if settings, "section.option" -> value, name a component that does not ship."""
    for kind, known in NAMES.items():
        for name in _asked(kind, values):
            if name not in known:
                raise unknown(kind, name, known)


def _asked(kind: Kind, values: Mapping[str, Any]) -> list[str]:
    """Names of one kind in settings; "auto" is that of the dataset's own extractor, which its class says."""
    if kind == "metric":
        return [name.strip() for name in str(values.get("eval.metrics", "")).split(",") if name.strip()]
    said = str(values.get(f"{kind}.name", "auto"))
    names = said.split("+") if kind == "lipschitz" else [said]  # only enforcers add up
    return [name for name in names if name != "auto"]


def unknown(kind: Kind, name: str, known: Collection[str]) -> ConfigError:
    """Return the error of a name that nobody offers, with the nearest that is known."""
    from ganzoo.errors import ConfigError
    from ganzoo.options import did_you_mean  # not at the top: it imports pydantic

    hint = f"ganzoo list {kind}  (shows all {len(known)})"
    return ConfigError(f"no {kind} is named {name!r}.{did_you_mean(name, known)}", hint=hint)
