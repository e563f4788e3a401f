"""The scores of one set of images, as a value, as JSON and in a notebook."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from html import escape
from typing import Any

from ganzoo.contracts import Score
from ganzoo.evaluation.memorisation import Memorisation
from ganzoo.evaluation.protocol import Protocol


@dataclass(frozen=True)
class Report:
    """The scores of one set of images."""

    scores: Mapping[str, Score]
    """Scores by name, such as "FD(digits-cnn)-2k"."""
    protocol: Protocol
    warnings: tuple[str, ...]
    """Reasons to trust a score less, and the metrics that could not be computed, each with the reason."""
    seconds: Mapping[str, float]
    """Seconds for "images" (making them and extracting their features) and for "metrics"."""
    memorisation: Memorisation | None = None
    """Generated images that are copies of real ones; None if that was not asked for."""

    def __repr__(self) -> str:
        return f"Report({', '.join(f'{name} {score.value:.4g}' for name, score in self.scores.items())})"

    def _repr_html_(self) -> str:
        rows = [(name, f"{s.value:.4g}", _show_interval(s), f"{s.better} is better") for name, s in self.scores.items()]
        cells = "".join("<tr>" + "".join(f"<td>{escape(text)}</td>" for text in row) + "</tr>" for row in rows)
        made = self.protocol.generated
        about = f"{made.count:,} samples, against {self.protocol.reference.dataset}, by {self.protocol.features}"
        notes = "".join(f"<div>note: {escape(warning)}</div>" for warning in self.warnings)
        return f"<table>{cells}</table><div>{escape(about)}</div>{notes}"

    def to_json(self) -> dict[str, Any]:
        """Return plain JSON values."""
        return {
            "scores": {name: score.to_json() for name, score in self.scores.items()},
            "protocol": self.protocol.to_json(),
            "warnings": list(self.warnings),
            "memorisation": self.memorisation and self.memorisation.to_json(),
            "seconds": {name: round(value, 3) for name, value in self.seconds.items()},
        }


def _show_interval(score: Score) -> str:
    return "" if score.low is None else f"[{score.low:.4g}, {score.high:.4g}]"
