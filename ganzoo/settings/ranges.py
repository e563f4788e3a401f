"""Ranges in words, the same for options of components, settings and flags: "must be at least 1"."""

from __future__ import annotations

from collections.abc import Collection
from typing import Any

RANGE_FAULTS = ("greater_than", "greater_than_equal", "less_than", "less_than_equal")
"""Types of pydantic's errors for numbers out of range."""


def require_within(bounds: Collection[tuple[str, float]], whole: bool) -> str:
    """Return the demand that bounds make, from pairs such as ("gt", 0): "must be at least 1" of whole numbers."""
    return "must be " + " and ".join(_say(sign, bound, whole) for sign, bound in bounds)


def _say(sign: str, bound: float, whole: bool) -> str:
    if whole and sign in ("gt", "lt"):
        sign, bound = {"gt": ("ge", bound + 1), "lt": ("le", bound - 1)}[sign]
    words = {"gt": "above", "ge": "at least", "lt": "below", "le": "at most"}[sign]
    return f"{words} {bound:,}" if isinstance(bound, int) else f"{words} {bound:,g}"


def bounds_of(hint: Any) -> list[tuple[str, Any]]:
    """Return the bounds of an annotated type: ("gt", 0) of Annotated[int, Gt(0)]."""
    marks = [mark for data in getattr(hint, "__metadata__", ()) for mark in (data, *getattr(data, "metadata", ()))]
    return [(sign, getattr(mark, sign)) for mark in marks for sign in ("gt", "ge", "lt", "le") if hasattr(mark, sign)]
