"""Text on the command line: its width and colour, tables, times and scores."""

from __future__ import annotations

import shutil
import sys
from collections.abc import Mapping, Sequence
from typing import Any

import click

from ganzoo.cli.output import choices


def describe_score(score: Mapping[str, Any]) -> str:
    """Return a score with its interval as text."""
    interval = f" [{score['low']:.4g}, {score['high']:.4g}]" if score["low"] is not None else ""
    return f"{score['value']:.4g}{interval}"


def print_table(rows: Sequence[Mapping[str, Any]]) -> None:
    """Print rows in aligned columns; lines are cut to the width of a terminal, elsewhere they are not."""
    if not rows:
        return
    cells = [[str(value) for value in row.values()] for row in rows]
    header = list(rows[0])
    widths = [max(map(len, column)) for column in zip(header, *cells, strict=True)]
    limit = shutil.get_terminal_size().columns if sys.stdout.isatty() else None
    for line in [header, *cells]:
        text = "  ".join(cell.ljust(width) for cell, width in zip(line, widths, strict=True)).rstrip()
        click.echo(text if limit is None or len(text) <= limit else text[: limit - 1] + "…")


def terminal_looks() -> dict[str, Any]:
    """Return width and colour of the terminal; none for a file or a pipe, where no line is broken."""
    color = choices().has_color(sys.stdout)
    if not sys.stdout.isatty():
        return {"color": color} if color else {}
    return {"width": shutil.get_terminal_size().columns, "color": color}
