"""What can be asked for, before torch is imported: the names that ship, and which installed plugins may add to them."""

from __future__ import annotations

import os
import re
from collections.abc import Collection, Iterable, Mapping
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any, Literal

if TYPE_CHECKING:
    from importlib.metadata import Distribution, EntryPoint

    from ganzoo.errors import ConfigError
    from ganzoo.settings.kinds import Kind

NAMES: dict[Kind, tuple[str, ...]] = {
    "model": ("mlp", "dcgan", "resnet"),
    "loss": ("bce", "minimax", "lsgan", "wgan", "hinge"),
    "lipschitz": ("none", "clip", "gp", "lp", "dragan", "r1", "r1r2", "sn"),
    "conditioner": ("none", "cgan", "projection", "acgan"),
    "augment": ("none", "diffaug", "ada"),
    "dataset": (
        *("digits", "mnist", "fashion-mnist", "cifar10", "cifar100", "svhn", "stl10", "folder", "zip"),
        *("gaussians8", "gaussians25", "swissroll", "stacked-digits"),
    ),
    "features": (
        *("digits-cnn", "photos-cnn", "inception", "dinov2", "clip", "vgg16"),
        *("points", "gaussians8", "gaussians25", "stacked-digits"),
    ),
    "metric": ("fid", "fid-infinity", "is", "kid", "prc", "dc", "modes", "w1"),
    "engine": ("local", "ray"),
}
"""The built-in components, as help lists them; a test holds them to what the built-ins register."""


KNOWN: Mapping[str, Mapping[str, str]] = {
    "model": {"r3gan": "ganzoo-r3gan", "sagan": "ganzoo-sagan", "stylegan2": "ganzoo-stylegan2"},
    "loss": {"rpgan": "ganzoo-r3gan"},
    "recipe": {name + size: f"ganzoo-{name}" for name in ("r3gan", "sagan", "stylegan2") for size in ("", "_small")},
}
"""What packages bring that do not ship with ganzoo: kind -> name -> package."""


ENABLE = "without --no-plugin and GANZOO_DISABLE_PLUGINS"
"""What to do about a plugin that is disabled."""


@dataclass(frozen=True)
class Installed:
    """An installed plugin, not imported."""

    name: str
    """That of its distribution, which pip knows; `distribution:point` where one has several entry points."""
    version: str = ""
    point: EntryPoint | None = None
    """None where the metadata cannot be read."""
    enabled: bool = True
    fault: str = ""
    """Why it cannot even be imported; empty otherwise."""

    @property
    def aliases(self) -> tuple[str, ...]:
        """What it may be called by beside its name: that of its distribution, that of its entry point."""
        names = dict.fromkeys([self.name.partition(":")[0], self.point.name if self.point else self.name])
        return tuple(name for name in names if name != self.name)

    def answers_to(self, name: str) -> bool:
        """Whether a user who types this name means it; "all" and "1" are everything that is installed."""
        return name in ("all", "1") or answers(name, (self.name, *self.aliases))


def answers(name: str, aliases: Iterable[str]) -> bool:
    """Whether a plugin of these names is meant; case, `-`, `_` and `.` are alike, as they are to pip."""
    return _plain(name) in map(_plain, aliases)


def _plain(name: str) -> str:
    return re.sub(r"[-_.]+", "-", name).lower()


def find_plugins(disabled: Collection[str] = ()) -> list[Installed]:
    """Return the installed plugins by name, and whether each is to be loaded; nothing is imported.

    `disabled` adds to the comma-separated names in GANZOO_DISABLE_PLUGINS; "all" and "1" are all of them. Raises
    ConfigError if `disabled` names a plugin that is not installed; the variable may, since it outlives what it names.
    """
    plugins = _read_plugins()
    for name in disabled:
        if name not in ("all", "1") and not any(plugin.answers_to(name) for plugin in plugins):
            raise unknown_plugin(name, [plugin.name for plugin in plugins])
    off = {*disabled, *filter(None, map(str.strip, os.environ.get("GANZOO_DISABLE_PLUGINS", "").split(",")))}
    return [replace(plugin, enabled=not any(map(plugin.answers_to, off))) for plugin in plugins]


def _read_plugins() -> list[Installed]:
    """Plugins of all distributions on the path; of two of the same name the first counts, as it does for Python."""
    from importlib.metadata import distributions  # not at the top: help needs only names

    found: dict[str, list[Installed]] = {}
    for distribution in distributions():
        if plugins := _read_distribution(distribution):
            found.setdefault(_plain(plugins[0].name.partition(":")[0]), plugins)
    return sorted((plugin for plugins in found.values() for plugin in plugins), key=lambda plugin: plugin.name)


def _read_distribution(distribution: Distribution) -> list[Installed]:
    """Plugins of one distribution; files that are damaged make it a broken one, if it can be named."""
    try:
        if "[ganzoo]" not in (distribution.read_text("entry_points.txt") or ""):
            return []
    except UnicodeDecodeError:  # neither can be said what it was
        return []
    name, version = (_read_field(distribution, key) for key in ("Name", "Version"))
    points = _read_points(distribution)
    if not (name and points):
        fault = f"its {'entry_points.txt' if name else 'METADATA'} is damaged: install it again"
        known = name or next(iter(points), "")
        return [Installed(known, version, fault=fault)] if known else []
    return [
        Installed(f"{name}:{point}" if len(points) > 1 else name, version, points[point], fault=_fault(points[point]))
        for point in points
    ]


def _read_field(distribution: Distribution, key: str) -> str:
    """A field of METADATA; empty where it is damaged."""
    try:
        return str(distribution.metadata[key] or "") if key in distribution.metadata else ""
    except Exception:  # whatever the parser raises
        return ""


def _read_points(distribution: Distribution) -> dict[str, EntryPoint]:
    """Entry points by name; none where they are damaged."""
    try:
        points = {point.name: point for point in distribution.entry_points if point.group == "ganzoo"}
    except Exception:  # whatever the parser raises
        return {}
    return {name: points[name] for name in sorted(points)}


def _fault(point: EntryPoint) -> str:
    return "" if point.pattern.match(point.value) else f"its entry point {point.value!r} is no module"


def tolerate_damage() -> None:
    """From here on a package whose entry_points.txt is damaged has none, for all of this process.

    torch, triton and pydantic look through those of every package for extensions of their own, and would fail.
    """
    from importlib.metadata import Distribution, EntryPoints

    read: Any = vars(Distribution)["entry_points"].fget

    def read_or_none(distribution: Distribution) -> EntryPoints:
        try:
            return read(distribution)  # type: ignore[no-any-return]
        except Exception:  # whatever the parser raises
            return EntryPoints()

    Distribution.entry_points = property(read_or_none)  # type: ignore[assignment,method-assign]


def unknown_plugin(name: str, known: Collection[str]) -> ConfigError:
    """Return the error of a plugin that is not installed, with the nearest that is."""
    from ganzoo.errors import ConfigError
    from ganzoo.settings.options import did_you_mean

    return ConfigError(f"no plugin is named {name!r}.{did_you_mean(name, known)}", hint="ganzoo plugins")


def check_names(values: Mapping[str, Any]) -> None:
    """Raise ConfigError if settings, "section.option" -> value, name a component that does not ship."""
    for kind, known in NAMES.items():
        for name in _asked(kind, values):
            if name.removesuffix("@ganzoo") not in known:
                raise unknown(kind, name, known)


def _asked(kind: Kind, values: Mapping[str, Any]) -> list[str]:
    """Names of one kind in settings; "auto" is that of the dataset's own extractor, which its class says."""
    if kind == "metric":
        return [name.strip() for name in str(values.get("eval.metrics", "")).split(",") if name.strip()]
    said = str(values.get(f"{kind}.name", "auto"))
    names = said.split("+") if kind == "lipschitz" else [said]  # only enforcers add up
    return [name for name in names if name != "auto"]


def unknown(kind: Kind | Literal["recipe"], name: str, known: Collection[str]) -> ConfigError:
    """Return the error of a name that nobody offers: with the package that would, or the nearest that is known."""
    from ganzoo.errors import ConfigError
    from ganzoo.settings.options import did_you_mean  # not at the top: it imports pydantic

    if package := KNOWN.get(kind, {}).get(name):
        what = f"no {kind} is named {name!r}; the package {package} provides it"
        return ConfigError(what, hint=f"in a checkout of ganzoo: pip install ./plugins/{package}")
    hint = f"ganzoo list {kind}  (shows all {len(known)})"
    return ConfigError(f"no {kind} is named {name!r}.{did_you_mean(name, known)}", hint=hint)
