"""Output of `ganzoo compare`: the plan, and the tables at the end."""

from __future__ import annotations

import json
from collections.abc import Sequence
from pathlib import Path
from shlex import quote
from typing import Any

import click

from ganzoo.cli.next_steps import print_next
from ganzoo.cli.output import choices, say
from ganzoo.cli.terminal import print_table, terminal_looks
from ganzoo.contracts import Engine
from ganzoo.grid.plan import PlannedCell
from ganzoo.results.comparison import make_table, split
from ganzoo.results.durations import show_duration
from ganzoo.results.read import read_results

OVERHEAD = 8.0
"""Seconds of a cell beside its steps, for imports and scores."""


def print_plan(cells: Sequence[PlannedCell], engine: Engine, as_json: bool) -> None:
    """Print the cells with their expected time; nothing was written."""
    rows = [_describe(cell) for cell in cells]
    seconds = sum(row["seconds"] or 0 for row in rows)
    if as_json:
        click.echo(json.dumps({"cells": rows, "seconds": seconds, "at_once": engine.cells_at_once}))
        return
    shown = [_format(row) for row in rows if not row["refused"]]
    print_table(shown)
    for row in rows:
        if row["refused"]:
            click.echo(f"{row['cell']}  refused: {row['refused']}")
    at_once = engine.cells_at_once
    together = f", {at_once} at once: about {show_duration(seconds / at_once)}" if at_once else ""
    alone = f"{show_duration(seconds)} one after another"
    click.echo(f"{len(shown)} cells, {len(rows) - len(shown)} refused, {alone}{together}")


def _format(row: dict[str, Any]) -> dict[str, str]:
    numbers = {key: f"{row[key]:,}" for key in ("steps", "images", "parameters")}
    time = "" if row["seconds"] is None else show_duration(row["seconds"])
    return {"cell": row["cell"], **numbers, "time": time}


def _describe(cell: PlannedCell) -> dict[str, Any]:
    tried, run = cell.dry_run, cell.run
    return {
        "cell": cell.name,
        "steps": run.train.steps if run else 0,
        "images": run.train.steps * run.optim.n_critic * run.optim.batch_size if run else 0,
        "seconds": run.train.steps * tried.seconds_per_step + OVERHEAD if tried and run else None,
        "parameters": tried.parameters_g + tried.parameters_d if tried else 0,
        "refused": cell.refused,
    }


def print_outcome(path: Path, as_json: bool) -> None:
    """Print the tables of a grid, one for each group of cells that may be ranked together, and what to type next."""
    from ganzoo.results import tables

    results = read_results([path])
    groups = split(results)
    compared = {name: make_table(runs) for name, runs in groups.runs.items()}
    if as_json:
        cells = {result.name: {"state": result.state, "reason": result.reason} for result in results}
        shown = [json.loads(tables.render(table, "json")) for table in compared.values()]
        click.echo(json.dumps({"grid": str(path), "cells": cells, "tables": shown}))
        return
    for name, table in compared.items():
        if len(compared) > 1:
            click.echo(f"{name}\n")
        say(tables.render(table, "text", **terminal_looks()))
    for note in groups.notes:
        click.echo(note, err=True)
    if choices().quiet:
        return
    folder = quote(str(path))
    markdown, page = f"ganzoo table {folder} --format md", f"ganzoo report {folder} -o report.html"
    print_next([markdown, page, f"tensorboard --logdir {folder}"])
