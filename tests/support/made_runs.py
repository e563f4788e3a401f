"""Runs as tables see them: values in memory, and run folders and grids written without training."""

import json
from pathlib import Path

from ganzoo.results.read import Result
from ganzoo.runs.folder import RunFolder
from ganzoo.runs.records import Manifest
from ganzoo.runs.typed import typed
from ganzoo.settings.sections import Choice, RunConfig, TrainConfig
from ganzoo.settings.toml import flatten, to_tables

FD, KD, PRECISION = "FD(digits-cnn)-2k", "KD(digits-cnn)-2k", "precision(digits-cnn)-2k"
BETTER = {FD: "lower", KD: "lower", PRECISION: "higher"}


def make_report(scores, checkpoint="last", *, count=2000, features="digits-cnn", dataset="digits", labels="none"):
    """One report of scores.json; `scores` is the FD alone, or name -> value."""
    scores = scores if isinstance(scores, dict) else {FD: scores}
    interval = {"low": None, "high": None, "std": None}
    generated = {"count": count, "source": "generator", "weights": "ema", "step": 10, "seed": 0, "labels": labels}
    return {
        "checkpoint": checkpoint,
        "scores": {name: {"value": value, "better": BETTER[name], **interval} for name, value in scores.items()},
        "protocol": {
            "features": features,
            "fingerprint": {"weights": "a" * 64, "dtype": "float32"},
            "generated": {**generated, "truncation": "none", "precision": "fp32", "sha256": ""},
            "reference": {"dataset": dataset, "options": {"split": "train"}, "count": 1797, "sha256": dataset * 8},
        },
        "memorisation": None,
        "warnings": [],
    }


def make_result(seed=0, scores=None, *, reports=None, axes=None, settings=None, state="complete", grid=True, **fields):
    """One run; `axes` are those of its grid, `settings` go with them."""
    axes = axes or {}
    if reports is None:
        reports = [] if scores is None else [make_report(scores)]
    values = {
        "name": "-".join([*map(str, axes.values()), f"s{seed}"]),
        "path": Path("runs", *map(str, axes.values()), f"s{seed}"),
        "reason": "" if state == "complete" else "because",
        "manifest": typed(Manifest, fields.pop("manifest", {"data": {"sha256": "d"}})),
        **dict.fromkeys(("images", "seconds", "flops", "parameters", "memory_mb")),
    }
    own = {"eval.samples": 2000, "features.name": "digits-cnn", "train.seed": seed, **axes, **(settings or {})}
    return Result(
        axes=axes if grid else {},
        settings=own,
        seed=seed,
        state=state,
        reports=tuple(reports),
        grid=Path("grid") if grid else None,
        **values | fields,
    )


def make_row(values, state="complete", **axes):
    """Runs of one row: seeds 0, 1, ... with these FDs; None is a run that ended in `state`."""
    axes = {f"{name}.name": value for name, value in axes.items()}
    return [
        make_result(seed, value, axes=axes, state="complete" if value is not None else state)
        for seed, value in enumerate(values)
    ]


def write_run(path, scores=None, *, seed=0, state="complete", reports=None, cost=True, **choices):
    """A run folder of 10 steps; `choices` name components. `scores` is its FD, or name -> value."""
    names = {"model": "mlp", "loss": "bce", "lipschitz": "none", "conditioner": "none", "dataset": "digits"} | choices
    run = RunConfig(**{kind: Choice(name) for kind, name in names.items()}, train=TrainConfig(steps=10, seed=seed))
    folder = RunFolder(Path(path))
    folder.path.mkdir(parents=True)
    folder.write_recipe(run)
    folder.write_json(folder.status, {"state": state, "step": 10, "steps": 10, "memory_mb": 100.0})
    costs = {"cost": {"parameters_g": 1_000, "parameters_d": 500, "flops_per_step": 1e6}} if cost else {}
    platform = {"python": "3.12", "system": "Linux", "processor": "Z80", "cores": 2, "gpus": []}
    about = {"platform": platform, "device": {"type": "cpu", "threads": 1}}
    folder.write_json(folder.manifest, {**costs, **about, "versions": {"torch": "2"}, "data": {"sha256": "d"}})
    folder.checkpoints.mkdir()
    (folder.checkpoints / "step-00000010.json").write_text("{}")
    lines = [json.dumps({"step": step, "images": step * 64, "seconds": step * 9.0}) for step in (5, 10)]
    folder.log.write_text("\n".join(lines) + '\n{"step": 15, "ima')  # the last line torn, as by a kill
    if reports is None:
        reports = [] if scores is None else [make_report(scores)]
    if reports:
        folder.write_json(folder.scores, {"reports": reports})
    return folder.path


def write_grid(path, cells):
    """A grid of losses; `cells` maps a name to (loss, seed, state, FD). A state of None leaves no folder."""
    plan, endings = {}, []
    for i, (name, (loss, seed, state, score)) in enumerate(cells.items()):
        train = TrainConfig(steps=10, seed=seed)
        settings = flatten(to_tables(RunConfig(*map(Choice, ("mlp", loss, "none", "none", "digits")), train=train)))
        refused = "does not fit" if state == "refused" else ""
        axes = {"model.name": "mlp", "loss.name": loss}
        plan[name] = {"axes": axes, "seed": seed, "settings": {} if refused else settings, "refused": refused}
        if state in ("complete", "diverged", "running"):
            run_state = "complete" if state == "complete" else "running"
            write_run(path / "cells" / name, score, seed=seed, state=run_state, loss=loss)
        if state in ("complete", "diverged", "failed", "timeout"):
            reason = "" if state == "complete" else f"exit {i}"
            ended = f"2026-01-01T00:{i:02d}:00+00:00"
            endings.append({"cell": name, "state": state, "reason": reason, "seconds": 30.0, "ended": ended})
    path.mkdir(parents=True, exist_ok=True)
    plan = {
        "commands": [["ganzoo", "compare", "--loss", "bce,wgan"]],
        "created": "2026-01-01T00:00:00+00:00",
        "cells": plan,
    }
    (path / "grid.json").write_text(json.dumps(plan))
    (path / "cells.jsonl").write_text("".join(json.dumps(ending) + "\n" for ending in endings))
    return path
