"""scores.json: the reports of a run, of its last and its best checkpoint; and which checkpoint is the best."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator, Mapping, Sequence
from copy import deepcopy
from typing import Any

from ganzoo.data.images import write_png
from ganzoo.errors import CheckpointError
from ganzoo.evaluation.run_evaluator import RunEvaluator
from ganzoo.runs import checkpoint
from ganzoo.runs.damage import describe, known_records, move_aside, warn
from ganzoo.runs.folder import RunFolder, read_reports
from ganzoo.runs.folder_turns import one_at_a_time
from ganzoo.runs.hparams import write_hparams
from ganzoo.runs.records import read_scores
from ganzoo.settings.sections import OptimConfig
from ganzoo.training.gan import GAN


def score_run(
    gan: GAN, step: int, folder: RunFolder, evaluator: RunEvaluator, note: Callable[[str], None] = lambda text: None
) -> list[dict[str, Any]]:
    """Score the last checkpoint of a run, and the best one if evaluations chose one; save both reports.

    Returns them. `note` is told of a picture that cannot be written. Raises EvaluationError, OSError.
    """
    report, images = evaluator.report(gan.G_ema.module, gan, step)
    reports = [save_report(folder, "last", report.to_json())]
    if (picture := evaluator.open().draw_closest(report, images, images.labels)) is not None:
        try:
            write_png(folder.closest, picture)
        except OSError as error:
            note(f"no picture {folder.closest}: {error.strerror or error}")
    if not (best := best_evaluation(folder)):
        return reports
    if best["step"] != step:
        average = deepcopy(gan.G_ema)
        average.load_state_dict(checkpoint.load(folder.checkpoints, best["step"], quarantine=False).state["G_ema"])
        report, _ = evaluator.report(average.module, gan, best["step"])
    return [*reports, save_report(folder, "best", report.to_json())]


def list_scores(reports: Sequence[Mapping[str, Any]], optim: OptimConfig) -> Iterator[dict[str, Any]]:
    """Yield each score of reports, with its checkpoint and the keys of a record of evaluations.jsonl."""
    for report in reports:
        step = report["protocol"]["generated"]["step"]
        about = {"step": step, "images": step * optim.n_critic * optim.batch_size, "checkpoint": report["checkpoint"]}
        yield from ({**about, "name": name, **score} for name, score in report["scores"].items())


def best_evaluation(folder: RunFolder) -> dict[str, Any]:
    """Return the record of evaluations.jsonl with the lowest selection score, the first of equals; {} if none."""
    return min(known_records(folder.evaluations), key=lambda record: float(record["selection"]), default={})


def is_scored(folder: RunFolder, step: int) -> bool:
    """Return whether scores.json has all that `score_run` saves after `step`, the last one: a kill may cut it short."""
    best = best_evaluation(folder)
    wanted = {("last", step)}
    if best:
        wanted.add(("best", int(best["step"])))
    saved = {(report["checkpoint"], report["protocol"]["generated"]["step"]) for report in read_reports(folder)}
    return wanted <= saved


def keep_best_checkpoint(folder: RunFolder, saving: int | None = None) -> None:
    """Keep the best checkpoint from rotation, if it exists or is the step that is about to be saved."""
    best = best_evaluation(folder)
    if best and best["step"] in (saving, *checkpoint.available_steps(folder.checkpoints)):
        checkpoint.mark_best(folder.checkpoints, best["step"], best["selection"])


def save_report(folder: RunFolder, checkpoint: str, report: Mapping[str, Any]) -> dict[str, Any]:
    """Add a report to scores.json, in place of the one of the same checkpoint and protocol; return it as it is there.

    If that one is also of the same step, its other scores stay. `checkpoint` is "last", "best" or "step N".
    """
    entry = {"checkpoint": checkpoint, **report}
    others = []
    with one_at_a_time(folder.path):  # else one of two evaluations at once would lose its report
        for old in _read_or_move_aside(folder):
            if _subject(old) != _subject(entry):
                others.append(old)
            elif old["protocol"]["generated"] == entry["protocol"]["generated"]:  # and so of one protocol
                entry["protocol"] = _join_protocols(old, entry)
                entry["scores"] = old["scores"] | entry["scores"]
                entry["memorisation"] = entry["memorisation"] or old["memorisation"]
        folder.write_json(folder.scores, {"reports": [*others, entry]})
        write_hparams(folder, folder.read_recipe(), warn, [*others, entry])
    return entry


def _read_or_move_aside(folder: RunFolder) -> list[dict[str, Any]]:
    """Return the reports so far; a damaged scores.json is moved aside, with a warning."""
    try:
        return read_scores(folder.path)
    except CheckpointError as error:
        warn(describe(error, f"moved to {move_aside(folder.scores).name}, and begun anew"))
        return []


def _join_protocols(old: Mapping[str, Any], new: Mapping[str, Any]) -> dict[str, Any]:
    """Return the protocol of the scores of both reports, which differs in what single metrics were made by alone."""
    made = {name: about for report in (old, new) for name, about in report["protocol"].get("metrics", {}).items()
            if report is new or name not in new["scores"]}  # fmt: skip
    return {**new["protocol"], **({"metrics": made} if made else {})}


def _subject(report: Mapping[str, Any]) -> tuple[str, str]:
    """Return checkpoint and protocol without the step: of two reports with the same, the newer replaces the older.

    What single metrics were made by is left out too: the names of their scores tell them apart.
    """
    protocol = report["protocol"] | {"generated": report["protocol"]["generated"] | {"step": None}, "metrics": {}}
    return report["checkpoint"], json.dumps(protocol, sort_keys=True)
