"""Observer: the callbacks through which a caller watches a run."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from ganzoo.training.loop import Training


class Observer:
    """Callbacks of a run; each does nothing unless a subclass overrides it."""

    def note(self, text: str) -> None:
        """Receive a remark that the user should read."""

    def start(self, training: Training, path: Path) -> None:
        """Receive the training that is about to begin or to go on, and its run folder."""

    def step(self, step: int) -> None:
        """Receive the number of the step that has just ended."""

    def record(self, record: Mapping[str, Any]) -> None:
        """Receive a record, as it is in log.jsonl."""

    def evaluation(self, record: Mapping[str, Any]) -> None:
        """Receive a record, as it is in evaluations.jsonl."""
