"""Values that need no pydantic: it would take each of them, and as it is."""

import itertools
from dataclasses import dataclass, field
from typing import Annotated, Literal

import pytest
from annotated_types import Ge, Gt, Le, Lt, MinLen

from ganzoo.settings.options import _strict_model
from ganzoo.settings.plain import is_plain


@dataclass(frozen=True)
class Options:
    """One option of each type."""

    whole: int = 0
    number: float = 0.0
    truth: bool = False
    text: str = ""
    word: Literal["a", "b", 1] = "a"
    either: int | str = 0
    several: list[int] = field(default_factory=list)
    positive: Annotated[int, Gt(0)] = 1
    share: Annotated[float, Ge(0), Lt(1)] = 0.5
    few: Annotated[int, Ge(1), Le(3)] = 1
    long: Annotated[str, MinLen(2)] = "ab"
    computed: int = field(default=0, init=False)


VALUES = [
    0,
    1,
    3,
    4,
    -1,
    0.0,
    0.5,
    1.0,
    2.5,
    float("inf"),
    float("nan"),
    True,
    False,
    "",
    "a",
    "c",
    "ab",
    "\udcff",
    [1],
    None,
]
NAMES = [*Options.__dataclass_fields__, "unknown"]


@pytest.mark.parametrize("name", NAMES)
def test_what_is_plain_is_taken_by_pydantic_as_it_is(name):
    plain = [value for value in VALUES if is_plain(Options, {name: value})]
    for value in plain:
        taken = getattr(_strict_model(Options).model_validate({name: value}), name)
        assert taken == value and type(taken) is type(value)


def test_values_of_plain_types_within_their_bounds_are_plain():
    taken = {name: [value for value in VALUES if is_plain(Options, {name: value})] for name in NAMES}
    assert taken["whole"] == [0, 1, 3, 4, -1] and not any(value is True for value in taken["whole"])
    assert (taken["number"], taken["truth"], taken["text"]) == (
        [0.0, 0.5, 1.0, 2.5],
        [True, False],
        ["", "a", "c", "ab"],
    )
    assert (taken["positive"], taken["share"], taken["few"], taken["word"]) == ([1, 3, 4], [0.0, 0.5], [1, 3], [1, "a"])
    assert list(itertools.chain(*(taken[name] for name in ("either", "several", "long", "computed", "unknown")))) == []


def test_an_option_without_a_default_is_not_left_out():
    @dataclass(frozen=True)
    class Needy:
        path: str

    assert is_plain(Needy, {"path": "a"}) and not is_plain(Needy, {})


def test_an_option_whose_name_pydantic_refuses_is_left_to_it():
    @dataclass(frozen=True)
    class Private:
        _width: int = 1

    assert not is_plain(Private, {"_width": 1})
