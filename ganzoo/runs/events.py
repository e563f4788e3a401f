"""TensorBoard events of a run. It can live without them: log.jsonl has the same numbers."""

from __future__ import annotations

import errno
import os
import socket
import time
from collections.abc import Callable, Mapping
from contextlib import suppress
from pathlib import Path
from typing import Any, BinaryIO

from torch import Tensor


class Events:
    """Writer of one event file. If that cannot be written a remark says so, and it falls silent.

    torch's SummaryWriter writes in a thread, whose errors are tracebacks on stderr and end the run at its next event.
    """

    def __init__(self, folder: Path, step: int, note: Callable[[str], None]) -> None:
        # not at the top: they are slow, and only training needs them
        from tensorboard.compat.proto.event_pb2 import Event, SessionLog
        from tensorboard.summary.writer.record_writer import RecordWriter
        from torch.utils.tensorboard import summary

        self._folder, self._note = folder, note
        self._event: Any = Event
        self._summary: Any = summary
        self._file: BinaryIO | None = None
        try:
            folder.mkdir(parents=True, exist_ok=True)
            self._file = (folder / choose_name()).open("xb")
        except OSError as error:
            self._end(step, error)
            return
        self._records = RecordWriter(self._file)
        self._write(step + 1, {"file_version": "brain.Event:2"})
        # hides the events after `step` of a killed process
        self._write(step + 1, {"session_log": SessionLog(status=SessionLog.START)})

    def scalars(self, values: Mapping[str, float], step: int) -> None:
        """Add numbers, each under its name."""
        self._write(step, *({"summary": self._summary.scalar(name, value)} for name, value in values.items()))

    def image(self, name: str, image: Tensor, step: int) -> None:
        """Add a picture, uint8 (C, H, W)."""
        self._write(step, {"summary": self._summary.image(name, image, dataformats="CHW")})

    def close(self) -> None:
        """Close the file."""
        if self._file is not None:
            with suppress(OSError):  # all was flushed; some network file systems find out now
                self._file.close()

    def _write(self, step: int, *events: Mapping[str, object]) -> None:
        if self._file is None:
            return
        try:
            for event in events:
                self._records.write(self._event(wall_time=time.time(), step=step, **event).SerializeToString())
            self._file.flush()
            if os.fstat(self._file.fileno()).st_nlink == 0:
                raise FileNotFoundError(errno.ENOENT, "the event file was removed")
        except OSError as error:
            self._end(step, error)

    def _end(self, step: int, error: OSError) -> None:
        """Write no more, and say why."""
        file, self._file = self._file, None
        if file is not None:
            with suppress(OSError):  # it tries once more to write what was left
                file.close()
        why = error.strerror or str(error)
        self._note(f"step {step}: no more TensorBoard events in {self._folder}: {why}; log.jsonl has the same numbers")


def name_tag(score: str) -> str:
    """Return the tag of a score: TensorBoard allows no brackets."""
    return score.replace("(", "_").replace(")", "")


def choose_name() -> str:
    """Return a name that TensorBoard sorts by time, and that no other writer has."""
    seconds, rest = divmod(time.time_ns(), 10**9)
    return f"events.out.tfevents.{seconds:010d}.{socket.gethostname()}.{os.getpid()}.{rest:09d}"
