"""A run as Python asks for it: names of components, keywords and options."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any

from ganzoo.runs import start
from ganzoo.runs.folder import choose_name
from ganzoo.runs.observer import Observer
from ganzoo.settings.keywords import read_keywords, read_options
from ganzoo.zoo.catalogue import Zoo
from ganzoo.zoo.recipes import find_recipe, settle


def train_run(
    recipe: str | Path | None, keywords: Mapping[str, Any], options: Mapping[str, Any] | None, zoo: Zoo,
    out: str | Path | None, observer: Observer,
) -> Path:  # fmt: skip
    """Train a GAN and return its run folder, by default one in runs/. Raises what `start.start` raises."""
    flags, sets = read_keywords(keywords), read_options(options)
    named = find_recipe(str(recipe)) if recipe else None
    settings = settle(recipe=named, flags=flags, sets=sets, known=zoo.names)
    path = Path(out).expanduser() if out is not None else Path("runs") / choose_name(settings.run)
    start.start(settings, zoo, path, observer)
    return path
