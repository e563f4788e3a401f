"""Samples of a run, batch by batch: which latents, which labels, which weights."""

from __future__ import annotations

import math
import shlex
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from difflib import get_close_matches
from pathlib import Path
from typing import TYPE_CHECKING, Literal

import torch
from torch import Tensor

from ganzoo.data.listing import abridge, printable
from ganzoo.data.parts import look_up_class
from ganzoo.data.progress import phase
from ganzoo.errors import CheckpointError, ConfigError, DataError, EvaluationError, GanzooError, ResourceError
from ganzoo.machine.limits import available_bytes
from ganzoo.runs.moved_data import NAME_PLACE
from ganzoo.settings.toml import LARGEST_INTEGER
from ganzoo.training.labels import Labels, label_rule, refuse_balanced
from ganzoo.training.latents import BLOCK, PATH, code_blocks, latent_blocks, path_blocks, walk_blocks
from ganzoo.training.sampling import BATCH, sample_batches
from ganzoo.training.truncation import truncate

if TYPE_CHECKING:
    from ganzoo.runs.run import Run

MOST = 10_000_000
"""Samples at most."""


@dataclass(frozen=True)
class SampleOptions:
    """Samples of a run: how many, by which seed, of which classes, from which weights."""

    count: int = 64
    seed: int = 0
    label: int | str | None = None
    """Number or name of the only class."""
    classes: Sequence[int | str] = ()
    """Numbers or names of classes that come in turn, if `label` names none."""
    labels: Literal["training", "balanced"] | None = None
    """Frequencies of the classes, if `label` names none; None means the run's eval.labels."""
    per_class: bool = False
    """True for each class in turn."""
    interpolate: bool = False
    """True for paths of 8 points from one latent to another, the classes in turn; the last path may be cut short."""
    code: tuple[int, int] | None = None
    """First and last of the numbers of the latent that alone vary in each row, as `vary_code` says."""
    walk: bool = False
    """True for a closed walk through the latents, whose samples are the frames of a film."""
    truncation: float = 0.0
    """Largest |z| of the latents, or psi of the styles of a model that has some; 0 means none."""
    step: int | None = None
    ema: bool = True
    dataset_path: Path | None = None
    """Place of the run's data now, read if an older version did not write down how frequent the classes are."""

    @property
    def row(self) -> int:
        """Samples of a row that belong together, of one path or one code; 0 where each stands alone."""
        if self.code is None or self.code[0] == self.code[1]:
            return PATH if self.interpolate or self.code else 0
        return self.code[1] - self.code[0] + 1


def stream_samples(run: Run, options: SampleOptions) -> Iterator[tuple[Tensor, Tensor]]:
    """Yield samples in batches, uint8 (n, C, H, W) or float32 (n, *shape), with their labels (n, ...), on any device.

    Sample i is the same for any count. Raises ConfigError for an impossible count or an unknown class, and what
    `Run.generator` raises, all before the first sample; EvaluationError if the generator produces nan or inf.
    """
    return _open_stream(run, options)[0]


def _open_stream(run: Run, options: SampleOptions) -> tuple[Iterator[tuple[Tensor, Tensor]], int]:
    """Return the batches of `stream_samples`, and the step of the checkpoint that makes them."""
    require_count(options.count, options.seed, options.truncation, str(run.path))
    labels = None if run.data.label_shape else _choose_labels(run, options)
    gan, step = run.restore(options.step)
    labels = labels or _spread_vectors(run, options, gan.label_vectors)
    network = truncate(gan.model, gan.G_ema.module if options.ema else gan.G, options.truncation).eval()
    z_dim = gan.z_dim
    if options.walk:
        blocks = walk_blocks(options.count, z_dim, options.seed)
    elif options.interpolate:
        blocks = path_blocks(z_dim, options.seed)
    elif options.code is not None:
        _require_code(options.code, z_dim)
        blocks = code_blocks(*options.code, z_dim, options.seed)
    else:
        blocks = latent_blocks(z_dim, options.seed, min(BLOCK, -(-options.count // BATCH) * BATCH))
    batches = sample_batches(network, blocks, labels, options.count, images=run.data.images)
    return _counted(batches, options.count), step


def _counted(batches: Iterator[tuple[Tensor, Tensor]], total: int) -> Iterator[tuple[Tensor, Tensor]]:
    """Yield the batches of samples and labels, and tell how many samples are made."""
    with phase("making samples", total, "samples") as advance:
        for x, y in batches:
            yield x, y
            advance(len(y))


def describe_samples(run: Run, options: SampleOptions) -> str:
    """Return how samples were made, for the description of a PNG file."""
    weights = "G_ema" if options.ema else "G"
    truncation = run.describe_truncation(options.truncation)
    return f"{run.path.name}: samples of {weights}, seed {options.seed}, truncation {truncation}"


def require_images(run: Run) -> None:
    """Raise EvaluationError if the samples of a run are no images that a PNG file holds."""
    if not run.data.images or run.data.shape[0] > 4:
        what = f"samples of shape {run.data.shape} are not images that PNG files hold"
        hint = "-o samples.npz (numbers), or leave out --folder (for one picture)"
        raise EvaluationError(what, where=str(run.path), hint=hint)


def gather_samples(run: Run, options: SampleOptions) -> tuple[Tensor, Tensor, int]:
    """Return all samples on the CPU, in the format of `stream_samples`, their labels (count, ...), and their step.

    Raises what it raises, and ResourceError if memory is short.
    """
    stream, step = _open_stream(run, options)
    x, y, first = torch.empty(0), torch.empty(0), 0
    for batch, labels in stream:
        if first == 0:
            _require_room(batch, options.count)
            x, y = (torch.empty(options.count, *each.shape[1:], dtype=each.dtype) for each in (batch, labels))
        x[first : first + len(batch)], y[first : first + len(batch)] = batch, labels
        first += len(batch)
    return x, y, step


def require_count(count: int, seed: int, truncation: float, where: str = "") -> None:
    """Raise ConfigError for a count, a seed or a truncation of samples that cannot be."""
    if not (isinstance(count, int) and 1 <= count <= MOST):
        raise ConfigError(f"{count!r} samples asked for; it takes 1 to {MOST:,}", where=where)
    if not (isinstance(seed, int) and 0 <= seed <= LARGEST_INTEGER):
        raise ConfigError(f"{seed!r} is no seed: it takes a whole number from 0 on", hint="--seed 0")
    if not 0 <= truncation < math.inf:
        what = f"--truncation {truncation:g} is no threshold: it takes a number above 0, or 0 for none"
        raise ConfigError(what, hint="--truncation 0.7")


def _require_code(code: tuple[int, int], z_dim: int) -> None:
    """Raise ConfigError for numbers that the latent does not have."""
    if code[1] >= z_dim:
        what = f"the latent has {z_dim} numbers, 0 to {z_dim - 1}, and number {code[1]} is not one of them"
        raise ConfigError(what, hint=f"--code {z_dim - 1}")


def _require_room(batch: Tensor, count: int) -> None:
    needed, free = batch[0].nbytes * count, available_bytes()
    if needed > free:
        what = f"{count:,} samples of shape {tuple(batch.shape[1:])} need {needed / 2**30:.1f} GiB"
        hint = "--folder (which holds one batch at a time), or fewer samples"
        raise ResourceError(what, where=f"free memory: {free / 2**30:.1f} GiB", hint=hint)


def _choose_labels(run: Run, options: SampleOptions) -> Labels:
    if options.label is not None:
        label = find_class(run, options.label)
        return lambda indices: torch.full_like(indices, label)
    if options.classes:
        numbers = torch.tensor([find_class(run, label) for label in options.classes])
        return lambda indices: numbers[indices % len(numbers)]
    classes = run.require_classes() if options.per_class else run.num_classes
    if options.row:
        return lambda indices: indices // options.row % classes
    balanced = options.per_class or (options.labels or run.config.eval.labels) == "balanced"
    return label_rule(options.count, classes, () if balanced else count_classes(run)[0])


def _spread_vectors(run: Run, options: SampleOptions, vectors: Tensor | None) -> Labels:
    """Return label vectors (L, ...) in turn: one for each sample, for each path, or one for all frames of a walk.

    Raises ConfigError if classes are asked for, CheckpointError for a checkpoint without vectors.
    """
    if options.label is not None or options.classes or options.per_class:
        run.require_classes()
    if vectors is None:
        raise CheckpointError("the checkpoint lacks label_vectors", where=str(run.path))
    refuse_balanced(options.labels, vectors)
    each = label_rule(options.count, 1, vectors=vectors)
    if options.walk:
        return lambda indices: each(torch.zeros_like(indices))
    return (lambda indices: each(indices // options.row)) if options.row else each


def count_classes(run: Run) -> tuple[tuple[int, ...], str]:
    """Return the number of training samples of each class, and a remark if they are unknown: then all are 1.

    A run of an older version did not write them down: they are counted in its dataset, if that is at hand.
    """
    if run.class_counts:
        return run.class_counts, ""
    unknown = (1,) * run.data.num_classes
    if run.num_classes == 1:
        return unknown, ""
    try:
        samples = run.load_data()
        if (data := run.made_with.data) is None or samples.digests.data != data.sha256:
            raise DataError("the dataset differs from the run's")
    except GanzooError as error:
        if run.is_moved:  # the user said where they are
            raise
        return unknown, f"each class in turn, since their frequencies are unknown: {error.what} (try {NAME_PLACE})"
    return samples.class_counts, ""


def is_older(run: Run) -> bool:
    """Return whether the generator knows classes and the manifest does not have their frequencies."""
    return run.num_classes > 1 and not run.class_counts


def find_class(run: Run, label: int | str) -> int:
    """Return the number of a class that is given by its number or its name; a name goes before a number.

    Raises ConfigError if there is none, or if the generator ignores labels.
    """
    names, count = run.class_names, run.require_classes()
    if (number := look_up_class(label, names)) is None:
        what = f"class {printable(str(label))} is not in 0..{count - 1}, nor a name of one"
        nearest = next(iter(get_close_matches(str(label), names, n=1)), str(names[0]))
        hint = f"--class {shlex.quote(nearest)} (one of {abridge(list(names), 12)})"
        raise ConfigError(what, where=str(run.path), hint=hint)
    return number


def explain_class(run: Run, label: str) -> str:
    """Return a remark if a whole number may mean the name of one class and the number of another; else nothing."""
    names, number = run.class_names, find_class(run, label)
    if not label.isdecimal() or names[number] == str(number):
        return ""
    name = printable(names[number])
    if names[number] == label:
        return f"--class {label} is the class of that name, number {number} in the order of the run"
    return f"--class {label} is class number {label}, {name}: no class has {label} for a name"
