"""Checks of components of every kind: a sentence of help, a source, and options that a recipe can hold."""

from __future__ import annotations

import inspect
import pickle
import re
import tomllib
from collections.abc import Callable
from dataclasses import fields
from typing import Any

import tomli_w

from ganzoo.errors import ConfigError
from ganzoo.settings.options import validate
from ganzoo.testing.expectations import ConformanceError, expect
from ganzoo.testing.networks import expect_generators_rest
from ganzoo.testing.subjects import Subject

_SOURCE = re.compile(r"arXiv:\S*\d|doi:\S*\d|https?://\S+|ISBN|nobody's", re.IGNORECASE)


def its_first_line_is_help(subject: Subject) -> None:
    """The docstring begins with a sentence, which `ganzoo list` shows."""
    name, text = subject.component.__name__, subject.component.__doc__ or ""
    written = "" if text.startswith(f"{name}(") else text.strip().partition("\n")[0]  # dataclass makes up Name(...)
    is_sentence = re.match(r"[A-Z0-9].*[.:]", written) is not None
    came = repr(written) if written else "no docstring"
    expect(is_sentence, f"a docstring of {name} that begins with a sentence", came=came, hint='"""Say what it does."""')


def it_cites_its_source(subject: Subject) -> None:
    """The docstring cites the paper, which `ganzoo show` and `ganzoo config show` name."""
    cited = _SOURCE.search(inspect.getdoc(subject.component) or "")
    expected = "a source in the docstring: arXiv:1701.07875, doi:10.24432/C50P49 or https://..."
    expect(cited is not None, expected, came="none", hint='cite the equation, or write "nobody\'s invention"')


def its_options_construct_it(subject: Subject) -> None:
    """Equal options make equal components, and defaults are in the range that their types state."""
    try:
        equal = subject.make() == subject.make()
    except ConfigError as error:
        raise ConformanceError("options that are allowed", came=error.what, hint="a default in range") from error
    hint = "options alone as fields; what is derived from them belongs in methods"
    expect(equal, "equal components from equal options", came="two that differ", hint=hint)


def its_options_survive_a_recipe(subject: Subject) -> None:
    """A run folder keeps every option as TOML, from which the run is resumed."""
    one = subject.make()
    values = {option.name: getattr(one, option.name) for option in fields(subject.component) if option.init}
    try:
        again: Any = validate(subject.component, tomllib.loads(tomli_w.dumps(values)), subject.kind)
    except (TypeError, ValueError, ConfigError) as error:
        hint = "options of type bool, int, float, str, Literal or list of those; no None"
        raise ConformanceError("options that TOML can hold", came=f"{values}: {error}", hint=hint) from error
    expect(again == one, f"{one} from a recipe", came=str(again), hint="options that compare equal: no tensors")


def its_class_is_found_by_name(subject: Subject) -> None:
    """pickle finds the class in its module, as another process would."""
    one = subject.make()
    try:
        same = pickle.loads(pickle.dumps(one)) == one  # noqa: S301  # made on the line
    except (pickle.PicklingError, AttributeError, TypeError) as error:
        hint = "define the class at the top level of its module, and open nothing in its constructor"
        raise ConformanceError("a class that pickle finds by name", came=str(error), hint=hint) from error
    expect(same, "an equal component after pickling", came="another one", hint="options alone as fields")


def making_it_draws_no_random_numbers(subject: Subject) -> None:
    """The constructor draws nothing, so that weights depend on the seed alone."""
    hint = "draw in the methods of the contract, not in __post_init__"
    with expect_generators_rest(("torch", "numpy", "python"), hint=hint):
        subject.make()


CHECKS: tuple[Callable[[Subject], None], ...] = (
    its_first_line_is_help,
    it_cites_its_source,
    its_options_construct_it,
    its_options_survive_a_recipe,
    its_class_is_found_by_name,
    making_it_draws_no_random_numbers,
)
