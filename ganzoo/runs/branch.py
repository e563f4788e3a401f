"""A run that goes on from a checkpoint of another in a folder of its own, perhaps with other settings."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from ganzoo.errors import CheckpointError, ConfigError
from ganzoo.files import write_lines
from ganzoo.runs import checkpoint, manifest
from ganzoo.runs.changes import (
    IN_NEW_FOLDER,
    Changes,
    changes_protocol,
    list_changes,
    require_changeable,
    resume_command,
)
from ganzoo.runs.damage import known_records
from ganzoo.runs.folder import RunFolder, explain_disk
from ganzoo.runs.new_folder import claim_new, create_folder, emptied_if_refused
from ganzoo.runs.observer import Observer
from ganzoo.runs.origin import BEST, LATEST, describe_origin, load_start
from ganzoo.runs.scores import best_evaluation
from ganzoo.runs.session import Session
from ganzoo.runs.start import ResumePlan, check_length, continue_with, reopen, resume
from ganzoo.settings.merge import Origin, Settings
from ganzoo.training.costs import measure_costs
from ganzoo.training.ranks import SINGLE, Ranks
from ganzoo.zoo.catalogue import Zoo


def continue_run(
    path: Path, out: Path | None, zoo: Zoo, observer: Observer,
    *, start: str = LATEST, changes: Changes, ranks: Ranks = SINGLE,
) -> None:  # fmt: skip
    """Go on with a run in its folder, or with a checkpoint of it in the new folder `out`.

    `start` is "latest", "best" or the number of a step. Raises ConfigError for another checkpoint than the latest
    without a new folder, and what `start.resume` and `branch` raise.
    """
    if changes.restart and (out is not None or start != LATEST):
        what = "a run begins anew in its own folder, from no checkpoint"
        raise ConfigError(what, where=str(path), hint="leave out --restart, or leave out --from; leave out --out")
    if out is not None:
        branch(path, out, zoo, observer, start=start, changes=changes, ranks=ranks)
    elif start != LATEST:
        load_start(RunFolder(path), start)  # its error comes first: a new folder would not help
        what = f"going on from {start if start == BEST else f'step {start}'} needs a new folder: the run keeps its own"
        raise ConfigError(what, where=str(path), hint=resume_command(path, start, changes))
    else:
        resume(path, zoo, observer, changes=changes, ranks=ranks)


def branch(
    source: Path, out: Path, zoo: Zoo, observer: Observer,
    *, start: str = LATEST, changes: Changes, ranks: Ranks = SINGLE,
) -> None:  # fmt: skip
    """Go on in the new folder `out` from a checkpoint of the run `source`, which stays as it is.

    With the settings of `source` the run ends in the same bits. The records up to that step come along, and the
    manifest says where the run comes from. Raises ConfigError for a setting that cannot change, FolderError if `out`
    exists, CheckpointError, and what `start.resume` raises.
    """
    folder = RunFolder(source)
    then, run = folder.read_recipe(), continue_with(changes, folder, zoo)
    changed = list_changes(then, run)
    require_changeable(source, list(changed))
    begun = load_start(folder, start)
    check_length(then, run, begun.step, observer)
    _require_rest(source, begun.step, run.train.steps)
    with emptied_if_refused(create_folder(out)) as new:
        ranks.maximum(*ResumePlan(True, True, begun.step, run.train.steps))
        session = reopen(folder, run, zoo, observer, ranks)
        made = _describe(session, zoo, folder, list(changed))
        session.training.load_state_dict(begun.state, IN_NEW_FOLDER)
    session.folder = new
    with claim_new(new):
        with explain_disk(out):
            made |= {"origin": describe_origin(folder, begun.step) | {"settings": changed}}
            _write(new, folder, session, made)
        session.run()


def _require_rest(path: Path, step: int, steps: int) -> None:
    """Raise CheckpointError if a checkpoint is the last one of its run."""
    if step >= steps:
        what = f"nothing is left to train: the checkpoint is that of step {step} of {steps}"
        raise CheckpointError(what, where=str(path), hint=f"--steps {2 * step or 1} (or any number above {step})")


def _describe(session: Session, zoo: Zoo, source: RunFolder, changed: list[str]) -> dict[str, Any]:
    """Return the manifest of a run that goes on with these settings; others have the origin that they had."""
    run, gan = session.evaluator.run, session.training.gan
    origins = dict(source.read_manifest().origins) | dict.fromkeys(changed, "--set")
    settings = Settings(run, {key: Origin(name) for key, name in origins.items()})
    return manifest.describe(settings, zoo, session.samples, gan, measure_costs(gan, session.samples, run.optim))


def _write(new: RunFolder, old: RunFolder, session: Session, made: dict[str, Any]) -> None:
    """Write all that makes the folder a run: from here on a kill at any moment can be resumed."""
    training = session.training
    step, train = training.step, training.run.train
    _copy_records(old, new, step, scores=not changes_protocol(list(made["origin"]["settings"])))
    if (best := _keep_best(old, new, step)) not in (None, step):
        state = checkpoint.load(old.checkpoints, best, quarantine=False).state
        checkpoint.save(new.checkpoints, int(state["step"]), state, keep_last=train.keep_last)
    checkpoint.save(new.checkpoints, step, training.state_dict(), keep_last=train.keep_last + 1)
    new.write_json(new.manifest, made)
    new.write_recipe(session.evaluator.run)  # last: a folder with a recipe is a run


def _copy_records(old: RunFolder, new: RunFolder, step: int, *, scores: bool) -> None:
    """Copy the records up to a step; without the scores if later ones could not be compared with them."""
    for source, target in ((old.log, new.log), (old.evaluations, new.evaluations), (old.audits, new.audits)):
        if source.is_file() and (scores or source != old.evaluations):
            write_lines(target, [record for record in known_records(source) if record["step"] <= step])


def _keep_best(old: RunFolder, new: RunFolder, step: int) -> int | None:
    """Return the best step so far whose checkpoint is there; drop better ones, which rotation has deleted since."""
    there = set(checkpoint.available_steps(old.checkpoints))
    while (best := best_evaluation(new)) and best["step"] not in there:
        write_lines(new.evaluations, [r for r in known_records(new.evaluations) if r["step"] != best["step"]])
    return int(best["step"]) if best else None
