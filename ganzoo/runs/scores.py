"""The scores of a run on disk: reports of its last and best checkpoint, and which checkpoint is the best."""

from __future__ import annotations

import json
from collections.abc import Mapping
from copy import deepcopy
from typing import Any

from ganzoo.data.images import write_png
from ganzoo.evaluation.run_evaluator import Judge
from ganzoo.files import read_records
from ganzoo.runs import checkpoint
from ganzoo.runs.folder import RunFolder, read_reports
from ganzoo.training.gan import GAN


def score_run(gan: GAN, step: int, folder: RunFolder, judge: Judge) -> None:
    """Score the last checkpoint of a run, and the best one where evaluations chose one; write both reports.

    Raises EvaluationError.
    """
    last, images = judge.report(gan.G_ema.module, gan, step)
    write_report(folder, "last", last.to_json())
    if (picture := judge.open().draw_closest(last, images)) is not None:
        write_png(folder.closest, picture)
    if not (best := best_evaluation(folder)):
        return
    if best["step"] != step:
        average = deepcopy(gan.G_ema)
        average.load_state_dict(checkpoint.load(folder.checkpoints, best["step"], quarantine=False).state["G_ema"])
        last, _ = judge.report(average.module, gan, best["step"])
    write_report(folder, "best", last.to_json())


def best_evaluation(folder: RunFolder) -> dict[str, Any]:
    """Return the record of evaluations.jsonl with the lowest selection score, the first of equals; {} if none."""
    return min(read_records(folder.evaluations), key=lambda record: float(record["selection"]), default={})


def is_scored(folder: RunFolder, step: int) -> bool:
    """Whether scores.json has all that `score_run` writes after this step, the last one: a kill may come in between."""
    best = best_evaluation(folder)
    wanted = {("last", step)} | ({("best", int(best["step"]))} if best else set())
    found = {(report["checkpoint"], report["protocol"]["generated"]["step"]) for report in read_reports(folder)}
    return wanted <= found


def mark_best(folder: RunFolder, saving: int | None = None) -> None:
    """Let rotation spare the best checkpoint, if it is there or about to be saved."""
    best = best_evaluation(folder)
    if best and best["step"] in (saving, *checkpoint.available_steps(folder.checkpoints)):
        checkpoint.mark_best(folder.checkpoints, best["step"], best["selection"])


def write_report(folder: RunFolder, checkpoint: str, report: Mapping[str, Any]) -> None:
    """Add a report to scores.json, in folder of the one of the same checkpoint and protocol.

    If that is of the same step too, its other scores stay. `checkpoint` is "last", "best" or "step N".
    """
    entry = {"checkpoint": checkpoint, **report}
    others = []
    for old in read_reports(folder):
        if _subject(old) != _subject(entry):
            others.append(old)
        elif old["protocol"] == entry["protocol"]:
            entry["scores"] = old["scores"] | entry["scores"]
            entry["memorisation"] = entry["memorisation"] or old["memorisation"]
    folder.write_json(folder.scores, {"reports": [*others, entry]})


def _subject(report: Mapping[str, Any]) -> tuple[str, str]:
    """What a report is about; of two on one subject the newer counts."""
    protocol = report["protocol"] | {"generated": report["protocol"]["generated"] | {"step": None}}
    return report["checkpoint"], json.dumps(protocol, sort_keys=True)
