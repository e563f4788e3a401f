"""The components under test: those that one package, or one file, registers."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from importlib.metadata import PackageNotFoundError, distribution
from pathlib import Path
from typing import Any

from ganzoo.errors import ConfigError, PluginError
from ganzoo.settings.kinds import Kind
from ganzoo.settings.options import did_you_mean, validate
from ganzoo.testing.expectations import Unchecked
from ganzoo.zoo.catalogue import Zoo
from ganzoo.zoo.installed import ENABLE, Plugin
from ganzoo.zoo.plugins import load_zoo

Options = Mapping[str, Mapping[str, Mapping[str, Any]]]
"""Options by kind and name, {"model": {"resnet": {"width_g": 8}}}, that make components small, or that they need."""


@dataclass(frozen=True, eq=False)
class Subject:
    """One component, with the options that it is tested with."""

    kind: Kind
    name: str
    component: type
    zoo: Zoo = field(repr=False)
    options: Mapping[str, Any] = field(default_factory=dict)
    beside: list[Subject] = field(default_factory=list, repr=False)
    """All components of its package, itself too."""

    @property
    def label(self) -> str:
        """Kind and name: "loss hinge"."""
        return f"{self.kind} {self.name}"

    def make(self) -> Any:
        """Construct it. Raises Unchecked if an option without default has no value."""
        required = [option.name for option in self.missing]
        if required:
            raise Unchecked(f"no value for {', '.join(required)}: --set {self.kind}.{self.name}.{required[0]}=VALUE")
        return validate(self.component, self.options, self.kind)

    @property
    def missing(self) -> list[Any]:
        """Options without default that have no value."""
        options = self.zoo.entry(self.kind, self.name).options
        return [option for option in options if option.shown_default == "required" and option.name not in self.options]


def load(target: str, override: Sequence[str] = ()) -> Zoo:
    """Load the plugins; a target FILE.py too. Raises PluginError if that file is broken."""
    return load_zoo(files=[Path(target)] if is_file(target) else [], override=override)


def is_file(target: str) -> bool:
    """Return whether a target is a single file."""
    return target.endswith(".py")


def find_subjects(zoo: Zoo, target: str, options: Options | None = None) -> list[Subject]:
    """Return the components of a distribution, an entry point, a module or a FILE.py; "ganzoo" is what ships.

    Raises PluginError if there is no such plugin, if it is broken or disabled, or if it registers nothing;
    ConfigError for options of a component that it does not register.
    """
    names = {plugin.name for plugin in find_plugins(zoo, target)}
    given = {(kind, name): values for kind, table in (options or {}).items() for name, values in table.items()}
    subjects: list[Subject] = []
    subjects += [
        Subject(entry.kind, entry.name, entry.component, zoo, given.pop((entry.kind, entry.name), {}), subjects)
        for entry in zoo.all_entries()
        if entry.plugin in names
    ]
    if not subjects:
        raise PluginError(
            f"plugin {target} registers nothing", hint="a function register_losses, marked @ganzoo.hookimpl"
        )
    if given:
        unknown = ", ".join(".".join(key) for key in given)
        raise ConfigError(f"options for {unknown}, which {target} does not register", hint="model.NAME.OPTION=VALUE")
    return subjects


def find_plugins(zoo: Zoo, target: str) -> list[Plugin]:
    """Return the plugins that a target means. Raises PluginError if there is none, or if one is not loaded."""
    found = _named(zoo, target)
    if not found:
        raise _not_found(zoo, target)
    for plugin in found:
        if plugin.state == "broken":
            what = f"plugin {plugin.name} does not load: {plugin.fault}"
            raise PluginError(what, hint=f"ganzoo plugins --traceback {plugin.name}")
        if plugin.state == "disabled":
            raise PluginError(f"plugin {plugin.name} is disabled", hint=ENABLE)
    return found


def _not_found(zoo: Zoo, target: str) -> PluginError:
    """Return the error for a package that is not installed, or that is installed without an entry point."""
    try:
        distribution(target)
    except (PackageNotFoundError, ValueError):
        nearest = did_you_mean(target, [plugin.name for plugin in zoo.plugins])
        what, hint = f"no plugin {target!r} is installed.{nearest}", "pip install -e . where its pyproject.toml is"
        return PluginError(what, hint=f"{hint}; or name a file: my_loss.py")
    what = f"{target} is installed, but has no entry point in the group ganzoo"
    hint = f'in its pyproject.toml, [project.entry-points.ganzoo] with {target} = "MODULE"; then install it again'
    return PluginError(what, hint=hint)


def _named(zoo: Zoo, target: str) -> list[Plugin]:
    """Return the plugins of a file, of a distribution or entry point, or of a module."""
    if is_file(target):
        return [plugin for plugin in zoo.plugins if plugin.name == Path(target).name]
    if found := [plugin for plugin in zoo.plugins if plugin.answers_to(target)]:
        return found
    names = {entry.plugin for entry in zoo.all_entries() if entry.component.__module__.partition(".")[0] == target}
    return [plugin for plugin in zoo.plugins if plugin.name in names]
