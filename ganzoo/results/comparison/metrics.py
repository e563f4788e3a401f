"""Which score is meant: "fid" is "FD(digits-cnn)-2k" where that is what there is."""

from __future__ import annotations

import re
from collections.abc import Collection, Sequence

from ganzoo.errors import ConfigError

_OLD_NAMES = {"fid": "fd", "kid": "kd"}
"""The names that belong to Inception's features -> those of any extractor (docs/evaluation.md)."""


def choose_metric(asked: str | None, names: Collection[str]) -> str:
    """Return the full name of a score; by default the first distance, else the first there is.

    "" where there are none. Raises ConfigError for a name that fits none, or several.
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
        raise ConfigError(f"no score is called {asked!r}", hint=", ".join(names))
    if len(found) > 1:
        raise ConfigError(f"{asked!r} may be {' or '.join(found)}", hint=f"--metric '{found[0]}'")
    return found[0]


def family(name: str) -> str:
    """Return what is measured: "FD(digits-cnn)-2k" and "FID-50k" -> "fd"."""
    base = re.sub(r"(\(.*\))?-\d+k?$", "", name).casefold()
    stem, dash, rest = base.partition("-")  # FID-infinity
    return _OLD_NAMES.get(stem, stem) + dash + rest
