"""Ranges and choices as they are typed, and what is refused."""

import pytest

from ganzoo.errors import ConfigError
from ganzoo.search.space import Choices, Range, parse_space


@pytest.mark.parametrize(
    ("text", "values"),
    [
        ("optim.lr_g=1e-5..1e-2:log", Range(1e-5, 1e-2, log=True)),
        ("lipschitz.weight=0.5..2.5", Range(0.5, 2.5)),
        ("model.width=16..64", Range(16, 64)),
        ("lipschitz.weight=1,3,10", Choices(("1", "3", "10"))),
        ("loss=bce,hinge", Choices(("bce", "hinge"))),
    ],
)
def test_a_range_or_a_list_is_read_as_it_is_typed(text, values):
    assert parse_space([text]) == {text.partition("=")[0]: values}
    assert str(values) == str(parse_space([f"optim.lr_g={values}"])["optim.lr_g"])


@pytest.mark.parametrize(
    ("text", "what"),
    [
        ("optim.lr_g", "not a setting and its values"),
        ("optim.lr_g=1e-4", "has one value"),
        ("optim.lr_g=1e-2..1e-4", "0.01 is not below 0.0001"),
        ("optim.lr_g=0..1e-4:log", "0 has no logarithm"),
        ("optim.lr_g=low..high", "'low' is no number"),
        ("dataset=digits,mnist", "could not be compared"),
        ("lr_g=1,2", "neither section.option nor one of"),
        ("train.observe=csv,mlflow", "changes no run"),
    ],
)
def test_what_is_no_search_is_refused(text, what):
    with pytest.raises(ConfigError, match=what) as error:
        parse_space([text])
    assert error.value.hint
