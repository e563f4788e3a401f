"""The records of a run: log.jsonl, evaluations.jsonl, diagnosis.jsonl, TensorBoard events and sample grids."""

from __future__ import annotations

import math
import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from functools import cached_property
from pathlib import Path
from typing import Any

from ganzoo.contracts import DataSpec, Samples, Score
from ganzoo.data.drawing import has_picture
from ganzoo.data.images import write_png
from ganzoo.files import append, set_aside, write_lines
from ganzoo.runs.damage import put_in_order, tell_set_aside
from ganzoo.runs.events import Events, name_tag
from ganzoo.runs.folder import RunFolder
from ganzoo.runs.hparams import HPARAMS, write_hparams
from ganzoo.runs.records import read_run_lines
from ganzoo.runs.sample_grid import Reals, draw_sample_grid, pick_reals
from ganzoo.settings.sections import RunConfig
from ganzoo.training.gan import GAN

TIMINGS = ("seconds", "images_per_s")
"""Keys of a record that differ between two runs of the same seed."""


class RunLog:
    """Writer of a run's records. A resumed run opens a new one, which drops the records after its checkpoint.

    Its pictures and events are files that a run can live without: where they cannot be written, `note` receives one
    remark. Any other file that cannot be written raises OSError.
    """

    def __init__(
        self, folder: RunFolder, run: RunConfig, spec: DataSpec, step: int, samples: Samples | None = None,
        note: Callable[[str], None] = lambda text: None,
    ) -> None:  # fmt: skip
        self.folder, self.run, self.spec = folder, run, spec
        self._note, self._misses_grids = note, False
        self._samples = samples
        self._images = run.optim.n_critic * run.optim.batch_size  # real images that D sees in a step
        records = rewind(folder.log, step)
        for path in (folder.evaluations, folder.audits):
            if path.is_file():
                rewind(path, step)
        self._seconds = float(records[-1]["seconds"]) if records else 0.0
        self._varied = {name for record in records for name, value in record.items() if value}
        self._first_step, self._last_step, self._last_time = step, step, time.perf_counter()

    @cached_property
    def _events(self) -> Events:
        """Event file, opened by the first event: no step waits for the import of TensorBoard, no clock counts it."""
        with self.pausing():
            if not (
                self.folder.tensorboard / HPARAMS
            ).is_dir():  # else they are there, with the scores of an earlier end
                write_hparams(self.folder, self.run, self._note)
            return Events(self.folder.tensorboard, self._first_step, self._note)

    @cached_property
    def _reals(self) -> Reals | None:
        """Real samples of the grids, picked when the first one is drawn."""
        return None if self._samples is None else pick_reals(self._samples)

    def scalars(self, step: int, values: Mapping[str, float]) -> dict[str, Any]:
        """Append one record, and return it with step, images seen, seconds of training and images/s added."""
        now = time.perf_counter()
        elapsed, steps = now - self._last_time, step - self._last_step
        self._seconds += elapsed
        self._last_step, self._last_time = step, now
        speed = {"seconds": round(self._seconds, 3), "images_per_s": round(steps * self._images / elapsed, 1)}
        record = {"step": step, "images": step * self._images, **values, **speed}
        append(self.folder.log, record)
        # a term that this method lacks, such as the penalty of `none`, is 0 for ever and would only fill a page
        self._varied |= {name for name, value in record.items() if value}
        self._events.scalars({name: record[name] for name in record if name in self._varied and name != "step"}, step)
        return record

    @contextmanager
    def pausing(self) -> Iterator[None]:
        """Stop the clock: scores and pictures are not training."""
        start, last_time = time.perf_counter(), self._last_time
        yield
        self._last_time = last_time + time.perf_counter() - start  # not +=: a pause may lie within another

    def evaluation(self, step: int, name: str, score: Score, selection: Score) -> dict[str, Any]:
        """Append one evaluation: `score` under its full name, and `selection`, which chooses the best step."""
        values = {"value": score.value, "low": score.low, "high": score.high, "selection": selection.value}
        record = {"step": step, "images": step * self._images, "name": name, **values}
        append(self.folder.evaluations, record)
        self._events.scalars({f"eval/{name_tag(name)}": score.value, "eval/selection": selection.value}, step)
        return record

    def audit(self, step: int, numbers: Mapping[str, float], seconds: float) -> None:
        """Append the numbers of an audit, and the seconds that it took."""
        # JSON has neither nan nor inf
        finite = {name: value for name, value in numbers.items() if math.isfinite(value)}
        append(self.folder.audits, {"step": step, **finite, "seconds": round(seconds, 4)})
        self._events.scalars({f"diagnosis/{name}": value for name, value in finite.items()}, step)

    def samples(self, step: int, gan: GAN) -> Path | None:
        """Write the sample grid of a step, and return its file; None if none was written.

        Samples of very few numbers, but for points of the plane, have no grid.
        """
        if not has_picture(self.spec):
            return None
        grid = draw_sample_grid(gan, self.run, self.spec, step, self._reals)
        path = self.folder.samples / f"step-{step:06d}.png"
        self._events.image("samples/ema", grid, step)
        try:
            write_png(path, grid)
        except OSError as error:
            self._miss_grid(step, error)
            return None
        return path

    def _miss_grid(self, step: int, error: OSError) -> None:
        """Note the first sample grid that could not be written; later ones are tried, since the disk may have room."""
        if not self._misses_grids:
            self._note(f"step {step}: no sample grid in {self.folder.samples}: {error.strerror or error}")
        self._misses_grids = True

    def close(self) -> None:
        """Flush and close the event file."""
        if "_events" in vars(self):
            self._events.close()


def rewind(path: Path, step: int) -> list[dict[str, Any]]:
    """Drop the records after `step`, which a resumed run will write again, and return those that stay.

    Damaged lines are kept in a file beside it, with a warning. Raises CheckpointError if the file cannot be read.
    """
    lines = put_in_order(read_run_lines(path))
    records = [record for record in lines.records if record["step"] <= step]
    set_aside(path, lines.damaged)
    write_lines(path, records)
    tell_set_aside(path, lines.damaged)
    return records
