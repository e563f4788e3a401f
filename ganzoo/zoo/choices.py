"""Settings checked against the zoo, and every chosen option with its value, its origin and its paper."""

from __future__ import annotations

import re
from dataclasses import fields, replace
from typing import TYPE_CHECKING, Any

from ganzoo.errors import ConfigError
from ganzoo.settings.kinds import KINDS, Kind
from ganzoo.settings.merge import Origin, Settings
from ganzoo.settings.sections import SECTIONS, Choice, RunConfig
from ganzoo.zoo.catalogue import Zoo

if TYPE_CHECKING:
    from ganzoo.contracts import Metric

_PAPER = re.compile(r"arXiv:\d{4}\.\d{4,5}|doi:\S+[^\s.,;]")


def check(run: RunConfig, zoo: Zoo) -> None:
    """Construct every chosen component. Raises ConfigError for an unknown name or a refused option."""
    run = replace(run, features=choose_features(run.features, run.dataset, zoo))
    for kind in KINDS:
        create = zoo.create_parts if kind == "lipschitz" else zoo.create  # only enforcers add up
        create(kind, run.choice(kind))
    choose_metrics(run.eval.metrics, zoo)


def choose_features(features: Choice, dataset: Choice, zoo: Zoo) -> Choice:
    """Return the chosen extractor; "auto" is the default one of the dataset. Raises ConfigError."""
    if features.name != "auto":
        return features
    component: Any = zoo.entry("dataset", dataset.name).component
    return Choice(component.default_features, features.options)


def choose_metrics(names: str, zoo: Zoo) -> dict[str, Metric]:
    """Return the metrics named in "fid,is", with their default options. Raises ConfigError for an unknown one."""
    wanted = [name.strip() for name in names.split(",") if name.strip()]
    if not wanted:
        raise ConfigError("eval.metrics names no metric", hint="ganzoo list metric")
    return {name: zoo.create("metric", Choice(name)) for name in wanted}


def complete(settings: Settings, zoo: Zoo) -> Settings:
    """Return settings that name the extractor, as a run folder records them. Raises the errors of `check`."""
    run = settings.run
    check(run, zoo)
    chosen = choose_features(run.features, run.dataset, zoo)
    spelt: dict[str, Any] = {kind: zoo.spell_options(kind, run.choice(kind)) for kind in KINDS if kind != "features"}
    origin = Origin(f"dataset {run.dataset.name}") if chosen != run.features else settings.origins.get("features.name")
    origins = dict(settings.origins) | ({"features.name": origin} if origin else {})
    return Settings(replace(run, **spelt, features=zoo.spell_options("features", chosen)), origins)


def explain(settings: Settings, zoo: Zoo) -> list[dict[str, Any]]:
    """Return a row (setting, value, origin, paper) for every option, also for those at their default."""
    settings = complete(settings, zoo)
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
        values = zoo.read_options(kind, part)
        rows += [_row(settings, f"{prefix}.{o}", value, papers[part.name]) for o, value in values.items()]
    return rows


def _row(settings: Settings, key: str, value: Any, paper: str = "") -> dict[str, Any]:
    """Return one row, whose paper is that of the recipe that the value comes from, else that of the component."""
    origin = settings.origins.get(key, Origin("default"))
    return {"setting": key, "value": value, "origin": origin.name, "paper": _paper(origin.source) or paper}


def _paper(text: str | None) -> str:
    found = _PAPER.search(text or "")
    return found.group() if found else ""
