"""A session of a run: train in its folder, write how that ended, score the result."""

from __future__ import annotations

from collections.abc import Mapping
from contextlib import closing
from dataclasses import dataclass, field
from typing import Any

from ganzoo.audit.watch import Watch
from ganzoo.contracts import Samples
from ganzoo.errors import DivergedError, EvaluationError, GanzooError, ResourceError, RunInterrupted
from ganzoo.evaluation.run_evaluator import RunEvaluator
from ganzoo.runs import checkpoint
from ganzoo.runs.folder import RunFolder, explain_disk
from ganzoo.runs.log import RunLog
from ganzoo.runs.observer import Observers
from ganzoo.runs.scores import best_evaluation, keep_best_checkpoint, list_scores, score_run
from ganzoo.runs.signals import Interrupts
from ganzoo.runs.status import errors_to_status, name_end, write_end
from ganzoo.training.gan import GAN
from ganzoo.training.loop import REMEDIES, Command, Training, train
from ganzoo.training.prepare import explain_memory
from ganzoo.training.rollback import MOST, require_rollback, roll_back
from ganzoo.zoo.faults import name_plugins


@dataclass
class Session:
    """One process's part of a run: it drives the loop, and is the Journal that the loop reports to."""

    training: Training
    samples: Samples
    folder: RunFolder
    observer: Observers
    evaluator: RunEvaluator
    log: RunLog = field(init=False)
    interrupts: Interrupts = field(init=False)
    watch: Watch | None = field(init=False)

    def run(self) -> None:
        """Train, conclude, and score a complete run if its settings say so.

        Raises RunInterrupted after a signal, DivergedError, ResourceError if memory or disk are exhausted, and
        PluginError if the code of a plugin fails.
        """
        self.observer.begin(self.training, self.folder.path)
        try:
            self._train_and_conclude()
        except BaseException as error:
            self.observer.end(name_end(error))
            raise
        try:
            if self.training.run.eval.at_end:
                self.score()
        finally:
            self.observer.end("complete")

    def _train_and_conclude(self) -> None:
        with (
            Interrupts(self.training.gan.ranks) as self.interrupts,
            errors_to_status(self.training, self.folder),
            explain_disk(self.folder.path),
            explain_memory(self.training.run),
            closing(self.training.feed),
            name_plugins(self.evaluator.zoo, self.folder.error),
        ):
            self.folder.error.unlink(missing_ok=True)  # of an attempt before
            self.train()
            self.conclude()

    def train(self) -> None:
        """Run the loop from the present step, with log and checkpoints."""
        self.training.align()
        while True:
            try:
                return self._train_on()
            except DivergedError as error:
                self._roll_back(error)

    def _train_on(self) -> None:
        training, folder = self.training, self.folder
        folder.write_status("running", training.step, training.run.train.steps)
        if training.rollbacks:
            folder.write_json(folder.rollbacks, {"rollbacks": training.rollbacks})
        spec, note = self.samples.spec, self.observer.note
        with closing(RunLog(folder, training.run, spec, training.step, self.samples, note)) as self.log:
            keep_best_checkpoint(folder)  # as it was at this step: a kill may have come after a later mark
            self.watch = Watch(self.samples, self.evaluator.dataset, training.run.optim.batch_size)
            if training.step == 0:
                self.save(0, training.state_dict())  # from here on a kill at any moment can be resumed
            train(training, self)

    def _roll_back(self, error: DivergedError) -> None:
        """Go back to the last checkpoint, and save it with the rollback; raise the error if the run is to end."""
        training = self.training
        require_rollback(training, error)
        if not checkpoint.is_any_saved(self.folder.checkpoints):
            raise error  # the first weights are not finite
        state = checkpoint.load(self.folder.checkpoints).state
        training.gan.ranks.maximum(int(state["step"]))  # the other ranks go back to the same step
        roll_back(training, state, error)
        self.save(training.step, training.state_dict())  # a kill from here on must not lose the rollback
        done = f"rolled back to step {training.step} ({len(training.rollbacks)}/{MOST})"
        self.observer.note(f"{error.what}; {done}, rates x {training.rate_scale:g}")

    def conclude(self) -> None:
        """Write that the run is complete or interrupted. Raises RunInterrupted if a signal stopped it."""
        step, steps = self.training.step, self.training.run.train.steps
        complete = step >= steps
        write_end("complete" if complete else "interrupted", self.training, self.folder)
        if (signal := self.interrupts.obeyed) is not None and not complete:
            what = f"stopped by signal {signal}: saved step {step} of {steps}"
            raise RunInterrupted(what, signal=signal, where=str(self.folder.path), hint=self.folder.resume_command)

    def score(self) -> None:
        """Score a complete run. What prevents that becomes a remark, since the run itself is well."""
        run, zoo = self.training.run, self.evaluator.zoo
        try:
            with explain_disk(self.folder.path), explain_memory(run), name_plugins(zoo, self.folder.error):
                self.observer.note(f"scoring {run.eval.samples:,} images by {self.evaluator.open().extractor.label}")
                step, note = self.training.step, self.observer.note
                reports = score_run(self.training.gan, step, self.folder, self.evaluator, note)
        except GanzooError as error:
            self.observer.note(f"not scored: {error}")
            return
        for record in list_scores(reports, run.optim):
            self.observer.evaluation(record)

    # The Journal of the loop

    def step(self, step: int) -> Command:
        """Tell the observer, and return what the signals so far ask for."""
        with self.log.pausing():
            self.observer.step(step)
        return self.interrupts.command()

    def record(self, step: int, values: Mapping[str, float]) -> None:
        """Log the numbers of a step."""
        self._require_folder()
        record = self.log.scalars(step, values)
        with self.log.pausing():
            self.observer.record(record)

    def sample(self, step: int, gan: GAN) -> None:
        """Write the sample grid of a step."""
        self._require_folder()
        with self.log.pausing():
            if (grid := self.log.samples(step, gan)) is not None:
                self.observer.sample_grid(step, grid)

    def evaluate(self, step: int, gan: GAN) -> bool:
        """Log a quick score, and return whether it is the best so far: the same answer on every rank."""
        try:
            with self.log.pausing():
                name, score, selection = self.evaluator.quick_score(gan)
        except EvaluationError as error:
            gan.ranks.maximum(0, 1)
            raise DivergedError(f"diverged by step {step}: {error.what}", hint=", or ".join(REMEDIES)) from error
        record = self.log.evaluation(step, name, score, selection)
        with self.log.pausing():
            self.observer.evaluation(record)
        best, _ = gan.ranks.maximum(int(best_evaluation(self.folder)["step"] == step), 0)  # the other ranks wait for it
        return bool(best)

    def diagnose(self, step: int, gan: GAN) -> None:
        """Log an audit of the GAN, and tell the observer its alarms; an audit that fails is the last one."""
        if self.watch is None:
            return
        try:
            with self.log.pausing():
                audit, alarms, seconds = self.watch.audit(gan, step)
                self.log.audit(step, audit.numbers, seconds)
        except (RuntimeError, OSError, GanzooError) as error:  # no memory or room, or a network that cannot be copied
            self.watch = None  # the run itself is well
            self.observer.note(f"step {step}: no more looks at what goes wrong: {str(error).splitlines()[0]}")
            return
        for alarm in alarms:
            self.observer.note(f"step {step}: {alarm.name}: {alarm.what} ({self.folder.diagnose_command})")

    def save(self, step: int, state: Mapping[str, Any]) -> None:
        """Save a checkpoint, and write its step to the status."""
        self._require_folder()
        keep_best_checkpoint(self.folder, step)  # first, so that rotation spares it and drops the one before
        checkpoint.save(self.folder.checkpoints, step, state, keep_last=self.training.run.train.keep_last)
        self.folder.write_status("running", step, self.training.run.train.steps)

    def _require_folder(self) -> None:
        """Raise ResourceError if the run is no longer where it began, lest a second folder take what follows."""
        if not self.folder.recipe.is_file():
            what = "the run folder is gone: it was moved or deleted, or its disk is away"
            hint = "ganzoo resume FOLDER (where it is now)"
            raise ResourceError(what, where=str(self.folder.path), hint=hint)
