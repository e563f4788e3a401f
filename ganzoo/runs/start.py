"""A run from its settings to its folder: start, resume."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from contextlib import closing, contextmanager, suppress
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any, NamedTuple

from ganzoo.audit.watch import Watch
from ganzoo.contracts import Samples
from ganzoo.errors import CheckpointError, DivergedError, EvaluationError, GanzooError, RunInterrupted
from ganzoo.evaluation.run_evaluator import Judge
from ganzoo.runs import checkpoint, folder, manifest
from ganzoo.runs.folder import RunFolder
from ganzoo.runs.log import Recorder
from ganzoo.runs.scores import best_evaluation, is_scored, mark_best, score_run
from ganzoo.runs.signals import Interrupts
from ganzoo.settings.merge import Settings
from ganzoo.settings.sections import RunConfig
from ganzoo.training.costs import measure_costs, peak_memory_mb
from ganzoo.training.gan import GAN
from ganzoo.training.loop import REMEDIES, Training, Wish, train
from ganzoo.training.prepare import explain_memory, prepare
from ganzoo.training.ranks import ALONE, Ranks
from ganzoo.zoo import choices
from ganzoo.zoo.catalogue import Zoo


class Observer:
    """What a caller may watch; every method does nothing unless overridden."""

    def note(self, text: str) -> None:
        """Take a remark that the user should read."""

    def start(self, training: Training, path: Path) -> None:
        """Take the training that is about to begin, or to go on."""

    def step(self, step: int) -> None:
        """Take the number of the step that is done."""

    def record(self, record: Mapping[str, Any]) -> None:
        """Take a record, as it is in log.jsonl."""

    def evaluation(self, record: Mapping[str, Any]) -> None:
        """Take a record, as it is in evaluations.jsonl."""


def start(settings: Settings, zoo: Zoo, path: Path, observer: Observer, ranks: Ranks = ALONE) -> None:
    """Train a new run in a new folder; of several ranks this is the first, and the others are in `following`.

    Raises FolderError if it exists, RunInterrupted after a signal, DivergedError, and what `prepare` raises.
    """
    place = folder.create(path)
    try:
        settings = choices.complete(settings, zoo)
        training, samples = prepare(settings.run, zoo, observer.note, ranks)
        judge = Judge(training.run, zoo, samples)
        costs = measure_costs(training.gan, samples, training.run.optim)
    except BaseException:
        with suppress(OSError):
            path.rmdir()  # still empty: a refused run leaves nothing
        raise
    with place.claim(new=True):
        with folder.explain_disk(path):
            place.write_json(place.manifest, manifest.describe(settings, zoo, samples, training.gan, costs))
            place.write_recipe(settings.run)  # last: where it is, there is a run
        _train(training, samples, place, observer, judge)


def resume(path: Path, zoo: Zoo, observer: Observer, *, steps: int | None = None, ranks: Ranks = ALONE) -> None:
    """Go on exactly where the newest usable checkpoint of a run is; `steps` makes the run longer.

    Raises CheckpointError if all are damaged, or if the data or the settings are not those of the run;
    PluginError if a plugin of the run is missing; and what `start` raises.
    """
    place = RunFolder(path)
    run = place.read_recipe()
    with place.claim():
        checkpoint.sweep(place.path)
        checkpoint.sweep(place.checkpoints)
        loaded = _newest(place, observer)
        reached = loaded.step if loaded else 0
        run = _lengthen(run, steps, reached, observer)
        if reached >= run.train.steps:
            if place.read_json(place.status).get("state") != "complete":  # killed between its last save and its end
                place.write_status("complete", reached, run.train.steps)
            if not run.eval.at_end or is_scored(place, reached):
                observer.note(f"already complete ({reached}/{run.train.steps} steps); --steps N makes it longer")
                ranks.highest(*Plan(is_needed=False))
                return
        ranks.highest(*Plan(True, loaded is not None, reached, run.train.steps))
        _go_on(run, loaded.state if loaded else None, zoo, place, observer, ranks)


class Plan(NamedTuple):
    """How rank 0 goes on with a run, as the numbers that it tells the others."""

    is_needed: int
    from_checkpoint: int = False
    reached: int = 0
    steps: int = 0


def _newest(place: RunFolder, observer: Observer) -> checkpoint.Loaded | None:
    """Load the newest usable checkpoint; None where the run was killed before its first."""
    if not any(path.suffix in (".json", ".corrupt") for path in place.checkpoints.glob("*")):
        return None
    loaded = checkpoint.load(place.checkpoints)
    for warning in loaded.warnings:
        observer.note(warning)
    return loaded


def _go_on(
    run: RunConfig, state: dict[str, Any] | None, zoo: Zoo, place: RunFolder, observer: Observer, ranks: Ranks
) -> None:
    made_with = place.read_json(place.manifest)
    manifest.check_plugins(made_with, zoo)
    training, samples = prepare(manifest.keep_precision(run, made_with), zoo, observer.note, ranks)
    manifest.check_data(made_with, samples)
    judge = Judge(run, zoo, samples)
    for difference in (*manifest.note_versions(made_with, zoo), *manifest.note_differences(made_with, training.gan)):
        observer.note(difference)
    if state is not None:
        training.load_state_dict(state)
    with folder.explain_disk(place.path):
        place.write_recipe(run)
    _train(training, samples, place, observer, judge)


def _lengthen(run: RunConfig, steps: int | None, reached: int, observer: Observer) -> RunConfig:
    if steps is None or steps == run.train.steps:
        return run
    if steps < reached:
        raise CheckpointError(f"the run is at step {reached} already, past --steps {steps}")
    if run.optim.lr_decay != "none":
        observer.note(f"the schedule is one of {steps} steps from here on, not of {run.train.steps}")
    return replace(run, train=replace(run.train, steps=steps))


@dataclass
class _Keeper:
    """The journal of a run: writes to its folder, tells the observer, listens for signals."""

    place: RunFolder
    run: RunConfig
    recorder: Recorder
    observer: Observer
    interrupts: Interrupts
    judge: Judge
    watch: Watch | None

    def step(self, step: int) -> Wish:
        self.observer.step(step)
        return self.interrupts.wish()

    def record(self, step: int, values: Mapping[str, float]) -> None:
        self.observer.record(self.recorder.scalars(step, values))

    def sample(self, step: int, gan: GAN) -> None:
        with self.recorder.pausing():
            self.recorder.samples(step, gan)

    def evaluate(self, step: int, gan: GAN) -> bool:
        try:
            with self.recorder.pausing():
                name, score, selection = self.judge.glance(gan)
        except EvaluationError as error:
            raise DivergedError(f"diverged by step {step}: {error.what}", hint=REMEDIES) from error
        self.observer.evaluation(self.recorder.evaluation(step, name, score, selection))
        (best,) = gan.ranks.highest(int(best_evaluation(self.place)["step"] == step))  # the others wait to hear
        return bool(best)

    def diagnose(self, step: int, gan: GAN) -> None:
        if self.watch is None:
            return
        try:
            with self.recorder.pausing():
                audit, alarms, seconds = self.watch.look(gan, step)
                self.recorder.look(step, audit.numbers, seconds)
        except (RuntimeError, GanzooError) as error:  # memory for a copy, or a network that cannot be copied
            self.watch = None  # the run is well
            self.observer.note(f"step {step}: no more looks at what goes wrong: {str(error).splitlines()[0]}")
            return
        for alarm in alarms:
            self.observer.note(f"step {step}: {alarm.name}: {alarm.what} ({self.place.diagnostic})")

    def save(self, step: int, state: Mapping[str, Any]) -> None:
        mark_best(self.place, step)  # first, so that rotation spares it and drops the one before
        checkpoint.save(self.place.checkpoints, step, state, keep_last=self.run.train.keep_last)
        self.place.write_status("running", step, self.run.train.steps)


def _train(training: Training, samples: Samples, place: RunFolder, observer: Observer, judge: Judge) -> None:
    """Run the loop with what surrounds it: log, signals, status; then score what came out."""
    observer.start(training, place.path)
    with (
        Interrupts(training.gan.ranks) as interrupts,
        _recording_errors(training, place),
        folder.explain_disk(place.path),
        explain_memory(training.run),
        closing(training.feed),
    ):
        training.align()
        place.write_status("running", training.step, training.run.train.steps)
        with closing(Recorder(place, training.run, samples.spec, training.step, samples)) as recorder:
            mark_best(place)  # as it was at this step: a kill may have come after a later mark
            watch = Watch(samples, judge.dataset, training.run.optim.batch_size)
            keeper = _Keeper(place, training.run, recorder, observer, interrupts, judge, watch)
            if training.step == 0:
                keeper.save(0, training.state_dict())  # from here on a kill at any moment can be resumed
            train(training, keeper)
        _conclude(training, place, interrupts.obeyed)
    if training.run.eval.at_end:
        _score(training, place, judge, observer)


@contextmanager
def _recording_errors(training: Training, place: RunFolder) -> Iterator[None]:
    """Write into the status of the run which error ended it."""
    try:
        yield
    except RunInterrupted:
        raise
    except DivergedError as error:
        _write_ending("diverged", training, place)
        raise _locate(error, place) from None
    except BaseException:
        _write_ending("failed", training, place)
        raise


def _score(training: Training, place: RunFolder, judge: Judge, observer: Observer) -> None:
    """Score a complete run; what forbids that is a remark, since the run itself is well."""
    try:
        with folder.explain_disk(place.path), explain_memory(training.run):
            observer.note(f"scoring {training.run.eval.samples:,} images by {judge.open().extractor.label}")
            score_run(training.gan, training.step, place, judge)
    except GanzooError as error:
        observer.note(f"not scored: {error}")


def _write_ending(state: str, training: Training, place: RunFolder) -> None:
    with suppress(OSError):  # the disk may be what failed
        place.write_status(state, training.step, training.run.train.steps, _peak(training, place))


def _peak(training: Training, place: RunFolder) -> float:
    """Peak memory of the run in MB, of its processes before this one too."""
    before = float(place.read_json(place.status).get("memory_mb", 0))
    return max(before, round(peak_memory_mb(training.gan.device.torch_device), 1))


def _locate(error: DivergedError, place: RunFolder) -> DivergedError:
    """Add to a divergence where the run lies and what is left of it."""
    saved = max(checkpoint.available_steps(place.checkpoints), default=0)
    hint = f"{error.hint}; {place.diagnostic} finds where it began"
    return DivergedError(error.what, where=f"{place.path} (last good checkpoint: step {saved})", hint=hint)


def _conclude(training: Training, place: RunFolder, signal: int | None) -> None:
    steps = training.run.train.steps
    complete = training.step >= steps
    state = "complete" if complete else "interrupted"
    place.write_status(state, training.step, steps, _peak(training, place))
    if signal is not None and not complete:
        what = f"stopped by signal {signal}: saved step {training.step} of {steps}"
        raise RunInterrupted(what, signal=signal, where=str(place.path), hint=place.continuation)
