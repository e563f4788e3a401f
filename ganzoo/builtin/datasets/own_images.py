"""Your own images: a folder of them, or a zip or tar archive."""

from __future__ import annotations

import os
from abc import abstractmethod
from contextlib import AbstractContextManager, nullcontext
from dataclasses import dataclass, replace
from hashlib import file_digest, sha256
from pathlib import Path
from typing import Annotated, BinaryIO, Literal

from annotated_types import Ge, Le, MinLen
from torch import Tensor

from ganzoo.contracts import Dataset, Samples
from ganzoo.data import cache
from ganzoo.data.archive import open_archive
from ganzoo.data.classes import ClassedFiles, Split, sort_into_classes
from ganzoo.data.decoding import Background, DecodeOptions, Fit, ImageSize
from ganzoo.data.depth import count_bits
from ganzoo.data.folder import list_folder
from ganzoo.data.listing import Listing, hash_each, printable
from ganzoo.data.reading import Survey, read_all, read_blocks
from ganzoo.data.samples import ContentHash, Pixels
from ganzoo.data.streaming import stream_files
from ganzoo.data.tarball import open_tar
from ganzoo.errors import DataError
from ganzoo.machine import limits

HELD_OUT: tuple[Split, ...] = ("val", "test", "train")
"""Splits in the order in which they are held out."""
OPTIONS = """\
    A folder around all class folders is no class; class names that are whole
    numbers are sorted as numbers. Images are turned upright, made square, and
    resized with Pillow's bicubic filter (Parmar et al. 2022, arXiv:2104.11222).

    `path`: where they are. `image_size`: height and width in pixels. `mode`: "grey"
    has one channel, "rgb" three, "rgba" four, "auto" one if every image is grey,
    else three. `background`: colour behind transparent pixels and of bars.
    `bad_images`: what to do with unreadable ones, "refuse" or "skip". `cache`:
    decode once, and map the pixels from a file from then on. `workers`: processes
    that decode what does not fit in memory; 0 is one per core but one. `split`:
    which of the folders train, val and test is read; "auto" is "train", and another
    one holds samples out. `labels`: whose they are, "folders", "none", or the name
    of a file such as "metadata.csv"; "auto" is a file if there is one. `fit`:
    "crop" takes the centre square, "pad" adds bars, "stretch" squeezes. `depth`:
    bits that are used in files of 16 bits and more, so that 12 makes 4095 white; 0
    makes 65535 white.
    """


@dataclass(frozen=True)
class ImageFiles(Dataset):
    """Images read from files, with the options that a folder and an archive have."""

    path: Annotated[str, MinLen(1)]
    image_size: ImageSize = 64
    mode: Literal["auto", "rgb", "grey", "rgba"] = "auto"
    background: Background = "white"
    bad_images: Literal["refuse", "skip"] = "refuse"
    cache: bool = False
    workers: Annotated[int, Ge(0), Le(256)] = 0
    split: Split = "auto"
    labels: Annotated[str, MinLen(1)] = "auto"
    fit: Fit = "crop"
    depth: Annotated[int, Ge(0), Le(16)] = 0

    def __init_subclass__(cls) -> None:
        """Add the options, which are the same for all, to the docstring of a class."""
        if cls.__doc__:
            cls.__doc__ = f"{cls.__doc__.rstrip()}\n\n{OPTIONS}"

    @abstractmethod
    def list_images(self) -> AbstractContextManager[Listing]:
        """Return a context in which the images can be read. Raises DataError if they cannot be listed."""

    @abstractmethod
    def hash_files(self, images: ClassedFiles) -> str:
        """Return the SHA-256 of names and contents of the images, without decoding them."""

    def sort(self, listing: Listing) -> ClassedFiles:
        """Return the images of the chosen split with their classes. Raises DataError if that cannot be told."""
        return sort_into_classes(listing, self.path, self.split, self.labels)

    def load(self) -> Samples:
        """Return uint8 (M, C, S, S): memory-mapped with `cache`; else in memory, or streamed if memory is short.

        Raises DataError for missing, mixed or unreadable images, ResourceError if the cache cannot be written.
        """
        with self.list_images() as listing:
            images = self.sort(listing)
            if self.cache:
                return self.load_cached(images)
            needed, free = self.count_bytes(images), limits.available_bytes()
            return self.decode_all(images) if needed <= free // 2 else self.stream(images, needed, free)

    def held_out(self) -> Dataset | None:
        """Return the images of another split, if the tree has several."""
        with self.list_images() as listing:
            images = self.sort(listing)
        others: list[Split] = [split for split in HELD_OUT if split in images.splits and split != images.split]
        return replace(self, split=others[0]) if others else None

    def decode_all(self, images: ClassedFiles) -> Samples:
        """Decode the images. Raises DataError, or ResourceError if memory is short."""
        x, survey = read_all(images.files, self.decode_options)
        self.require_readable(images, survey)
        survey.grey = survey.grey and self.mode == "auto"
        return self.describe(images, survey, x[:, :1].contiguous() if survey.grey else x)

    def load_cached(self, images: ClassedFiles) -> Samples:
        """Return images from the cache, memory-mapped; decode them into it first if they are not there."""

        def decode(file: BinaryIO) -> Survey:
            survey = Survey()
            for block in read_blocks(images.files, self.decode_options, survey):
                file.write(block.numpy().data)
            self.require_readable(images, survey)
            return survey

        def describe(x: Tensor, survey: Survey) -> Samples:
            self.require_readable(images, survey)  # an earlier run may have skipped what this one is to refuse
            grey = self.mode == "auto" and survey.grey
            return self.describe(images, survey, x[:, :1] if grey else x)  # a view: the file has three channels

        options = self.decode_options
        entry = cache.name(f"{self.hash_files(images)} {self.mode}", options)  # "auto" may drop channels
        return cache.load(entry, cache.Source(options, self.count_bytes(images), decode, describe))

    def stream(self, images: ClassedFiles, needed: int, free: int) -> Samples:
        """Decode every image once, to see that it can be read, and keep none; see `StreamedImages`."""
        survey, options = Survey(), self.decode_options
        content = ContentHash((len(images.files), *options.shape))
        for block in read_blocks(images.files, options, survey):
            content.update(block)
        self.require_readable(images, survey)
        survey.grey = survey.grey and self.mode == "auto"
        files = [images.files[index] for index in survey.kept]
        samples = self.describe(images, survey, stream_files(files, options, survey.grey, self.workers))
        if not survey.grey and not survey.bad:  # else the bytes hashed are not those of the samples
            samples = replace(samples, known=content.finish(samples.y))
        note = (
            f"{len(samples):,} images of {options.size}x{options.size} stream from {printable(self.path)}: they need "
            f"{needed / 2**30:.1f} GiB of memory, free are {free / 2**30:.1f} GiB; --cache decodes them once"
        )
        return replace(samples, notes=(note, *samples.notes))

    @property
    def decode_options(self) -> DecodeOptions:
        """Options of decoding: in colour, unless grey or transparency was asked for."""
        channels = {"grey": 1, "rgba": 4}.get(self.mode, 3)
        return DecodeOptions(channels, self.image_size, self.background, self.fit, self.depth)

    def count_bytes(self, images: ClassedFiles) -> int:
        """Return the bytes of all decoded images."""
        return len(images.files) * self.decode_options.bytes

    def require_readable(self, images: ClassedFiles, survey: Survey) -> None:
        """Raise DataError for unreadable images, unless they are to be skipped and some remain."""
        if survey.bad and (self.bad_images == "refuse" or not survey.kept):
            hint = "--set dataset.bad_images=skip" if survey.kept else "--dataset folder:PATH"
            if survey.beyond and count_bits(survey.peak) <= 16:
                hint = f"--set dataset.depth={count_bits(survey.peak)}"
            raise DataError(survey.name_bad(images.files), where=printable(self.path), hint=hint)

    def describe(self, images: ClassedFiles, survey: Survey, x: Pixels) -> Samples:
        """Return the readable images with their labels, and with notes about all images."""
        bad = [survey.name_bad(images.files) + "; left out"] if survey.bad else []
        y, class_names, notes = images.number(survey.kept)
        return Samples(
            x, y, class_names, (*images.notes, *bad, *notes, *survey.notes, *survey.describe_depth(self.depth))
        )


@dataclass(frozen=True)
class Folder(ImageFiles):
    """A folder of your own images.

    Subfolders that hold images, at any depth, are the classes; images without
    subfolders are one class.
    """

    def list_images(self) -> AbstractContextManager[Listing]:
        """List the images of the folder. Raises DataError if it is missing or cannot be read."""
        return nullcontext(list_folder(Path(self.path).expanduser()))

    def hash_files(self, images: ClassedFiles) -> str:
        """Return the SHA-256 of names and contents; reads every file."""
        return hash_each(images.files)


@dataclass(frozen=True)
class ArchivedImages(ImageFiles):
    """Images in an archive, read in memory and never unpacked."""

    def hash_files(self, images: ClassedFiles) -> str:
        """Return the SHA-256 of the archive, without expanding it, and of the names of the images."""
        names = sha256(b"\0".join(os.fsencode(file.name) for file in images.files)).hexdigest()
        with Path(self.path).expanduser().open("rb") as file:
            return f"{file_digest(file, 'sha256').hexdigest()} {names}"


@dataclass(frozen=True)
class Zip(ArchivedImages):
    """A zip archive of your own images, read in memory and never unpacked.

    Folders in the archive are classes as in `folder`. An archive with links, with
    encrypted entries, with names that point outside, or that expands too far, is
    refused.
    """

    def list_images(self) -> AbstractContextManager[Listing]:
        """List the images of the archive. Raises DataError if it is missing, damaged or harmful."""
        return open_archive(Path(self.path).expanduser())


@dataclass(frozen=True)
class Tar(ArchivedImages):
    """A tar archive of your own images, plain or compressed by gzip, bzip2 or xz.

    Folders in the archive are classes as in `folder`. A plain archive is read in
    memory and never unpacked; a compressed one is expanded once per run, to a
    temporary file. An archive with links or devices, with names that point outside,
    or that expands too far, is refused.
    """

    def list_images(self) -> AbstractContextManager[Listing]:
        """List the images of the archive. Raises DataError if it is missing, damaged or harmful."""
        return open_tar(Path(self.path).expanduser())
