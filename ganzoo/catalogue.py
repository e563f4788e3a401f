"""Settings seen through the zoo: every option of every chosen component, its origin and its paper."""

from __future__ import annotations

import re
from dataclasses import fields
from typing import Any

from ganzoo.config import KINDS, SECTIONS, Kind, Origin, RunConfig, Settings
from ganzoo.zoo import Zoo

_PAPER = re.compile(r"arXiv:\d{4}\.\d{4,5}|doi:\S+[^\s.,;]")


def check(run: RunConfig, zoo: Zoo) -> None:
    """Construct every chosen component. Raises ConfigError for an unknown name or a refused option."""
    for kind in KINDS:
        create = zoo.create_parts if kind == "lipschitz" else zoo.create  # only enforcers add up
        create(kind, run.choice(kind))


def explain(settings: Settings, zoo: Zoo) -> list[dict[str, Any]]:
    """Return rows of setting, value, origin and paper; options left at their default are rows too."""
    check(settings.run, zoo)
    rows = [row for kind in KINDS for row in _explain_choice(settings, zoo, kind)]
    for name in SECTIONS:
        section = getattr(settings.run, name)
        rows += [_row(settings, f"{name}.{f.name}", getattr(section, f.name)) for f in fields(section)]
    return rows


def _explain_choice(settings: Settings, zoo: Zoo, kind: Kind) -> list[dict[str, Any]]:
    choice = settings.run.choice(kind)
    papers = {part.name: _paper(zoo.entry(kind, part.name).component.__doc__) for part in choice.parts()}
    rows = [_row(settings, f"{kind}.name", choice.name, " ".join(filter(None, papers.values())))]
    for part in choice.parts():
        prefix = kind if part is choice else f"{kind}.{part.name}"
        component = zoo.create(kind, part)
        options = [option.name for option in zoo.entry(kind, part.name).options]
        rows += [_row(settings, f"{prefix}.{o}", getattr(component, o), papers[part.name]) for o in options]
    return rows


def _row(settings: Settings, key: str, value: Any, paper: str = "") -> dict[str, Any]:
    """The paper of a value is that of the recipe it comes from, else that of the component."""
    origin = settings.origins.get(key, Origin("default"))
    return {"setting": key, "value": value, "origin": origin.name, "paper": _paper(origin.source) or paper}


def _paper(text: str | None) -> str:
    found = _PAPER.search(text or "")
    return found.group() if found else ""
