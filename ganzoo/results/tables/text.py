"""A table for the terminal."""

from __future__ import annotations

import io
import textwrap
from functools import partial
from typing import Literal

from rich.console import Console
from rich.measure import measure_renderables
from rich.table import Table
from rich.text import Text

from ganzoo.results.tables.columns import Column, Entry
from ganzoo.results.tables.narrow import fit
from ganzoo.results.tables.sheet import Sheet

_WIDE = 10_000
"""Columns of a file or a pipe, where no line is broken."""


def render_text(sheet: Sheet, width: int | None = None, *, may_leave: bool = True, color: bool = False) -> str:
    """Return aligned columns; the best is marked *, and bold with `color`.

    `width` is that of the terminal, in columns: less important columns leave if they `may_leave`, the others and the
    sentences are wrapped. None is no limit.
    """
    console = Console(
        file=io.StringIO(), width=width or _WIDE, force_terminal=color, color_system="standard" if color else None,
        legacy_windows=False,
    )  # fmt: skip
    if width is not None and may_leave:
        sheet = fit(sheet, width, partial(_measure, console))
    with console.capture() as captured:
        console.print(_draw(sheet))
    lines = [line.rstrip() for line in captured.get().splitlines()]
    effects = ["", f"{sheet.effects_title}:", *(f"  {effect}" for effect in sheet.effects)] if sheet.effects else []
    provenance = ["", *(f"{word}: {text}" for word, text in sheet.provenance)] if sheet.provenance else []
    below = [part for line in ("", *sheet.remarks, *effects, *provenance) for part in _wrap(line, width)]
    return "\n".join([*lines, *below]) + "\n"


def _draw(sheet: Sheet) -> Table:
    table = Table(box=None, pad_edge=False, padding=(0, 2, 0, 0), header_style="")
    for column in sheet.columns:
        justify: Literal["left", "right"] = "right" if column.is_number else "left"
        table.add_column(Text(column.header), justify=justify, no_wrap=column.is_number, overflow="fold")
        if _is_marked(column):
            table.add_column("")  # marks stand beside the numbers, which are aligned
    for row in sheet.rows:
        table.add_row(
            *(text for column, entry in zip(sheet.columns, row, strict=True) for text in _show(column, entry))
        )
    return table


def _is_marked(column: Column) -> bool:
    return any(entry.strong or entry.mark for entry in column.entries)


def _show(column: Column, entry: Entry) -> list[Text]:
    """Return an entry, and its mark if the column has marks."""
    style = "bold green" if entry.strong else ""
    texts = [entry.text, "*" if entry.strong else entry.mark]
    return [Text(text, style=style) for text in texts[: 1 + _is_marked(column)]]


def _measure(console: Console, sheet: Sheet) -> int:
    """Return the width that a sheet needs, with at most 30 columns for each column of sentences."""
    columns = [column for column in sheet.columns if column.key != "remark"]
    drawn = _draw(Sheet(tuple(columns), (), "", (), ()))
    needed = measure_renderables(console, console.options.update(width=_WIDE), [drawn]).maximum
    return needed + 32 * (len(sheet.columns) - len(columns))


def _wrap(line: str, width: int | None) -> list[str]:
    if width is None or len(line) <= width:
        return [line]
    indent = "    " if line.startswith("  ") else ""
    return textwrap.wrap(line, width, subsequent_indent=indent, break_long_words=False, break_on_hyphens=False)
