"""Advice that suits a run: flags that change it, and that its components accept."""

from __future__ import annotations

from dataclasses import replace

from ganzoo.audit.findings import Finding
from ganzoo.runs.run import Run
from ganzoo.settings.toml import flatten, parse_assignment, to_tables

OPTIONED = ("model", "lipschitz", "conditioner")
"""Kinds whose options advice sets."""


def filter_advice(finding: Finding, run: Run) -> Finding:
    """Return the finding with only that advice which the run would accept, and which would change it."""
    return replace(finding, advice=tuple(flags for flags in finding.advice if _is_useful(flags, run)))


def _is_useful(flags: str, run: Run) -> bool:
    """Return whether a run would accept flags such as "--loss wgan --set optim.lr_d=1e-4", and change by one."""
    words = flags.split()
    pairs = list(zip(words[::2], words[1::2], strict=True))
    chosen = [(flag.removeprefix("--"), value) for flag, value in pairs if flag != "--set"]
    assignments = [value for flag, value in pairs if flag == "--set"]
    if len(run.data.shape) != 3 and "augment" in dict(chosen):
        return False
    if not all(_has_option(assignment, run) for assignment in assignments):
        return False
    changes = [_changes_component(kind, name, run) for kind, name in chosen]
    return any([*changes, *(_changes_value(assignment, run) for assignment in assignments)])


def _changes_component(kind: str, name: str, run: Run) -> bool:
    """Return whether the run has another component than this; True for flags that choose no component."""
    if kind not in ("loss", "lipschitz", "augment", "conditioner"):
        return True
    return name not in run.config.choice(kind).name.split("+")  # type: ignore[arg-type]


def _has_option(assignment: str, run: Run) -> bool:
    """Return whether the run's component has the option that is set; options of a sum cannot be set."""
    section, _, option = parse_assignment(assignment)[0].partition(".")
    if section not in OPTIONED:
        return True
    chosen = run.config.choice(section)  # type: ignore[arg-type]
    if "+" in chosen.name:
        return False
    return option in [known.name for known in run.zoo.entry(section, chosen.name).options]  # type: ignore[arg-type]


def _changes_value(assignment: str, run: Run) -> bool:
    """Return whether the setting has another value in the run, where options that were not set have their defaults."""
    key, value = parse_assignment(assignment)
    section, _, option = key.partition(".")
    if section in OPTIONED:
        component = run.zoo.create(section, run.config.choice(section))  # type: ignore[arg-type]
        return bool(getattr(component, option, None) != value)
    return bool(flatten(to_tables(run.config)).get(key) != value)
