"""Run folders and grids as training leaves them, made in no time, with numbers known beforehand."""

import json

import numpy as np
import tomli_w
from PIL import Image

from ganzoo.settings.toml import flatten, from_tables, to_tables

SCORE, GLANCE = "FD(digits-cnn)-200", "FD(digits-cnn)-100"
IMAGES_PER_STEP = 32


def make_run(folder, seed=0, *, steps=100, state="complete", score=10.0, frames=5, plugin="", noise=None, **names):
    """Write a run folder; `names` are those of its components, `score` what it ends with.

    `noise` is the shape (height, width) of its grids, of noise; without it they are of one shade, lighter with time.
    """
    (folder / "samples").mkdir(parents=True)
    reached = steps if state == "complete" else steps // 2
    (folder / "recipe.toml").write_text(tomli_w.dumps(to_tables(settings(seed, steps, names))))
    write(folder / "status.json", {"state": state, "step": reached, "steps": steps, "memory_mb": 321.0})
    write(folder / "manifest.json", manifest(folder, seed, plugin, names))
    records = [log_record(int(step), seed) for step in np.linspace(steps / 20, steps, 20) if step <= reached]
    write_lines(folder / "log.jsonl", records)
    evaluations = [evaluation(record, score + 40 * (1 - record["step"] / steps)) for record in records[3::4]]
    write_lines(folder / "evaluations.jsonl", evaluations)
    if state == "complete":
        reports = [report("last", steps, score), report("best", steps * 4 // 5, score - 1)]
        write(folder / "scores.json", {"reports": reports})
    rng = np.random.default_rng(seed)
    for i, step in enumerate(np.linspace(steps / frames, steps, frames).astype(int)):
        if step <= reached:
            pixels = np.full((8, 10), 50 + i * 200 // frames) if noise is None else rng.integers(0, 256, noise)
            Image.fromarray(pixels.astype(np.uint8)).save(folder / "samples" / f"step-{step:06d}.png", compress_level=1)
    return folder


def make_grid(folder, axes, seeds, *, states=None, refused=None, scores=None, steps=100, **options):
    """Write a grid folder. `axes` is [{axis: value}]; states, refused and scores are by place in it."""
    states, refused, scores = states or {}, refused or {}, scores or {}
    cells, attempts = {}, []
    for i, values in enumerate(axes):
        names = {axis.removesuffix(".name"): value for axis, value in values.items()}
        for seed in seeds:
            cell = f"cell-{i:02d}-s{seed}"
            resolved = flatten(to_tables(settings(seed, steps, names)))
            cells[cell] = {"axes": values, "seed": seed, "settings": resolved, "refused": refused.get(i, "")}
            if i in refused:
                continue
            state, score = states.get((i, seed), "complete"), scores.get(i, 10.0 + i) + 0.1 * seed
            make_run(folder / "cells" / cell, seed, state=state, score=score, steps=steps, **names, **options)
            reason = "" if state == "complete" else "the loss is nan"
            ended = {"seconds": 60.0, "ended": "2026-01-02T03:04:05+00:00", "host": "somewhere", "exit": 0}
            attempts.append({"cell": cell, "state": state, "reason": reason, **ended})
    about = {"schema": 1, "commands": [["ganzoo", "compare", "--out", "grid"]], "created": "2026-01-02T03:00:00+00:00"}
    about |= {"axes": {}, "seeds": list(seeds), "budget": None, "engine": {"name": "local"}, "cells": cells}
    write(folder / "grid.json", about)
    write_lines(folder / "cells.jsonl", attempts)
    return folder


def settings(seed, steps, names):
    tables = {kind: {"name": name} for kind, name in names.items()}
    return from_tables(tables | {"train": {"seed": seed, "steps": steps}, "optim": {"batch_size": IMAGES_PER_STEP}})


def write(path, values):
    path.write_text(json.dumps(values, allow_nan=False))


def write_lines(path, records):
    path.write_text("".join(json.dumps(record) + "\n" for record in records))


def log_record(step, seed):
    """D's loss falls from 2 by 0.01 a step, and is higher by the seed; a step takes a tenth of a second."""
    times = {"step": step, "images": step * IMAGES_PER_STEP, "seconds": step / 10, "images_per_s": 320.0}
    return times | {"d/adversarial": 2 - step / 100 + seed, "d/penalty": 0.0, "g/adversarial": 0.7 + seed}


def evaluation(record, value):
    where = {"step": record["step"], "images": record["images"], "name": GLANCE}
    return where | {"value": value, "low": value - 1, "high": value + 1, "selection": value}


def report(checkpoint, step, score):
    scores = {SCORE: (score, "lower"), "IS(digits-cnn)-200": (9 - score / 10, "higher")}
    shown = {name: {"value": v, "better": b, "low": v, "high": v, "std": None} for name, (v, b) in scores.items()}
    generated = {"count": 200, "source": "generator", "weights": "ema", "step": step, "seed": 0, "labels": "none"}
    generated |= {"truncation": "none", "precision": "fp32", "sha256": ""}
    reference = {"dataset": "digits", "options": {"image_size": 32}, "count": 1797, "sha256": "2bc38f18" * 8}
    fingerprint = {"weights": "8e70feb3" * 8, "resize": "bilinear, antialiased, to 32", "dtype": "float32"}
    protocol = {"features": "digits-cnn", "fingerprint": fingerprint, "generated": generated, "reference": reference}
    return {"checkpoint": checkpoint, "scores": shown, "protocol": protocol, "warnings": [], "memorisation": None}


def manifest(folder, seed, plugin, names):
    source = {"plugin": plugin or "losses", "version": "1.0" if plugin else ""}
    return {
        "created": f"2026-01-02T03:04:{seed:02d}+00:00",
        "command": ["ganzoo", "run", *(f"--{kind}={name}" for kind, name in names.items()), "--out", folder.name],
        "seed": seed,
        "components": [{"kind": kind, "name": name, **source} for kind, name in names.items()],
        "data": {"shape": [1, 32, 32], "classes": list("0123456789"), "count": 1797, "sha256": "98a5af43" * 8},
        "device": {"type": "cpu", "name": "x86_64", "precision": "fp32", "threads": 1},
        "versions": {"torch": "2.10.0", "ganzoo-torch": "0.1.0", "numpy": "2.4.6", "pillow": "13.0.0"},
        "platform": {"python": "3.11.7", "system": "Linux"},
        "cost": {"parameters_g": 1000000, "parameters_d": 200000, "flops_per_step": 1e9},
    }


def make_diagnosis(folder, *findings, step=100, notes=()):
    """Write what `ganzoo diagnose` leaves in a run folder: (name, level, picture) each, pictures 720 x 320."""
    (folder / "diagnosis").mkdir()
    said = [finding(name, level, picture) for name, level, picture in findings]
    write(folder / "diagnosis.json", {"run": folder.name, "step": step, "findings": said, "notes": list(notes)})
    for name in {picture for *_, picture in findings if picture}:
        write_figure(folder / "diagnosis" / name)


def finding(name, level, picture=""):
    said = {"name": name, "level": level, "what": f"what shows {name}", "evidence": {"spread": 0.123456, "norm": None}}
    return said | {"advice": ["--loss wgan", "--lipschitz r1"], "topic": "clip", "figure": picture}


def write_figure(path):
    """A black bar on white, at 25 pixels from the left for a name with a, 50 for one with b, and so on."""
    pixels = np.full((320, 720), 255, np.uint8)
    left = 25 * (ord(path.stem[0]) - 96)
    pixels[100:300, left : left + 25] = 0
    Image.fromarray(pixels).save(path)
