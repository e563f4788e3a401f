"""A table as an HTML page, or as the part of one that a notebook shows."""

from __future__ import annotations

from jinja2 import Environment, PackageLoader, StrictUndefined

from ganzoo.results.tables.sheet import Sheet


def render_html(sheet: Sheet) -> str:
    """Return a page that needs no other file; all text is escaped."""
    return _read("page.html.j2", sheet)


def render_cell(sheet: Sheet) -> str:
    """Return a table for the output of a notebook's cell, in the colours of the notebook; all text is escaped."""
    return _read("cell.html.j2", sheet)


def _read(name: str, sheet: Sheet) -> str:
    loader = PackageLoader("ganzoo.results", "tables")
    environment = Environment(
        loader=loader, autoescape=True, undefined=StrictUndefined, trim_blocks=True, lstrip_blocks=True
    )
    return environment.get_template(name).render(sheet=sheet) + "\n"
