"""Scores that may be ranked together: by a protocol that all runs share, else an error that says why not."""

from __future__ import annotations

import json
import math
import shlex
from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from ganzoo.errors import EvaluationError
from ganzoo.evaluation.protocol import LABELS, STATISTICS, VECTORS, decisive, differences
from ganzoo.results.comparison.asked import Asked, is_own
from ganzoo.results.comparison.metrics import Checkpoint, Measure
from ganzoo.results.read import Result

_LABELS = "generated.labels"
"""Key of a protocol that may differ between a generator that knows classes, and one that knows "none"."""
_MOST_COMMANDS = 4
"""Commands that an error suggests; more are counted."""


@dataclass(frozen=True)
class ScoredRun:
    """A run with its scores by the protocol of the table."""

    result: Result
    last: Mapping[str, Mapping[str, Any]]
    """Name -> score of the last checkpoint; empty without a report by the table's protocol."""
    best: Mapping[str, Mapping[str, Any]]

    def scores(self, checkpoint: Checkpoint) -> Mapping[str, Mapping[str, Any]]:
        """Return the scores of one checkpoint by name."""
        return self.last if checkpoint == "last" else self.best

    def score(self, measure: Measure) -> float | None:
        """Return the value of one score; None if the run does not have it, or if it is not a finite number."""
        value = self.scores(measure.checkpoint).get(measure.metric, {}).get("value")
        return value if isinstance(value, int | float) and math.isfinite(value) else None


@dataclass(frozen=True)
class Selection:
    """All runs, with their scores by one protocol."""

    protocol: Mapping[str, Any]
    """Settings of the protocol; empty if no run has a score."""
    runs: tuple[ScoredRun, ...]
    notes: tuple[str, ...]


def select_reports(results: Sequence[Result], checkpoint: Checkpoint, asked: Asked) -> Selection:
    """Take the reports of complete runs by one protocol that all of them share for `checkpoint`.

    That is the protocol of their own settings, if they share it, else the newest one; `asked` chooses another.
    Raises EvaluationError if they share none, or were trained on different data; ConfigError for an unknown field of
    a protocol.
    """
    reported = [result for result in results if list_reports(result, checkpoint)]
    asked.check(list_protocols(reported, checkpoint))
    if not reported:
        return Selection({}, tuple(ScoredRun(result, {}, {}) for result in results), ())
    _require_same_data(reported)
    if refusal := find_refusal(reported, checkpoint, asked):
        raise refusal
    shared = _choose_shared(reported, checkpoint, asked)
    assert shared is not None
    runs = tuple(ScoredRun(r, _scores(r, "last", shared), _scores(r, "best", shared)) for r in results)
    _require_same_metrics(reported, checkpoint, shared)
    first = next(report for report in list_reports(reported[0], checkpoint) if shared in _keys(report))
    return Selection(_common(first["protocol"]), runs, tuple(_remarks(runs, reported, checkpoint, shared)))


def find_refusal(results: Sequence[Result], checkpoint: Checkpoint, asked: Asked) -> EvaluationError | None:
    """Return why the scores of these runs may not be ranked together, with commands; None if they may."""
    reported = [result for result in results if list_reports(result, checkpoint)]
    if not reported or _choose_shared(reported, checkpoint, asked) is not None:
        return None
    return _refusal(reported, checkpoint, asked)


def list_reports(result: Result, checkpoint: Checkpoint) -> list[Mapping[str, Any]]:
    """Return the reports of a complete run; scores of an incomplete one cannot be compared with others."""
    return [r for r in result.reports if r["checkpoint"] == checkpoint] if result.state == "complete" else []


def list_protocols(results: Sequence[Result], checkpoint: Checkpoint) -> list[Mapping[str, Any]]:
    """Return the protocols of all reports of complete runs."""
    return [report["protocol"] for result in results for report in list_reports(result, checkpoint)]


def _keys(report: Mapping[str, Any]) -> list[str]:
    """Return the protocols that a report may be ranked by: any labels, for a generator that knows none."""
    protocol = decisive(report["protocol"])
    known = (*LABELS.values(), VECTORS)
    labels = [words for words in known if words == protocol.get(_LABELS)] or known
    return [json.dumps(protocol | {_LABELS: words}, sort_keys=True) for words in labels]


def _common(protocol: Mapping[str, Any]) -> dict[str, Any]:
    """Return a protocol without the values that may differ from row to row."""
    own = ("step", "seed", "sha256", "labels")
    return {**protocol, "generated": {k: v for k, v in protocol["generated"].items() if k not in own}}


def _choose_shared(reported: Sequence[Result], checkpoint: Checkpoint, asked: Asked) -> str | None:
    """Return the protocol of the runs' own settings if all share it, else the newest shared one; None if none is."""
    keys = [[key for report in list_reports(result, checkpoint) for key in _keys(report)] for result in reported]
    shared = [key for key in reversed(keys[0]) if all(key in other for other in keys) and asked.fits(json.loads(key))]
    own = [key for key in shared if all(_is_own(result, checkpoint, key) for result in reported)]
    return next(iter(own or shared), None)


def _is_own(result: Result, checkpoint: Checkpoint, key: str) -> bool:
    """Return whether a run has a report by this protocol that its own settings ask for."""
    reports = [report for report in list_reports(result, checkpoint) if key in _keys(report)]
    return any(is_own(report["protocol"], result) for report in reports)


def _scores(result: Result, checkpoint: Checkpoint, key: str) -> Mapping[str, Mapping[str, Any]]:
    """Return the scores of the newest report of a checkpoint by a protocol."""
    reports = [report for report in list_reports(result, checkpoint) if key in _keys(report)]
    scores: Mapping[str, Mapping[str, Any]] = reports[-1]["scores"] if reports else {}
    return scores


def _require_same_metrics(reported: Sequence[Result], checkpoint: Checkpoint, key: str) -> None:
    """Raise EvaluationError if scores of one name were made by other options or features of their metric."""
    known: dict[str, tuple[Result, Any]] = {}
    for result in reported:
        report = [report for report in list_reports(result, checkpoint) if key in _keys(report)][-1]
        made = report["protocol"].get("metrics", {})
        for name in report["scores"]:
            first, about = known.setdefault(name, (result, made.get(name)))
            if about != made.get(name):
                what = f"{name} of {_named((first, result))} was made in two ways, and may not be ranked"
                where = f"{json.dumps(about)} / {json.dumps(made.get(name))}"
                raise EvaluationError(what, where=where, hint=f"ganzoo evaluate {shlex.quote(str(first.path))}")


def _remarks(runs: Sequence[ScoredRun], reported: Sequence[Result], checkpoint: Checkpoint, key: str) -> list[str]:
    other: Checkpoint = "best" if checkpoint == "last" else "last"
    remarks = []
    without = sum(bool(list_reports(run.result, other)) and not run.scores(other) for run in runs)
    if without:
        remarks.append(f"{without} runs have scores of the {other} checkpoint by another protocol only: left out.")
    by_key = [report for result in reported for report in list_reports(result, checkpoint) if key in _keys(report)]
    labels = {report["protocol"]["generated"].get("labels") for report in by_key}
    if len(labels) > 1:
        (words,) = labels - {"none"}
        things = "labels" if words == VECTORS else "classes"
        remarks.append(f"Some generators were asked for {things} ({words}), others know no {things}.")
    if left_out := _other_scores(reported, checkpoint, key):
        remarks.append(f"Scores by other protocols are left out ({left_out}): --samples N or --protocol FIELD=VALUE.")
    return remarks


def _other_scores(reported: Sequence[Result], checkpoint: Checkpoint, key: str) -> str:
    """Return the first score of each report by another protocol, as "FD(digits-cnn)-500, FID-50k"."""
    others = [report for r in reported for report in list_reports(r, checkpoint) if key not in _keys(report)]
    return ", ".join(dict.fromkeys(next(iter(report["scores"]), "no score") for report in others))


def _require_same_data(reported: Sequence[Result]) -> None:
    known = [(result, data) for result in reported if (data := result.data.sha256)]
    for other, data in known:
        if data != known[0][1]:
            pair = (known[0][0], other)
            names = " / ".join(str(result.settings.get("dataset.name")) for result in pair)
            what = f"{_named(pair)} were trained on different data, and may not be ranked together"
            raise EvaluationError(f"{what}\n    dataset: {names}", hint="--only dataset=NAME (one table each)")


def _refusal(reported: Sequence[Result], checkpoint: Checkpoint, asked: Asked) -> EvaluationError:
    """Return an error that names two runs, how their protocols differ, and the commands that score all runs alike."""
    reports = {result.name: asked.sort(list_reports(result, checkpoint)) for result in reported}
    newest = {name: own[-1] for name, own in reports.items()}
    keys = [key for report in newest.values() for key in _keys(report) if asked.fits(json.loads(key))]
    target = Counter(keys).most_common(1)[0][0]
    one = next(result for result in reported if target in _keys(newest[result.name]))
    others = [r for r in reported if not any(target in _keys(report) for report in list_reports(r, checkpoint))]
    wanted = _with_labels(newest[one.name]["protocol"], json.loads(target)[_LABELS])
    unlike = differences(wanted, newest[others[0].name]["protocol"])
    lines = [
        f"    {key}: {_cut(here)} / {_cut(there)}"
        for key, (here, there) in unlike.items()
        if key != _LABELS or there != "none"
    ]
    what = f"the scores of {_named((one, others[0]))} are by different protocols, and may not be ranked together"
    commands = [command for result in others for command in _commands(result, wanted, newest[result.name])]
    more = [f"and so on, {len(commands) - _MOST_COMMANDS} more"] if len(commands) > _MOST_COMMANDS else []
    return EvaluationError("\n".join([what, *lines]), hint="\n         ".join([*commands[:_MOST_COMMANDS], *more]))


def _with_labels(protocol: Mapping[str, Any], words: str) -> dict[str, Any]:
    return {**protocol, "generated": {**protocol["generated"], "labels": words}}


def _named(pair: tuple[Result, Result]) -> str:
    return " and ".join(result.name for result in pair)


def _cut(value: Any) -> Any:
    """Shorten a hash to its first digits."""
    return value[:8] if isinstance(value, str) and len(value) == 64 else value


def _commands(result: Result, wanted: Mapping[str, Any], report: Mapping[str, Any]) -> list[str]:
    """Return the commands that score a run by a protocol, also its best checkpoint if that has scores."""
    if {"reference.dataset", "reference.count", "reference.sha256"} & differences(wanted, report["protocol"]).keys():
        words = _reference_words(wanted["reference"])
    else:
        words = []
    words += _option_words(result, wanted, report["protocol"])
    checkpoints = [[], ["--best"]] if list_reports(result, "best") else [[]]
    return [shlex.join(["ganzoo", "evaluate", str(result.path), *best, *words]) for best in checkpoints]


def _reference_words(reference: Mapping[str, Any]) -> list[str]:
    if reference.get("source") == STATISTICS:
        return ["--reference", reference["dataset"]]
    split = reference["options"].get("split")
    return ["--dataset", reference["dataset"], *(["--split", split] if split else [])]


def _option_words(result: Result, wanted: Mapping[str, Any], report: Mapping[str, Any]) -> list[str]:
    """Return flags for all that differs from the last report, or from the run's own settings."""
    generated, fingerprint = wanted["generated"], wanted["fingerprint"]
    label = wanted["features"].partition("@")[0]  # inception@1a2b3c4d: weights from a file
    words = []
    if {generated["count"]} != {report["generated"]["count"], result.settings.get("eval.samples")}:
        words += ["--samples", str(generated["count"])]
    if wanted["features"] != report["features"] or label != result.settings.get("features.name"):
        words += ["--features", label]
    if "@" in wanted["features"]:
        words += ["--inception-weights", "FILE"]
    if fingerprint.get("dtype") != report["fingerprint"].get("dtype"):
        words += ["--set", f"features.dtype={fingerprint.get('dtype')}"]
    if report["generated"].get("labels") in LABELS.values():
        words += ["--labels", next(name for name, about in LABELS.items() if about == generated["labels"])]
    if generated.get("truncation") != report["generated"].get("truncation"):
        words += ["--truncation", generated["truncation"].split()[-1].replace("none", "0")]
    return words + (["--raw"] if generated["weights"] == "raw" else [])
