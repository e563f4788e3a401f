"""Ranges and choices of settings that are searched, `optim.lr_g=1e-5..1e-2:log`. No torch here."""

from __future__ import annotations

import math
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from ganzoo.errors import ConfigError
from ganzoo.grid.axes import AXIS_KINDS, split_values
from ganzoo.settings.options import shorten

if TYPE_CHECKING:
    from optuna.trial import Trial

EXAMPLE = "--tune optim.lr_g=1e-5..1e-2:log, or --tune loss=bce,hinge"


@dataclass(frozen=True)
class Range:
    """Numbers from low to high, both included: whole ones if both are written as whole numbers."""

    low: float
    high: float
    log: bool = False
    """Draw the logarithm evenly, so that 1e-4 to 1e-3 is as likely as 1e-3 to 1e-2."""

    @property
    def ends(self) -> tuple[str, ...]:
        """The smallest and the largest number, as they are written on the command line."""
        return repr(self.low), repr(self.high)

    def draw(self, key: str, trial: Trial) -> str:
        """Return the number that Optuna suggests for a setting in this trial."""
        if isinstance(self.low, int) and isinstance(self.high, int):
            return repr(trial.suggest_int(key, self.low, self.high, log=self.log))
        return repr(trial.suggest_float(key, self.low, self.high, log=self.log))

    def __str__(self) -> str:
        return f"{self.low!r}..{self.high!r}{':log' if self.log else ''}"


@dataclass(frozen=True)
class Choices:
    """Values as they are written on the command line, in no order."""

    values: tuple[str, ...]

    @property
    def ends(self) -> tuple[str, ...]:
        """All values."""
        return self.values

    def draw(self, key: str, trial: Trial) -> str:
        """Return the value that Optuna suggests for a setting in this trial."""
        return trial.suggest_categorical(key, self.values)

    def __str__(self) -> str:
        return ",".join(self.values)


Dimension = Range | Choices
Space = Mapping[str, Dimension]
"""Setting "section.option", or kind of components -> the values that are searched."""


def parse_space(texts: Sequence[str]) -> dict[str, Dimension]:
    """Parse the words of --tune. Raises ConfigError for what is no setting with several values."""
    space: dict[str, Dimension] = {}
    for text in texts:
        key, equals, values = text.partition("=")
        key = key.strip()
        if not equals or not values.strip():
            raise ConfigError(f"--tune {shorten(text)} is not a setting and its values", hint=EXAMPLE)
        if key in space:
            raise ConfigError(f"--tune {key} is there twice", hint="all its values in one")
        space[key] = read_dimension(key, values.strip())
    return space


def read_dimension(key: str, values: Any) -> Dimension:
    """Return the values of one setting, from text as on the command line or from a list. Raises ConfigError."""
    _refuse_key(key)
    if isinstance(values, str) and ".." in values and "," not in values:
        return _read_range(key, values)
    several = tuple(split_values(values) if isinstance(values, str) else dict.fromkeys(values))
    if len(several) < 2:
        raise ConfigError(f"--tune {key} has one value, {shorten(values)}", hint=EXAMPLE)
    return Choices(several)


def _read_range(key: str, text: str) -> Range:
    numbers = text.removesuffix(":log")
    low, high = (_number(key, end) for end in numbers.split("..", 1))
    log = numbers != text
    if not low < high:
        raise ConfigError(f"--tune {key}: {low!r} is not below {high!r}", hint=f"--tune {key}={high!r}..{low!r}")
    if log and low <= 0:
        raise ConfigError(f"--tune {key}: {low!r} has no logarithm", hint=f"--tune {key}={low!r}..{high!r}")
    return Range(low, high, log)


def _number(key: str, text: str) -> float:
    try:
        number = int(text) if re.fullmatch(r"\s*[+-]?\d{1,18}\s*", text) else float(text)
    except ValueError:
        number = math.nan
    if not math.isfinite(number):
        raise ConfigError(f"--tune {key}: {shorten(text.strip())} is no number", hint=EXAMPLE)
    return number


def _refuse_key(key: str) -> None:
    """Raise ConfigError for a setting under two of whose values scores could not be compared, and for no setting."""
    if key == "dataset" or key.startswith("dataset."):
        raise ConfigError(f"--tune {key}: scores on different data could not be compared", hint="one dataset")
    if "." not in key and key not in AXIS_KINDS:
        kinds = ", ".join(kind for kind in AXIS_KINDS if kind != "dataset")
        raise ConfigError(f"--tune {shorten(key)} is neither section.option nor one of {kinds}", hint=EXAMPLE)
    if key.startswith(("train.observe", "observer.", "engine.")):
        raise ConfigError(f"--tune {key}: it changes no run", hint=f"--set {key}=VALUE")
