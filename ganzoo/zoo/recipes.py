"""Recipes: one TOML file is one method with all its settings and their source; `settle` says what overrides what."""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterable, Iterator, Mapping
from contextlib import suppress
from dataclasses import dataclass, replace
from pathlib import Path
from shlex import quote
from typing import Any

from ganzoo.errors import ConfigError
from ganzoo.settings.dataset_paths import name_reader
from ganzoo.settings.kinds import DEFAULT_NAMES, Kind
from ganzoo.settings.merge import Layer, Origin, Settings, resolve
from ganzoo.settings.options import did_you_mean
from ganzoo.settings.sections import SECTIONS
from ganzoo.settings.spelling import spell
from ganzoo.settings.toml import flatten, read_toml
from ganzoo.zoo.aliases import find_kinds, typed_flag
from ganzoo.zoo.installed import find_plugins
from ganzoo.zoo.names import KNOWN, NAMES, spell_names, title, unknown

_METHOD: tuple[Kind, ...] = ("loss", "lipschitz", "conditioner", "augment", "regularizer")
"""Kinds that make up a method."""


@dataclass(frozen=True)
class Recipe:
    """A named set of settings."""

    name: str
    source: str
    """Paper that the values are from, and what departs from it."""
    values: Mapping[str, Any]
    """Settings, "section.option" -> value."""
    path: Path
    plugin: str = ""
    """Name of the plugin that brings it; empty if it ships with ganzoo."""
    fault: str = ""
    """Reason why the file cannot be read; empty if it can."""

    @property
    def layer(self) -> Layer:
        """Its settings as a layer, with the recipe as their origin."""
        return Layer(Origin(f"recipe {self.name}", self.source), self.values)

    def component(self, kind: Kind) -> str:
        """Return the component that the recipe names for this kind, else the default."""
        return str(self.values.get(f"{kind}.name", DEFAULT_NAMES[kind]))


def folder() -> Path:
    """Return where the shipped recipes lie: inside the installed package, or at the top of a checkout."""
    package = Path(__file__).parents[1]
    installed = package / "configs"
    return installed if installed.is_dir() else package.parent / "configs"


def read_recipe(path: Path) -> Recipe:
    """Read one recipe file. Raises ConfigError if it cannot be read."""
    tables = read_toml(path)
    source = str(tables.pop("source", ""))
    return Recipe(path.stem, source, flatten(tables), path)


def list_recipes() -> list[Recipe]:
    """Return the shipped recipes, then those of installed plugins, each sorted by name."""
    shipped = [read_recipe(path) for path in sorted(folder().glob("*.toml"))]
    folders = {path: plugin for plugin, path in _plugin_folders()}  # once, however many entry points lead there
    return shipped + [
        _read_brought(path, plugin) for place, plugin in folders.items() for path in sorted(place.glob("*.toml"))
    ]


def _plugin_folders() -> Iterator[tuple[str, Path]]:
    """Yield the folder `recipes` of each installed plugin that is a package. No plugin is imported."""
    from importlib.util import find_spec  # not at the top: help needs no recipes

    for plugin in find_plugins():
        if plugin.state != "ok" or plugin.point is None:
            continue
        with suppress(ImportError, ValueError):  # the module is not there; loading the plugin says so
            spec = find_spec(plugin.point.module.partition(".")[0])
            for package in spec.submodule_search_locations or () if spec else ():
                yield plugin.name, Path(package, "recipes")


def _read_brought(path: Path, plugin: str) -> Recipe:
    """Read a plugin's recipe. If it cannot be read, its fault says why; runs that do not ask for it go on."""
    try:
        return replace(read_recipe(path), plugin=plugin)
    except ConfigError as error:
        return Recipe(path.stem, "", {}, path, plugin, fault=error.what)


def find_recipe(text: str) -> Recipe:
    """Return the recipe of this name in any case, shipped before a plugin's, or the one in a file of this path.

    Raises ConfigError for an unknown name or an unreadable file.
    """
    known: dict[str, Recipe] = {}
    for recipe in list_recipes():
        known.setdefault(recipe.name, recipe)
    name = spell(text, known)
    if name in known:
        if fault := known[name].fault:
            raise ConfigError(fault, where=str(known[name].path), hint=f"ganzoo plugins  ({known[name].plugin})")
        return known[name]
    if text.endswith(".toml"):
        return read_recipe(Path(text))
    if text in KNOWN["recipe"]:
        raise unknown("recipe", text, known)
    raise _no_recipe(text, known)


def _no_recipe(text: str, known: Collection[str]) -> ConfigError:
    """Return the error for a word that is no recipe: a component, a run, images, or a name that is misspelt."""
    hint = f"ganzoo list recipe  (shows all {len(known)}), or the path of a .toml file"
    what, path = f"no recipe is named {text!r}", Path(text).expanduser()
    kind, equals, name = text.partition("=")
    if equals and kind in DEFAULT_NAMES:
        return ConfigError(f"{what}: a component is chosen by a flag", hint=f"--{kind} {quote(name)}; {hint}")
    if components := find_kinds(text):
        kind, name = components[0]
        return ConfigError(f"{what}: it is the {title(kind)} {name}", hint=f"{typed_flag(kind, name)}; {hint}")
    if (path / "recipe.toml").is_file():
        again = f"ganzoo run {quote(str(path / 'recipe.toml'))} (a new run with its settings)"
        return ConfigError(f"{what}: it is a run", hint=f"ganzoo resume {quote(text)}; {again}")
    if name_reader(path):
        return ConfigError(f"{what}: there are data of this name", hint=f"--dataset {quote(text)}; {hint}")
    return ConfigError(f"{what}.{did_you_mean(text, known)}", hint=hint)


def settle(
    *,
    recipe: Recipe | None = None,
    flags: Mapping[str, Any] | None = None,
    sets: Mapping[str, Any] | None = None,
    known: Mapping[Kind, Collection[str]] = NAMES,
) -> Settings:
    """Merge everything that can say a setting into one checked configuration. A later layer goes before an earlier one.

    `known` are the names of components, by which those that are typed are spelt.
    Raises ConfigError for a setting that is unknown or refused.
    """
    asked = [
        recipe.layer if recipe else _NOTHING,
        Layer(Origin("flag"), flags or {}),
        Layer(Origin("--set"), sets or {}),
    ]
    asked = [replace(layer, values=spell_names(layer.values, known)) for layer in asked]
    chosen = _chosen_components(asked)
    method = _match(chosen, list_recipes())
    return resolve(
        [
            _NOTHING,  # 1. defaults, the fields of the dataclasses: `resolve` fills them in
            _method_layer(method, chosen),  # 2. the recipe of the chosen method
            _dataset_layer(method, chosen),  # 3. what the dataset suggests
            *asked,  # 4. a recipe named on the command line; 5. flags; 6. --set
        ]
    )


_NOTHING = Layer(Origin("default"), {})


def _chosen_components(layers: Iterable[Layer]) -> dict[Kind, str]:
    """Return the name of the component that is chosen for each kind, without the "@ganzoo" of one that ships."""
    values = {key: value for layer in layers for key, value in layer.values.items()}
    names = {kind: str(values.get(f"{kind}.name", default)) for kind, default in DEFAULT_NAMES.items()}
    return {kind: "+".join(part.removesuffix("@ganzoo") for part in name.split("+")) for kind, name in names.items()}


def _match(chosen: Mapping[Kind, str], recipes: Iterable[Recipe]) -> Recipe | None:
    """Return the recipe of the chosen method: that of the same loss and enforcer; None if there is none.

    A sum of enforcers without a recipe of its own follows that of a part: wgan with sn+gp, wgan with gp. Of several
    recipes a plugin's is preferred, then the one of the exact enforcer, then one that also names the conditioner,
    then one that also names the augmentation, then the regularizer.
    """
    matching = [recipe for recipe in recipes if _fits(recipe, chosen)]
    preferences: tuple[Callable[[Recipe], bool], ...] = (
        lambda recipe: recipe.plugin != "",
        lambda recipe: recipe.component("lipschitz") == chosen["lipschitz"],
        lambda recipe: recipe.component("conditioner") != "none",
        lambda recipe: recipe.component("augment") != "none",
        lambda recipe: recipe.component("regularizer") != "none",
    )
    for is_preferred in preferences:
        matching = list(filter(is_preferred, matching)) or matching
    return matching[0] if matching else None


def _fits(recipe: Recipe, chosen: Mapping[Kind, str]) -> bool:
    """Return whether nothing that a recipe names differs from what is chosen."""
    if recipe.plugin and not _is_for(recipe, chosen):
        return False
    return (
        recipe.component("loss") == chosen["loss"]
        and recipe.component("lipschitz") in (chosen["lipschitz"], *chosen["lipschitz"].split("+"))
        and recipe.component("conditioner") in ("none", chosen["conditioner"])
        and recipe.component("augment") in ("none", chosen["augment"])
        and recipe.component("regularizer") in ("none", chosen["regularizer"])
    )


def _is_for(recipe: Recipe, chosen: Mapping[Kind, str]) -> bool:
    """Return whether a plugin's recipe names the chosen model and has a component that does not ship.

    So an installed plugin changes no run that uses nothing of it.
    """
    if recipe.fault or recipe.values.get("model.name") != chosen["model"]:
        return False
    kinds: tuple[Kind, ...] = ("model", *_METHOD)
    return any(part not in NAMES[kind] for kind in kinds for part in recipe.component(kind).split("+"))


def _method_layer(method: Recipe | None, chosen: Mapping[Kind, str]) -> Layer:
    """Return the [optim] of the method's recipe, and the options of its components that are chosen too."""
    if method is None:
        return _NOTHING
    same = {kind for kind in (*_METHOD, "model") if method.component(kind) == chosen[kind]}
    values = {
        key: value
        for key, value in method.values.items()
        if key.startswith("optim.") or (key.partition(".")[0] in same and not key.endswith(".name"))
    }
    return replace(method.layer, values=values)


def _dataset_layer(method: Recipe | None, chosen: Mapping[Kind, str]) -> Layer:
    """Return what the chosen dataset suggests for the chosen model and the recipe of the chosen method."""
    path = folder() / "datasets" / f"{chosen['dataset']}.toml"
    if not path.is_file():
        return _NOTHING
    suggestions = read_recipe(path)
    values = _suggested_values(suggestions, chosen["model"], method.name if method else "")
    if method and method.component("lipschitz") != chosen["lipschitz"]:  # the options of a part are not those of a sum
        values = {key: value for key, value in values.items() if not key.startswith("lipschitz.")}
    return Layer(Origin(f"dataset {suggestions.name}", suggestions.source), values)


def _suggested_values(suggestions: Recipe, model: str, method: str) -> dict[str, Any]:
    """Return the values for all runs, with those of [model.MODEL] and [recipe.METHOD.section]."""
    flat = {}
    for key, value in suggestions.values.items():
        section, _, rest = key.partition(".")
        if key.startswith(f"model.{model}."):
            flat["model." + rest.removeprefix(f"{model}.")] = value
        elif key.startswith(f"recipe.{method}."):
            flat[rest.removeprefix(f"{method}.")] = value
        elif section in SECTIONS:
            flat[key] = value
    return flat
