"""Read every file of a run, and say which are whole; nothing is written."""

from __future__ import annotations

from collections.abc import Iterator
from itertools import pairwise
from pathlib import Path
from typing import Any

from ganzoo.data.listing import abridge
from ganzoo.errors import CheckpointError, ConfigError, FolderError
from ganzoo.files import Lines
from ganzoo.runs import verify_checkpoints, verify_events, verify_pictures
from ganzoo.runs.folder import RunFolder
from ganzoo.runs.records import Status, read_manifest, read_object, read_run_lines, read_scores, read_status
from ganzoo.runs.verdicts import Verdict, describe_link, list_folder
from ganzoo.settings.sections import RunConfig


def verify_run(path: Path, *, follow_links: bool = False) -> list[Verdict]:
    """Return a verdict on every file of a run, those that it needs first.

    Parts that are links are not read unless `follow_links`. Raises CheckpointError if there is no run at `path`.
    """
    folder = RunFolder(path, follow_links)
    require_run(folder)
    entries, faults = list_folder(path, path, follow_links=follow_links)
    verdicts = [verdict for verdict in faults if Path(verdict.name) not in _files(folder)]
    recipe = list(_verify_recipe(folder))
    run = folder.read_recipe() if recipe[-1].state == "whole" else None
    checkpoints = list(verify_checkpoints.verify(folder, run))
    verdicts += [*recipe, *_verify_json(folder), *_verify_lines(folder), *checkpoints]
    verdicts += [*verify_pictures.verify(folder), *verify_events.verify(folder)]
    verdicts += [*_compare(folder, run, verify_checkpoints.whole_steps(checkpoints)), *_find_leftovers(folder, entries)]
    return verdicts


def require_run(folder: RunFolder) -> None:
    """Raise CheckpointError unless a folder holds something that only a run leaves."""
    traces = (folder.recipe, folder.status, folder.log, folder.checkpoints)
    if any(trace.exists() or trace.is_symlink() for trace in traces):
        return
    if folder.manifest.exists():
        what, hint = "the run ended before it began: there is only its manifest", "ganzoo run --out OTHER_FOLDER"
        raise CheckpointError(what, where=str(folder.path), hint=hint)
    raise CheckpointError("this is not a run folder", where=str(folder.path), hint="ganzoo runs")


def _files(folder: RunFolder) -> set[Path]:
    """Return the names of the files that are read below, and so have verdicts of their own."""
    lines = (folder.log, folder.evaluations, folder.audits)
    files = (folder.recipe, folder.manifest, folder.status, folder.scores, folder.diagnosis, *lines)
    return {file.relative_to(folder.path) for file in files}


def _verify_recipe(folder: RunFolder) -> Iterator[Verdict]:
    try:
        _refuse_link(folder, folder.recipe)
        if not folder.recipe.exists():
            raise CheckpointError("is missing")
        run = folder.read_recipe()
    except (CheckpointError, ConfigError) as error:
        yield Verdict("recipe.toml", "damaged", error.what, is_needed=True)
    else:
        yield Verdict("recipe.toml", "whole", run.title)


def _refuse_link(folder: RunFolder, path: Path) -> None:
    if path.is_symlink() and not folder.follow_links:
        raise CheckpointError(describe_link(path))


def _verify_json(folder: RunFolder) -> Iterator[Verdict]:
    """Yield verdicts on the JSON files, each by its own reader."""
    yield _read(folder, folder.manifest, lambda: read_manifest(folder.path), is_needed=True)
    yield _read(folder, folder.status, lambda: _require_status(folder))
    for path, read in (
        (folder.scores, lambda: read_scores(folder.path)),
        (folder.diagnosis, lambda: read_object(folder.diagnosis, dict)),
    ):
        if path.exists() or path.is_symlink():
            yield _read(folder, path, read)


def _require_status(folder: RunFolder) -> Status:
    if (status := read_status(folder.path)) is None:
        raise CheckpointError("is missing")
    return status


def _read(folder: RunFolder, path: Path, read: Any, *, is_needed: bool = False) -> Verdict:
    name = path.relative_to(folder.path).as_posix()
    try:
        _refuse_link(folder, path)
        found = read()
    except CheckpointError as error:
        return Verdict(name, "damaged", error.what.removeprefix(f"{path.name} "), is_needed)
    what = f"{len(found)} reports" if isinstance(found, list) else ""
    return Verdict(name, "whole", what or (f"{found.state}, step {found.step}" if isinstance(found, Status) else ""))


def _verify_lines(folder: RunFolder) -> Iterator[Verdict]:
    """Yield verdicts on the files of records."""
    for path in (folder.log, folder.evaluations, folder.audits):
        if path.exists() or path.is_symlink():
            yield verify_lines(path, folder)


def verify_lines(path: Path, folder: RunFolder) -> Verdict:
    """Return a verdict on log.jsonl, evaluations.jsonl or diagnosis.jsonl."""
    try:
        _refuse_link(folder, path)
        lines = read_run_lines(path)
    except CheckpointError as error:
        return Verdict(path.name, "damaged", error.what.removeprefix(f"{path.name} "))
    return judge_lines(path, lines)


def judge_lines(path: Path, lines: Lines, ordered: bool = True) -> Verdict:
    """Return a verdict on a file of records that was read; `ordered` by a step that grows."""
    if lines.damaged:
        numbers = abridge([f"{line.number}" for line in lines.damaged], 3)
        return Verdict(path.name, "damaged", f"line {numbers}: {lines.damaged[0].why}")
    steps = [record["step"] for record in lines.records] if ordered else []
    if any(later <= earlier for earlier, later in pairwise(steps)):
        return Verdict(path.name, "damaged", "its steps do not grow from line to line")
    if is_torn(path):
        return Verdict(path.name, "remark", "its last line is cut short by a kill; a resume writes it again")
    return Verdict(path.name, "whole", f"{len(lines.records):,} records")


def is_torn(path: Path) -> bool:
    """Return whether a file that was read ends in the middle of a line."""
    with path.open("rb") as file:
        return bool(file.seek(0, 2)) and bool(file.seek(-1, 2)) and file.read(1) != b"\n"


# What files say together


def _compare(folder: RunFolder, run: RunConfig | None, whole: list[int]) -> Iterator[Verdict]:
    """Yield verdicts on what the status, the log and the scores say that the whole checkpoints do not."""
    newest = max(whole, default=None)
    status = _or_none(lambda: read_status(folder.path))
    if newest is None:
        if status is not None and status.step > 0:
            what = f"none is whole, but the run has trained {status.step:,} steps"
            yield Verdict("checkpoints", "damaged", what, is_needed=True)
        return
    if status is not None:
        yield from _compare_status(status, newest)
    yield from _compare_log(folder, run, newest)
    yield from _compare_scores(folder, newest)


def _or_none(read: Any) -> Any:
    try:
        return read()
    except CheckpointError:
        return None


def _compare_status(status: Status, newest: int) -> Iterator[Verdict]:
    if status.step > newest and status.state in ("running", "interrupted", "complete"):
        what = f"step {status.step:,}, but the newest whole checkpoint is of step {newest:,}"
        yield Verdict("status.json", "damaged", what)
    elif status.step < newest:
        what = f"step {status.step:,}, behind the checkpoint of step {newest:,}: a kill came between the two"
        yield Verdict("status.json", "remark", what)


def _compare_log(folder: RunFolder, run: RunConfig | None, newest: int) -> Iterator[Verdict]:
    if run is None:
        return
    lines = _or_none(lambda: read_run_lines(folder.log))
    steps = [0, *(record["step"] for record in (lines.records if lines is not None else ()))]
    gaps = [later - earlier for earlier, later in pairwise(steps)]
    if steps[-1] + max(run.train.log_every, *gaps, 0) <= newest:  # `log_every` may have changed
        what = f"ends at step {steps[-1]:,}, but the newest checkpoint is of step {newest:,}: records are lost"
        yield Verdict("log.jsonl", "damaged", what)


def _compare_scores(folder: RunFolder, newest: int) -> Iterator[Verdict]:
    for report in _or_none(lambda: read_scores(folder.path)) or ():
        step = report["protocol"]["generated"]["step"]
        if report["checkpoint"] == "last" and step not in (None, newest):
            what = f"the last scores are of step {step:,}, the newest whole checkpoint of step {newest:,}"
            yield Verdict("scores.json", "remark", what)


# What is left over


def _find_leftovers(folder: RunFolder, entries: list[Path]) -> Iterator[Verdict]:
    """Yield remarks about files of killed writers, what was set aside, and a process that works on the run."""
    places = [folder.checkpoints, folder.samples, folder.figures]
    files = [*entries, *(path for place in places for path in list_run_folder(place, folder)[0])]
    for path in files:
        name = path.relative_to(folder.path).as_posix()
        if is_leftover(path):
            yield Verdict(name, "remark", "left by a writer that was killed")
        elif path.suffix == ".corrupt" or ".damaged" in path.suffixes[-1:] or ".damaged-" in path.name:
            yield Verdict(name, "remark", "damaged, and set aside")
    if is_in_use(folder):
        yield Verdict("run.lock", "remark", "another process works on the run, and may change files meanwhile")


def list_run_folder(place: Path, folder: RunFolder) -> tuple[list[Path], list[Verdict]]:
    """Return the entries of a folder of a run, and verdicts on those that must not be read."""
    return list_folder(place, folder.path, follow_links=folder.follow_links)


def is_leftover(path: Path) -> bool:
    """Return whether a file is the temporary one of a writer."""
    return path.name.startswith(".") and ".tmp-" in path.name


def is_in_use(folder: RunFolder) -> bool:
    """Return whether a living process holds the run; the lock is not made if it is not there."""
    lock = folder.path / "run.lock"
    if lock.is_symlink() or not lock.is_file():
        return False
    try:
        with folder.claim():
            return False
    except FolderError as error:
        return "in use" in error.what
