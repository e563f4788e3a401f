"""JSON values become frozen dataclasses: each value has the type that its field states, or an error says which not.

Keys that a dataclass does not have are left out, so that a file of a later version can be read; a field with a default
may be absent, so that a file of an older one can.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping
from dataclasses import MISSING, fields, is_dataclass
from datetime import UTC, datetime
from functools import cache
from types import NoneType, UnionType
from typing import Annotated, Any, Literal, TypeVar, Union, get_args, get_origin, get_type_hints

T = TypeVar("T")
Count = Annotated[int, "0 or more"]
Seconds = Annotated[float, "0 or more"]
Reader = Callable[[Any, str], Any]
"""A function of a JSON value and its key that returns the value as its field holds it, or raises ValueError."""


def typed(schema: type[T], value: object) -> T:
    """Return the dataclass `schema` made of a JSON object. Raises ValueError, in words, for values of other types."""
    hint: Any = schema
    made: T = _reader(hint)(value, "")
    return made


@cache
def _reader(hint: Any) -> Reader:
    """Return the reader of a type: a dataclass, a tuple, a mapping, a union with None, a literal, or a plain value."""
    if is_dataclass(hint) and isinstance(hint, type):
        return _object_reader(hint)
    arguments, origin = get_args(hint), get_origin(hint)
    if origin is tuple:
        return _list_reader(_reader(arguments[0]))
    if origin is Mapping:
        return _mapping_reader(_reader(arguments[1]))
    if origin in (Union, UnionType):  # a literal with None is a Union
        others = [argument for argument in arguments if argument is not NoneType]
        if len(others) > 1:
            return _read_scalar  # str | int | float | bool
        inner = _reader(others[0])
        return lambda value, key: None if value is None else inner(value, key)
    if origin is Literal:
        return _literal_reader(arguments)
    return _PLAIN[hint]


def _object_reader(schema: Any) -> Reader:
    hints = get_type_hints(schema, include_extras=True)
    known = [
        (field.name, _reader(hints[field.name]), field.default is field.default_factory is MISSING)
        for field in fields(schema)
    ]

    def read(value: Any, key: str) -> Any:
        if not isinstance(value, dict):
            raise _unlike(value, key, "an object")
        found = {}
        for name, reader, required in known:
            if name in value:
                found[name] = reader(value[name], f"{key}.{name}" if key else name)
            elif required:
                raise ValueError(f"{key}.{name} is missing" if key else f"{name} is missing")
        return schema(**found)

    return read


def _list_reader(inner: Reader) -> Reader:
    def read(value: Any, key: str) -> tuple[Any, ...]:
        if not isinstance(value, list):
            raise _unlike(value, key, "a list")
        return tuple(inner(each, key) for each in value)

    return read


def _mapping_reader(inner: Reader) -> Reader:
    def read(value: Any, key: str) -> dict[str, Any]:
        if not isinstance(value, dict):
            raise _unlike(value, key, "an object")
        return {name: inner(each, f"{key}.{name}") for name, each in value.items()}

    return read


def _literal_reader(allowed: tuple[Any, ...]) -> Reader:
    def read(value: Any, key: str) -> Any:
        if not isinstance(value, str) or value not in allowed:
            raise _unlike(value, key, " or ".join(allowed))
        return value

    return read


def _read_text(value: Any, key: str) -> str:
    if not isinstance(value, str):
        raise _unlike(value, key, "text")
    return value


def _read_scalar(value: Any, key: str) -> str | int | float | bool:
    return value if isinstance(value, str | bool) else _read_number(value, key)


def _read_object(value: Any, key: str) -> dict[str, Any]:
    if not isinstance(value, dict):
        raise _unlike(value, key, "an object")
    return value


def _read_flag(value: Any, key: str) -> bool:
    if not isinstance(value, bool):
        raise _unlike(value, key, "true or false")
    return value


def _read_whole(value: Any, key: str) -> int:
    if type(value) is not int or abs(value) >= 1 << 63:
        raise _unlike(value, key, "a whole number")
    return value


def _read_count(value: Any, key: str) -> int:
    return int(_require_sign(_read_whole(value, key), key))


def _read_seconds(value: Any, key: str) -> float:
    return _require_sign(_read_number(value, key), key)


def _require_sign(value: float, key: str) -> float:
    if value < 0:
        raise _unlike(value, key, "0 or more")
    return value


def _read_number(value: Any, key: str) -> float:
    if type(value) not in (int, float) or not abs(value) <= 1e308:
        raise _unlike(value, key, "a number")
    return value  # type: ignore[no-any-return]


def _read_moment(value: Any, key: str) -> datetime:
    """Return a time; without a zone it is UTC."""
    try:
        moment = datetime.fromisoformat(_read_text(value, key))
    except ValueError:
        raise _unlike(value, key, "a time") from None
    return moment if moment.tzinfo else moment.replace(tzinfo=UTC)


_PLAIN: Mapping[Any, Reader] = {
    dict: _read_object,
    Any: lambda value, key: value,
    str: _read_text,
    bool: _read_flag,
    int: _read_whole,
    Count: _read_count,
    Seconds: _read_seconds,
    float: _read_number,
    datetime: _read_moment,
}


def _unlike(value: Any, key: str, wanted: str) -> ValueError:
    return ValueError(f"{key or 'it'} is {_show(value)}, not {wanted}")


def _show(value: Any) -> str:
    """Return a value in a few words."""
    if isinstance(value, dict | list):
        return "an object" if isinstance(value, dict) else "a list"
    if isinstance(value, str):
        return repr(value[:40])
    if value is None or isinstance(value, bool):
        return {None: "null", True: "true", False: "false"}[value]
    return f"{value:g}" if isinstance(value, float) and not math.isfinite(value) else _shorten(value)


def _shorten(value: float) -> str:
    return "a number of too many digits" if abs(value) >= 1 << 63 else str(value)
