"""Metrics that cannot be computed, each with the reason: some leave the others, all of them are an error."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field

from ganzoo.errors import EvaluationError

ANOTHER = "--metrics fid, or --samples N (more of them), or --features NAME (another)"


@dataclass
class Refusals:
    """Reasons of metrics, by which each is named."""

    _names: dict[str, list[str]] = field(default_factory=dict)
    """Reason -> names of the metrics that gave it."""
    _hints: list[str] = field(default_factory=list)

    @contextmanager
    def of(self, name: str) -> Iterator[None]:
        """Keep the EvaluationError of a metric as its reason."""
        try:
            yield
        except EvaluationError as error:
            self._hints.append(error.hint)
            hint = f" (try {error.hint})" if error.hint else ""
            self._names.setdefault(error.what + hint, []).append(name)

    @property
    def count(self) -> int:
        """Number of metrics that refused."""
        return sum(map(len, self._names.values()))

    @property
    def remarks(self) -> list[str]:
        """A line for each reason, with the metrics that gave it."""
        return [f"no {', '.join(names)}: {reason}" for reason, names in self._names.items()]

    def error(self, warnings: Sequence[str] = ()) -> EvaluationError:
        """Return the error that no metric can be computed."""
        flags = [hint for hint in self._hints if hint.startswith("--")]
        return EvaluationError("; ".join([*warnings, *self.remarks]), hint=flags[0] if flags else ANOTHER)
