"""Images in the files that large sets are kept in: shards of WebDataset, LMDB databases, and parquet files."""

from __future__ import annotations

from contextlib import AbstractContextManager, nullcontext
from dataclasses import dataclass
from pathlib import Path

from ganzoo.builtin.datasets.own_images import ImageFiles
from ganzoo.data.classes import ClassedFiles
from ganzoo.data.listing import Listing, hash_each
from ganzoo.data.lmdb_files import list_databases
from ganzoo.data.parquet import list_rows
from ganzoo.data.shards import list_shards


@dataclass(frozen=True)
class PackedImages(ImageFiles):
    """Images in files of many samples."""

    def hash_files(self, images: ClassedFiles) -> str:
        """Return the SHA-256 of names and contents; reads every image."""
        return hash_each(images.files)


@dataclass(frozen=True)
class WebDataset(PackedImages):
    """Images in tar shards, as WebDataset writes them: 0001.png beside 0001.cls, or 0001.json with a "label".

    The path is a shard, a folder of shards, or a pattern with braces or stars, shards/train-{000..012}.tar. Shards
    are read in memory and never unpacked. https://github.com/webdataset/webdataset.
    """

    def list_images(self) -> AbstractContextManager[Listing]:
        """List the images of the shards. Raises DataError if one is missing or damaged."""
        return nullcontext(list_shards(self.path))


@dataclass(frozen=True)
class Lmdb(PackedImages):
    """Images in an LMDB database, whose values are encoded images, as LSUN is (Yu et al. 2015, arXiv:1506.03365).

    A folder of several databases has one class for each. Of images that are there in several sizes, under keys such
    as 256-00001, the largest are read. It needs the package lmdb: pip install 'ganzoo-torch[lmdb]'.
    """

    def list_images(self) -> AbstractContextManager[Listing]:
        """List the images of the databases. Raises DataError if there is none, or one is damaged."""
        return nullcontext(list_databases(Path(self.path).expanduser()))


@dataclass(frozen=True)
class HuggingFace(PackedImages):
    """Images in parquet files, as Hugging Face's datasets writes them; read offline.

    The path is a file, or a folder with train-00000-of-00002.parquet and its like at any depth. Classes are those of
    the column of type ClassLabel, else of a column label; `labels` = "fine_label.json" chooses the column fine_label
    of several. It needs the package pyarrow: pip install 'ganzoo-torch[parquet]'.
    https://huggingface.co/docs/datasets/image_dataset.
    """

    def list_images(self) -> AbstractContextManager[Listing]:
        """List the images of the files. Raises DataError if there is none, or one is damaged."""
        return nullcontext(list_rows(Path(self.path).expanduser()))
