"""Observers, which a run tells what happens."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any


class Observer:
    """Callbacks of a run; each does nothing unless a subclass overrides it.

    A run tells its observers in this order: `start`; then `step`, `record`, `evaluation`, `sample_grid` and `note`
    as things happen; `end`. They get plain values, and no network, so that nothing that they do changes the run.

    `ganzoo.run(observer=...)` takes an object of any subclass, whose errors are those of the caller. A plugin
    registers a dataclass, which `--observe NAME` chooses; it alone among the components may change while it is used,
    and its errors are remarks, which end no run.
    """

    def start(self, settings: Mapping[str, Any], path: Path, step: int) -> None:
        """Receive a run that begins or goes on: all settings, its folder, and the steps that are behind it.

        `settings` maps "section.option" to a text, a number, a truth value or a list; device and precision are those
        that were found, never "auto".
        """

    def step(self, step: int) -> None:
        """Receive the number of the step that has just ended."""

    def record(self, record: Mapping[str, Any]) -> None:
        """Receive a record, as it is in log.jsonl, every `train.log_every` steps."""

    def evaluation(self, record: Mapping[str, Any]) -> None:
        """Receive a score: `step`, `images`, `name`, `value`, `low` and `high`.

        One while training is a record as it is in evaluations.jsonl. At the end there is one of each score in
        scores.json, which has the `checkpoint` too, "last" or "best", and all else that scores.json says of it.
        """

    def sample_grid(self, step: int, path: Path) -> None:
        """Receive the step and the PNG file of a sample grid that was just written."""

    def note(self, text: str) -> None:
        """Receive a remark that the user should read."""

    def end(self, state: str) -> None:
        """Receive the state in which the run ended: "complete", "interrupted", "diverged" or "failed".

        Scores of a complete run come before. A process that is killed ends without a word.
        """
