"""A table for programs: every score of both checkpoints, unrounded, with all its statistics."""

from __future__ import annotations

import csv
import io
import json
from dataclasses import asdict
from typing import Any

from ganzoo.results.comparison import Checkpoint, Effect, Measure, Row, Summary, Table, short

SCHEMA = 2
STATES = ("complete", "diverged", "failed", "timeout", "refused", "interrupted", "running", "missing")
_COSTS = ("images", "seconds", "flops", "parameters", "memory_mb")
_CHECKPOINTS: tuple[Checkpoint, ...] = ("last", "best")
_STATISTICS = ("n", "mean", "std", "low", "high")


def render_csv(table: Table) -> str:
    """Return one line per row; a field without a number is empty."""
    file = io.StringIO()
    records = [_record(table, row) for row in table.rows]
    writer = csv.DictWriter(file, list(records[0]) if records else [], lineterminator="\n")
    writer.writeheader()
    writer.writerows(records)
    return file.getvalue()


def render_json(table: Table) -> str:
    """Return one object: the fields of `comparison.Table`, with the name, seed and state of each run."""
    values = {
        "schema": SCHEMA,
        **{name: getattr(table, name) for name in ("axes", "averaged", "metric", "better", "metrics", "checkpoint")},
        "rows": [_row(row) for row in table.rows],
        "effects": [_effect(effect) for effect in table.effects],
        **{name: getattr(table, name) for name in ("test", "protocol", "notes")},
    }
    return json.dumps(values, indent=2, allow_nan=False, ensure_ascii=False) + "\n"


def _record(table: Table, row: Row) -> dict[str, Any]:
    states = [result.state for result in row.results]
    ranking = row.summary(table.measure)
    return {
        **{short(axis): value for axis, value in row.axes.items()},
        "rank": row.rank,
        "unranked": row.unranked,
        "p_adjusted": row.p_adjusted,
        "n": ranking.n if ranking else 0,
        "runs": len(states),
        **{state: states.count(state) for state in STATES},
        **{
            f"{checkpoint} {name} {statistic}": getattr(row.summary(Measure(name, checkpoint)), statistic, None)
            for name in table.metrics
            for checkpoint in _CHECKPOINTS
            for statistic in _STATISTICS
        },
        **{cost: getattr(row, cost) for cost in _COSTS},
        "reason": row.reason,
    }


def _row(row: Row) -> dict[str, Any]:
    return {
        "axes": dict(row.axes),
        "rank": row.rank,
        "unranked": row.unranked,
        "p_adjusted": row.p_adjusted,
        "runs": [{"name": r.name, "seed": r.seed, "state": r.state, "reason": r.reason} for r in row.results],
        "ended": row.ended,
        "failures": dict(row.failures),
        "last": {name: _summary(summary) for name, summary in row.last.items()},
        "best": {name: _summary(summary) for name, summary in row.best.items()},
        **{cost: getattr(row, cost) for cost in _COSTS},
        "reason": row.reason,
    }


def _summary(summary: Summary) -> dict[str, Any]:
    return asdict(summary)


def _effect(effect: Effect) -> dict[str, Any]:
    return {**asdict(effect), "of_methods": effect.of_methods}
