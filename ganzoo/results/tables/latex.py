r"""A table for papers; needs \usepackage{booktabs}."""

from __future__ import annotations

import re

from ganzoo.results.tables.columns import Column, Entry
from ganzoo.results.tables.sheet import Sheet

_SIGNS = {
    **{sign: f"\\{sign}" for sign in "&%$#_{}"},
    "\\": r"\textbackslash{}",
    "~": r"\textasciitilde{}",
    "^": r"\textasciicircum{}",
    "<": r"\textless{}",
    ">": r"\textgreater{}",
    "|": r"\textbar{}",
    '"': "''",
    "`": "{`}",  # ?` would join into another sign
    "±": r"$\pm$",
    "↓": r"$\downarrow$",
    "↑": r"$\uparrow$",
}


def render_latex(sheet: Sheet) -> str:
    """Return a table environment with its remarks; the best in bold."""
    kinds = "".join(map(_kind, sheet.columns))
    header = " & ".join(escape(column.header) for column in sheet.columns)
    rows = [" & ".join(map(_show, row)) + r" \\" for row in sheet.rows]
    remarks = [*sheet.remarks, *([f"{sheet.effects_title}:", *sheet.effects] if sheet.effects else [])]
    lines = [
        r"% in the preamble: \usepackage{booktabs}",
        r"\begin{table}",
        r"\centering\small",
        rf"\begin{{tabular}}{{{kinds}}}",
        r"\toprule",
        rf"{header} \\",
        r"\midrule",
        *rows,
        r"\bottomrule",
        r"\end{tabular}",
        *(rf"\par\smallskip\footnotesize {escape(remark)}" for remark in remarks),
        r"\end{table}",
    ]
    return "\n".join(lines) + "\n"


def escape(text: str) -> str:
    """Escape text for LaTeX; a letter that pdflatex does not know becomes a question mark."""
    signs = "".join(_SIGNS.get(c, c if c.isascii() or c in _ACCENTED else "?") for c in text.replace("–", "-"))
    return re.sub(r"-(?=-)", "-{}", signs)  # two in a row would join into a dash


_ACCENTED = frozenset("ÀÁÂÃÄÅÆÇÈÉÊËÌÍÎÏÑÒÓÔÕÖØÙÚÛÜÝßàáâãäåæçèéêëìíîïñòóôõöøùúûüýÿ")


def _kind(column: Column) -> str:
    if column.header == "remark":
        return "p{5cm}"  # sentences, which may need several lines
    return "r" if column.is_number else "l"


def _show(entry: Entry) -> str:
    text = rf"\textbf{{{escape(entry.text)}}}" if entry.strong else escape(entry.text)
    return f"{text} {escape(entry.mark)}" if entry.mark else text
