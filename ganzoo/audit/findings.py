"""What a diagnosis says: a name, how bad it is, the numbers that show it, and what to type next."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import asdict, dataclass, field
from typing import Any, Literal

Level = Literal["alarm", "remark", "fine", "unknown"]
"""alarm: the run fails or will; remark: worth knowing; fine: looked for, not found; unknown: not looked for."""
LEVELS: tuple[Level, ...] = ("alarm", "remark", "fine", "unknown")


@dataclass(frozen=True)
class Finding:
    """One thing that was looked for."""

    name: str
    """ "mode-collapse": the same whatever was found."""
    level: Level
    what: str
    """One sentence, numbers included."""
    evidence: Mapping[str, float | None] = field(default_factory=dict)
    """The numbers that decided."""
    advice: tuple[str, ...] = ()
    """Flags to try next, the most promising first."""
    topic: str = ""
    """What `ganzoo explain` says more under."""
    figure: str = ""
    """File of the picture that shows it."""

    def to_json(self) -> dict[str, Any]:
        """Return plain JSON values."""
        return asdict(self) | {"evidence": dict(self.evidence), "advice": list(self.advice)}


def by_level(findings: list[Finding]) -> list[Finding]:
    """Return them with alarms first and what is unknown last; within a level, causes stay before their symptoms."""
    return sorted(findings, key=lambda finding: LEVELS.index(finding.level))
