"""A sheet with fewer columns: what says nothing leaves first, then what matters least; both are named below."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import replace
from itertools import chain

from ganzoo.errors import ConfigError
from ganzoo.results.tables.columns import Column
from ganzoo.results.tables.sheet import Sheet

_LEAST_FIRST = ("memory", "flops", "parameters", "images", "std", "seconds", "failed", "run", "n")
"""Keys of the columns that leave a sheet that is too wide, in this order; axes, scores and remarks stay."""
ALL = "all"


def choose_columns(sheet: Sheet, names: Sequence[str]) -> Sheet:
    """Return a sheet with the columns of these names, in this order. Raises ConfigError for an unknown name."""
    if list(names) == [ALL]:
        return sheet
    known = {name: [column for column in sheet.columns if name in column.names] for name in _list_names(sheet)}
    for name in names:
        if name not in known:
            raise ConfigError(f"no column is called {name!r}", hint=f"--columns {','.join(known)}")
    return replace(sheet, columns=tuple(dict.fromkeys(chain.from_iterable(known[name] for name in names))))


def _list_names(sheet: Sheet) -> list[str]:
    return list(dict.fromkeys(name for column in sheet.columns for name in column.names))


def drop_equal(sheet: Sheet) -> Sheet:
    """Move columns that are equal in all of several rows into a remark, but no score and no remark of a row."""
    kept, remarks = split_equal(sheet.columns)
    return replace(sheet, columns=kept, remarks=(*sheet.remarks, *remarks))


def split_equal(columns: Sequence[Column]) -> tuple[tuple[Column, ...], tuple[str, ...]]:
    """Return the columns without those that are equal in all of several rows, and a remark that names these, if any."""
    equal = [column for column in columns if _is_equal(column)]
    text = ", ".join(f"{column.name} {column.entries[0].text}" for column in equal)
    remarks = (f"In all rows: {text}.",) if equal else ()
    return tuple(column for column in columns if column not in equal), remarks


def _is_equal(column: Column) -> bool:
    texts = {entry.text for entry in column.entries}
    may_leave = column.kind == "axis" or column.key in (*_LEAST_FIRST, "outcome")
    return may_leave and len(column.entries) > 1 and len(texts) == 1 and "" not in texts


def fit(sheet: Sheet, width: int, measure: Callable[[Sheet], int]) -> Sheet:
    """Drop the least important columns until `measure` gives at most `width`, and name them in a remark.

    The axes, the first score, which ranks, and the remarks of rows stay.
    """
    scores = [column for column in sheet.columns if column.key in ("last", "best")]
    costs = [column for key in _LEAST_FIRST for column in sheet.columns if column.key == key]
    left_out: list[Column] = []
    scores = sorted(scores[1:], key=lambda column: column.key == scores[0].key)  # of the other checkpoint first
    for leaving in (*costs, *scores):
        if measure(sheet) <= width:
            break
        left_out.append(leaving)
        sheet = replace(sheet, columns=tuple(column for column in sheet.columns if column is not leaving))
    if not left_out:
        return sheet
    names = ", ".join(dict.fromkeys(column.name for column in left_out))
    return replace(sheet, remarks=(*sheet.remarks, f"Left out for want of room: {names} (--columns {ALL} shows them)."))
