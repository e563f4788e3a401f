"""What a run writes while it trains: log.jsonl, evaluations.jsonl, TensorBoard events and sample grids."""

from __future__ import annotations

import json
import math
import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING, Any

from torch import Tensor

from ganzoo.contracts import DataSpec, Samples, Score
from ganzoo.data.images import make_grid, write_png
from ganzoo.data.plane import draw_points
from ganzoo.files import append, read_records, write_atomically
from ganzoo.runs.folder import RunFolder
from ganzoo.settings.sections import RunConfig
from ganzoo.settings.toml import flatten, to_tables
from ganzoo.training.gan import GAN
from ganzoo.training.sampling import draw_latents, sample_images, spread_labels

if TYPE_CHECKING:
    from torch.utils.tensorboard import SummaryWriter

TIMINGS = ("seconds", "images_per_s")
"""Keys of a record that differ between two runs of the same seed."""


POINTS = 2000
"""Points of the plane in a picture."""


class Recorder:
    """Writes the records of one run; made anew when the run is resumed."""

    def __init__(
        self, folder: RunFolder, run: RunConfig, spec: DataSpec, step: int, samples: Samples | None = None
    ) -> None:
        self.folder, self.run, self.spec = folder, run, spec
        self._reals = samples.x[:POINTS] if samples is not None and spec.shape == (2,) else None
        self._images = run.optim.n_critic * run.optim.batch_size  # real images that D sees in a step
        records = rewind(folder.log, step)
        for path in (folder.evaluations, folder.looks):
            if path.is_file():
                rewind(path, step)
        self._seconds = float(records[-1]["seconds"]) if records else 0.0
        self._first_step, self._last_step, self._last_time = step, step, time.perf_counter()

    @cached_property
    def _tensorboard(self) -> SummaryWriter:
        """Opened by the first event: no step waits for the import of TensorBoard, and no clock counts it."""
        with self.pausing():
            return _open_tensorboard(self.folder, self.run, self._first_step)

    def scalars(self, step: int, values: Mapping[str, float]) -> dict[str, Any]:
        """Append one record; returns it with step, images seen, seconds of training and images/s added."""
        now = time.perf_counter()
        elapsed, steps = now - self._last_time, step - self._last_step
        self._seconds += elapsed
        self._last_step, self._last_time = step, now
        speed = {"seconds": round(self._seconds, 3), "images_per_s": round(steps * self._images / elapsed, 1)}
        record = {"step": step, "images": step * self._images, **values, **speed}
        append(self.folder.log, record)
        for name, value in record.items():
            if name != "step":
                self._tensorboard.add_scalar(name, value, step)
        return record

    @contextmanager
    def pausing(self) -> Iterator[None]:
        """Stop the clock: scores and pictures are no training."""
        start, last_time = time.perf_counter(), self._last_time
        yield
        self._last_time = last_time + time.perf_counter() - start  # not +=: a pause may lie within another

    def evaluation(self, step: int, name: str, score: Score, selection: Score) -> dict[str, Any]:
        """Append one evaluation: `score`, by its full name, and the one by which the best step is chosen."""
        values = {"value": score.value, "low": score.low, "high": score.high, "selection": selection.value}
        record = {"step": step, "images": step * self._images, "name": name, **values}
        append(self.folder.evaluations, record)
        tag = "eval/" + name.replace("(", "_").replace(")", "")  # TensorBoard allows no brackets
        self._tensorboard.add_scalar(tag, score.value, step)
        self._tensorboard.add_scalar("eval/selection", selection.value, step)
        return record

    def look(self, step: int, numbers: Mapping[str, float], seconds: float) -> None:
        """Append what a diagnosis measured, and how long that took."""
        finite = {name: value for name, value in numbers.items() if math.isfinite(value)}  # JSON has no others
        append(self.folder.looks, {"step": step, **finite, "seconds": round(seconds, 4)})
        for name, value in finite.items():
            self._tensorboard.add_scalar(f"diagnosis/{name}", value, step)

    def samples(self, step: int, gan: GAN) -> None:
        """Write what G_ema makes of the run's fixed latents; rows of a conditional grid show all classes.

        Points of the plane lie over real ones; samples that are neither have no picture.
        """
        if len(self.spec.shape) != 3 and self.spec.shape != (2,):
            return
        z, y = fixed_latents(self.run, self.spec, gan.z_dim)
        made = sample_images(gan.G_ema.module, z, y)
        grid = make_grid(made, columns_for(self.spec)) if made.ndim == 4 else draw_points(made, self._reals)
        write_png(self.folder.samples / f"step-{step:06d}.png", grid)
        self._tensorboard.add_image("samples/ema", grid, step)

    def close(self) -> None:
        """Flush and close the event file."""
        if "_tensorboard" in vars(self):
            self._tensorboard.close()


def columns_for(spec: DataSpec) -> int:
    """Columns of a grid: one per class where there are classes and they fit, else 8."""
    return spec.num_classes if 2 <= spec.num_classes <= 20 else 8


def fixed_latents(run: RunConfig, spec: DataSpec, z_dim: int) -> tuple[Tensor, Tensor]:
    """Return the latents of the run's pictures, the same at every step: z (N, Z), y (N,)."""
    count = 8 * columns_for(spec) if len(spec.shape) == 3 else POINTS
    return draw_latents(count, z_dim, run.train.seed), spread_labels(count, spec.num_classes)


def rewind(path: Path, step: int) -> list[dict[str, Any]]:
    """Drop the records after `step`, which a resumed run will write again; returns those that stay."""
    records = [record for record in read_records(path) if record["step"] <= step]
    write_atomically(path, "".join(json.dumps(record) + "\n" for record in records).encode())
    return records


def _open_tensorboard(folder: RunFolder, run: RunConfig, step: int) -> SummaryWriter:
    """Open an event file, the first one with the settings; events after `step` are hidden, as of a killed process."""
    from torch.utils.tensorboard import SummaryWriter  # not at the top: it is slow, and only training needs it

    is_first = step == 0 or not folder.tensorboard.is_dir()
    writer = SummaryWriter(str(folder.tensorboard), purge_step=step + 1)
    if is_first:
        settings = {key: value for key, value in flatten(to_tables(run)).items() if not isinstance(value, list)}
        # run_name ".": without it TensorBoard shows the settings as a second run
        writer.add_hparams(settings, {"hparam/steps": run.train.steps}, run_name=".")
    return writer
