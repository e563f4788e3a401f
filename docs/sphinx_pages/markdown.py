"""Markdown from values and docstrings."""

from __future__ import annotations

import re
import textwrap
from collections.abc import Iterable, Sequence

ARXIV = re.compile(r"arXiv:(\d{4}\.\d{4,5})")
FORMULA = re.compile(r"^[^.]*(?:\|\||\^2|\bE\b|E_|softplus|->|<-|weight \*|sigma)[^.]*$")


def table(head: Sequence[str], rows: Iterable[Sequence[str]]) -> str:
    """Return a table, its cells in one line each."""
    lines = [list(head), ["---"] * len(head), *(list(row) for row in rows)]
    return "\n".join(f"| {' | '.join(cell(text) for text in line)} |" for line in lines)


def toctree(names: Iterable[str]) -> str:
    """Return a list of pages that is shown in the sidebar alone."""
    return "\n".join([":::{toctree}", ":hidden:", "", *names, ":::"])


def cell(text: str) -> str:
    """Return a text as it may stand in a cell."""
    return " ".join(text.split()).replace("|", "\\|")


def code(text: str) -> str:
    """Return a text as code within a line; empty stays empty."""
    return f"`{text}`" if text else ""


def prose(text: str) -> str:
    """Return a sentence with links to arXiv, and without what Markdown would read as its own marks."""
    parts = re.split(r"(`[^`]*`)", text)
    return "".join(part if part.startswith("`") else _plain(part) for part in parts)


def _plain(text: str) -> str:
    escaped = re.sub(r"([\\*_<>$~\[\]|#])", r"\\\1", text)
    return ARXIV.sub(r"[arXiv:\1](https://arxiv.org/abs/\1)", escaped)


def docstring(text: str) -> str:
    """Return a docstring as paragraphs; indented lines, tables and formulas stay as they are."""
    return "\n\n".join(_paragraph(part) for part in re.split(r"\n\s*\n", text.strip("\n")))


def _paragraph(text: str) -> str:
    lines = text.splitlines()
    if any(line.startswith("  ") for line in lines) or is_formula(text):
        return f"```text\n{textwrap.dedent(text)}\n```"
    return prose(text)


def is_formula(text: str) -> bool:
    """Tell whether a paragraph is a formula rather than a sentence: it neither begins like one nor ends like one."""
    return not text.rstrip().endswith((".", ":")) and ("=" in text or " * " in text or FORMULA.match(text) is not None)
