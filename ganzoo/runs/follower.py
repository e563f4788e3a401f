"""Training on ranks other than 0: the same steps, no output."""

from __future__ import annotations

from collections.abc import Mapping
from contextlib import closing
from copy import deepcopy
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

from ganzoo.errors import CheckpointError, DivergedError, RunInterrupted
from ganzoo.runs import checkpoint, manifest
from ganzoo.runs.changes import Changes
from ganzoo.runs.folder import RunFolder
from ganzoo.runs.observer import Observer
from ganzoo.runs.signals import Interrupts
from ganzoo.runs.start import ResumePlan, continue_with, read_made_with
from ganzoo.settings.merge import Settings
from ganzoo.training.compatibility import FREE
from ganzoo.training.gan import GAN
from ganzoo.training.loop import Command, Training, train
from ganzoo.training.prepare import explain_memory, prepare
from ganzoo.training.ranks import Ranks
from ganzoo.training.rollback import require_rollback, roll_back
from ganzoo.zoo import choices
from ganzoo.zoo.catalogue import Zoo

_NONE = Changes()


def start(settings: Settings, zoo: Zoo, ranks: Ranks) -> None:
    """Train a new run on a rank other than 0, while rank 0 is in `start.start`.

    Raises RunInterrupted and DivergedError when rank 0 does, ResourceError if another rank ends, and what
    `prepare` raises.
    """
    training, _ = prepare(choices.complete(settings, zoo).run, zoo, Observer().note, ranks)
    _follow(training)


def resume(path: Path, zoo: Zoo, ranks: Ranks, changes: Changes = _NONE, *, free: tuple[str, ...] = FREE) -> None:
    """Resume a run on a rank other than 0, while rank 0 is in `start.resume` or `branch` and says from which step.

    All ranks read one run folder. `free` has the beginnings of the settings that may change.

    Raises what `start` raises, and CheckpointError if this rank cannot read what rank 0 reads.
    """
    plan = ResumePlan(*ranks.maximum(*ResumePlan(is_needed=False)))
    if not plan.is_needed:
        return
    folder = RunFolder(path)
    made_with = read_made_with(folder, anew=changes.restart)
    run = continue_with(changes, folder, zoo)
    run = replace(run, train=replace(run.train, steps=plan.steps))
    classes, precision = manifest.read_classes(made_with), manifest.keep_precision(run, made_with)
    training, _ = prepare(run, zoo, Observer().note, ranks, classes=classes, precision=precision)
    if plan.from_checkpoint:
        state = checkpoint.load(folder.checkpoints, plan.reached, quarantine=False).state
        training.load_state_dict(state, free)
    _follow(training)


@dataclass
class _SilentJournal:
    """The Journal of a rank that writes nothing; rank 0 tells it when to save or stop, and which step is the best."""

    interrupts: Interrupts
    training: Training
    _kept: dict[str, Any] = field(default_factory=dict)
    """State of the last checkpoint, where a run may go back to it."""

    def step(self, step: int) -> Command:
        return self.interrupts.command()

    def evaluate(self, step: int, gan: GAN) -> bool:
        best, failed = gan.ranks.maximum(0, 0)  # waits while rank 0 scores
        if failed:
            raise DivergedError(f"diverged by step {step}: rank 0 cannot score it")
        return bool(best)

    def record(self, step: int, values: Mapping[str, float]) -> None:
        """Do nothing: rank 0 logs."""

    def sample(self, step: int, gan: GAN) -> None:
        """Do nothing: rank 0 draws."""

    def diagnose(self, step: int, gan: GAN) -> None:
        """Do nothing: rank 0 audits."""

    def save(self, step: int, state: Mapping[str, Any]) -> None:
        """Refuse what rank 0 refuses to save, and remember the rest."""
        checkpoint.require_finite(step, state)
        if self.training.run.train.on_nan == "rollback":
            self._kept = deepcopy(dict(state))

    def roll_back(self, error: DivergedError) -> None:
        """Go back to the checkpoint to which rank 0 goes back; raise the error if the run is to end."""
        require_rollback(self.training, error)
        (step,) = self.training.gan.ranks.maximum(0)
        if step != self._kept["step"]:
            what = f"rank 0 goes back to step {step}, and this rank remembers step {self._kept['step']}"
            raise CheckpointError(what, hint="resume the run") from error
        roll_back(self.training, self._kept, error)
        self.save(step, self.training.state_dict())


def _follow(training: Training) -> None:
    with explain_memory(training.run), closing(training.feed), Interrupts(training.gan.ranks) as interrupts:
        training.align()
        journal = _SilentJournal(interrupts, training)
        journal.save(training.step, training.state_dict())
        while True:
            try:
                train(training, journal)
                break
            except DivergedError as error:
                journal.roll_back(error)
    if interrupts.obeyed is not None and training.step < training.run.train.steps:
        what = f"stopped by signal {interrupts.obeyed} at step {training.step}"
        raise RunInterrupted(what, signal=interrupts.obeyed)
