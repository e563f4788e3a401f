"""A table as an HTML page."""

from __future__ import annotations

from importlib.resources import files

from jinja2 import Environment, StrictUndefined

from ganzoo.results.tables.sheet import Sheet


def render_html(sheet: Sheet) -> str:
    """Return a page that needs no other file; all text is escaped."""
    source = files("ganzoo.results.tables").joinpath("page.html.j2").read_text(encoding="utf-8")
    environment = Environment(autoescape=True, undefined=StrictUndefined, trim_blocks=True, lstrip_blocks=True)
    return environment.from_string(source).render(sheet=sheet) + "\n"
