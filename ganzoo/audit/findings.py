"""Findings of a diagnosis: a name, a level, the numbers that show it, and what to type next."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass, field
from typing import Any, Literal

Level = Literal["alarm", "remark", "fine", "unknown"]
"""alarm: the run fails or will fail; remark: worth knowing; fine: looked for, not found; unknown: not looked for."""
LISTED = 5
"""Most classes that a sentence names."""
LEVELS: tuple[Level, ...] = ("alarm", "remark", "fine", "unknown")


@dataclass(frozen=True)
class Finding:
    """One thing that a rule looked for."""

    name: str
    """Name of what was looked for, such as "mode-collapse"; the same at every level."""
    level: Level
    what: str
    """One sentence with the numbers."""
    evidence: Mapping[str, float | None] = field(default_factory=dict)
    """Numbers that decided the level; None for one that could not be measured."""
    advice: tuple[str, ...] = ()
    """Flags to try next, the most promising first."""
    topic: str = ""
    """Topic of `ganzoo explain` with more about it."""
    figure: str = ""
    """File name of the picture that shows it."""

    def to_json(self) -> dict[str, Any]:
        """Return plain JSON values."""
        return asdict(self) | {"evidence": dict(self.evidence), "advice": list(self.advice)}


def by_level(findings: list[Finding]) -> list[Finding]:
    """Return the findings, from alarm to unknown; within a level the order stays, causes before symptoms."""
    return sorted(findings, key=lambda finding: LEVELS.index(finding.level))


def percent(share: float | None) -> str:
    """Return a share in percent, in three digits: 0.6543 -> "65.4 %"."""
    return f"{100 * (share or 0):.3g} %"


def list_some(texts: Sequence[str]) -> str:
    """Return the first LISTED texts with semicolons between them, and the number of the others."""
    more = len(texts) - LISTED
    return "; ".join(texts[:LISTED]) + (f"; and {more} more" if more > 0 else "")
