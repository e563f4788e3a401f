"""Advice that suits a run: flags that it does not have already, and that its parts know."""

from __future__ import annotations

from dataclasses import replace

from ganzoo.audit.findings import Finding
from ganzoo.runs.run import Run
from ganzoo.settings.toml import flatten, parse_assignment, to_tables


def suit(finding: Finding, run: Run) -> Finding:
    """Return the finding with only that advice which would change the run, and which it would accept."""
    return replace(finding, advice=tuple(flags for flags in finding.advice if _suits(flags, run)))


def _suits(flags: str, run: Run) -> bool:
    words = flags.split()
    said = dict(zip(words[::2], words[1::2], strict=False))
    if "--augment" in said and len(run.data.shape) != 3:
        return False
    changes = [_changes(flag.removeprefix("--"), value, run) for flag, value in said.items() if flag != "--set"]
    sets = [word for flag, word in zip(words[::2], words[1::2], strict=False) if flag == "--set"]
    return all(_is_known(word, run) for word in sets) and any([*changes, *(_moves(word, run) for word in sets)])


def _changes(kind: str, name: str, run: Run) -> bool:
    """Whether the run has another component than this, or none; flags that choose none always change something."""
    if kind not in ("loss", "lipschitz", "augment"):
        return True
    return name not in run.config.choice(kind).name.split("+")  # type: ignore[arg-type]


def _is_known(assignment: str, run: Run) -> bool:
    section, _, option = parse_assignment(assignment)[0].partition(".")
    if section not in ("model", "lipschitz"):
        return True
    chosen = run.config.choice(section)  # type: ignore[arg-type]
    if "+" in chosen.name:
        return False
    return option in [known.name for known in run.zoo.entry(section, chosen.name).options]  # type: ignore[arg-type]


def _moves(assignment: str, run: Run) -> bool:
    """Whether the setting has another value now; a component's own default counts as said."""
    key, value = parse_assignment(assignment)
    section, _, option = key.partition(".")
    said = flatten(to_tables(run.config))
    if section in ("model", "lipschitz"):
        component = run.zoo.create(section, run.config.choice(section))  # type: ignore[arg-type]
        return bool(getattr(component, option, None) != value)
    return bool(said.get(key) != value)
