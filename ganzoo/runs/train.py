"""A run as Python asks for it: names of components, keywords and options."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any

from ganzoo.runs import start
from ganzoo.runs.auto_resume import start_or_resume
from ganzoo.runs.folder import choose_name
from ganzoo.runs.new_folder import require_named
from ganzoo.runs.observer import Observer
from ganzoo.settings.keywords import read_keywords, read_options
from ganzoo.zoo.catalogue import Zoo
from ganzoo.zoo.recipes import find_recipe, settle


def train_run(
    recipe: str | Path | None, keywords: Mapping[str, Any], options: Mapping[str, Any] | None, zoo: Zoo,
    out: str | Path | None, observer: Observer, *, auto_resume: bool = False,
) -> Path:  # fmt: skip
    """Train a GAN and return its run folder, by default one in runs/; `auto_resume` goes on with a run that is there.

    Raises what `start.start` and, with `auto_resume`, `auto_resume.start_or_resume` raise.
    """
    flags, sets = read_keywords(keywords), read_options(options)
    named = find_recipe(str(recipe)) if recipe else None
    settings = settle(recipe=named, flags=flags, sets=sets, known=zoo.names)
    path = Path(out).expanduser() if out is not None else Path("runs") / choose_name(settings.run)
    if auto_resume:
        start_or_resume(settings, zoo, require_named(path if out is not None else None), observer)
    else:
        start.start(settings, zoo, path, observer)
    return path
