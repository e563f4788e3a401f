"""Start a run in a new folder, or resume one exactly where its newest checkpoint is."""

from __future__ import annotations

from contextlib import suppress
from dataclasses import replace
from pathlib import Path
from typing import NamedTuple

from ganzoo.errors import CheckpointError
from ganzoo.evaluation.run_evaluator import RunEvaluator
from ganzoo.runs import checkpoint, manifest
from ganzoo.runs.folder import RunFolder, create_folder, explain_disk
from ganzoo.runs.observer import Observer
from ganzoo.runs.scores import is_scored
from ganzoo.runs.session import Session
from ganzoo.settings.merge import Settings
from ganzoo.settings.sections import RunConfig
from ganzoo.training.costs import measure_costs
from ganzoo.training.prepare import prepare
from ganzoo.training.ranks import SINGLE, Ranks
from ganzoo.zoo import choices
from ganzoo.zoo.catalogue import Zoo


def start(settings: Settings, zoo: Zoo, path: Path, observer: Observer, ranks: Ranks = SINGLE) -> None:
    """Train a new run in a new folder. This is rank 0 of `ranks`; the others call `follower.start`.

    Raises FolderError if the folder exists, RunInterrupted after a signal, DivergedError, and what `prepare` raises.
    """
    folder = create_folder(path)
    try:
        settings = choices.complete(settings, zoo)
        training, samples = prepare(settings.run, zoo, observer.note, ranks)
        session = Session(training, samples, folder, observer, RunEvaluator(training.run, zoo, samples))
        costs = measure_costs(training.gan, samples, training.run.optim)
    except BaseException:
        with suppress(OSError):
            path.rmdir()  # still empty: a refused run leaves nothing
        raise
    with folder.claim(new=True):
        with explain_disk(path):
            folder.write_json(folder.manifest, manifest.describe(settings, zoo, samples, training.gan, costs))
            folder.write_recipe(settings.run)  # last: a folder with a recipe is a run
        session.run()


def resume(path: Path, zoo: Zoo, observer: Observer, *, steps: int | None = None, ranks: Ranks = SINGLE) -> None:
    """Go on exactly where the newest usable checkpoint of a run is; `steps` makes the run longer.

    Raises CheckpointError if all checkpoints are damaged, or if the data or the settings are not those of the
    run; PluginError if a plugin of the run is missing; and what `start` raises.
    """
    folder = RunFolder(path)
    run = folder.read_recipe()
    with folder.claim():
        newest = _load_newest(folder, observer)
        reached = newest.step if newest else 0
        run = _lengthen(run, steps, reached, observer)
        if reached >= run.train.steps:
            _ensure_complete(folder, reached, run.train.steps)
            if not run.eval.at_end or is_scored(folder, reached):
                observer.note(f"already complete ({reached}/{run.train.steps} steps); --steps N makes it longer")
                ranks.maximum(*ResumePlan(is_needed=False))
                return
        ranks.maximum(*ResumePlan(True, newest is not None, reached, run.train.steps))
        session = _reopen(folder, run, zoo, observer, ranks)
        if newest is not None:
            session.training.load_state_dict(newest.state)
        with explain_disk(path):
            folder.write_recipe(run)
        session.run()


class ResumePlan(NamedTuple):
    """The numbers by which rank 0 tells the other ranks how the run goes on."""

    is_needed: int
    from_checkpoint: int = False
    reached: int = 0
    steps: int = 0


def _load_newest(folder: RunFolder, observer: Observer) -> checkpoint.Checkpoint | None:
    """Load the newest usable checkpoint, or None if the run was killed before its first one."""
    checkpoint.sweep(folder.path)
    checkpoint.sweep(folder.checkpoints)
    if not any(path.suffix in (".json", ".corrupt") for path in folder.checkpoints.glob("*")):
        return None
    newest = checkpoint.load(folder.checkpoints)
    for warning in newest.warnings:
        observer.note(warning)
    return newest


def _lengthen(run: RunConfig, steps: int | None, reached: int, observer: Observer) -> RunConfig:
    """Return the run with `steps` steps, if given. Raises CheckpointError if it is past them already."""
    if steps is None or steps == run.train.steps:
        return run
    if steps < reached:
        raise CheckpointError(f"the run is at step {reached} already, past --steps {steps}")
    if run.optim.lr_decay != "none":
        observer.note(f"the schedule is one of {steps} steps from here on, not of {run.train.steps}")
    return replace(run, train=replace(run.train, steps=steps))


def _ensure_complete(folder: RunFolder, reached: int, steps: int) -> None:
    """Write the status of a run that was killed between its last save and its end."""
    if folder.read_json(folder.status).get("state") != "complete":
        folder.write_status("complete", reached, steps)


def _reopen(folder: RunFolder, run: RunConfig, zoo: Zoo, observer: Observer, ranks: Ranks) -> Session:
    """Build the GAN and load the data of a run; note what may keep its continuation from being bit-exact."""
    made_with = folder.read_json(folder.manifest)
    manifest.check_plugins(made_with, zoo)
    training, samples = prepare(manifest.keep_precision(run, made_with), zoo, observer.note, ranks)
    manifest.check_data(made_with, samples)
    session = Session(training, samples, folder, observer, RunEvaluator(run, zoo, samples))
    for difference in (*manifest.note_versions(made_with, zoo), *manifest.note_differences(made_with, training.gan)):
        observer.note(difference)
    return session
