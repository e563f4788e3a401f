"""Repair a run: rebuild what the rest of its files say, set aside what is damaged; nothing of a user is deleted.

A damaged file stays beside its successor as NAME.damaged, a damaged checkpoint as *.corrupt. Repairing twice changes
nothing the second time.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path

from ganzoo.errors import CheckpointError, ConfigError, GanzooError
from ganzoo.files import DamagedLine, set_aside, write_atomically, write_lines
from ganzoo.runs import checkpoint, verify_events, verify_pictures
from ganzoo.runs.checkpoint_files import is_damage
from ganzoo.runs.damage import move_aside, put_in_order, rebuild_status
from ganzoo.runs.folder import RunFolder, explain_disk
from ganzoo.runs.records import read_object, read_run_lines, read_scores, read_status
from ganzoo.runs.repair_checkpoints import mend_checkpoints, mend_pointers, put_aside
from ganzoo.runs.verdicts import Repair
from ganzoo.runs.verify import is_leftover, is_torn, list_run_folder, require_run
from ganzoo.settings.sections import RunConfig
from ganzoo.settings.toml import from_tables, unflatten


def repair_run(path: Path, *, follow_links: bool = False) -> list[Repair]:
    """Repair what can be repaired in a run, and return what was done.

    Raises FolderError if a process works on the run, or if a part of it is a link and `follow_links` is false;
    ResourceError if its folder cannot be written; CheckpointError if there is no run.
    """
    folder = RunFolder(path, follow_links)
    require_run(folder)
    with folder.claim(), explain_disk(path):
        return [repair for step in _STEPS for repair in step(folder)]


def _sweep(folder: RunFolder) -> Iterator[Repair]:
    """Remove the temporary files of writers that were killed."""
    for place in (folder.path, folder.checkpoints, folder.samples, folder.figures):
        for path in list_run_folder(place, folder)[0]:
            if is_leftover(path) and path.is_file():
                path.unlink()
                yield Repair(_name(path, folder), "removed: a writer that was killed left it")


def _name(path: Path, folder: RunFolder) -> str:
    return path.relative_to(folder.path).as_posix()


def _mend_recipe(folder: RunFolder) -> Iterator[Repair]:
    """Write the recipe anew, from the settings in the newest whole checkpoint."""
    if not _is_recipe_damaged(folder):
        return
    for step in sorted(checkpoint.available_steps(folder.checkpoints), reverse=True):
        with suppress(GanzooError, KeyError, TypeError, AttributeError):
            run = from_tables(unflatten(checkpoint.load(folder.checkpoints, step, quarantine=False).state["settings"]))
            put_aside(folder.recipe)
            folder.write_recipe(run)
            yield Repair("recipe.toml", f"rebuilt from the settings in the checkpoint of step {step}")
            return


def _is_recipe_damaged(folder: RunFolder) -> bool:
    try:
        folder.read_recipe()
    except (CheckpointError, ConfigError) as error:
        return not _may_be_whole(error)
    return False


def _read_recipe(folder: RunFolder) -> RunConfig | None:
    with suppress(CheckpointError, ConfigError):
        return folder.read_recipe()
    return None


# Records


def _mend_lines(folder: RunFolder) -> Iterator[Repair]:
    """Take damaged and torn lines out of the files of records."""
    for path in (folder.log, folder.evaluations, folder.audits):
        if not path.exists():
            continue
        try:
            lines = read_run_lines(path)
        except CheckpointError as error:
            if not _may_be_whole(error):
                yield Repair(path.name, f"set aside as {move_aside(path).name}: {error.what}")
            continue
        ordered = put_in_order(lines)
        if ordered.records != lines.records and not ordered.damaged:
            write_lines(path, ordered.records)
            yield Repair(path.name, "put in the order of its steps")
        yield from mend_lines(path, ordered.records, ordered.damaged)


def mend_lines(path: Path, records: list[dict[str, object]], damaged: list[DamagedLine]) -> Iterator[Repair]:
    """Write a file of records without its damaged lines, which go to NAME.damaged, and without a torn last one."""
    torn = is_torn(path)
    if not damaged and not torn:
        return
    set_aside(path, damaged)
    write_lines(path, records)
    parts = [f"damaged lines moved to {path.name}.damaged: {len(damaged):,}"] if damaged else []
    parts += ["a last line that a kill cut short removed"] if torn and not damaged else []
    yield Repair(path.name, ", ".join(parts))


def _may_be_whole(error: GanzooError) -> bool:
    """Return whether a file could not be read for a reason that may pass, such as a disk that is away."""
    return isinstance(error.__cause__, OSError) and not is_damage(error.__cause__)


def _mend_json(folder: RunFolder) -> Iterator[Repair]:
    """Set damaged scores and findings aside: another `evaluate` or `diagnose` writes them anew."""
    for path, read in (
        (folder.scores, lambda: read_scores(folder.path)),
        (folder.diagnosis, lambda: read_object(folder.diagnosis, dict)),
    ):
        try:
            read()
        except CheckpointError as error:
            if _may_be_whole(error):
                continue
            command = "evaluate" if path == folder.scores else "diagnose"
            aside = move_aside(path).name
            yield Repair(path.name, f"set aside as {aside}: {error.what}; ganzoo {command} writes it anew")


def _mend_status(folder: RunFolder) -> Iterator[Repair]:
    """Write the status anew by the newest checkpoint, if it is damaged or says more than there is."""
    run, steps = _read_recipe(folder), checkpoint.available_steps(folder.checkpoints)
    if run is None:
        return
    try:
        status = read_status(folder.path)
    except CheckpointError as error:
        if _may_be_whole(error):
            return
        status = None
    lost = status is not None and status.state in ("running", "interrupted", "complete") and bool(steps)
    if status is not None and not (lost and status.step > max(steps)):
        return
    found = rebuild_status(folder.path, run.train.steps)
    put_aside(folder.status)
    folder.write_json(folder.status, found.to_json())
    yield Repair("status.json", f"rebuilt from checkpoints and log: {found.state}, step {found.step} of {found.steps}")


# Pictures and events


def _mend_pictures(folder: RunFolder) -> Iterator[Repair]:
    for verdict in verify_pictures.verify(folder):
        path = folder.path / verdict.name
        if verdict.state == "damaged" and path.suffix == ".png":
            yield Repair(verdict.name, f"set aside as {move_aside(path).name}: {verdict.what}")


def _mend_events(folder: RunFolder) -> Iterator[Repair]:
    """Write event files anew with the records that are whole; TensorBoard must not find the old one by its name."""
    for verdict in verify_events.verify(folder):
        path = folder.path / verdict.name
        if verdict.state != "damaged" or not path.is_file():
            continue
        records = list(verify_events.read(path))
        whole = b"".join(record.data for record in records if not record.fault)
        old = move_aside(path)
        old = old.rename(old.with_name(old.name.replace("tfevents", "events")))
        write_atomically(path, whole)
        kept = sum(not record.fault for record in records)
        yield Repair(verdict.name, f"{kept:,} whole records kept; the old file is {old.name}")


def _mend_checkpoints(folder: RunFolder) -> Iterator[Repair]:
    yield from mend_checkpoints(folder, _read_recipe(folder))


def _mend_pointers(folder: RunFolder) -> Iterator[Repair]:
    yield from mend_pointers(folder, _read_recipe(folder))


_STEPS = (
    *(_sweep, _mend_recipe, _mend_checkpoints, _mend_recipe, _mend_lines, _mend_json),
    *(_mend_pointers, _mend_status, _mend_pictures, _mend_events),
)
"""Repairs in the order in which one needs another: the recipe may come from a state that has a sidecar again."""
