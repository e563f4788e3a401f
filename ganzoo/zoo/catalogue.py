"""The zoo: every component by its kind and name. Made once, then passed down; there is no global one."""

from __future__ import annotations

import inspect
from collections.abc import Collection
from dataclasses import dataclass, field, replace
from typing import Any

from ganzoo.errors import ConfigError, GanzooError, PluginError
from ganzoo.settings.docs import describe_options, find_sentence
from ganzoo.settings.kinds import ALL_KINDS, Kind
from ganzoo.settings.options import Option, check_values, did_you_mean, list_options, read_values
from ganzoo.settings.sections import Choice, RunConfig
from ganzoo.zoo.installed import ENABLE, Plugin, unknown_plugin
from ganzoo.zoo.names import KNOWN, spell_name, title, unknown
from ganzoo.zoo.part_options import HELP, add_options


@dataclass(frozen=True)
class Entry:
    """One component: its class, the name it is known by, and the plugin it comes from."""

    kind: Kind
    name: str
    """Name it is known by: "foo", or "foo@ganzoo-b" where another plugin has the name foo."""
    component: type
    plugin: str

    @property
    def summary(self) -> str:
        """First line of its docstring."""
        return (self.component.__doc__ or "").strip().partition("\n")[0]

    @property
    def schema(self) -> type:
        """Dataclass whose fields are its options: its own class; for a dataset also the options of a part of it."""
        return add_options(self.component) if self.kind == "dataset" else self.component

    @property
    def help(self) -> str:
        """Its docstring, and what its options mean that are not its own."""
        own = inspect.getdoc(self.component) or ""
        return f"{own}\n\n{HELP}" if self.kind == "dataset" else own

    @property
    def descriptions(self) -> dict[str, str]:
        """A sentence for each option: that below its field, else that of the docstring, else where it is described."""
        own, elsewhere = (
            describe_options(self.component),
            f"Option of {self.name}: ganzoo show {self.kind} {self.name}.",
        )
        return {o.name: own.get(o.name) or find_sentence(self.help, o.name) or elsewhere for o in self.options}

    @property
    def options(self) -> list[Option]:
        """Its options, in the order of its fields."""
        return list_options(self.schema)


@dataclass
class Zoo:
    """Components by kind and name, and the plugins that they come from."""

    plugins: list[Plugin] = field(default_factory=list)
    _entries: dict[Kind, dict[str, Entry]] = field(default_factory=lambda: {kind: {} for kind in ALL_KINDS})
    override: tuple[str, ...] = ()
    """Plugins whose components may take names that others have."""
    registered: list[Plugin] = field(default_factory=list, repr=False, compare=False)
    """Plugins as they were before their components took names here."""

    def entries(self, kind: Kind) -> list[Entry]:
        """Return the components of one kind, sorted by name."""
        return sorted(self._entries[kind].values(), key=lambda entry: entry.name)

    def all_entries(self) -> list[Entry]:
        """Return the components of all kinds."""
        return [entry for kind in ALL_KINDS for entry in self.entries(kind)]

    @property
    def names(self) -> dict[Kind, tuple[str, ...]]:
        """Names by which the components of each kind are known."""
        return {kind: tuple(entries) for kind, entries in self._entries.items()}

    def entry(self, kind: Kind, name: str) -> Entry:
        """Return one component, by its name or as name@plugin; `spell_name` says which names mean it too.

        Raises ConfigError, with the nearest name, if there is none; PluginError if a plugin that may have it is broken.
        """
        if (known := spell_name(kind, name, self._entries[kind])) in self._entries[kind]:
            return self._entries[kind][known]
        base, at, tag = name.partition("@")
        theirs = {plugin.name for plugin in self.plugins if plugin.answers_to(tag)}
        same = [e for e in self.entries(kind) if e.name.partition("@")[0] == base and e.plugin in theirs]
        if at and len(same) == 1:
            return same[0]
        raise self._missing(kind, base, tag)

    def plugin(self, name: str) -> Plugin:
        """Return one plugin, by any of its names. Raises ConfigError, with the nearest, if there is none."""
        for plugin in self.plugins:
            if plugin.name == name:
                return plugin
        for plugin in self.plugins:
            if plugin.answers_to(name):
                return plugin
        raise unknown_plugin(name, [plugin.name for plugin in self.plugins])

    def create(self, kind: Kind, choice: Choice, section: str = "") -> Any:
        """Construct the chosen component. Raises ConfigError if its name or an option is refused.

        `section` is where its options are written, [kind] unless given.
        """
        entry = self.entry(kind, choice.name)
        values = check_values(entry.schema, choice.options, section or kind)
        if kind != "dataset":
            return entry.component(**values)
        from ganzoo.zoo.parts import make_dataset  # not at the top: names and options need no torch

        return make_dataset(entry.component, values)

    def read_options(self, kind: Kind, choice: Choice) -> dict[str, Any]:
        """Return every option of the chosen component with its value. Raises ConfigError as `create` does."""
        entry = self.entry(kind, choice.name)
        return {o.name: o.default for o in entry.options} | check_values(entry.schema, choice.options, kind)

    def spell_options(self, kind: Kind, choice: Choice) -> Choice:
        """Return the choice with its values as its component takes them: 1e4 for a whole number is 10000."""
        if "+" in choice.name:
            parts = {part.name: dict(self.spell_options(kind, part).options) for part in choice.parts() if part.options}
            return replace(choice, options=parts)
        return replace(choice, options=read_values(self.entry(kind, choice.name).schema, choice.options))

    def create_parts(self, kind: Kind, choice: Choice) -> list[Any]:
        """Construct each component of a sum such as `sn+gp`. Raises ConfigError, also for a part named twice."""
        parts = choice.parts()
        if len({self.entry(kind, part.name).component for part in parts}) < len(parts):
            once = "+".join(dict.fromkeys(part.name for part in parts))
            raise ConfigError(f"{kind} {choice.name!r} names a part twice", hint=f"--{kind} {once}")
        return [self.create(kind, part, kind if part is choice else f"{kind}.{part.name}") for part in parts]

    def create_named(self, kind: Kind, run: RunConfig) -> dict[str, Any]:
        """Construct the components that a setting of a run names, such as eval.metrics, by name. Raises as `create`."""
        return {choice.name: self.create(kind, choice, f"{kind}.{choice.name}") for choice in run.named(kind)}

    def add(self, plugin: str, hook: str, kind: Kind, offered: Any) -> None:
        """Add what one hook of one plugin returned. Raises PluginError if it breaks the contract."""
        from ganzoo.zoo.checks import check_offer  # likewise

        check_offer(kind, hook, offered)
        self.register(Plugin(plugin, offered={kind: dict(offered)}))

    def register(self, plugin: Plugin) -> None:
        """Add a plugin and its components. One whose name is taken is known as name@plugin, and a remark says so."""
        self.registered.append(plugin)
        entries = [Entry(kind, n, cls, plugin.name) for kind, own in plugin.offered.items() for n, cls in own.items()]
        remarks = [plugin.remark, *(self._add_entry(entry, plugin) for entry in entries)]
        self.plugins.append(replace(plugin, remark="; ".join(filter(None, remarks))))
        self._name_components()

    def _name_components(self) -> None:
        """Give each plugin its components as they are known now; a broken one keeps those that it named."""
        known: dict[str, list[str]] = {}
        for entry in self.all_entries():
            known.setdefault(entry.plugin, []).append(f"{entry.kind} {entry.name}")
        self.plugins = [
            replace(plugin, components=tuple(known.get(plugin.name, ()))) if plugin.state == "ok" else plugin
            for plugin in self.plugins
        ]

    def _add_entry(self, entry: Entry, plugin: Plugin) -> str:
        """Add a component; returns a remark if it is not known by its name alone."""
        known = self._entries[entry.kind]
        holder = known.get(entry.name)
        if holder is None:
            known[entry.name] = entry
            return ""
        theirs = self.plugin(holder.plugin)
        if self._may_override(plugin) and not self._may_override(theirs):
            self._rename(holder, theirs)
            known[entry.name] = entry
            return ""
        address = self._rename(entry, plugin)
        whose = "built in" if theirs.builtin else f"that of {theirs.label}"
        return f"{entry.kind} {entry.name!r} is {whose} already; this one is {address!r}"

    def _rename(self, entry: Entry, plugin: Plugin) -> str:
        """Know a component as name@plugin from now on; returns that name."""
        address = f"{entry.name}@{'ganzoo' if plugin.builtin else plugin.tag}"
        if address in self._entries[entry.kind]:
            raise PluginError(f"{entry.kind} {address!r} is there twice: two plugins have one name", where=plugin.name)
        self._entries[entry.kind][address] = replace(entry, name=address)
        return address

    def check_overrides(self) -> None:
        """Raise PluginError if a plugin that is to replace others cannot; ConfigError if it is not there."""
        for plugin in map(self.plugin, self.override):
            if plugin.builtin:
                raise PluginError(
                    f"--override: {plugin.name} ships with ganzoo", hint="the name of a plugin, or FILE.py"
                )
            if plugin.state != "ok":
                raise PluginError(f"--override: {plugin.label} {_why_absent(plugin)}", hint="ganzoo plugins")

    def _may_override(self, plugin: Plugin) -> bool:
        return not plugin.builtin and any(plugin.answers_to(name) for name in self.override)

    def _missing(self, kind: Kind, name: str, tag: str) -> GanzooError:
        """Return the error for a name that no plugin has; a plugin that is broken or disabled may be the reason."""
        package = tag or KNOWN.get(kind, {}).get(name, "")
        absent = [plugin for plugin in self.plugins if plugin.state != "ok"]
        near = [plugin for plugin in absent if _may_offer(plugin, kind, name, package)]
        asked = f"{name}@{tag}" if tag else name
        if not near and not package and not did_you_mean(name, self._entries[kind]):
            near = absent
        return _absent(kind, asked, near) if near else unknown(kind, asked, self._entries[kind])


def _may_offer(plugin: Plugin, kind: Kind, name: str, package: str) -> bool:
    """Return whether a plugin is the package of a component, named it before it broke, or is called ganzoo-NAME."""
    named = bool(package) and plugin.answers_to(package)
    return named or f"{kind} {name}" in plugin.components or plugin.answers_to(f"ganzoo-{name}")


def _absent(kind: Kind, name: str, plugins: Collection[Plugin]) -> ConfigError | PluginError:
    """Return the error for a name that one of the plugins which did not load may have."""
    offers = [f"{plugin.label}, which may provide it, {_why_absent(plugin)}" for plugin in plugins]
    what = f"no {title(kind)} is named {name!r}; {'; '.join(offers)}"
    if broken := [plugin.name for plugin in plugins if plugin.state == "broken"]:
        return PluginError(what, hint=f"ganzoo plugins --traceback {broken[0]}")
    return ConfigError(what, hint=ENABLE)


def _why_absent(plugin: Plugin) -> str:
    return f"failed to load: {plugin.fault}" if plugin.state == "broken" else "is disabled"
