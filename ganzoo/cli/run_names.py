"""Names of runs on the command line: a path, a name below runs/, @last or @best."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import click
from click.shell_completion import CompletionItem

from ganzoo.cli.output import note


class RunName(click.ParamType[Path]):
    """A folder of a run or a grid: its path, its name below runs/, @last (changed last) or @best (best score)."""

    name = "run"

    def __init__(self, *, grids: bool = False) -> None:
        self._grids = grids
        """True if @last may be a grid, which a table shows and no other command takes."""

    def convert(self, value: Any, param: click.Parameter | None, ctx: click.Context | None) -> Path:
        """Return the path. Raises CheckpointError for a name that is none, with the names that are like it."""
        path = Path(value)
        if str(value).startswith("@") and not path.exists():
            return self._find(str(value))
        if not path.exists() and (below := Path("runs") / path).exists():
            return below
        if not path.exists():
            raise _missing(path)
        return path

    def _find(self, word: str) -> Path:
        from ganzoo.errors import ConfigError
        from ganzoo.results.comparison.overview import find_best, find_last

        if word not in ("@last", "@best"):
            raise ConfigError(f"{word} names no run", hint="@last, or @best")
        found = find_best() if word == "@best" else find_last(grids=self._grids)
        note(f"{word} is {found}")
        return found

    def shell_complete(self, ctx: click.Context, param: click.Parameter, incomplete: str) -> list[CompletionItem]:
        """Return the runs that begin with what was typed, @last, @best, and then paths."""
        names = [f"runs/{path.parent.name}" for path in Path("runs").glob("*/recipe.toml")]
        found = [CompletionItem(name) for name in sorted(["@last", "@best", *names]) if name.startswith(incomplete)]
        return [*found, CompletionItem(incomplete, type="file")]


def _missing(path: Path) -> Exception:
    """Return the error for a folder that does not exist, with runs beside it whose names are like its own."""
    from difflib import get_close_matches

    from ganzoo.errors import CheckpointError

    beside = path.parent if path.parent.is_dir() and path.parent != Path() else Path("runs")
    names = [each.name for each in beside.iterdir() if each.is_dir()] if beside.is_dir() else []
    alike = get_close_matches(path.name, names, n=3, cutoff=0.4)
    alike += [name for name in sorted(names) if name.startswith(path.name) and name not in alike][:3]
    hint = ", or ".join([*(str(beside / name) for name in alike), "ganzoo runs (lists them)"])
    return CheckpointError("there is no such folder", where=str(path), hint=hint)
