"""Image files to pixels by threads, all at once or block by block, with a record of what became of each."""

from __future__ import annotations

import warnings
from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from typing import NamedTuple

import numpy as np
import torch
from PIL import Image
from torch import Tensor

from ganzoo.data.decoding import DecodeOptions, DepthError, UnreadableImageError, decode_image
from ganzoo.data.depth import FULL, count_bits, scale
from ganzoo.data.listing import ImageFile, abridge
from ganzoo.data.progress import phase
from ganzoo.machine.limits import count_cores, require_memory

BATCH = 16  # images decoded per task: waking the main thread for each takes longer than decoding a small image
TINY = 4096  # bytes; threads that decode smaller files wait for each other longer than they decode
MUCH = 14  # bits: of values that need more, at least 65 of 256 levels remain
BLOCK_BYTES = 2**25  # bytes of pixels that are held at once where memory does not hold all


class Outcome(NamedTuple):
    """The fate of one image."""

    changes: tuple[str, ...] = ()
    """Changes of the content."""
    fault: str = ""
    """Reason why it cannot be read; empty if it can."""
    peak: float = 0
    """Largest value of a file of more than 8 bits per value, also of one that cannot be read for its depth."""


@dataclass
class Survey:
    """Record of what became of the images of a listing, each of which was decoded once."""

    count: int = 0
    """Images seen."""
    bad: list[tuple[int, str]] = field(default_factory=list)
    """Index and reason of those that cannot be read."""
    changes: Counter[str] = field(default_factory=Counter)
    """Number of images per kind of change."""
    grey: bool = True
    """True if the channels of every image agree."""
    peak: float = 0
    """Largest value of the files of more than 8 bits per value; 0 if there is none."""
    deep: int = 0
    """Number of those files that can be read."""
    beyond: int = 0
    """Number of those that cannot be read for their depth."""

    def add(self, outcomes: Sequence[Outcome]) -> list[int]:
        """Take what `decode_into` returned for the next images; return the indices of those that can be read."""
        self.bad += [(self.count + i, outcome.fault) for i, outcome in enumerate(outcomes) if outcome.fault]
        self.changes.update(change for outcome in outcomes for change in outcome.changes)
        self.peak = max(self.peak, *(outcome.peak for outcome in outcomes), 0)
        self.deep += sum(outcome.peak > 0 and not outcome.fault for outcome in outcomes)
        self.beyond += sum(outcome.peak > 0 and outcome.fault != "" for outcome in outcomes)
        self.count += len(outcomes)
        return [i for i, outcome in enumerate(outcomes) if not outcome.fault]

    @property
    def kept(self) -> list[int]:
        """Indices of the images that can be read."""
        bad = {index for index, _ in self.bad}
        return [index for index in range(self.count) if index not in bad]

    @property
    def notes(self) -> list[str]:
        """One sentence per kind of change, such as "1 of 2 images upsampled to 64x64"."""
        return [f"{n} of {self.count} images {change}" for change, n in sorted(self.changes.items())]

    def describe_depth(self, depth: int) -> list[str]:
        """Return a note if the values of deep files fill little of their range, or if a depth was told in vain."""
        if depth and not self.deep:
            return [f"dataset.depth={depth} changes nothing: no image has more than 8 bits"]
        bits = count_bits(self.peak)
        if depth or not self.deep or bits > MUCH:
            return []
        levels = int(scale(np.array([self.peak]), 0)[0]) + 1
        return [
            f"the largest value of {self.deep} images of 16 bits is {self.peak:,.0f} of {FULL:,}: at most {levels} of "
            f"256 grey levels remain; if they hold {bits} bits: --set dataset.depth={bits}"
        ]

    def name_bad(self, files: Sequence[ImageFile]) -> str:
        """Return "1 of 9 images unreadable: a.png (truncated)" or the like; an empty text if all can be read."""
        if not self.bad:
            return ""
        named = [f"{files[index].name} ({reason})" for index, reason in self.bad]
        return f"{len(named)} of {len(files)} images unreadable: {abridge(named)}"


def decode_into(
    x: Tensor, files: Sequence[ImageFile], options: DecodeOptions, threads: int,
    advance: Callable[[int], None] = lambda more: None,
) -> list[Outcome]:  # fmt: skip
    """Fill x uint8 (M, C, S, S); return what became of each image. `advance` takes how many more are done."""

    def decode(index: int) -> Outcome:
        try:
            image = decode_image(files[index].read(), options, files[index].name)
        except DepthError as error:
            return Outcome(fault=str(error), peak=error.peak)
        except UnreadableImageError as error:
            return Outcome(fault=str(error))
        x[index] = image.pixels
        return Outcome(image.changes, peak=image.peak)

    def decode_batch(start: int) -> list[Outcome]:
        return [decode(index) for index in range(start, min(start + BATCH, len(files)))]

    Image.init()  # loads the plugins once, before threads would race for it
    with warnings.catch_warnings(), ThreadPoolExecutor(threads) as pool:
        warnings.simplefilter("ignore")  # about odd metadata; what matters is raised
        batches = pool.map(decode_batch, range(0, len(files), BATCH))
        outcomes = list[Outcome]()
        for batch in batches:
            outcomes += batch
            advance(len(batch))
        return outcomes


def read_all(files: Sequence[ImageFile], options: DecodeOptions) -> tuple[Tensor, Survey]:
    """Decode all images: uint8 (n, C, S, S) of those that can be read, in order, and what became of each.

    Raises ResourceError if memory is short.
    """
    require_memory(len(files), channels=options.channels, size=options.size)
    survey = Survey()
    x = torch.empty(len(files), *options.shape, dtype=torch.uint8)
    with phase("reading images", len(files), "images") as advance:
        kept = survey.add(decode_into(x, files, options, count_threads(files), advance))
    x = x if len(kept) == len(x) else x[kept]
    survey.grey = is_grey(x)
    return x, survey


def read_blocks(files: Sequence[ImageFile], options: DecodeOptions, survey: Survey) -> Iterator[Tensor]:
    """Decode all images, BLOCK_BYTES at once: yield uint8 (n, C, S, S) of those that can be read, in order.

    What became of each image is added to `survey`, whose `grey` is right once the last block is done.
    """
    threads, length = count_threads(files), max(1, BLOCK_BYTES // options.bytes)
    with phase("reading images", len(files), "images") as advance:
        for start in range(0, len(files), length):
            part = files[start : start + length]
            x = torch.empty(len(part), *options.shape, dtype=torch.uint8)
            kept = survey.add(decode_into(x, part, options, threads, advance))
            x = x if len(kept) == len(x) else x[kept]
            survey.grey = survey.grey and is_grey(x)
            yield x


def count_threads(files: Sequence[ImageFile]) -> int:
    """Return 1 for tiny images, else the number of cores: Pillow releases the GIL while it decodes."""
    sample = files[:: len(files) // 8 + 1]
    return min(8, count_cores()) if any(file_length(file) > TINY for file in sample) else 1


def file_length(file: ImageFile) -> int:
    """Return the length of a file, 0 if it is unreadable."""
    try:
        return len(file.read())
    except UnreadableImageError:
        return 0


def is_grey(x: Tensor) -> bool:
    """uint8 (M, C, H, W) -> True if the channels of every image agree; stops at the first coloured one."""
    return all(bool((image[:1] == image[1:]).all()) for image in x)
