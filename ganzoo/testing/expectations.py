"""Outcomes of a check: it returns, raises ConformanceError, or raises Unchecked."""

from __future__ import annotations

from collections.abc import Callable
from typing import TypeVar

import torch
from torch import Tensor

from ganzoo.errors import GanzooError, ResourceError

T = TypeVar("T")


class ConformanceError(AssertionError):
    """A component breaks its contract: what was expected, what came, what to do about it."""

    def __init__(self, expected: str, *, came: object, hint: str) -> None:
        super().__init__(f"expected  {expected}\n  came    {came}\n  try     {hint}")


class Unchecked(Exception):  # noqa: N818  # no fault of anybody's
    """Raised if a check cannot be made: no data, no weights, no CUDA device, a combination that is refused."""


def expect(kept: bool, expected: str, *, came: object, hint: str) -> None:
    """Raise ConformanceError unless the promise was kept."""
    if not kept:
        raise ConformanceError(expected, came=came, hint=hint)


def expect_tensor(value: object, shape: tuple[int, ...], what: str, *, hint: str) -> Tensor:
    """Return a tensor that is finite float32 of this shape. Raises ConformanceError for anything else."""
    expected = f"{what} to be float32 of shape {shape}"
    if not isinstance(value, Tensor):
        raise ConformanceError(expected, came=f"a {type(value).__name__}", hint=hint)
    right = value.dtype == torch.float32 and tuple(value.shape) == shape
    if value.dtype != torch.float32 and tuple(value.shape) == shape:
        hint = ".float(), or arithmetic in float32 alone: numpy's numbers are float64"
    expect(right, expected, came=f"{value.dtype} {tuple(value.shape)}", hint=hint)
    expect(bool(value.isfinite().all()), f"{what} to be finite", came="nan or inf", hint=hint)
    return value


def refusal(error: GanzooError) -> Unchecked:
    """Return the error of a component that cannot work here as the reason to skip a check."""
    return Unchecked(str(error).partition("\n")[0])


def expect_loaded(load: Callable[[], object], wanted: type[T], name: str, *, hint: str, absent: type[GanzooError]) -> T:
    """Return what `load` gives. Raises Unchecked if it is absent, ConformanceError if it is not a `wanted`."""
    try:
        loaded = load()
    except (absent, ResourceError) as error:
        raise refusal(error) from error
    if not isinstance(loaded, wanted):
        raise ConformanceError(f"load() to return {name}", came=f"a {type(loaded).__name__}", hint=hint)
    return loaded
