"""Text on the command line: its width and colour, tables, times and scores."""

from __future__ import annotations

import shutil
import sys
from collections.abc import Mapping, Sequence
from typing import Any, TextIO

import click

from ganzoo.cli.lines import wrap
from ganzoo.cli.output import choices


def describe_score(score: Mapping[str, Any]) -> str:
    """Return a score with its interval as text."""
    interval = f" [{score['low']:.4g}, {score['high']:.4g}]" if score["low"] is not None else ""
    return f"{score['value']:.4g}{interval}"


def print_table(rows: Sequence[Mapping[str, Any]]) -> None:
    """Print rows in aligned columns; on a terminal the last column goes on below itself where it is too long."""
    if not rows:
        return
    cells = [[str(value) for value in row.values()] for row in rows]
    header = list(rows[0])
    widths = [max(map(len, column)) for column in zip(header, *cells, strict=True)]
    width = terminal_width(sys.stdout)
    below = sum(widths[:-1]) + 2 * len(widths[:-1])
    for line in [header, *cells]:
        text = "  ".join(cell.ljust(width) for cell, width in zip(line, widths, strict=True)).rstrip()
        longest = max(map(len, line[-1].split()), default=0)  # a path that fits in no column has a line to itself
        click.echo(wrap(text, width, " " * (below if width is None or below + longest <= width else 4)))


def terminal_width(stream: TextIO) -> int | None:
    """Return the columns of the terminal behind a stream; None for a file or a pipe, where no line is broken."""
    return shutil.get_terminal_size().columns if stream.isatty() else None


def terminal_looks() -> dict[str, Any]:
    """Return width and colour of the terminal; none for a file or a pipe, where no line is broken."""
    color = choices().has_color(sys.stdout)
    width = terminal_width(sys.stdout)
    if width is None:
        return {"color": color} if color else {}
    return {"width": width, "color": color}
