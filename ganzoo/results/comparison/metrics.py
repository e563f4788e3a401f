"""A score by its name: "fid" means "FD(digits-cnn)-2k" if that is the distance that the runs have."""

from __future__ import annotations

import re
from collections.abc import Collection, Sequence
from dataclasses import dataclass
from typing import Literal

from ganzoo.errors import ConfigError

Checkpoint = Literal["last", "best"]
_OLD_NAMES = {"fid": "fd", "kid": "kd"}
"""Names with Inception's features -> names with any extractor's (docs/evaluation.md)."""


@dataclass(frozen=True)
class Measure:
    """One metric at one checkpoint of each run, such as FID at the last."""

    metric: str
    """Full name of the score, e.g. "FD(digits-cnn)-2k"; "" where no run has a score."""
    checkpoint: Checkpoint


def choose_metric(asked: str | None, names: Collection[str]) -> str:
    """Return the full name of a score: of the first distance by default, else of the first score.

    Return "" if there are no scores. Raises ConfigError if a name matches no score, or several.
    """
    if not names:
        return ""
    if asked is None:
        return next((name for name in names if family(name) == "fd"), next(iter(names)))
    wanted = asked.casefold()
    alike = [name for name in names if name.casefold() == wanted]
    alike = alike or [name for name in names if family(name) == family(wanted)]
    return _only(asked, alike or [name for name in names if wanted in name.casefold()], names)


def _only(asked: str, found: Sequence[str], names: Collection[str]) -> str:
    if not found:
        hint = ", or ".join(f"--metric '{name}'" for name in names)
        raise ConfigError(f"no score is called {asked!r}", hint=hint)
    if len(found) > 1:
        raise ConfigError(f"{asked!r} may be {' or '.join(found)}", hint=f"--metric '{found[0]}'")
    return found[0]


def family(name: str) -> str:
    """Return what is measured: "FD(digits-cnn)-2k" and "FID-50k" -> "fd"."""
    base = re.sub(r"(\(.*\))?-\d+k?$", "", name).casefold()
    stem, dash, rest = base.partition("-")  # FID-infinity, intra-FID
    return _OLD_NAMES.get(stem, stem) + dash + _OLD_NAMES.get(rest, rest)
