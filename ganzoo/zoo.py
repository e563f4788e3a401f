"""What the installed plugins offer, by kind and name. Made once, passed down; there is no global."""

from __future__ import annotations

import importlib
import importlib.util
import sys
from collections.abc import Collection, Iterable, Mapping
from dataclasses import dataclass, field, is_dataclass
from importlib.metadata import EntryPoint
from pathlib import Path
from types import ModuleType
from typing import Any

import pluggy

from ganzoo import contracts, hookspecs
from ganzoo.config import ALL_KINDS, Choice, Kind
from ganzoo.errors import ConfigError, PluginError
from ganzoo.offers import find_plugins, unknown
from ganzoo.options import Option, did_you_mean, list_options, validate

BUILTIN = (
    "ganzoo.builtin.models",
    "ganzoo.builtin.losses",
    "ganzoo.builtin.lipschitz",
    "ganzoo.builtin.conditioners",
    "ganzoo.builtin.datasets",
    "ganzoo.builtin.features",
    "ganzoo.builtin.metrics",
    "ganzoo.builtin.engines",
)

CONTRACTS: dict[Kind, tuple[str, type]] = {
    "model": ("register_models", contracts.Model),
    "loss": ("register_losses", contracts.AdversarialLoss),
    "lipschitz": ("register_lipschitz", contracts.LipschitzEnforcer),
    "conditioner": ("register_conditioners", contracts.Conditioner),
    "dataset": ("register_datasets", contracts.Dataset),
    "features": ("register_features", contracts.FeatureExtractor),
    "metric": ("register_metrics", contracts.Metric),
    "engine": ("register_engines", contracts.Engine),
}


@dataclass(frozen=True)
class Plugin:
    """One plugin and what became of it."""

    name: str
    version: str = ""
    state: str = "ok"
    """ok, broken or disabled."""
    fault: str = ""
    """Why it is broken; empty otherwise."""


@dataclass(frozen=True)
class Entry:
    """One component of the catalogue."""

    kind: Kind
    name: str
    component: type
    plugin: str

    @property
    def summary(self) -> str:
        """First line of its docstring."""
        return (self.component.__doc__ or "").strip().partition("\n")[0]

    @property
    def options(self) -> list[Option]:
        """Its options, in the order of its fields."""
        return list_options(self.component)


@dataclass
class Zoo:
    """The catalogue: components by kind and name, and the plugins they came from."""

    plugins: list[Plugin] = field(default_factory=list)
    _entries: dict[Kind, dict[str, Entry]] = field(default_factory=lambda: {kind: {} for kind in ALL_KINDS})

    def entries(self, kind: Kind) -> list[Entry]:
        """Return the components of one kind, sorted by name."""
        return sorted(self._entries[kind].values(), key=lambda entry: entry.name)

    def all_entries(self) -> list[Entry]:
        """Return the components of all kinds."""
        return [entry for kind in ALL_KINDS for entry in self.entries(kind)]

    def entry(self, kind: Kind, name: str) -> Entry:
        """Return one component. Raises ConfigError, with the nearest name, if there is none."""
        known = self._entries[kind]
        if name in known:
            return known[name]
        broken = [plugin for plugin in self.plugins if plugin.state == "broken"]
        if broken and not did_you_mean(name, known):
            faults = "; ".join(f"{plugin.name}: {plugin.fault}" for plugin in broken)
            what = f"no {kind} is named {name!r}, but a plugin that may offer it failed to load: {faults}"
            raise PluginError(what, hint="ganzoo plugins")
        raise unknown(kind, name, known)

    def create(self, kind: Kind, choice: Choice) -> Any:
        """Construct the chosen component. Raises ConfigError if its name or an option is refused."""
        return validate(self.entry(kind, choice.name).component, choice.options, kind)

    def create_parts(self, kind: Kind, choice: Choice) -> list[Any]:
        """Construct each component of a sum such as `sn+gp`. Raises ConfigError, also for a part named twice."""
        parts = choice.parts()
        if len({part.name for part in parts}) < len(parts):
            raise ConfigError(f"{kind} {choice.name!r} names a part twice", hint="name each part once: sn+gp")
        return [self.create(kind, part) for part in parts]

    def add(self, plugin: str, hook: str, kind: Kind, offered: Any) -> None:
        """Take what one hook of one plugin returned. Raises PluginError if it breaks the contract."""
        if not isinstance(offered, Mapping):
            raise PluginError(f"{hook} must return {{name: class}}, not {offered!r}")
        for name, component in offered.items():
            if fault := _fault(component, CONTRACTS[kind][1]):
                raise PluginError(f"{kind} {name!r} {fault}")
            if (other := self._entries[kind].get(name)) is not None:
                raise PluginError(f"{kind} {name!r} is registered by {other.plugin!r} and by {plugin!r}: rename one")
        self._entries[kind] |= {name: Entry(kind, name, cls, plugin) for name, cls in offered.items()}


def _fault(component: Any, contract: type) -> str:
    """Why this object cannot be a component of this kind; empty if it can."""
    if not isinstance(component, type):
        return f"is an object, not a class: register {type(component).__name__} without parentheses"
    if not issubclass(component, contract):
        return f"does not subclass ganzoo.{contract.__name__}"
    if not is_dataclass(component):
        return "is not a dataclass: add @dataclass(frozen=True)"
    missing = sorted(getattr(component, "__abstractmethods__", ()))
    return f"does not implement {', '.join(missing)}" if missing else ""


def load_zoo(*, files: Iterable[Path] = (), disabled: Collection[str] = ()) -> Zoo:
    """Load the built-ins, the installed plugins and single files. A broken plugin stays out, with its reason.

    `disabled` adds to the comma-separated names in GANZOO_DISABLE_PLUGINS. A broken single file is an
    error at once (PluginError): it was asked for.
    """
    zoo = Zoo()
    for name in BUILTIN:
        zoo.plugins.append(_register(zoo, name.rpartition(".")[2], importlib.import_module(name)))
    for point, enabled in find_plugins(disabled):
        zoo.plugins.append(_load(zoo, point) if enabled else Plugin(point.name, _version(point), "disabled"))
    for path in files:
        zoo.plugins.append(_load_file(zoo, path))
    return zoo


def _load(zoo: Zoo, point: EntryPoint) -> Plugin:
    """Import and register one installed plugin; whatever it raises is its fault alone."""
    try:
        return _register(zoo, point.name, point.load(), _version(point))
    except KeyboardInterrupt:
        raise
    except BaseException as error:  # a plugin may even call sys.exit
        return Plugin(point.name, _version(point), "broken", f"{type(error).__name__}: {error}")


def _version(point: EntryPoint) -> str:
    return point.dist.version if point.dist is not None else ""


def _register(zoo: Zoo, name: str, module: ModuleType, version: str = "") -> Plugin:
    """Collect the components of one module. Raises PluginError, and takes none, if any breaks a contract."""
    manager = pluggy.PluginManager("ganzoo")
    manager.add_hookspecs(hookspecs)
    manager.register(module, name)
    try:
        manager.check_pending()  # pluggy ignores a misspelt hook in silence
    except pluggy.PluginValidationError as error:
        hooks = ", ".join(hook for hook, _ in CONTRACTS.values())
        raise PluginError(f"{error}; the hooks are {hooks}", where=name) from error
    staged = Zoo(_entries={kind: dict(known) for kind, known in zoo._entries.items()})
    for kind, (hook, _) in CONTRACTS.items():
        for implementation in getattr(manager.hook, hook).get_hookimpls():
            staged.add(name, hook, kind, implementation.function())
    zoo._entries = staged._entries
    return Plugin(name, version)


def _load_file(zoo: Zoo, path: Path) -> Plugin:
    """Import and register a single file. Raises PluginError, whatever the file raises."""
    module = _import_file(path)
    try:
        return _register(zoo, path.name, module)
    except PluginError:
        raise
    except (Exception, SystemExit) as error:
        what = f"a hook of the plugin fails: {type(error).__name__}: {error}"
        raise PluginError(what, where=str(path)) from error


def _import_file(path: Path) -> ModuleType:
    """Import a plugin that is a single file. Raises PluginError."""
    name = f"ganzoo_file_{path.stem}"  # the prefix keeps a plugin json.py from standing in for the library's
    spec = importlib.util.spec_from_file_location(name, path)
    if spec is None or spec.loader is None or not path.is_file():
        raise PluginError("--plugin takes a Python file", where=str(path), hint="--plugin my_loss.py")
    module = importlib.util.module_from_spec(spec)
    sys.modules[name] = module  # where dataclasses and type hints look their module up
    try:
        spec.loader.exec_module(module)
    except (Exception, SystemExit) as error:
        del sys.modules[name]
        what = f"the plugin does not import: {type(error).__name__}: {error}"
        raise PluginError(what, where=str(path)) from error
    return module
