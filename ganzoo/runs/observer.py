"""Observers of a run: the caller's own, and those that are chosen by name, whose faults are remarks."""

from __future__ import annotations

import inspect
import os
import time
import traceback
from collections.abc import Callable, Mapping
from copy import deepcopy
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Any

from ganzoo.contracts import Observer as Observer
from ganzoo.contracts import overrides
from ganzoo.errors import PluginError
from ganzoo.settings.toml import flatten, to_tables
from ganzoo.zoo.guard import unchanged
from ganzoo.zoo.isolation import describe_error

if TYPE_CHECKING:
    from ganzoo.settings.sections import Choice, RunConfig
    from ganzoo.training.loop import Training
    from ganzoo.zoo.catalogue import Zoo

SLOW, SLOW_SHARE = 10.0, 0.1
"""Seconds that an observer takes in all, and their share of the session, above which a remark says that it is slow."""


class Observers(Observer):
    """All observers of a session: the caller's own, whose errors end it, and the chosen ones, whose errors do not."""

    def __init__(self, own: Observer, run: RunConfig, zoo: Zoo) -> None:
        self._own = own
        self._chosen = [Chosen(choice, zoo, own.note) for choice in run.named("observer")]

    def begin(self, training: Training, path: Path) -> None:
        """Tell that a training begins, or goes on, in its folder."""
        device = training.gan.device
        settings = flatten(to_tables(training.run)) | {
            "train.device": device.torch_device.type,
            "train.precision": device.precision,
        }
        if _takes_training(self._own):
            self._own.start(training, path)  # type: ignore[call-arg, arg-type]
        else:
            self._own.start(settings, path, training.step)
        for observer in self._chosen:
            observer.start(settings, path.absolute(), training.step)

    def step(self, step: int) -> None:
        """Tell the number of the step that has just ended."""
        self._tell("step", step)

    def record(self, record: Mapping[str, Any]) -> None:
        """Tell the numbers of a step."""
        self._tell("record", record)

    def evaluation(self, record: Mapping[str, Any]) -> None:
        """Tell a score."""
        self._tell("evaluation", record)

    def sample_grid(self, step: int, path: Path) -> None:
        """Tell that a sample grid was written."""
        self._tell("sample_grid", step, path.absolute())

    def note(self, text: str) -> None:
        """Tell a remark."""
        self._tell("note", text)

    def end(self, state: str) -> None:
        """Tell the state in which the run ended."""
        self._tell("end", state)

    def _tell(self, event: str, *values: Any) -> None:
        getattr(self._own, event)(*values)
        for observer in self._chosen:
            observer.tell(event, *values)


def _takes_training(observer: Observer) -> bool:
    """Return whether `start` takes (training, path), as that of an observer did before it got plain values."""
    try:
        inspect.signature(observer.start).bind({}, Path(), 0)
    except TypeError:
        return True
    return False


class Chosen:
    """An observer that is chosen by name. What it raises, changes for others, or delays, is one remark of each."""

    def __init__(self, choice: Choice, zoo: Zoo, remark: Callable[[str], None]) -> None:
        self._choice, self._zoo, self._remark = choice, zoo, remark
        self._observer: Observer | None = None
        self._begun, self._seconds = time.monotonic(), 0.0
        self._said: set[str] = set()

    def start(self, settings: Mapping[str, Any], path: Path, step: int) -> None:
        """Construct it, and tell it that a run begins. One that fails at that is told nothing more."""

        def construct() -> None:
            self._observer = self._zoo.create("observer", self._choice, f"observer.{self._choice.name}")

        if not (self._guard("start", construct) and self.tell("start", settings, path, step)):
            self._observer = None

    def tell(self, event: str, *values: Any) -> bool:
        """Tell it an event, if it listens to such; return False if it failed at that."""
        if self._observer is None or not overrides(self._observer, event, Observer):
            return True
        return self._guard(event, partial(getattr(self._observer, event), *deepcopy(values)))

    def _guard(self, event: str, work: Callable[[], object]) -> bool:
        """Let it work, and return whether it did: global state is put back, and no error but Ctrl-C gets out."""
        begun, failed = time.monotonic(), False
        try:
            with unchanged() as changed:
                work()
        except KeyboardInterrupt:
            raise
        except BaseException as error:  # SystemExit, too: a run is worth more than who watches it
            _raise_to_author(error)
            failed, after = True, "nothing more" if event == "start" else "what comes all the same"
            where = _locate(error, self._observer)
            self._say("fails", f"fails in {event}: {describe_error(error)} ({where}); it is told {after}")
        if changed:
            self._say("changes", f"changes {', '.join(changed)}, which was put back")
        self._tell_time(time.monotonic() - begun)
        return not failed

    def _tell_time(self, seconds: float) -> None:
        """Say once that it is slow: a run waits for it, and does not count that as training."""
        self._seconds += seconds
        if self._seconds > max(SLOW, SLOW_SHARE * (time.monotonic() - self._begun)):
            self._say("is slow", f"has taken {self._seconds:.0f} s so far, for which the run waits; its clock does not")

    def _say(self, about: str, text: str) -> None:
        if about not in self._said:
            self._said.add(about)
            self._remark(f"observer {self._choice.name!r} {text}")


def _raise_to_author(error: BaseException) -> None:
    """Raise an error under GANZOO_STRICT_PLUGINS=1, which the author of a plugin sets."""
    if os.environ.get("GANZOO_STRICT_PLUGINS") == "1":
        raise error if isinstance(error, Exception) else PluginError(describe_error(error)) from error


def _locate(error: BaseException, observer: Observer | None) -> str:
    """Return the place of an error as "file, line N": the innermost in the observer's own file, else the innermost."""
    frames = traceback.extract_tb(error.__traceback__)
    own = inspect.getfile(type(observer)) if observer is not None else ""
    frame = next((frame for frame in reversed(frames) if frame.filename == own), frames[-1])
    return f"{frame.filename}, line {frame.lineno}"
