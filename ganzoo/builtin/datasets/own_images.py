"""Your own images: a folder of them, or a zip archive."""

from __future__ import annotations

from abc import abstractmethod
from contextlib import AbstractContextManager, nullcontext
from dataclasses import dataclass, replace
from hashlib import file_digest
from pathlib import Path
from typing import Annotated, BinaryIO, Literal

import torch
from annotated_types import Ge, Le, MinLen
from torch import Tensor

from ganzoo import machine
from ganzoo.contracts import Dataset, Samples
from ganzoo.data import cache
from ganzoo.data.archive import open_archive
from ganzoo.data.decoding import Background, ImageSize
from ganzoo.data.listing import Listing, hash_each, list_folder, printable, require_classes
from ganzoo.data.reading import DecodeOptions, Survey, read_all, read_blocks
from ganzoo.data.samples import ContentHash, Pixels
from ganzoo.data.streaming import stream_files
from ganzoo.errors import DataError


@dataclass(frozen=True)
class ImageFiles(Dataset):
    """Images read from files, with the options that a folder and an archive have."""

    path: Annotated[str, MinLen(1)]
    image_size: ImageSize = 64
    mode: Literal["auto", "rgb", "grey"] = "auto"
    background: Background = "white"
    bad_images: Literal["refuse", "skip"] = "refuse"
    cache: bool = False
    workers: Annotated[int, Ge(0), Le(256)] = 0

    @abstractmethod
    def list_images(self) -> AbstractContextManager[Listing]:
        """Return a context in which the images can be read. Raises DataError if they cannot be listed."""

    @abstractmethod
    def hash_files(self, listing: Listing) -> str:
        """Return the SHA-256 of the files, without decoding them."""

    def load(self) -> Samples:
        """Return uint8 (M, C, S, S): memory-mapped with `cache`; else in memory, or streamed if memory is short.

        Raises DataError for missing, mixed or unreadable images, ResourceError if the cache cannot be written.
        """
        with self.list_images() as listing:
            require_classes(listing, self.path)
            if self.cache:
                return self.load_cached(listing)
            needed, free = self.count_bytes(listing), machine.available_bytes()
            return self.decode_all(listing) if needed <= free // 2 else self.stream(listing, needed, free)

    def decode_all(self, listing: Listing) -> Samples:
        """Decode the listed images. Raises DataError, or ResourceError if memory is short."""
        require_classes(listing, self.path)
        x, survey = read_all(listing.files, self.decode_options)
        self.require_readable(listing, survey)
        survey.grey = survey.grey and self.mode == "auto"
        return self.describe(listing, survey, x[:, :1].contiguous() if survey.grey else x)

    def load_cached(self, listing: Listing) -> Samples:
        """Return images from the cache, memory-mapped; decode them into it first if they are not there."""

        def decode(file: BinaryIO) -> Survey:
            survey = Survey()
            for block in read_blocks(listing.files, self.decode_options, survey):
                file.write(block.numpy().data)
            self.require_readable(listing, survey)
            return survey

        def describe(x: Tensor, survey: Survey) -> Samples:
            self.require_readable(listing, survey)  # an earlier run may have skipped what this one is to refuse
            grey = self.mode == "auto" and survey.grey
            return self.describe(listing, survey, x[:, :1] if grey else x)  # a view: the file has three channels

        options = self.decode_options
        entry = cache.name(f"{self.hash_files(listing)} {self.mode}", options)  # "auto" may drop channels
        return cache.load(entry, cache.Source(options, self.count_bytes(listing), decode, describe))

    def stream(self, listing: Listing, needed: int, free: int) -> Samples:
        """Decode every image once, to see that it can be read, and keep none; see `StreamedImages`."""
        survey, options = Survey(), self.decode_options
        content = ContentHash((len(listing.files), *options.shape))
        for block in read_blocks(listing.files, options, survey):
            content.update(block)
        self.require_readable(listing, survey)
        survey.grey = survey.grey and self.mode == "auto"
        files = [listing.files[index] for index in survey.kept]
        samples = self.describe(listing, survey, stream_files(files, options, survey.grey, self.workers))
        if not survey.grey and not survey.bad:  # else the bytes hashed are not those of the samples
            samples = replace(samples, known=content.finish(samples.y))
        note = (
            f"{len(samples):,} images of {options.size}x{options.size} stream from {printable(self.path)}: they need "
            f"{needed / 2**30:.1f} GiB of memory, free are {free / 2**30:.1f} GiB; --cache decodes them once"
        )
        return replace(samples, notes=(note, *samples.notes))

    @property
    def decode_options(self) -> DecodeOptions:
        """Options of decoding: in colour, unless grey was asked for."""
        return DecodeOptions(1 if self.mode == "grey" else 3, self.image_size, self.background)

    def count_bytes(self, listing: Listing) -> int:
        """Return the bytes of all decoded images."""
        return len(listing.files) * self.decode_options.bytes

    def require_readable(self, listing: Listing, survey: Survey) -> None:
        """Raise DataError for unreadable images, unless they are to be skipped and some remain."""
        if survey.bad and (self.bad_images == "refuse" or not survey.kept):
            hint = "--set dataset.bad_images=skip" if survey.kept else "--dataset folder:PATH"
            raise DataError(survey.name_bad(listing.files), where=printable(self.path), hint=hint)

    def describe(self, listing: Listing, survey: Survey, x: Pixels) -> Samples:
        """Return the readable images with their labels, and with notes about all images."""
        bad = [survey.name_bad(listing.files) + "; left out"] if survey.bad else []
        y, class_names, notes = label([listing.files[i].name for i in survey.kept], listing.folders)
        return Samples(x, y, class_names, (*listing.notes, *bad, *notes, *survey.notes))


@dataclass(frozen=True)
class Folder(ImageFiles):
    """A folder of your own images.

    Subfolders that hold images, at any depth, are the classes, sorted by name; images without subfolders
    are one class. Images are turned upright, cropped to their centre square and resized with Pillow's
    bicubic filter (Parmar et al. 2022, arXiv:2104.11222).

    `path`: the folder. `image_size`: height and width in pixels. `mode`: "grey" has one channel, "rgb"
    three, "auto" one if every image is grey. `background`: behind transparent pixels. `bad_images`: what
    to do with unreadable ones, "refuse" or "skip". `cache`: decode once, and map the pixels from a file from
    then on. `workers`: processes that decode what does not fit in memory; 0 is one per core but one.
    """

    def list_images(self) -> AbstractContextManager[Listing]:
        """List the images of the folder. Raises DataError if it is missing or cannot be read."""
        return nullcontext(list_folder(Path(self.path).expanduser()))

    def hash_files(self, listing: Listing) -> str:
        """Return the SHA-256 of names and contents; reads every file."""
        return hash_each(listing.files)


@dataclass(frozen=True)
class Zip(ImageFiles):
    """A zip archive of your own images, read in memory and never unpacked.

    Folders in the archive are classes as in `folder`; a folder around all of them is not. Images are
    turned upright, cropped to their centre square and resized with Pillow's bicubic filter (Parmar et al.
    2022, arXiv:2104.11222). An archive with links, with encrypted entries, with names that point outside,
    or that expands too far, is refused.

    `path`: the archive. `image_size`: height and width in pixels. `mode`: "grey" has one channel, "rgb"
    three, "auto" one if every image is grey. `background`: behind transparent pixels. `bad_images`: what
    to do with unreadable ones, "refuse" or "skip". `cache`: decode once, and map the pixels from a file from
    then on. `workers`: processes that decode what does not fit in memory; 0 is one per core but one.
    """

    def list_images(self) -> AbstractContextManager[Listing]:
        """List the images of the archive. Raises DataError if it is missing, damaged or harmful."""
        return open_archive(Path(self.path).expanduser())

    def hash_files(self, listing: Listing) -> str:
        """Return the SHA-256 of the archive, without expanding it."""
        with Path(self.path).expanduser().open("rb") as file:
            return file_digest(file, "sha256").hexdigest()


def label(names: list[str], folders: list[str]) -> tuple[Tensor, tuple[str, ...], list[str]]:
    """Return labels int64 (M,) by the folders of images, class names, and notes about folders without images."""
    owners = [name.split("/")[0] if "/" in name else "" for name in names]
    classes = sorted(set(owners))
    if classes == [""]:
        return torch.zeros(len(names), dtype=torch.int64), ("unlabelled",), []
    empty = sorted(set(folders) - set(classes))
    notes = [f"class {printable(name)} has no images" for name in empty]
    number = {name: k for k, name in enumerate(classes)}
    y = torch.tensor([number[owner] for owner in owners])
    return y, tuple(map(printable, classes)), notes
