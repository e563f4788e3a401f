"""Terms of the field, explained on one screen each: explanations/GROUP/TOPIC.txt. No torch.

The first line of a text is "TOPIC: title"; one that begins with "aliases" has further names of the topic.
"""

from __future__ import annotations

import re
from collections.abc import Iterable
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path

from ganzoo.errors import ConfigError
from ganzoo.settings.kinds import ALL_KINDS
from ganzoo.settings.options import did_you_mean
from ganzoo.settings.spelling import spell
from ganzoo.zoo.names import KNOWN, title

GROUPS = (
    *("losses", "enforcers", "conditioners", "models", "augmentations", "regularizers"),
    *("metrics", "training", "failures", "comparing"),
)
"""Folders, in the order in which they are listed."""


@dataclass(frozen=True)
class Topic:
    """One topic and its text."""

    path: Path

    @property
    def name(self) -> str:
        """Name of the file without its suffix."""
        return self.path.stem

    @property
    def group(self) -> str:
        """Name of its folder."""
        return self.path.parent.name

    @cached_property
    def text(self) -> str:
        """Text of at most 24 lines of at most 80 ASCII characters."""
        return self.path.read_text(encoding="ascii").rstrip("\n")

    @property
    def title(self) -> str:
        """Rest of the first line after the name."""
        return self.text.partition("\n")[0].partition(": ")[2]

    @property
    def aliases(self) -> tuple[str, ...]:
        """Other names under which `find_topic` finds it."""
        return tuple(re.split(r",\s+", found[1])) if (found := _ALIASES.search(self.text)) else ()


_ALIASES = re.compile(r"^aliases +(.*(?:\n .*)*)", re.MULTILINE)


def list_topics() -> list[Topic]:
    """Return all topics, by group, then by name."""
    folder = Path(__file__).parent / "explanations"
    return [Topic(path) for group in GROUPS for path in _texts(folder / group)]


def _texts(folder: Path) -> list[Path]:
    return sorted(folder.glob("*.txt"), key=lambda path: path.stem)


def find_topic(name: str) -> Topic:
    """Return the topic of a name or alias; case, and space, `-` or `_`, do not matter. Raises ConfigError."""
    topics = list_topics()
    known = _index(topics)
    plain = _plain(name)
    if plain not in known:
        _refuse_component(name)
        hint = f"ganzoo explain  (lists all {len(topics)} topics); for a component of a plugin, ganzoo show KIND NAME"
        raise ConfigError(f"no topic is named {name!r}.{did_you_mean(plain, known)}", hint=hint)
    return known[plain]


def _refuse_component(name: str) -> None:
    """Raise ConfigError if the name is that of a component of a known package, which `ganzoo show` explains."""
    for kind in ALL_KINDS:
        named = KNOWN[kind]
        if package := named.get(found := spell(name, named)):
            article = "an" if title(kind)[0] in "aeiou" else "a"
            what = f"no topic is named {name!r}: it is {article} {title(kind)} of the package {package}"
            raise ConfigError(what, hint=f"ganzoo show {kind} {found}")


def has_topic(name: str) -> bool:
    """Return whether a name or alias is that of a topic."""
    return _plain(name) in _index(list_topics())


def _index(topics: Iterable[Topic]) -> dict[str, Topic]:
    return {_plain(name): topic for topic in topics for name in (topic.name, *topic.aliases)}


def _plain(name: str) -> str:
    return re.sub(r"[-_\s]+", "-", name.strip()).lower()
