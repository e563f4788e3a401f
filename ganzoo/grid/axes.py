"""Axes of a grid as they are written on the command line: `--seeds 0..2`, `--loss bce,wgan`, `--set optim.lr_g=1,2`."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from contextlib import suppress
from pathlib import Path
from typing import Any

from ganzoo.errors import ConfigError
from ganzoo.settings.kinds import DEFAULT_NAMES, KIND_INFO, KINDS, NAMED_KINDS
from ganzoo.settings.options import shorten
from ganzoo.settings.sections import OBSERVING
from ganzoo.settings.toml import parse_assignment

AXIS_KINDS = tuple(kind for kind in KINDS if kind != "features")
"""Kinds of components that may be an axis; scores of different features could not be compared."""
OF_SCORES = ("eval.", "features.", *(f"{kind}." for kind in NAMED_KINDS if KIND_INFO[kind].setting.startswith("eval.")))
"""Beginnings of the settings that are no axis, since scores under two of their values could not be compared."""
ALWAYS = ("model", "loss", "lipschitz")
"""Axes of every grid without a recipe, however many values they have: they make up the names of its cells."""

MOST_SEEDS = 10_000
"""Seeds of a row, each of which is a run."""
_DIGITS = 100  # Python reads no number of more than 4,300


def parse_seeds(text: str) -> tuple[int, ...]:
    """Parse "3" as three seeds (0, 1, 2), and a list "0..2,7" as (0, 1, 2, 7); "7," is seed 7. Raises ConfigError."""
    if _is_seed(text.strip()) and int(text):
        return tuple(range(_require_few(int(text))))
    seeds: list[int] = []
    for part in text.strip().removesuffix(",").split(","):
        first, dots, last = part.strip().partition("..")
        if not _is_seed(first) or (dots and not _is_seed(last)) or (dots and int(last) < int(first)):
            what = f"--seeds {shorten(text)} is neither a number of seeds nor a list of seeds"
            span = re.fullmatch(r"(\d{1,9})\s*(?:-|:|\.\.\.|\u2013|to)\s*(\d{1,9})", text.strip())
            meant = f"--seeds {span[1]}..{span[2]}" if span else "--seeds 3 (0, 1 and 2), or --seeds 0..2"
            raise ConfigError(what, hint=meant)
        count = len(seeds) + int(last or first) - int(first) + 1
        if count > MOST_SEEDS:
            raise ConfigError(f"--seeds {shorten(text)} are {count:,}, more than {MOST_SEEDS:,}", hint="--seeds 0..2")
        seeds += range(int(first), int(last or first) + 1)
    return tuple(dict.fromkeys(seeds))


def _require_few(count: int) -> int:
    """Return a number of seeds. Raises ConfigError for one that may be a seed itself."""
    if count > 100:
        what = f"--seeds {count} may be a number of seeds, or a seed"
        raise ConfigError(what, hint=f"--seeds {count}, (that seed alone), or --seeds 0..{count - 1}")
    return count


def _is_seed(text: str) -> bool:
    return text.isdecimal() and len(text) < _DIGITS and int(text) < 2**63


def split_values(text: str) -> list[str]:
    """Split at commas, but for those within quotes, brackets or braces: 'none,"a,b",[1, 2]' -> three values."""
    values = re.findall(r"""(?:"[^"]*"|'[^']*'|\[[^\]]*\]|\{[^}]*\}|[^,])+""", text)
    return list(dict.fromkeys(value.strip() for value in values if value.strip()))


def split_names(text: str) -> list[str]:
    """Split names of components or recipes at commas, but for the path of a file that is there; quotes are removed."""
    if _is_path(text) or _is_path(text.partition(":")[2]):
        return [text]
    return list(dict.fromkeys(_unquote(value) for value in split_values(text)))


def _is_path(text: str) -> bool:
    """Return whether a file or a folder of this path is there."""
    with suppress(OSError, ValueError):  # longer than a path may be
        return bool(text) and Path(text).expanduser().exists()
    return False


def _unquote(text: str) -> str:
    return text[1:-1] if len(text) > 1 and text[0] == text[-1] and text[0] in "\"'" else text


def component_axes(recipes: Sequence[str], components: Mapping[str, str | None]) -> dict[str, list[str]]:
    """Return the axes of recipes and components, from the flag of each kind. Raises ConfigError for an empty one."""
    named = [name for text in recipes for name in split_names(text)]
    axes = {"recipe": list(dict.fromkeys(named))} if recipes else {}
    for kind in AXIS_KINDS:
        text = components.get(kind)
        if text is not None:
            axes[kind] = split_names(text)
        elif kind in ALWAYS and not recipes:
            axes[kind] = [DEFAULT_NAMES[kind]]
    for key, values in axes.items():
        if not values:
            raise ConfigError(f"--{key} names nothing", hint=f"ganzoo list {key}")
    return axes


def split_assignments(assignments: Sequence[str]) -> tuple[dict[str, list[str]], dict[str, Any]]:
    """Split the words of --set into axes, which have several values, and settings with one. Raises ConfigError."""
    axes: dict[str, list[str]] = {}
    settings: dict[str, Any] = {}
    for text in assignments:
        key, value = parse_assignment(text)
        said = text.partition("=")[2]
        values = [said] if _is_path(said) else split_values(said)
        _refuse_flag(key, values)
        if key.startswith(("engine.", *OBSERVING)) or len(values) < 2:
            settings[key] = value
        elif key.startswith(OF_SCORES):
            one = f"--set '{key}=\"{','.join(values)}\"' (for one value with a comma in it)"
            hint = one if key.startswith(("eval.", "features.")) else f"--set {key}={values[0]}"
            raise ConfigError(f"{key} is no axis: scores could not be compared", hint=hint)
        else:
            axes[key] = values
    return axes, settings


def _refuse_flag(key: str, values: Sequence[str]) -> None:
    """Raise ConfigError for a setting that has a flag of its own."""
    section, _, option = key.partition(".")
    if key == "train.seed":
        flag = "seeds"
    elif section in KINDS and option == "name":
        flag = section
    else:
        return
    raise ConfigError(f"--set {key} does not make an axis", hint=f"--{flag} {','.join(values)} (in place of --set)")
