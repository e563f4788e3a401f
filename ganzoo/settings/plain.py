"""Values that are right at a glance: most settings are, and pydantic takes longer to load than all else together."""

from __future__ import annotations

import math
import operator
from collections.abc import Mapping
from dataclasses import MISSING, fields
from functools import cache
from typing import Annotated, Any, Literal, get_args, get_origin, get_type_hints

from annotated_types import Ge, Gt, Le, Lt

_SIGNS = {Gt: ("gt", operator.gt), Ge: ("ge", operator.ge), Lt: ("lt", operator.lt), Le: ("le", operator.le)}


def is_plain(schema: type, values: Mapping[str, Any]) -> bool:
    """Return whether each value is a bool, int, float or str of exactly the type of its option, and within its bounds.

    False means that pydantic has to judge: a type is another one, a value is wrong, or one that is required is missing.
    """
    options, required = _read_options(schema)
    known = all(name in options and _is_plain(options[name], value) for name, value in values.items())
    return known and required <= values.keys()


@cache
def _read_options(schema: Any) -> tuple[dict[str, Any], frozenset[str]]:
    """Return the types of the options of a dataclass, and the names of those without a default."""
    hints = get_type_hints(schema, include_extras=True)
    options = [option for option in fields(schema) if option.init]
    required = [option.name for option in options if option.default is option.default_factory is MISSING]
    public = [option.name for option in options if not option.name.startswith("_")]  # pydantic refuses others
    return {name: hints[name] for name in public}, frozenset(required)


def _is_plain(hint: Any, value: Any) -> bool:
    if get_origin(hint) is Annotated:
        base, *marks = get_args(hint)
        return _is_plain(base, value) and all(_is_within(mark, value) for mark in marks)
    if get_origin(hint) is Literal:
        return any(type(value) is type(word) and value == word for word in get_args(hint))
    if type(value) is not hint or hint not in (bool, int, float, str):
        return False
    return math.isfinite(value) if hint is float else value.isascii() if hint is str else True  # surrogates are no text


def _is_within(mark: Any, value: Any) -> bool:
    if type(mark) not in _SIGNS or isinstance(value, str):
        return False
    name, compare = _SIGNS[type(mark)]
    return bool(compare(value, getattr(mark, name)))
