"""Checks of observers: they take all that a run tells, and change nothing of it."""

from __future__ import annotations

import hashlib
from collections.abc import Callable
from functools import partial
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

from PIL import Image

from ganzoo.contracts import Observer, overrides
from ganzoo.errors import GanzooError
from ganzoo.settings.options import shorten
from ganzoo.settings.toml import flatten, from_tables, to_tables
from ganzoo.testing.expectations import ConformanceError, Unchecked, expect, refusal
from ganzoo.testing.subjects import Subject
from ganzoo.zoo.guard import unchanged
from ganzoo.zoo.isolation import describe_error

EVENTS = tuple(name for name, value in vars(Observer).items() if callable(value))
SETTINGS = flatten(to_tables(from_tables({}))) | {"train.device": "cpu", "train.precision": "fp32"}
RECORD = {"d/adversarial": 1.4, "g/adversarial": 0.7, "score/real": 0.1, "score/fake": -0.1, "images_per_s": 99.5}
SCORE = {"name": "FD(digits-cnn)-32", "value": 12.5, "low": 11.0, "high": 14.0}


def _make_folder(folder: Path) -> Path:
    """Return a run folder with files that a run writes, small and made up."""
    run = folder / "a-run"
    (run / "samples").mkdir(parents=True)
    for name in ("recipe.toml", "manifest.json", "status.json", "log.jsonl"):
        (run / name).write_text(name, encoding="utf-8")
    for name in ("step-000010.png", "step-000020.png"):
        Image.new("RGB", (8, 8)).save(run / "samples" / name)  # an observer may open it
    return run


def _play(subject: Subject, run: Path, *, begun: int = 0, state: str = "complete") -> None:
    """Tell an observer a run of twenty steps from the step `begun` on, with one score while it trains and one after.

    Raises ConformanceError for what it raises, and Unchecked if it needs a package or a service that is not here.
    """
    tell = partial(_tell, subject.make())
    tell("start", dict(SETTINGS), run, begun)
    tell("note", "a remark, with a letter beyond ASCII: ü")
    for step in range(begun + 1, 21):
        tell("step", step)
        if step % 10 == 0:
            about = {"step": step, "images": 64 * step}
            tell("record", {**about, **RECORD, "seconds": step / 10})
            tell("sample_grid", step, run / "samples" / f"step-{step:06}.png")
            tell("evaluation", {**about, **SCORE, "selection": 12.0})
    if state == "complete":
        score: dict[str, Any] = {**SCORE, "checkpoint": "last", "better": "lower", "std": None}
        tell("evaluation", {"step": 20, "images": 1280, **score})
        tell("evaluation", {"step": 20, "images": 1280, **score, "name": "precision", "low": None, "high": None})
    tell("end", state)


def _tell(observer: Observer, event: str, *values: Any) -> None:
    try:
        getattr(observer, event)(*values)
    except ModuleNotFoundError as error:
        raise Unchecked(f"it needs the package {error.name}") from error
    except GanzooError as error:
        raise refusal(error) from error
    except ConnectionError as error:
        raise Unchecked(str(error)) from error
    except Exception as error:  # it may raise anything
        came = describe_error(error)
        hint = "a run goes on without it: keep what start makes on self, and write each number as it comes"
        raise ConformanceError(f"{event}{_show(values)} to raise nothing", came=came, hint=hint) from error


def _show(values: tuple[Any, ...]) -> str:
    """Return arguments in brackets, the long ones shortened."""
    return f"({', '.join(shorten(value) for value in values)})"


def it_listens_to_something(subject: Subject) -> None:
    """At least one callback is its own, under the name that the contract gives it."""
    own = [event for event in EVENTS if overrides(subject.component, event, Observer)]
    expect(bool(own), f"a method of its own: {', '.join(EVENTS)}", came="none", hint="def record(self, record)")


def it_takes_a_run_that_completes(subject: Subject) -> None:
    """All calls of a run of twenty steps raise nothing."""
    with TemporaryDirectory() as folder:
        _play(subject, _make_folder(Path(folder)))


def it_takes_a_run_that_fails_and_goes_on(subject: Subject) -> None:
    """A run that fails, and one that goes on in the same folder and diverges, raise nothing either."""
    with TemporaryDirectory() as folder:
        run = _make_folder(Path(folder))
        _play(subject, run, state="failed")
        _play(subject, run, begun=10, state="diverged")


def it_leaves_the_files_of_the_run(subject: Subject) -> None:
    """Files of the run stay as they are; it may write others beside them."""
    with TemporaryDirectory() as folder:
        run = _make_folder(Path(folder))
        before = _hash_files(run)
        _play(subject, run)
        now = _hash_files(run)
        changed = sorted(str(path.relative_to(run)) for path in before if before[path] != now.get(path))
        hint = "write to files of your own: path / 'mine.txt'"
        expect(not changed, "the files of the run as they were", came=f"others: {', '.join(changed)}", hint=hint)


def _hash_files(run: Path) -> dict[Path, str]:
    return {path: hashlib.sha256(path.read_bytes()).hexdigest() for path in run.rglob("*") if path.is_file()}


def it_changes_no_global_state(subject: Subject) -> None:
    """Random states, default dtype, working folder and the like stay as they are; a run puts back what does not."""
    with TemporaryDirectory() as folder:
        run = _make_folder(Path(folder))
        with unchanged() as changed:
            _play(subject, run)
    hint = "a generator of your own, random.Random(0), and absolute paths"
    expect(not changed, "global state as it was", came=f"changed: {', '.join(changed)}", hint=hint)


CHECKS: tuple[Callable[[Subject], None], ...] = (
    it_listens_to_something,
    it_takes_a_run_that_completes,
    it_takes_a_run_that_fails_and_goes_on,
    it_leaves_the_files_of_the_run,
    it_changes_no_global_state,
)
