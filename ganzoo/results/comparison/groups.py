"""Runs that may be ranked together: those on the same data whose scores are by one protocol."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from typing import NamedTuple

from ganzoo.evaluation.protocol import decisive
from ganzoo.results.comparison.asked import Asked, is_own
from ganzoo.results.comparison.metrics import Checkpoint
from ganzoo.results.comparison.protocols import find_refusal, list_protocols, list_reports
from ganzoo.results.read import Result


class Groups(NamedTuple):
    """Runs in groups that `make_table` takes."""

    runs: dict[str, list[Result]]
    """Name of a group, such as "digits" or "digits, FD(digits-cnn)-500" -> its runs."""
    notes: tuple[str, ...]
    """Commands that score the runs of a dataset alike, for each one whose runs are by several protocols."""


def split(
    results: Sequence[Result], checkpoint: Checkpoint = "last", protocol: Mapping[str, str] | None = None
) -> Groups:
    """Group runs by the content of their data, and by protocol where those on the same data share none.

    A run that has no data yet joins the first group of its dataset. Raises ConfigError and EvaluationError for a
    `protocol` that no run has.
    """
    asked = Asked(protocol or {})
    asked.check(list_protocols(results, checkpoint))
    groups: dict[str, list[Result]] = {}
    notes = []
    for dataset, runs in _by_data(results).items():
        fitting = [run for run in runs if any(map(asked.suits, list_protocols([run], checkpoint)))]
        if asked.fields and not fitting:
            notes.append(f"No run on {dataset} has a score by that protocol.")
            continue
        if refusal := find_refusal(runs, checkpoint, asked):
            named = {f"{dataset}, {name}": own for name, own in _by_protocol(runs, checkpoint).items()}
            groups |= {dataset: fitting} if asked.fields else named
            notes.append(f"To rank all runs on {dataset} together:\n         {refusal.hint}")
        else:
            groups[dataset] = runs
    return Groups(groups, tuple(notes))


def _by_data(results: Sequence[Result]) -> dict[str, list[Result]]:
    """Return the runs by the content of their data; datasets of one name are told apart by their hash.

    A refused cell of a grid has no settings: it joins the first group.
    """
    groups: dict[tuple[str, str], list[Result]] = {}
    for result in results:
        if data := _data(result):
            groups.setdefault((_name(result), data), []).append(result)
    for result in results:
        if not _data(result):
            same = next((key for key in groups if _name(result) in (key[0], "None")), (_name(result), ""))
            groups.setdefault(same, []).append(result)
    names = [name for name, _ in groups]
    alone = {(name, data): name if names.count(name) == 1 else f"{name}, sha256 {data[:8]}" for name, data in groups}
    order = {result.name: i for i, result in enumerate(results)}
    return {alone[key]: sorted(runs, key=lambda run: order[run.name]) for key, runs in groups.items()}


def _name(result: Result) -> str:
    return str(result.value("dataset.name"))


def _data(result: Result) -> str:
    return result.data.sha256


def _by_protocol(runs: Sequence[Result], checkpoint: Checkpoint) -> dict[str, list[Result]]:
    """Return the runs by the protocol of their own settings, or else the newest one; others come first."""
    groups: dict[str, list[Result]] = {}
    names: dict[str, str] = {}
    for run in runs:
        reports = list_reports(run, checkpoint)
        own = [report for report in reports if is_own(report["protocol"], run)] or reports
        key = json.dumps(decisive(own[-1]["protocol"]), sort_keys=True) if own else ""
        names.setdefault(key, next(iter(own[-1]["scores"]), "no score") if own else "not scored")
        groups.setdefault(key, []).append(run)
    twice = [name for name in names.values() if list(names.values()).count(name) > 1]
    numbers = {key: f"{name} ({i})" if name in twice else name for i, (key, name) in enumerate(names.items(), 1)}
    return {numbers[key]: runs for key, runs in groups.items()}
