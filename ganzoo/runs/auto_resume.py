"""A run that one command starts, and goes on with when it is given again, as schedulers do after an interruption."""

from __future__ import annotations

import shlex
from itertools import islice
from pathlib import Path
from typing import Any

from ganzoo.errors import FolderError
from ganzoo.runs import follower, start
from ganzoo.runs.changes import Changes, changes_protocol, list_changes
from ganzoo.runs.folder import RunFolder
from ganzoo.runs.observer import Observer
from ganzoo.runs.paths import quote_path
from ganzoo.settings.merge import Settings
from ganzoo.settings.sections import RunConfig
from ganzoo.settings.toml import to_toml
from ganzoo.training.compatibility import FREE
from ganzoo.training.ranks import SINGLE, Ranks
from ganzoo.zoo import choices
from ganzoo.zoo.catalogue import Zoo

_MOST_NAMED = 5
"""Settings that an error names."""


def start_or_resume(settings: Settings, zoo: Zoo, path: Path, observer: Observer, ranks: Ranks = SINGLE) -> None:
    """Train a new run, or go on with the one at `path`; one that is complete stays as it is. This is rank 0.

    Raises FolderError if `path` holds a run with other settings, and what `start.start` and `start.resume` raise.
    """
    (is_there,) = ranks.maximum(int(RunFolder(path).recipe.is_file()))
    if not is_there:
        start.start(settings, zoo, path, observer, ranks)
        return
    require_same_settings(path, settings, zoo)
    start.resume(path, zoo, observer, ranks=ranks)


def follow(settings: Settings, zoo: Zoo, path: Path, ranks: Ranks) -> None:
    """Train on a rank other than 0, while rank 0 is in `start_or_resume`, and raise what `follower` raises."""
    (is_there,) = ranks.maximum(0)  # rank 0 looked before it made the folder
    if is_there:
        follower.resume(path, zoo, ranks)
    else:
        follower.start(settings, zoo, ranks)


def require_same_settings(path: Path, settings: Settings, zoo: Zoo) -> None:
    """Raise FolderError, naming them, if settings differ from those of the run at `path`."""
    made_with = start.continue_with(Changes(), RunFolder(path), zoo)
    then, now = choices.complete(Settings(made_with, {}), zoo).run, choices.complete(settings, zoo).run
    changed = list_changes(then, now)
    if changed:
        named = [f"{key} {_show(was)} -> {_show(wanted)}" for key, (was, wanted) in changed.items()]
        more = f", and {len(named) - _MOST_NAMED} more" if len(named) > _MOST_NAMED else ""
        what = f"the folder holds another run: {', '.join(islice(named, _MOST_NAMED))}{more}"
        raise FolderError(what, where=str(path), hint=f"--out OTHER_FOLDER, or {_resume_command(path, now, changed)}")


def _resume_command(path: Path, now: RunConfig, changed: dict[str, list[Any]]) -> str:
    """Return the command that goes on with the run: with the new settings if no result depends on them."""
    wanted = {key: value for key, (_, value) in changed.items() if value is not None}
    if all(key.startswith(FREE) and not changes_protocol([key]) and key in wanted for key in changed):
        steps = wanted.pop("train.steps", None)
        return " ".join(["ganzoo resume", quote_path(path), *map(shlex.quote, Changes(steps, None, wanted).words)])
    return f"ganzoo resume {quote_path(path)} (the run that is there)"


def _show(value: Any) -> str:
    return "unset" if value is None else to_toml(value)
