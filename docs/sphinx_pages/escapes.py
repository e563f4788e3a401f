"""Docstrings and help texts as plain text: what reStructuredText would read as its own marks is escaped."""

from __future__ import annotations

import re
from typing import Any

from sphinx.application import Sphinx


def setup(app: Sphinx) -> dict[str, bool]:
    """Connect to what autodoc and sphinx-click read."""
    app.connect("autodoc-process-docstring", lambda app, what, name, value, options, lines: escape(lines))
    for part in ("description", "options", "arguments", "epilog"):
        app.connect(f"sphinx-click-process-{part}", escape_help)
    return {"parallel_read_safe": True, "parallel_write_safe": True}


def escape_help(app: Sphinx, context: Any, lines: list[str]) -> None:
    """Escape the help of a command in place; lines that click shows as they are become a block of code."""
    shown, block = [], False
    for line in lines:
        if line.startswith("| ") and not block:
            shown += ["", ".. code-block:: text", ""]
        block = line.startswith("| ")
        shown.append("   " + line[2:] if block else line if is_directive(line) else escaped(line))
    lines[:] = shown


def escape(lines: list[str]) -> None:
    """Escape the lines in place."""
    lines[:] = [line if is_directive(line) else escaped(line) for line in lines]


def is_directive(line: str) -> bool:
    """Tell whether a line begins a directive."""
    return line.lstrip().startswith("..")


def escaped(line: str) -> str:
    """Return a line with *, |, and _ behind a word escaped; what stands in backticks stays."""
    parts = re.split(r"(`+[^`]*`+)", line)
    return "".join(part if part.startswith("`") else re.sub(r"[*|]|(?<=\w)_(?!\w)", r"\\\g<0>", part) for part in parts)
