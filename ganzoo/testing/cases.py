"""Cases, each a check of one component, and their outcomes."""

from __future__ import annotations

import copy
import re
import traceback
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from functools import partial
from pathlib import Path

import torch

from ganzoo.settings.kinds import Kind
from ganzoo.testing import (
    augmentations,
    components,
    conditioners,
    datasets,
    descent,
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
    "optimizer": descent.OPTIMIZER_CHECKS,
    "schedule": descent.SCHEDULE_CHECKS,
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
    follows: str = ""
    """Check of the same component that failed before, for the same mistake; empty if the mistake is a new one."""


@dataclass(frozen=True)
class Case:
    """One check of one component."""

    component: str
    check: str
    work: Callable[[], None] = field(repr=False)
    about: tuple[str, ...] = ()
    """Labels of the components that it tries."""
    trains: bool = False
    """True if it trains the component, which fails too if an earlier check does."""

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
    """Return an error of a component with its line that raised it, or that called what did."""
    frames = traceback.extract_tb(error.__traceback__)
    frame = next((frame for frame in reversed(frames) if not _is_ours(frame.filename)), frames[-1])
    return f"{type(error).__name__}: {error}\n  where   {frame.filename}:{frame.lineno}  {frame.line}"


def _is_ours(file: str) -> bool:
    """Return whether a file belongs to torch or to these checks."""
    return any(Path(file).is_relative_to(Path(package).parent) for package in (torch.__file__, __file__))


def try_each(cases: Sequence[Case]) -> Iterator[Outcome]:
    """Yield the outcome of each case; a failure for a mistake that an earlier check has told names that check."""
    failed: dict[str, list[Outcome]] = {}
    for case in cases:
        outcome = case.outcome()
        if outcome.state == "failed":
            whole = all(label in failed for label in case.about)
            earlier = [each for label in case.about for each in failed.get(label, ()) if whole]
            outcome = replace(outcome, follows=_find_cause(case, outcome, earlier))
            failed.setdefault(case.component, []).extend([] if outcome.follows else [outcome])
        yield outcome


def _find_cause(case: Case, outcome: Outcome, earlier: Sequence[Outcome]) -> str:
    """Return the check that failed for the same mistake: with the same hint or line, or before a training."""
    same = [each.check for each in earlier if _last_line(each) == _last_line(outcome)]
    crashed_in_ours = "\n  where   " in outcome.why and _is_ours(_last_line(outcome).split()[1].rpartition(":")[0])
    if not same and (case.trains or crashed_in_ours):  # an input of the check is not what it has to be
        same = [each.check for each in earlier]
    return same[0] if same else ""


def _last_line(outcome: Outcome) -> str:
    """Return what to do about a failure, or the line of the component that raised it."""
    return outcome.why.rpartition("\n")[2]


def list_cases(zoo: Zoo, target: str, options: Options | None = None) -> list[Case]:
    """Return every check of every component of a plugin. Raises what `find_subjects` raises."""
    options = copy.deepcopy(dict(options or {}))
    subjects = find_subjects(zoo, target, options)
    cases = [_case(subject, check) for subject in subjects for check in _checks(subject.kind)]
    if any(subject.kind in training_checks.TRAINABLE for subject in subjects):
        both = partial(two_ranks.two_processes_agree, target, subjects, options)
        labels = tuple(subject.label for subject in subjects if subject.kind in training_checks.TRAINABLE)
        cases.append(Case("together", "two processes agree", both, labels, trains=True))
    return cases


def _checks(kind: Kind) -> Sequence[Check]:
    return (*components.CHECKS, *CHECKS[kind], *(training_checks.CHECKS if kind in training_checks.TRAINABLE else ()))


def _case(subject: Subject, check: Check) -> Case:
    name, trains = check.__name__.replace("_", " "), check in training_checks.CHECKS
    return Case(subject.label, name, partial(check, subject), (subject.label,), trains)
