"""The parts of a run or grid folder that are links: what writes or deletes would do so elsewhere."""

from __future__ import annotations

import os
from collections.abc import Collection, Iterator
from pathlib import Path

from ganzoo.errors import FolderError

RUN_PARTS = frozenset(
    (
        *("recipe.toml", "manifest.json", "status.json", "log.jsonl", "evaluations.jsonl", "scores.json", "run.lock"),
        *("diagnosis.jsonl", "diagnosis.json", "rollbacks.json", "error.txt"),
        *("checkpoints", "samples", "tb", "diagnosis", "discarded"),
    )
)
GRID_PARTS = frozenset(("grid.json", "cells.jsonl", "grid.lock", "cells", "logs", "discarded", "study.db"))
_FOLDERS = ("checkpoints", "samples", "tb", "diagnosis", "logs")
"""Folders whose entries are parts too. Those of `cells` are run folders, which may lie on another disk."""


def require_own_parts(folder: Path, parts: Collection[str], *, follow_links: bool = False) -> None:
    """Raise FolderError if a part is a link, unless the user allows to follow them. The folder itself may be one."""
    if follow_links or (link := next(_find_links(folder, parts), None)) is None:
        return
    target = link.readlink()
    away = "" if link.exists() else ", which is not there"
    what = f"{link.relative_to(folder)} is a link to {target}{away}: what is written and deleted there is not the run's"
    hint = "--follow-links (if the links are your own)"
    raise FolderError(what, where=str(folder), hint=f"bring {target} back, or {hint}" if away else hint)


def _find_links(folder: Path, parts: Collection[str]) -> Iterator[Path]:
    for name in sorted(parts):
        path = folder / name
        if path.is_symlink():
            yield path
        elif name in _FOLDERS and path.is_dir():
            with os.scandir(path) as entries:
                yield from sorted(path / entry.name for entry in entries if entry.is_symlink())
