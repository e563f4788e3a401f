"""Recipes: one TOML file = one method with all its settings and their source."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

from ganzoo.config import DEFAULT_NAMES, SECTIONS, Layer, Origin, Settings, flatten, read_toml, resolve
from ganzoo.errors import ConfigError
from ganzoo.options import did_you_mean

_METHOD = ("loss", "lipschitz", "conditioner")


@dataclass(frozen=True)
class Recipe:
    """A named set of settings."""

    name: str
    source: str
    """The paper, and what departs from it."""
    values: Mapping[str, Any]
    """"section.option" -> value."""
    path: Path

    @property
    def layer(self) -> Layer:
        """All its settings."""
        return Layer(Origin(f"recipe {self.name}", self.source), self.values)

    def component(self, kind: str) -> str:
        """Return the component that the recipe names for this kind, else the default."""
        return str(self.values.get(f"{kind}.name", DEFAULT_NAMES[kind]))


def folder() -> Path:
    """Return where the shipped recipes lie: inside the installed package, or at the top of a checkout."""
    package = Path(__file__).parent
    installed = package / "configs"
    return installed if installed.is_dir() else package.parent / "configs"


def read_recipe(path: Path) -> Recipe:
    """Read one recipe file. Raises ConfigError if it cannot be read."""
    tables = read_toml(path)
    source = str(tables.pop("source", ""))
    return Recipe(path.stem, source, flatten(tables), path)


def list_recipes() -> list[Recipe]:
    """Return the shipped recipes, sorted by name."""
    return [read_recipe(path) for path in sorted(folder().glob("*.toml"))]


def find_recipe(text: str) -> Recipe:
    """Return the shipped recipe of this name, or the one in a file of this path. Raises ConfigError."""
    shipped = {recipe.name: recipe for recipe in list_recipes()}
    if text in shipped:
        return shipped[text]
    if text.endswith(".toml"):
        return read_recipe(Path(text))
    hint = f"one of: {', '.join(shipped)}; or the path of a .toml file"
    raise ConfigError(f"no recipe is named {text!r}.{did_you_mean(text, shipped)}", hint=hint)


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
    return resolve([*_implied(names, list_recipes()), *said])


def _implied(names: Mapping[str, str], recipes: Iterable[Recipe]) -> list[Layer]:
    """Settings that the chosen components bring with them: first the method's, then the dataset's."""
    layers, method = [], _match(names, recipes)
    if method is not None:
        layers.append(replace(method.layer, values=_method_settings(method, names)))
    suggestions = folder() / "datasets" / f"{names['dataset.name']}.toml"
    if suggestions.is_file():
        suited = read_recipe(suggestions)
        values = _suited(suited, names["model.name"], method.name if method else "")
        layers.append(Layer(Origin(f"dataset {suited.name}", suited.source), values))
    return layers


def _match(names: Mapping[str, str], recipes: Iterable[Recipe]) -> Recipe | None:
    """Return the recipe of the same loss and enforcer; if it can be, of the same conditioner too.

    A sum of enforcers that has no recipe of its own follows that of a part: wgan with sn+gp, wgan with gp.
    """
    whole = names["lipschitz.name"]
    same = [
        recipe
        for recipe in recipes
        if recipe.component("loss") == names["loss.name"]
        and recipe.component("lipschitz") in (whole, *whole.split("+"))
        and recipe.component("conditioner") in ("none", names["conditioner.name"])
    ]
    return max(
        same, key=lambda r: (r.component("lipschitz") == whole, r.component("conditioner") != "none"), default=None
    )


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
