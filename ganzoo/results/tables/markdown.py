"""A table for GitHub and for docs."""

from __future__ import annotations

import re
from collections.abc import Iterable

from ganzoo.results.tables.columns import Entry
from ganzoo.results.tables.sheet import Sheet


def render_markdown(sheet: Sheet) -> str:
    """Return a GitHub table, remarks, effects, and how the runs were made; the best in bold."""
    header = _line(escape(column.name) for column in sheet.columns)
    rule = _line("---:" if column.is_number else "---" for column in sheet.columns)
    rows = [_line(map(_show, row)) for row in sheet.rows]
    parts = ["\n".join([header, rule, *rows]), *map(escape, sheet.remarks)]
    if sheet.effects:
        parts += ["## Effects", f"{escape(sheet.effects_title)}:", _list(map(escape, sheet.effects))]
    if sheet.provenance:
        parts += ["## How it was made", _list(f"{word}: {_code(word, text)}" for word, text in sheet.provenance)]
    return "\n\n".join(parts) + "\n"


def escape(text: str) -> str:
    """Escape text for Markdown, also within a table."""
    text = text.replace("&", "&amp;").replace("<", "&lt;")
    return re.sub(r"([\\`*|~\[\]])", r"\\\1", text)


def _line(cells: Iterable[str]) -> str:
    return f"| {' | '.join(cells)} |"


def _list(items: Iterable[str]) -> str:
    return "\n".join(f"- {item}" for item in items)


def _show(entry: Entry) -> str:
    text = f"**{escape(entry.text)}**" if entry.strong else escape(entry.text)
    return f"{text} {escape(entry.mark)}" if entry.mark else text


def _code(word: str, text: str) -> str:
    return f"`{text}`" if word == "Command" and "`" not in text else escape(text)
