"""Start a run in a new folder, or resume one exactly where its newest checkpoint is."""

from __future__ import annotations

from pathlib import Path
from typing import NamedTuple

from ganzoo.errors import ConfigError, DataError, EvaluationError
from ganzoo.evaluation.before_training import foresee_scores
from ganzoo.evaluation.run_evaluator import RunEvaluator
from ganzoo.runs import checkpoint, manifest, restart
from ganzoo.runs.changes import Changes, require_in_place
from ganzoo.runs.folder import RunFolder, explain_disk
from ganzoo.runs.init import initialise
from ganzoo.runs.manifest import check_plugins
from ganzoo.runs.moved_data import explain_absence
from ganzoo.runs.new_folder import claim_new, create_folder, emptied_if_refused
from ganzoo.runs.observer import Observer, Observers
from ganzoo.runs.records import Manifest
from ganzoo.runs.scores import is_scored
from ganzoo.runs.session import Session
from ganzoo.runs.space import require_space
from ganzoo.settings.merge import Settings
from ganzoo.settings.sections import RunConfig
from ganzoo.training.costs import measure_costs
from ganzoo.training.prepare import explain_memory, prepare
from ganzoo.training.ranks import SINGLE, Ranks
from ganzoo.zoo import choices
from ganzoo.zoo.catalogue import Zoo
from ganzoo.zoo.faults import name_plugins

_NONE = Changes()


def start(settings: Settings, zoo: Zoo, path: Path, observer: Observer, ranks: Ranks = SINGLE) -> None:
    """Train a new run in a new folder. This is rank 0 of `ranks`; the others call `follower.start`.

    Raises FolderError if the folder exists, RunInterrupted after a signal, DivergedError, and what `prepare` raises.
    """
    run = settings.run
    with emptied_if_refused(create_folder(path)) as folder, name_plugins(zoo, tried=run), explain_memory(run):
        settings = choices.complete(settings, zoo)
        training, samples = prepare(settings.run, zoo, observer.note, ranks)
        require_space(path, training)
        evaluator = RunEvaluator(training.run, zoo, samples)
        for lacking in foresee_scores(evaluator):
            observer.note(lacking)
        session = Session(training, samples, folder, Observers(observer, training.run, zoo), evaluator)
        costs = measure_costs(training.gan, samples, training.run.optim)
        origin = initialise(training.gan, settings.run.init, observer.note)
    with claim_new(folder):
        with explain_disk(path):
            folder.write_json(folder.manifest, manifest.describe(settings, zoo, samples, training.gan, costs) | origin)
            folder.write_recipe(settings.run)  # last: a folder with a recipe is a run
        session.run()


def resume(path: Path, zoo: Zoo, observer: Observer, *, changes: Changes = _NONE, ranks: Ranks = SINGLE) -> None:
    """Go on exactly where the newest usable checkpoint of a run is; `changes` may make the run longer.

    Raises CheckpointError if a run that has trained has no usable checkpoint, or if the data or the settings are not
    those of the run; ConfigError for a change that needs a new folder; PluginError if a plugin of the run is missing;
    and what `start` raises. Until all that is checked, no file changes.
    """
    folder = RunFolder(path, changes.follow_links)
    made_with = folder.read_recipe()
    run = continue_with(changes, folder, zoo)
    require_in_place(path, made_with, run, changes)
    with folder.claim():
        newest = None if changes.restart else _load_newest(folder, observer)
        reached = newest.step if newest else 0
        check_length(made_with, run, reached, observer)
        if _is_complete(folder, reached, run, observer):
            ranks.maximum(*ResumePlan(is_needed=False))
            return
        ranks.maximum(*ResumePlan(True, newest is not None, reached, run.train.steps))
        session = reopen(folder, run, zoo, observer, ranks, anew=changes.restart)
        if newest is None:  # killed before its first checkpoint, or to begin anew
            initialise(session.training.gan, run.init, observer.note)
        else:
            session.training.load_state_dict(newest.state)
        with explain_disk(path):
            _tidy(folder, newest)
            if changes.restart:
                _clear(session, zoo)
            folder.write_recipe(run)
        session.run()


def continue_with(changes: Changes, folder: RunFolder, zoo: Zoo) -> RunConfig:
    """Return the settings with which a run goes on.

    Raises PluginError if a plugin is missing, CheckpointError if the manifest is, ConfigError.
    """
    check_plugins(read_made_with(folder, anew=changes.restart), zoo)  # says more than that a component is unknown
    return changes.apply(folder.read_recipe(), zoo)


def read_made_with(folder: RunFolder, *, anew: bool) -> Manifest:
    """Return the manifest of a run, or an empty one if that is missing and the run begins anew."""
    return Manifest() if anew and not folder.manifest.is_file() else folder.read_manifest()


class ResumePlan(NamedTuple):
    """The numbers by which rank 0 tells the other ranks how the run goes on."""

    is_needed: int
    from_checkpoint: int = False
    reached: int = 0
    steps: int = 0


def _load_newest(folder: RunFolder, observer: Observer) -> checkpoint.Checkpoint | None:
    """Load the newest usable checkpoint, or None if the run was killed before its first one; change nothing."""
    if not checkpoint.is_any_saved(folder.checkpoints):
        restart.require_untrained(folder)
        return None
    newest = checkpoint.load(folder.checkpoints, quarantine=False)
    lost = restart.find_lost(folder, newest.step)
    warnings = [f"checkpoint step {step} has lost its sidecar; using step {newest.step}" for step in lost]
    for warning in (*newest.warnings, *warnings):
        observer.note(warning)
    return newest._replace(damaged=(*newest.damaged, *lost))


def _tidy(folder: RunFolder, newest: checkpoint.Checkpoint | None) -> None:
    """Remove what killed writers left, and set damaged checkpoints aside."""
    checkpoint.sweep(folder.path)
    checkpoint.sweep(folder.checkpoints)
    for step in newest.damaged if newest else ():
        checkpoint.set_aside(folder.checkpoints, step)


def _clear(session: Session, zoo: Zoo) -> None:
    """Move away all that a run has made, so that it begins anew; write its manifest if that is missing."""
    folder, gan, run = session.folder, session.training.gan, session.evaluator.run
    session.observer.note(f"begins anew at step 0; what the run has made so far is in {restart.set_aside(folder)}")
    if not folder.manifest.is_file():
        costs = measure_costs(gan, session.samples, run.optim)
        folder.write_json(folder.manifest, manifest.describe(Settings(run, {}), zoo, session.samples, gan, costs))


def check_length(then: RunConfig, now: RunConfig, reached: int, observer: Observer) -> None:
    """Raise ConfigError if a run is past its new length; note a schedule that the length changes."""
    steps = now.train.steps
    if steps == then.train.steps:
        return
    if steps < reached:
        what, hint = f"the run is at step {reached} already, past --steps {steps}", f"--steps {2 * reached}"
        raise ConfigError(what, hint=f"{hint} (or any number above {reached})")
    if now.optim.lr_decay != "none":
        observer.note(f"the schedule is one of {steps} steps from here on, not of {then.train.steps}")


def _is_complete(folder: RunFolder, reached: int, run: RunConfig, observer: Observer) -> bool:
    """Return whether nothing is left to do; write the status of a run that was killed between last save and end."""
    steps = run.train.steps
    if reached < steps:
        return False
    if (status := folder.read_status()) is None or status.state != "complete":
        folder.write_status("complete", reached, steps)
    if run.eval.at_end and not is_scored(folder, reached):
        return False
    observer.note(f"already complete ({reached}/{steps} steps); --steps N makes it longer")
    return True


def reopen(
    folder: RunFolder, run: RunConfig, zoo: Zoo, observer: Observer, ranks: Ranks, *, anew: bool = False
) -> Session:
    """Build the GAN and load the data of a run; note what may keep its continuation from being bit-exact."""
    made_with = read_made_with(folder, anew=anew)
    classes, precision = manifest.read_classes(made_with), manifest.keep_precision(run, made_with)
    with explain_absence(run, zoo), name_plugins(zoo, tried=run):
        training, samples = prepare(run, zoo, observer.note, ranks, classes=classes, precision=precision)
    evaluator = RunEvaluator(run, zoo, samples)
    session = Session(training, samples, folder, Observers(observer, run, zoo), evaluator)
    _foresee_again(session)
    if not made_with.place:  # there is none
        return session
    manifest.check_data(made_with, samples)
    for difference in (*manifest.note_versions(made_with, zoo), *manifest.note_differences(made_with, training.gan)):
        observer.note(difference)
    return session


def _foresee_again(session: Session) -> None:
    """Note what the scores will lack of a run that goes on. Only one that is scored while it trains cannot do so."""
    try:
        for lacking in foresee_scores(session.evaluator):
            session.observer.note(lacking)
    except (EvaluationError, DataError) as error:
        if session.evaluator.run.eval.every:
            raise
        session.observer.note(f"{error.what}; it goes on, and ganzoo evaluate scores it later")
