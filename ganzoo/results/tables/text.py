"""A table for the terminal."""

from __future__ import annotations

from ganzoo.results.tables.columns import Column, Entry
from ganzoo.results.tables.sheet import Sheet


def render_text(sheet: Sheet) -> str:
    """Return aligned columns; the best is marked *."""
    columns = [_align(column) for column in sheet.columns]
    lines = ["  ".join(parts).rstrip() for parts in zip(*columns, strict=True)]
    effects = ["", f"{sheet.effects_title}:", *(f"  {effect}" for effect in sheet.effects)] if sheet.effects else []
    provenance = ["", *(f"{word}: {text}" for word, text in sheet.provenance)] if sheet.provenance else []
    return "\n".join([*lines, "", *sheet.remarks, *effects, *provenance]) + "\n"


def _align(column: Column) -> list[str]:
    texts = [_mark(entry) for entry in column.entries]
    width = max(map(len, [column.header, *texts]))
    if not column.is_number:
        return [text.ljust(width) for text in (column.header, *texts)]
    marked = any(text[-1:] in ("*", "~", "?") for text in texts)  # numbers align, not their marks
    padded = [text if not marked or text[-1:] in ("*", "~", "?") else text + "  " for text in (column.header, *texts)]
    width = max(map(len, padded))
    return [text.rjust(width) for text in padded]


def _mark(entry: Entry) -> str:
    mark = "*" if entry.strong else entry.mark
    return f"{entry.text} {mark}" if mark else entry.text
