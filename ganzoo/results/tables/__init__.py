"""A comparison as text, Markdown, CSV, LaTeX, JSON or HTML.

numbers   digits and units of numbers
columns   columns that tables and reports share
sheet     a table as entries of text, which text, Markdown, LaTeX and HTML share
narrow    columns that leave: those that say nothing, and the least important of a sheet that is too wide
text, markdown, latex, html   one function each
data      CSV and JSON: every score, unrounded
"""

from __future__ import annotations

from collections.abc import Sequence

from ganzoo.errors import ConfigError
from ganzoo.results.comparison import Table
from ganzoo.results.provenance import Provenance
from ganzoo.results.tables.data import render_csv, render_json
from ganzoo.results.tables.latex import render_latex
from ganzoo.results.tables.markdown import render_markdown
from ganzoo.results.tables.narrow import choose_columns, drop_equal
from ganzoo.results.tables.sheet import lay_out

FORMATS = {"text": ".txt", "md": ".md", "csv": ".csv", "latex": ".tex", "json": ".json", "html": ".html"}
"""Format -> suffix of its files."""


def draw_cell(table: Table) -> str:
    """Return a table as HTML for the output of a notebook's cell, without columns that are equal in all rows."""
    from ganzoo.results.tables.html import render_cell  # not at the top: jinja2 would delay the other formats

    return render_cell(drop_equal(lay_out(table, (), None, strong="in bold")))


def render(
    table: Table, format: str, *, metrics: Sequence[str] = (), provenance: Provenance | None = None,
    columns: Sequence[str] = (), width: int | None = None, color: bool = False,
) -> str:  # fmt: skip
    """Return a table in one of FORMATS, with a newline at its end.

    `metrics` are shown beside the one that ranks; CSV and JSON always have all. `provenance` is how the runs were made,
    for text, Markdown and HTML. `columns` are the names of those to show; else text and LaTeX leave out what is equal
    in all rows. `width` and `color` are those of a terminal, for text. Raises ConfigError for an unknown format or
    column.
    """
    if format == "csv":
        return render_csv(table)
    if format == "json":
        return render_json(table)
    sheet = lay_out(table, metrics, provenance, strong="marked *" if format == "text" else "in bold")
    sheet = choose_columns(sheet, columns) if columns else sheet
    if format == "html":
        from ganzoo.results.tables.html import render_html  # not at the top: jinja2 would delay the other formats

        return render_html(sheet)
    if format == "text":
        from ganzoo.results.tables.text import render_text  # not at the top: so would rich

        return render_text(sheet if columns else drop_equal(sheet), width, may_leave=not columns, color=color)
    if format == "latex":
        return render_latex(sheet if columns else drop_equal(sheet), may_leave=not columns)
    if format != "md":
        raise ConfigError(f"{format!r} is not a format of tables", hint=", ".join(FORMATS))
    return render_markdown(sheet)
