"""Recipes: one TOML file = one method with all its settings and their source."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from contextlib import suppress
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

from ganzoo.errors import ConfigError
from ganzoo.settings.kinds import DEFAULT_NAMES, Kind
from ganzoo.settings.merge import Layer, Origin, Settings, resolve
from ganzoo.settings.options import did_you_mean
from ganzoo.settings.sections import SECTIONS
from ganzoo.settings.toml import flatten, read_toml
from ganzoo.zoo.installed import find_plugins
from ganzoo.zoo.names import KNOWN, NAMES, unknown

_METHOD: tuple[Kind, ...] = ("loss", "lipschitz", "conditioner", "augment")


@dataclass(frozen=True)
class Recipe:
    """A named set of settings."""

    name: str
    source: str
    """The paper, and what departs from it."""
    values: Mapping[str, Any]
    """"section.option" -> value."""
    path: Path
    plugin: str = ""
    """That brings it; empty if it ships with ganzoo."""
    fault: str = ""
    """Why the file of a plugin cannot be read; empty if it can."""

    @property
    def layer(self) -> Layer:
        """All its settings."""
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
    places = {place: plugin for plugin, place in _places()}  # once, however many entry points lead there
    return shipped + [_read_foreign(path, places[place]) for place in places for path in sorted(place.glob("*.toml"))]


def _places() -> Iterator[tuple[str, Path]]:
    """Yield the folder `recipes` of each installed plugin that is a package. No plugin is imported."""
    from importlib.util import find_spec  # not at the top: help needs no recipes

    for plugin in find_plugins():
        if plugin.state != "ok" or plugin.point is None:
            continue
        with suppress(ImportError, ValueError):  # a module that is not there: its plugin is broken, and says so
            spec = find_spec(plugin.point.module.partition(".")[0])
            for package in spec.submodule_search_locations or () if spec else ():
                yield plugin.name, Path(package, "recipes")


def _read_foreign(path: Path, plugin: str) -> Recipe:
    """Read a plugin's recipe; one that cannot be read has a fault, and harms no run that does not ask for it."""
    try:
        return replace(read_recipe(path), plugin=plugin)
    except ConfigError as error:
        return Recipe(path.stem, "", {}, path, plugin, fault=error.what)


def find_recipe(text: str) -> Recipe:
    """Return the recipe of this name, shipped before a plugin's, or the one in a file of this path.

    Raises ConfigError for an unknown name or an unreadable file.
    """
    known: dict[str, Recipe] = {}
    for recipe in list_recipes():
        known.setdefault(recipe.name, recipe)
    if text in known:
        if fault := known[text].fault:
            raise ConfigError(fault, where=str(known[text].path), hint=f"ganzoo plugins  ({known[text].plugin})")
        return known[text]
    if text.endswith(".toml"):
        return read_recipe(Path(text))
    if text in KNOWN["recipe"]:
        raise unknown("recipe", text, known)
    hint = f"one of: {', '.join(known)}; or the path of a .toml file"
    raise ConfigError(f"no recipe is named {text!r}.{did_you_mean(text, known)}", hint=hint)


def settle(
    *,
    recipe: Recipe | None = None,
    flags: Mapping[str, Any] | None = None,
    sets: Mapping[str, Any] | None = None,
) -> Settings:
    """Merge everything that can say a setting, in the order of `config`, into a checked configuration."""
    said = [Layer(Origin("flag"), flags or {}), Layer(Origin("--set"), sets or {})]
    if recipe is not None:
        said.insert(0, recipe.layer)
    names = {f"{kind}.name": name for kind, name in DEFAULT_NAMES.items()}
    names |= {key: value for layer in said for key, value in layer.values.items() if key in names}
    plain = {
        key: "+".join(part.removesuffix("@ganzoo") for part in str(name).split("+")) for key, name in names.items()
    }
    return resolve([*_implied(plain, list_recipes()), *said])


def _implied(names: Mapping[str, str], recipes: Iterable[Recipe]) -> list[Layer]:
    """Settings that the chosen components bring with them: first the method's, then the dataset's."""
    layers, method = [], _match(names, recipes)
    if method is not None:
        layers.append(replace(method.layer, values=_method_settings(method, names)))
    suggestions = folder() / "datasets" / f"{names['dataset.name']}.toml"
    if suggestions.is_file():
        suited = read_recipe(suggestions)
        values = _suited(suited, names["model.name"], method.name if method else "")
        if method and method.component("lipschitz") != names["lipschitz.name"]:  # a part of a sum keeps its own options
            values = {key: value for key, value in values.items() if not key.startswith("lipschitz.")}
        layers.append(Layer(Origin(f"dataset {suited.name}", suited.source), values))
    return layers


def _match(names: Mapping[str, str], recipes: Iterable[Recipe]) -> Recipe | None:
    """Return the recipe of the same loss and enforcer; if it can be, of the same conditioner too.

    A sum of enforcers that has no recipe of its own follows that of a part: wgan with sn+gp, wgan with gp. A plugin's
    recipe goes first where it is one: what is installed changes no run that uses nothing of it.
    """
    whole = names["lipschitz.name"]
    same = [
        recipe
        for recipe in recipes
        if recipe.component("loss") == names["loss.name"]
        and recipe.component("lipschitz") in (whole, *whole.split("+"))
        and recipe.component("conditioner") in ("none", names["conditioner.name"])
        and recipe.component("augment") in ("none", names["augment.name"])
        and (not recipe.plugin or _is_for(recipe, names))
    ]
    return max(same, key=lambda r: _nearness(r, whole), default=None)


def _is_for(recipe: Recipe, names: Mapping[str, str]) -> bool:
    """Whether a plugin's recipe names the chosen model, and has a component that does not ship."""
    foreign = [
        part
        for kind, shipped in NAMES.items()
        if kind in ("model", *_METHOD)
        for part in recipe.component(kind).split("+")
        if part not in shipped
    ]
    return not recipe.fault and recipe.values.get("model.name") == names["model.name"] and bool(foreign)


def _nearness(recipe: Recipe, lipschitz: str) -> tuple[bool, ...]:
    """By which of several recipes that match is taken: the one that says more of what was chosen."""
    said = (recipe.component("conditioner") != "none", recipe.component("augment") != "none")
    return (recipe.plugin != "", recipe.component("lipschitz") == lipschitz, *said)


def _method_settings(recipe: Recipe, names: Mapping[str, str]) -> dict[str, Any]:
    """[optim], and the options of those components that are the chosen ones; no schedule, no dataset."""
    same = {kind for kind in (*_METHOD, "model") if recipe.component(kind) == names[f"{kind}.name"]}
    return {
        key: value
        for key, value in recipe.values.items()
        if key.startswith("optim.") or (key.partition(".")[0] in same and not key.endswith(".name"))
    }


def _suited(recipe: Recipe, model: str, method: str) -> dict[str, Any]:
    """What a dataset suggests: [model.NAME] for one model, [recipe.NAME.section] for one method, else for all."""
    flat = {}
    for key, value in recipe.values.items():
        section, _, rest = key.partition(".")
        if key.startswith(f"model.{model}."):
            flat["model." + rest.removeprefix(f"{model}.")] = value
        elif key.startswith(f"recipe.{method}."):
            flat[rest.removeprefix(f"{method}.")] = value
        elif section in SECTIONS:
            flat[key] = value
    return flat
