"""Settings checked against the zoo, and every chosen option with its value, its origin and its paper."""

from __future__ import annotations

import re
from dataclasses import fields, replace
from typing import TYPE_CHECKING, Any

from ganzoo.errors import ConfigError
from ganzoo.settings.kinds import KIND_INFO, KINDS, NAMED_KINDS, Kind
from ganzoo.settings.merge import Origin, Settings
from ganzoo.settings.options import check_values
from ganzoo.settings.sections import SECTIONS, Choice, RunConfig
from ganzoo.zoo.catalogue import Zoo

if TYPE_CHECKING:
    from ganzoo.contracts import Metric

_PAPER = re.compile(r"arXiv:\d{4}\.\d{4,5}|doi:\S+[^\s.,;]")


def check(run: RunConfig, zoo: Zoo) -> None:
    """Construct every chosen component. Raises ConfigError for an unknown name or a refused option."""
    run = replace(run, features=choose_features(run.features, run.dataset, zoo))
    for kind in KINDS:
        create = zoo.create_parts if KIND_INFO[kind].sums else zoo.create
        create(kind, run.choice(kind))
    for kind in NAMED_KINDS:
        if kind != "observer":  # no result depends on who watches
            zoo.create_named(kind, run)
    choose_metrics(run, zoo)


def choose_features(features: Choice, dataset: Choice, zoo: Zoo) -> Choice:
    """Return the chosen extractor; "auto" is the default one of the dataset. Raises ConfigError."""
    if features.name != "auto":
        return features
    component: Any = zoo.entry("dataset", dataset.name).component
    return Choice(component.default_features, features.options)


def choose_metrics(run: RunConfig, zoo: Zoo) -> dict[str, Metric]:
    """Return the metrics of a run by name, each with its options. Raises ConfigError for one that is unknown."""
    if not run.named("metric"):
        raise ConfigError("eval.metrics names no metric", hint="ganzoo list metric")
    return zoo.create_named("metric", run)


def check_observers(run: RunConfig, zoo: Zoo) -> None:
    """Raise ConfigError for an observer that nothing here has, or for options that it does not take.

    A run that goes on without changing them is not asked: a plugin that is gone must not keep it from that.
    """
    for choice in run.named("observer"):
        check_values(zoo.entry("observer", choice.name).schema, choice.options, f"observer.{choice.name}")


def complete(settings: Settings, zoo: Zoo) -> Settings:
    """Return settings that name the extractor, as a run folder records them.

    Raises the errors of `check` and `check_observers`.
    """
    run = settings.run
    check(run, zoo)
    check_observers(run, zoo)
    chosen = choose_features(run.features, run.dataset, zoo)
    spelt: dict[str, Any] = {kind: zoo.spell_options(kind, run.choice(kind)) for kind in KINDS if kind != "features"}
    origin = Origin(f"dataset {run.dataset.name}") if chosen != run.features else settings.origins.get("features.name")
    origins = dict(settings.origins) | ({"features.name": origin} if origin else {})
    spelt |= {"features": zoo.spell_options("features", chosen), "options": _spell_named(run, zoo)}
    return Settings(replace(run, **spelt), origins)


def _spell_named(run: RunConfig, zoo: Zoo) -> dict[Kind, dict[str, Any]]:
    """Return the options of the components that settings name, with their values as the components take them."""
    spelt = {
        kind: {choice.name: zoo.spell_options(kind, choice).options for choice in run.named(kind) if choice.options}
        for kind in NAMED_KINDS
    }
    return {kind: options for kind, options in spelt.items() if options}


def explain(settings: Settings, zoo: Zoo) -> list[dict[str, Any]]:
    """Return a row (setting, value, origin, paper) for every option, also for those at their default."""
    settings = complete(settings, zoo)
    rows = [row for kind in KINDS for row in _explain_choice(settings, zoo, kind)]
    for name in SECTIONS:
        section = getattr(settings.run, name)
        rows += [_row(settings, f"{name}.{f.name}", getattr(section, f.name)) for f in fields(section)]
    named = [(kind, choice) for kind in NAMED_KINDS for choice in settings.run.named(kind)]
    return rows + [row for kind, choice in named for row in _explain_options(settings, zoo, kind, choice)]


def _explain_choice(settings: Settings, zoo: Zoo, kind: Kind) -> list[dict[str, Any]]:
    choice = settings.run.choice(kind)
    papers = [_paper(zoo.entry(kind, part.name).component.__doc__) for part in choice.parts()]
    rows = [_row(settings, f"{kind}.name", choice.name, " ".join(filter(None, papers)))]
    for part in choice.parts():
        rows += _explain_options(settings, zoo, kind, part, kind if part is choice else "")
    return rows


def _explain_options(
    settings: Settings, zoo: Zoo, kind: Kind, choice: Choice, section: str = ""
) -> list[dict[str, Any]]:
    """Return a row for every option of one component, in [kind.name] unless its `section` is another."""
    paper, prefix = _paper(zoo.entry(kind, choice.name).component.__doc__), section or f"{kind}.{choice.name}"
    values = zoo.read_options(kind, choice)
    return [_row(settings, f"{prefix}.{name}", value, paper) for name, value in values.items()]


def _row(settings: Settings, key: str, value: Any, paper: str = "") -> dict[str, Any]:
    """Return one row, whose paper is that of the recipe that the value comes from, else that of the component."""
    origin = settings.origins.get(key, Origin("default"))
    return {"setting": key, "value": value, "origin": origin.name, "paper": _paper(origin.source) or paper}


def _paper(text: str | None) -> str:
    found = _PAPER.search(text or "")
    return found.group() if found else ""
