"""Scores as metrics give them, named by their protocol."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, NamedTuple

from ganzoo.contracts import Extractor, Metric, Score
from ganzoo.errors import EvaluationError
from ganzoo.evaluation.protocol import list_own_options, name_score


class Measured(NamedTuple):
    """The scores of one set of images."""

    scores: dict[str, Score]
    """Scores by full name."""
    metrics: dict[str, Mapping[str, Any]]
    """Score -> what made it, where that is not the default: the field of the protocol."""
    warnings: list[str]
    """Reasons to trust the scores less, and reasons of metrics that refused."""

    def add(
        self, scores: Mapping[str, Score], metric: Metric, extractor: Extractor, count: int, *, is_own: bool
    ) -> None:
        """Add the scores of one metric, by plain names; `is_own` says that the extractor is that of the run.

        Raises EvaluationError for a name that another metric took.
        """
        options = list_own_options(metric)
        named = {name_score(name, extractor, count, options): score for name, score in scores.items()}
        if taken := named.keys() & self.scores.keys():
            what = f"another metric gives the score {min(taken)} too"
            raise EvaluationError(what, hint="--set eval.metrics=... (with one of the two)")
        self.scores.update(named)
        about: dict[str, Any] = {"options": options} if options else {}
        if not is_own:
            about |= {"features": extractor.label, "fingerprint": dict(extractor.fingerprint)}
        self.metrics.update(dict.fromkeys(named, about) if about else {})
