"""Rows of TensorBoard's page HPARAMS: the settings of a run as parameters, its scores as metrics.

They are a folder of their own beside the events of training, because the page takes every number of a folder for a
metric. No list of columns is written: the page then makes one of all runs that it sees.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import fields
from io import BytesIO
from typing import Any

from ganzoo.files import write_atomically
from ganzoo.runs.events import choose_name, name_tag
from ganzoo.runs.folder import RunFolder
from ganzoo.settings.sections import OBSERVING, SECTIONS, RunConfig
from ganzoo.settings.toml import flatten, to_tables

HPARAMS = "scores"
"""Name of the folder, below that of TensorBoard, of the event file from which its page compares runs."""
ALWAYS = ("train.seed", "train.steps", "optim.batch_size", "optim.lr_g", "optim.lr_d", "optim.n_critic")
"""Settings beside the names of components that are shown even where they are the defaults."""
_DEFAULTS = {f"{name}.{field.name}": field.default for name, section in SECTIONS.items() for field in fields(section)}


def write_hparams(
    folder: RunFolder, run: RunConfig, note: Callable[[str], None], reports: Sequence[Mapping[str, Any]] = ()
) -> None:
    """Write what the page shows of a run, in place of what it showed; `note` is told if that cannot be written."""
    place = folder.tensorboard / HPARAMS
    try:
        place.mkdir(parents=True, exist_ok=True)
        older = list(place.glob("events.out.tfevents.*"))
        write_atomically(place / choose_name(), _encode(describe_settings(run), list_scores(reports)))
        for path in older:  # TensorBoard goes on to the newest file
            path.unlink(missing_ok=True)
    except OSError as error:
        note(f"no settings and scores for TensorBoard in {place}: {error.strerror or error}")


def describe_settings(run: RunConfig) -> dict[str, str | float]:
    """Return the names of components, what is not as by default, and a few more; without what changes no weight."""
    settings = {key: value for key, value in flatten(to_tables(run)).items() if not isinstance(value, list)}
    return {key: value for key, value in settings.items() if _is_shown(key, value)}


def _is_shown(key: str, value: object) -> bool:
    if key.startswith(("eval.", *OBSERVING)) or key.endswith("_every"):
        return False
    return key in ALWAYS or key.endswith(".name") or value != _DEFAULTS.get(key)


def list_scores(reports: Sequence[Mapping[str, Any]]) -> dict[str, tuple[int, float]]:
    """Return name -> step and value of the last checkpoint's scores, and under best/ of the best one's."""
    found: dict[str, tuple[int, float]] = {}
    for report in reports:
        prefix = {"last": "", "best": "best/"}.get(report["checkpoint"])
        step = report["protocol"]["generated"]["step"]
        if prefix is not None:
            found |= {prefix + name: (step, score["value"]) for name, score in report["scores"].items()}
    return found


def _encode(settings: Mapping[str, str | float], scores: Mapping[str, tuple[int, float]]) -> bytes:
    """Return an event file as bytes."""
    # not at the top: they are slow, and only training and scoring need them
    from tensorboard.compat.proto.event_pb2 import Event
    from tensorboard.summary.writer.record_writer import RecordWriter
    from torch.utils.tensorboard import summary

    _, start, end = summary.hparams(dict(settings), {})  # type: ignore[no-untyped-call]
    scalars = [
        (step, summary.scalar(name_tag(name), value))  # type: ignore[no-untyped-call]
        for name, (step, value) in scores.items()
    ]
    file = BytesIO()
    records = RecordWriter(file)
    records.write(Event(wall_time=time.time(), file_version="brain.Event:2").SerializeToString())
    for step, value in ((0, start), *scalars, (0, end)):
        records.write(Event(wall_time=time.time(), step=step, summary=value).SerializeToString())
    return file.getvalue()
