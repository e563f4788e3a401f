"""Cases, each a check of one component, and their outcomes."""

from __future__ import annotations

import copy
import re
import traceback
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from functools import partial

import torch

from ganzoo.settings.kinds import Kind
from ganzoo.testing import (
    augmentations,
    components,
    conditioners,
    datasets,
    enforcers,
    engines,
    extractors,
    losses,
    metrics,
    models,
    observers,
    regularizers,
    training_checks,
    two_ranks,
)
from ganzoo.testing.expectations import ConformanceError, Unchecked
from ganzoo.testing.subjects import Options, Subject, find_subjects
from ganzoo.training.randomness import reseeded
from ganzoo.zoo.catalogue import Zoo

Check = Callable[[Subject], None]

CHECKS: Mapping[Kind, Sequence[Check]] = {
    "model": models.CHECKS,
    "loss": losses.CHECKS,
    "lipschitz": enforcers.CHECKS,
    "conditioner": conditioners.CHECKS,
    "augment": augmentations.CHECKS,
    "regularizer": regularizers.CHECKS,
    "dataset": datasets.CHECKS,
    "features": extractors.CHECKS,
    "metric": metrics.CHECKS,
    "engine": engines.CHECKS,
    "observer": observers.CHECKS,
}


@dataclass(frozen=True)
class Outcome:
    """Outcome of one check of one component."""

    component: str
    """Kind and name: "loss hinge"."""
    check: str
    state: str
    """One of "ok", "failed" and "skipped"."""
    why: str = ""
    """Reason of a skip; of a failure the expected and the actual result, and a hint."""


@dataclass(frozen=True)
class Case:
    """One check of one component."""

    component: str
    check: str
    work: Callable[[], None] = field(repr=False)

    @property
    def id(self) -> str:
        """Name of the test: "loss-hinge-logits_are_keyword_only"."""
        return re.sub(r"[^\w+@.-]", "-", f"{self.component}-{self.check.replace(' ', '_')}")

    def run(self) -> None:
        """Check from a fixed random state, and restore the present one. Raises ConformanceError or Unchecked."""
        with reseeded(0, torch.device("cpu")):
            self.work()

    def outcome(self) -> Outcome:
        """Check, and return the outcome, whatever the component raises."""
        try:
            self.run()
        except ConformanceError as error:
            return Outcome(self.component, self.check, "failed", str(error))
        except Unchecked as reason:
            return Outcome(self.component, self.check, "skipped", str(reason))
        except Exception as error:  # a component may raise anything
            return Outcome(self.component, self.check, "failed", _locate(error))
        return Outcome(self.component, self.check, "ok")


def _locate(error: Exception) -> str:
    """Return an error of a component with the line that raised it."""
    frame = traceback.extract_tb(error.__traceback__)[-1]
    return f"{type(error).__name__}: {error}\n  where   {frame.filename}:{frame.lineno}  {frame.line}"


def list_cases(zoo: Zoo, target: str, options: Options | None = None) -> list[Case]:
    """Return every check of every component of a plugin. Raises what `find_subjects` raises."""
    options = copy.deepcopy(dict(options or {}))
    subjects = find_subjects(zoo, target, options)
    cases = [_case(subject, check) for subject in subjects for check in _checks(subject.kind)]
    if any(subject.kind in training_checks.TRAINABLE for subject in subjects):
        both = partial(two_ranks.two_processes_agree, target, subjects, options)
        cases.append(Case("together", "two processes agree", both))
    return cases


def _checks(kind: Kind) -> Sequence[Check]:
    return (*components.CHECKS, *CHECKS[kind], *(training_checks.CHECKS if kind in training_checks.TRAINABLE else ()))


def _case(subject: Subject, check: Check) -> Case:
    return Case(subject.label, check.__name__.replace("_", " "), partial(check, subject))
