r"""A table for papers; needs \usepackage{booktabs}."""

from __future__ import annotations

import re

from ganzoo.results.tables.columns import Column, Entry
from ganzoo.results.tables.narrow import fit
from ganzoo.results.tables.sheet import Sheet

_PAGE = 86
"""Letters of \\footnotesize in a line of the article class, 345 pt wide."""
_REMARK = 30
"""Letters in a line of the column of remarks."""

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
    "→": r"$\rightarrow$",
}


def render_latex(sheet: Sheet, *, may_leave: bool = True) -> str:
    """Return a table environment with caption and label; the best in bold.

    The least important columns leave, if they `may_leave`, until the table fits a page.
    """
    sheet = fit(sheet, _PAGE, _measure) if may_leave else sheet
    caption, *remarks = sheet.remarks
    remarks += [f"{sheet.effects_title}:", *sheet.effects] if sheet.effects else []
    lines = [
        r"% in the preamble: \usepackage{booktabs}",
        r"\begin{table}",
        r"\centering\footnotesize\setlength{\tabcolsep}{4pt}",
        rf"\caption{{{escape(caption)}}}",
        r"\label{tab:comparison}",
        rf"\begin{{tabular}}{{{''.join(map(_kind, sheet.columns))}}}",
        r"\toprule",
        *(rf"{line} \\" for line in _headers(sheet)),
        r"\midrule",
        *(" & ".join(map(_show, row)) + r" \\" for row in sheet.rows),
        r"\bottomrule",
        r"\end{tabular}",
        *(rf"\par\smallskip\footnotesize {escape(remark)}" for remark in remarks),
        r"\end{table}",
    ]
    return "\n".join(lines) + "\n"


def _headers(sheet: Sheet) -> list[str]:
    """Return the header, in as many lines as the highest one has."""
    parts = [column.header.split("\n") for column in sheet.columns]
    height = max(map(len, parts))
    filled = [[""] * (height - len(lines)) + lines for lines in parts]
    return [" & ".join(map(escape, line)) for line in zip(*filled, strict=True)]


def _measure(sheet: Sheet) -> int:
    """Return about how many letters wide a table is."""
    return sum(_REMARK if column.key == "remark" else _width(column) for column in sheet.columns)


def _width(column: Column) -> int:
    texts = [*column.header.split("\n"), *(f"{entry.text} {entry.mark}".rstrip() for entry in column.entries)]
    return max(map(len, texts)) + 2


def escape(text: str) -> str:
    """Escape text for LaTeX; a letter that pdflatex does not know becomes a question mark."""
    signs = "".join(_SIGNS.get(c, c if c.isascii() or c in _ACCENTED else "?") for c in text.replace("–", "-"))
    return re.sub(r"-(?=-)", "-{}", signs)  # two in a row would join into a dash


_ACCENTED = frozenset("ÀÁÂÃÄÅÆÇÈÉÊËÌÍÎÏÑÒÓÔÕÖØÙÚÛÜÝßàáâãäåæçèéêëìíîïñòóôõöøùúûüýÿ")


def _kind(column: Column) -> str:
    if column.header == "remark":
        return "p{4cm}"  # sentences, which may need several lines
    return "r" if column.is_number else "l"


def _show(entry: Entry) -> str:
    text = re.sub(r"^-(?=\d)", "$-$", escape(entry.text))  # a minus is no hyphen
    text = rf"\textbf{{{text}}}" if entry.strong else text
    return f"{text} {escape(entry.mark)}" if entry.mark else text
