"""Settings of what a word names: a run or a cell of a grid as it was trained, a recipe, or a recipe file."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Any

from ganzoo.errors import ConfigError

if TYPE_CHECKING:
    from ganzoo.cli.flags import PluginChoice
    from ganzoo.settings.merge import Settings


def find_run(word: str) -> Path | None:
    """Return the run that a word names, by its path, @last, @best or its name below runs/; None for anything else.

    Raises ConfigError for a grid, whose cells have settings of their own.
    """
    from ganzoo.cli.run_names import RunName

    if word.startswith("@") and not Path(word).exists():
        return RunName().convert(word, None, None)
    for path in (Path(word), Path("runs") / word):
        if (path / "recipe.toml").is_file():
            return path
        if (path / "grid.json").is_file():
            cells = sorted(cell.parent for cell in path.rglob("recipe.toml"))
            what = f"a grid has a run for each cell, and {len(cells)} have begun"
            raise ConfigError(what, where=str(path), hint=f"ganzoo config show {cells[0]}" if cells else "ganzoo runs")
    return None


def read_source(word: str, plugins: PluginChoice) -> Settings:
    """Return the settings of a run, a recipe or a file, each with its origin."""
    from ganzoo.zoo.recipes import find_recipe, settle

    if (run := find_run(word)) is not None:
        return read_run(run)
    recipe = find_recipe(word)
    return settle(recipe=recipe, known=plugins.known_names(recipe.values))


def read_run(path: Path) -> Settings:
    """Return the settings of a run, with the origins that its manifest has."""
    from ganzoo.runs.folder import RunFolder
    from ganzoo.settings.merge import Origin, Settings

    folder = RunFolder(path)
    origins: dict[str, Any] = folder.read_json(folder.manifest).get("origins", {})
    return Settings(folder.read_recipe(), {key: Origin(str(name)) for key, name in origins.items()})


def compare_rows(one: list[dict[str, Any]], other: list[dict[str, Any]]) -> list[dict[str, Any]]:
    """Return a row for each setting whose value differs: its key, and the value and origin on both sides."""
    left, right = ({row["setting"]: row for row in rows} for rows in (one, other))
    keys = [*left, *(key for key in right if key not in left)]
    absent = {"value": None, "origin": ""}
    pairs = [(key, left.get(key, absent), right.get(key, absent)) for key in keys]
    return [
        {"setting": key, "a": a["value"], "origin_a": a["origin"], "b": b["value"], "origin_b": b["origin"]}
        for key, a, b in pairs
        if a["value"] != b["value"]
    ]
