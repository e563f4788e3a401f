"""Options are the fields of frozen dataclasses. pydantic checks their values; this file writes the error messages."""

from __future__ import annotations

import re
import shlex
from collections.abc import Callable, Collection, Mapping, Sequence
from dataclasses import MISSING, Field, dataclass, fields
from difflib import get_close_matches
from functools import cache
from types import UnionType
from typing import TYPE_CHECKING, Annotated, Any, Literal, TypeVar, get_args, get_origin, get_type_hints

from annotated_types import Ge, Gt, Le, Lt

from ganzoo.errors import ConfigError
from ganzoo.settings.numbers import read_number, read_truth, read_whole
from ganzoo.settings.plain import is_plain
from ganzoo.settings.ranges import RANGE_FAULTS, bounds_of, require_within
from ganzoo.settings.spelling import spell

if TYPE_CHECKING:
    from pydantic import BaseModel

T = TypeVar("T")

PositiveInt = Annotated[int, Gt(0), Le(10**9)]
"""A number that counts something: no run has more of anything, and products of two stay within 64 bits."""
NonNegativeInt = Annotated[int, Ge(0), Le(10**9)]
Width = Annotated[int, Gt(0), Le(2**16)]
"""Features, or channels, of a layer: the weights between two of the widest fill 16 GiB."""
Depth = Annotated[int, Gt(0), Le(1000)]
"""Layers, or blocks, of a network."""
Seed = Annotated[int, Ge(0), Lt(2**63)]
"""A seed, which torch takes up to 64 bits with a sign."""
RandomStateSeed = Annotated[int, Ge(0), Lt(2**32)]
"""A seed of numpy's RandomState, which takes 32 bits."""
Wanted = str | int | list[str | int]
"""Classes by name or number: "cat,dog", 3 or [0, 3]; an empty text means all."""
PositiveFloat = Annotated[float, Gt(0)]
NonNegativeFloat = Annotated[float, Ge(0)]


@dataclass(frozen=True)
class Option:
    """One option of a component or a section."""

    name: str
    type: str
    default: Any

    @property
    def shown_default(self) -> str:
        """Default as text; "required" for an option without one."""
        return "required" if self.default is MISSING else repr(self.default)


def list_options(schema: type) -> list[Option]:
    """Return the options of a dataclass, in the order of its fields."""
    hints = get_type_hints(schema, include_extras=True)
    return [Option(f.name, _describe(hints[f.name]), _default(f)) for f in fields(schema) if f.init]


def validate(schema: type[T], values: Mapping[str, Any], where: str) -> T:
    """Construct the dataclass `schema` from checked values. Raises ConfigError as `check_values` does."""
    return schema(**check_values(schema, values, where))


def check_values(schema: type, values: Mapping[str, Any], where: str) -> dict[str, Any]:
    """Return the values, each of the type that the dataclass `schema` states.

    Raises ConfigError with the key, the value and what is allowed, for an unknown key, a wrong type, inf,
    nan, or a value out of range; all faults in one message.
    """
    values = read_values(schema, values)
    if is_plain(schema, values):
        return values
    from pydantic import ValidationError  # not at the top: it takes longer than all that help imports

    try:
        checked = _strict_model(schema).model_validate(values)
    except ValidationError as error:
        faults = error.errors()
        raise ConfigError(_list_faults(faults, where, schema), hint=_mend_all(faults, where, schema)) from None
    return {name: getattr(checked, name) for name in values}


def read_values(schema: type, values: Mapping[str, Any]) -> dict[str, Any]:
    """Return values as the dataclass `schema` takes them, where what is meant is clear; the others as they are.

    1e4 is a whole number, "10k" too; ".5" is a number; "True" is true; a word of a list may be in any case.
    """
    hints = _hints(schema)
    return {name: _read_value(hints[name], value) if name in hints else value for name, value in values.items()}


def _read_value(hint: Any, value: Any) -> Any:
    base = getattr(hint, "__origin__", hint)
    if isinstance(value, float):
        return int(value) if base is int and value.is_integer() and abs(value) <= _EXACT else value
    if not isinstance(value, str) or value.isdecimal():  # "5" has quotes, which somebody wrote
        return value
    if base is Literal:
        return spell(value, [word for word in get_args(hint) if isinstance(word, str)])
    readers: dict[Any, Callable[[str], Any]] = {int: read_whole, float: read_number, bool: read_truth}
    read = readers[base](value) if base in readers else None
    return value if read is None else read


_EXACT = 2**53
"""Whole numbers up to this one are floats of their own."""


@cache
def _hints(schema: Any) -> dict[str, Any]:
    return get_type_hints(schema, include_extras=True)


def _mend_all(faults: Sequence[Any], where: str, schema: type) -> str:
    """Return what to type in place of refused settings: all numbers out of range, or else the first fault."""
    if all(fault["type"] in RANGE_FAULTS for fault in faults):
        return " ".join(filter(None, (_mend(fault, where, schema) for fault in faults[:_LISTED])))
    return _mend(faults[0], where, schema)


def _mend(fault: Any, where: str, schema: type) -> str:
    """Return what to type in place of a refused setting; empty if nothing is near."""
    defaults = {option.name: option.default for option in list_options(schema)}
    known = list(defaults)
    name, value, key = str(fault["loc"][0]), fault["input"], ".".join(map(str, (where, *fault["loc"])))[:_SHOWN]
    if fault["type"] == "extra_forbidden":
        near = get_close_matches(name[:_SHOWN], list(known), n=1)
        return _assign(f"{where}.{near[0]}", value) if near else ""
    if fault["type"] == "literal_error" and isinstance(value, str):
        words = re.findall(r"'([^']+)'", fault["ctx"]["expected"])
        near = [_PEERS.get(value.lower().partition(":")[0], ""), *get_close_matches(value.lower()[:_SHOWN], words, n=1)]
        return next((_assign(key, word) for word in [*near, *words] if word in words), "")
    if fault["type"] in RANGE_FAULTS and defaults[name] is not MISSING:
        return _assign(key, defaults[name]) if len(fault["loc"]) == 1 else ""
    if isinstance(value, str) and "," in value:
        return f"ganzoo compare {_assign(key, value)}"
    return ""


_PEERS = {"gpu": "cuda", "0": "cuda", "mps": "cpu", "fp16": "bf16", "float16": "bf16", "half": "bf16", "amp": "bf16"}
"""Word of a list in other packages -> ours."""


def _assign(key: str, value: Any) -> str:
    text = str(value).lower() if isinstance(value, bool) else str(value)[:_SHOWN]
    return f"--set {shlex.quote(f'{key}={text}')}"


_LISTED = 10
"""Faults that one message names."""


def _list_faults(faults: Sequence[Any], where: str, schema: type) -> str:
    rest = [f"{where}: and {len(faults) - _LISTED:,} more"] if len(faults) > _LISTED else []
    return "\n".join([*(_sentence(fault, where, schema) for fault in faults[:_LISTED]), *rest])


def check_schema(schema: type) -> None:
    """Raise an error if the options of a dataclass cannot be listed or checked, e.g. for a type unknown to pydantic.

    Raises ConfigError if a default violates its own bounds or cannot be written as TOML.
    """
    defaults = {option.name: option.default for option in list_options(schema) if option.default is not MISSING}
    for name, value in defaults.items():
        if not _fits_a_recipe(value):
            raise ConfigError(f"{name}: its default {value!r} is not a bool, int, float, str or a list of those")
    if is_plain(schema, defaults):
        return
    from pydantic import ValidationError  # as above

    try:
        _strict_model(schema).model_validate(defaults)
    except ValidationError as error:
        for fault in error.errors():
            if fault["type"] != "missing":
                name = ".".join(map(str, fault["loc"]))
                what = f"{name}: its default {fault['input']!r} is refused: {_demand(fault, schema)}"
                raise ConfigError(what) from None


def _fits_a_recipe(value: Any) -> bool:
    return all(map(_fits_a_recipe, value)) if isinstance(value, list) else isinstance(value, bool | int | float | str)


@cache
def _strict_model(schema: Any) -> type[BaseModel]:
    """Return a strict pydantic model of a dataclass; without strict, pydantic accepts True as 1, and inf."""
    from pydantic import ConfigDict, create_model

    options: dict[str, Any] = {f.name: (_hints(schema)[f.name], _required(f)) for f in fields(schema) if f.init}
    strict = ConfigDict(extra="forbid", strict=True, allow_inf_nan=False, protected_namespaces=())
    return create_model(schema.__name__, __config__=strict, **options)


def describe_json(schema: type) -> dict[str, dict[str, Any]]:
    """Return the options of a dataclass as JSON schema has them: type, range, default."""
    made = _strict_model(schema).model_json_schema()
    resolved = _resolve(made.get("properties", {}), made.get("$defs", {}))
    return {name: {k: v for k, v in about.items() if k != "title"} for name, about in resolved.items()}


def _resolve(node: Any, shared: Mapping[str, Any]) -> Any:
    """Return a schema whose references to shared parts are replaced by these."""
    if isinstance(node, Mapping):
        if "$ref" in node:
            return _resolve(shared[node["$ref"].rpartition("/")[2]], shared)
        return {key: _resolve(value, shared) for key, value in node.items()}
    return [_resolve(each, shared) for each in node] if isinstance(node, list) else node


def _required(f: Field[Any]) -> Any:
    default = _default(f)
    return ... if default is MISSING else default


def _default(f: Field[Any]) -> Any:
    return f.default_factory() if f.default_factory is not MISSING else f.default


def _sentence(fault: Any, where: str, schema: type) -> str:
    known = [option.name for option in list_options(schema)]
    key = ".".join(str(part)[:_SHOWN] for part in (where, *fault["loc"]))
    if fault["type"] == "extra_forbidden":
        unknown = str(fault["loc"][0])
        takes = f"It takes: {', '.join(known)}." if known else "It takes no options."
        return f"{key}: no such option.{did_you_mean(unknown, known)} {takes}"
    if fault["type"] == "missing":
        return f"{key}: is required"
    return f"{key}: {shorten(fault['input'])} is refused: {_demand(fault, schema)}"


def _demand(fault: Any, schema: type) -> str:
    """Return what a refused value must be; ranges of numbers whole and in our words."""
    hint = _hints(schema)[str(fault["loc"][0])]
    bounds = bounds_of(hint) if fault["type"] in RANGE_FAULTS else []
    return require_within(bounds, hint.__origin__ is int) if bounds else fault["msg"].lower()


_SHOWN = 80
"""Characters of a value that a message shows."""


def shorten(value: Any) -> str:
    """Return a value as text of at most about 80 characters: the rest of a longer one is left out."""
    if isinstance(value, int) and abs(value) >= 10**_SHOWN:
        return f"an integer of {value.bit_length():,} bits"  # Python writes none of more than 4,300 digits
    text = repr(value)
    return text if len(text) <= _SHOWN else f"{text[:_SHOWN]}... ({len(text):,} characters)"


def did_you_mean(wrong: str, known: Collection[str]) -> str:
    """Return " Did you mean 'x'?" for the nearest known name, or nothing."""
    close = get_close_matches(wrong[:_SHOWN], list(known), n=1)
    return f" Did you mean {close[0]!r}?" if close else ""


def _describe(hint: Any) -> str:
    """Describe a type in words: Annotated[int, Gt(0)] -> "int > 0"; Literal["a", "b"] -> "a | b"."""
    if get_origin(hint) is Literal:
        return " | ".join(map(str, get_args(hint)))
    if get_origin(hint) is UnionType:
        return str(hint)
    base = getattr(hint, "__origin__", hint)
    bounds = [text for data in getattr(hint, "__metadata__", ()) for text in _bounds(data)]
    return " ".join([getattr(base, "__name__", str(base)), ", ".join(bounds)]).strip()


def _bounds(data: Any) -> list[str]:
    data = [data, *getattr(data, "metadata", ())]
    signs = {"gt": ">", "ge": ">=", "lt": "<", "le": "<="}
    return [f"{sign} {getattr(d, name)}" for d in data for name, sign in signs.items() if hasattr(d, name)]
