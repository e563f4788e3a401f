"""Your own images: a folder of them, or a zip archive."""

from __future__ import annotations

import os
import warnings
from abc import abstractmethod
from collections import Counter
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path
from typing import Annotated, Literal

import torch
from PIL import Image
from pydantic import Field
from torch import Tensor

from ganzoo.builtin.datasets.archive import open_archive
from ganzoo.builtin.datasets.decoding import (
    Background,
    ImageSize,
    UnreadableImageError,
    decode_image,
)
from ganzoo.builtin.datasets.listing import (
    ImageFile,
    Listing,
    abridge,
    list_folder,
    printable,
    require_classes,
)
from ganzoo.builtin.datasets.memory import require_memory
from ganzoo.contracts import Dataset, Samples
from ganzoo.errors import DataError

Changes = tuple[str, ...]
BATCH = 16  # images to decode per task: to wake the main thread for each takes longer than a small image
TINY = 4096  # bytes of an image file below which threads spend more time in turns than in Pillow


@dataclass(frozen=True)
class ImageFiles(Dataset):
    """Images read from files; the options that a folder and an archive share."""

    path: Annotated[str, Field(min_length=1)]
    image_size: ImageSize = 64
    mode: Literal["auto", "rgb", "grey"] = "auto"
    background: Background = "white"
    bad_images: Literal["refuse", "skip"] = "refuse"

    @abstractmethod
    def load(self) -> Samples:
        """Read everything."""

    def decode_all(self, listing: Listing) -> Samples:
        """Decode the listed images. Raises DataError, or ResourceError if memory is short."""
        require_classes(listing, self.path)
        channels = 1 if self.mode == "grey" else 3
        require_memory(len(listing.files), channels=channels, size=self.image_size)
        x = torch.empty(len(listing.files), channels, self.image_size, self.image_size, dtype=torch.uint8)
        outcomes = decode_into(x, listing.files, self.background)
        kept, bad_notes = self.sift(listing.files, outcomes)
        if len(kept) < len(x):
            x = x[kept]
        if self.mode == "auto" and is_grey(x):
            x = x[:, :1].contiguous()
        y, class_names, class_notes = label([listing.files[i].name for i in kept], listing.folders)
        notes = [*listing.notes, *bad_notes, *class_notes, *count_changes(outcomes)]
        return Samples(x, y, class_names, tuple(notes))

    def sift(self, files: list[ImageFile], outcomes: list[Changes | str]) -> tuple[list[int], list[str]]:
        """Return the indices of readable images and a note about the others. Raises DataError if refused."""
        kept = [i for i, outcome in enumerate(outcomes) if not isinstance(outcome, str)]
        bad = [f"{files[i].name} ({outcome})" for i, outcome in enumerate(outcomes) if isinstance(outcome, str)]
        if not bad:
            return kept, []
        what = f"{len(bad)} of {len(files)} images unreadable: {abridge(bad)}"
        if self.bad_images == "refuse" or not kept:
            hint = "--set dataset.bad_images=skip" if kept else "--dataset folder:PATH"
            raise DataError(what, where=printable(self.path), hint=hint)
        return kept, [what + "; left out"]


@dataclass(frozen=True)
class Folder(ImageFiles):
    """A folder of your own images.

    Subfolders that hold images, at any depth, are the classes, sorted by name; images without subfolders
    are one class. Images are turned upright, cropped to their centre square and resized with Pillow's
    bicubic filter (Parmar et al. 2022, arXiv:2104.11222).

    `path`: the folder. `image_size`: height and width in pixels. `mode`: "grey" has one channel, "rgb"
    three, "auto" one if every image is grey. `background`: behind transparent pixels. `bad_images`: what
    to do with unreadable ones, "refuse" or "skip".
    """

    def load(self) -> Samples:
        """Return uint8 (M, C, S, S). Raises DataError for missing, mixed or unreadable images."""
        return self.decode_all(list_folder(Path(self.path).expanduser()))


@dataclass(frozen=True)
class Zip(ImageFiles):
    """A zip archive of your own images, read in memory and never unpacked.

    Folders in the archive are classes as in `folder`; a folder around all of them is not. Images are
    turned upright, cropped to their centre square and resized with Pillow's bicubic filter (Parmar et al.
    2022, arXiv:2104.11222). An archive with links, with encrypted entries, with names that point outside,
    or that expands too far, is refused.

    `path`: the archive. `image_size`: height and width in pixels. `mode`: "grey" has one channel, "rgb"
    three, "auto" one if every image is grey. `background`: behind transparent pixels. `bad_images`: what
    to do with unreadable ones, "refuse" or "skip".
    """

    def load(self) -> Samples:
        """Return uint8 (M, C, S, S). Raises DataError for a harmful archive, or as `folder` does."""
        with open_archive(Path(self.path).expanduser()) as listing:
            return self.decode_all(listing)


def decode_into(x: Tensor, files: list[ImageFile], background: Background) -> list[Changes | str]:
    """Fill x uint8 (M, C, S, S); return for each image its changes, or the reason why it is unreadable."""
    channels, size = x.shape[1:3]

    def decode(index: int) -> Changes | str:
        try:
            data = files[index].read()
            image = decode_image(data, size=size, channels=channels, background=background)
        except UnreadableImageError as error:
            return str(error)
        x[index] = image.pixels
        return image.changes

    def decode_batch(start: int) -> list[Changes | str]:
        return [decode(index) for index in range(start, min(start + BATCH, len(files)))]

    Image.init()  # loads the plugins once, before threads would race for it
    with warnings.catch_warnings(), ThreadPoolExecutor(count_threads(files)) as pool:
        warnings.simplefilter("ignore")  # about odd metadata; what matters is raised
        batches = pool.map(decode_batch, range(0, len(files), BATCH))
        return [outcome for batch in batches for outcome in batch]


def count_threads(files: list[ImageFile]) -> int:
    """Return one for tiny images, else one per core: Pillow frees the GIL while it decodes."""
    sample = files[:: len(files) // 8 + 1]
    return min(8, os.cpu_count() or 1) if any(count_bytes(file) > TINY for file in sample) else 1


def count_bytes(file: ImageFile) -> int:
    """Return the length of a file, 0 if it is unreadable."""
    try:
        return len(file.read())
    except UnreadableImageError:
        return 0


def is_grey(x: Tensor) -> bool:
    """uint8 (M, 3, H, W) -> whether the channels of every image agree; stops at the first coloured one."""
    return all(bool((image[:1] == image[1:]).all()) for image in x)


def label(names: list[str], folders: list[str]) -> tuple[Tensor, tuple[str, ...], list[str]]:
    """Names of images, folders -> (labels int64 (M,), class names, notes about folders without images)."""
    owners = [name.split("/")[0] if "/" in name else "" for name in names]
    classes = sorted(set(owners))
    if classes == [""]:
        return torch.zeros(len(names), dtype=torch.int64), ("unlabelled",), []
    empty = sorted(set(folders) - set(classes))
    notes = [f"class {printable(name)} has no images" for name in empty]
    number = {name: k for k, name in enumerate(classes)}
    y = torch.tensor([number[owner] for owner in owners])
    return y, tuple(map(printable, classes)), notes


def count_changes(outcomes: list[Changes | str]) -> list[str]:
    """[("upsampled",), (), ...] -> ["1 of 2 images upsampled"]."""
    counts = Counter(change for outcome in outcomes if not isinstance(outcome, str) for change in outcome)
    return [f"{n} of {len(outcomes)} images {change}" for change, n in sorted(counts.items())]
