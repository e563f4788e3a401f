"""All parts of a report in one page."""

from __future__ import annotations

import base64
import gzip
import json
from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any

from jinja2 import Environment, FileSystemLoader, StrictUndefined
from markupsafe import Markup
from plotly.offline import get_plotlyjs  # type: ignore[import-untyped]

from ganzoo import __version__
from ganzoo.results.comparison import Effect, Row, Table, short
from ganzoo.results.provenance import read_provenance
from ganzoo.results.read import Result, find_grid
from ganzoo.results.report import facts
from ganzoo.results.report.columns import label_row, list_filters, make_columns
from ganzoo.results.report.curves import collect_logs, collect_scores, is_curve
from ganzoo.results.report.diagnoses import make_diagnoses
from ganzoo.results.report.pictures import make_cards
from ganzoo.results.report.styles import Style, choose_styles
from ganzoo.results.tables.columns import Column
from ganzoo.results.tables.numbers import show_changes, show_difference, show_summary, show_value
from ganzoo.results.tables.sheet import lay_out
from ganzoo.runs.folder import timestamp

_HERE = Path(__file__).parent
_FIRST_SHOWN = "d/adversarial"
"""Quantity that the chart of losses shows first."""


def render(table: Table, results: Sequence[Result], title: str) -> str:
    """Return the page. All text that comes from runs is escaped."""
    jinja = Environment(loader=FileSystemLoader(_HERE), autoescape=True, undefined=StrictUndefined, trim_blocks=True)
    jinja.lstrip_blocks = True
    parts = describe(table, results) | {"title": title or _name(table, results), "written": timestamp()}
    assets = {"style": _read("report.css"), "script": _read("report.js"), "version": __version__}
    return jinja.get_template("page.html.j2").render(parts | assets)


def _read(name: str) -> Markup:
    return Markup((_HERE / name).read_text(encoding="utf-8"))  # noqa: S704  # our own files, with nothing from a run


def _name(table: Table, results: Sequence[Result]) -> str:
    if (grid := find_grid(results)) is not None:
        return grid.resolve().name
    return results[0].name if len(results) == 1 else "Comparison by " + ", ".join(map(short, table.axes))


def describe(table: Table, results: Sequence[Result]) -> dict[str, Any]:
    """Return the values of the template, except the title and the date."""
    rows = {f"row-{i}": row for i, row in enumerate(table.rows)}
    styles, features = choose_styles([row.axes for row in table.rows])
    looks: dict[str, Style] = dict(zip(rows, styles, strict=True))
    environment, grid = facts.compare_environments(results), find_grid(results)
    sheet = lay_out(table, (), read_provenance(grid, results) if grid else None, strong="bold")
    columns, equal = make_columns(table)
    parts = {
        "summary": list(_summarise(table, results)),
        "columns": columns,
        "rows": [_describe_row(i, key, row, looks[key], columns) for i, (key, row) in enumerate(rows.items())],
        "filters": list_filters(table),
        "remarks": (*sheet.remarks, *equal),
        "single": len(rows) == 1,
        "effects": list(map(_describe_effect, table.effects)),
        "effects_title": sheet.effects_title,
        "styles": _explain_styles(features),
        "settings": facts.compare_settings(table.rows, table.axes),
        "protocol": list(facts.flatten(table.protocol)),
        "environment": environment,
        "environment_lead": _lead_environment(environment),
        "provenance": sheet.provenance,
        "commands": facts.list_commands(results),
    }
    return parts | _describe_charts(table, rows, looks) | make_cards(rows) | make_diagnoses(rows)


def _describe_row(i: int, key: str, row: Row, style: Style, columns: Sequence[Column]) -> dict[str, Any]:
    entries = [(column.entries[i], column) for column in columns]
    shown = [entry for entry, column in entries if column.kind != "extra"]
    words = [word for entry in shown for word in (entry.text, entry.meaning, entry.note)]
    text = " ".join([*words, *(run.name for run in row.results)]).lower()
    axes = json.dumps({axis: show_value(value) for axis, value in row.axes.items()})
    said = {"id": key, "label": label_row(row), "rank": row.rank, "style": style}
    return said | {"entries": entries, "text": text, "axes": axes}


def _summarise(table: Table, results: Sequence[Result]) -> Iterator[str]:
    states = Counter(run.state for run in results).most_common()
    ended = ", ".join(f"{count} {state}" for state, count in states)
    yield f"{_count(len(table.rows), 'row')}, {_count(len(results), 'run')}: {ended}."
    best = next((row for row in table.rows if row.rank == "best"), None)
    if best and (summary := best.summary(table.measure)):
        alike = sum(row.rank == "alike" for row in table.rows)
        others = f"; {_count(alike, 'row')} not distinguishable from it" if alike else ""
        yield f"Best {table.metric}, {table.better} is better: {show_summary(summary)} by {label_row(best)}{others}."


def _count(number: int, noun: str) -> str:
    return f"{number} {noun}{'' if number == 1 else 's'}"


def _describe_effect(effect: Effect) -> dict[str, Any]:
    values = {"value": show_value(effect.value), "instead_of": show_value(effect.instead_of)}
    sign = "+" if effect.difference.mean > 0 else ""
    counts = {"pairs": effect.pairs, "left_out": effect.left_out, "also": show_changes(effect) or "all else equal"}
    return {"axis": short(effect.axis), "difference": sign + show_difference(effect.difference)} | values | counts


def _explain_styles(features: Sequence[tuple[str, str]]) -> str:
    said = [f"{what} by {short(axis)}" for what, axis in features]
    return f"Lines have their {', '.join(said)}." if said else ""


def _lead_environment(environment: Sequence[facts.Fact]) -> str:
    if not environment:
        return "No run began."
    differing = [fact.name for fact in environment if fact.differs]
    return f"The runs differ in {', '.join(differing)}." if differing else "The same for all runs."


def _describe_charts(table: Table, rows: Mapping[str, Row], looks: Mapping[str, Style]) -> dict[str, Any]:
    """Return the choices of the charts, and their numbers as JSON; no charts if no run started."""
    scores, logs = collect_scores(rows), collect_logs(rows)
    if len(rows) == 1:  # a single dot is no curve
        scores = {name: lines for name, lines in scores.items() if is_curve(lines)}
    drawn = [key for key in rows if any(key in lines for lines in (logs, *scores.values()))]
    if not drawn:
        return {"charts": None, "drawn": drawn}
    better = {name: table.metrics.get(name, "lower") for name in scores}  # others are FD while training
    data = {
        "rows": [{"id": key, "label": label_row(rows[key]), **looks[key]} for key in drawn],
        "scores": {name: {"better": better[name], "lines": lines} for name, lines in scores.items()},
        "logs": logs,
    }
    names = dict.fromkeys(name for line in logs.values() for name in line["values"])
    charts = {"scores": _name_scores(table, scores), "losses": sorted(names, key=lambda name: name != _FIRST_SHOWN)}
    return {"charts": charts, "drawn": drawn, "data": embed(data), "plotly": _pack(get_plotlyjs())}


def _name_scores(table: Table, scores: Mapping[str, Mapping[str, Any]]) -> list[tuple[str, str]]:
    """Return (name, label) of each score: first those measured while training, then that of the table."""
    names = sorted(scores, key=lambda name: (not is_curve(scores[name]), name != table.metric))
    return [(name, f"{name}, {'while training' if is_curve(scores[name]) else 'at the end'}") for name in names]


def embed(values: Any) -> Markup:
    """Return JSON for a script element, without any `<`, which could end the element or begin a comment."""
    text = json.dumps(values, allow_nan=False, separators=(",", ":"))
    return Markup(text.replace("<", "\\u003c"))  # noqa: S704  # safe without `<`


def _pack(script: str) -> Markup:
    return Markup(base64.b64encode(gzip.compress(script.encode(), mtime=0)).decode("ascii"))  # noqa: S704  # base64
