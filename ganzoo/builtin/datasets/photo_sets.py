"""Sets of photographs as their authors publish them, read where they lie; none of them is downloaded."""

from __future__ import annotations

import re
from contextlib import AbstractContextManager, nullcontext
from dataclasses import dataclass
from pathlib import Path
from typing import ClassVar, Literal

from ganzoo.builtin.datasets.own_images import ImageFiles
from ganzoo.data.archive import open_archive
from ganzoo.data.celeba import find_faces, sort_faces
from ganzoo.data.classes import UNLABELLED, ClassedFiles, describe_split, sort_into_classes
from ganzoo.data.decoding import ImageSize
from ganzoo.data.folder import list_folder
from ganzoo.data.listing import Listing, abridge, hash_each, printable
from ganzoo.data.lsun import list_split, sort_scenes
from ganzoo.data.synsets import Tree, find_tree, sort_into_synsets
from ganzoo.data.tarball import open_tar
from ganzoo.errors import DataError
from ganzoo.settings.dataset_paths import name_reader

OPTIONS = """\
    `image_size`: height and width in pixels. `labels`: "auto", or "none" for one
    class. `split`: "train", "val" or "test"; what is read by itself is said above.
    Other options are those of `folder`: `mode`, `background`, `bad_images`, `cache`,
    `workers`, `fit` and `depth`.
    """


@dataclass(frozen=True)
class PhotoSet(ImageFiles):
    """A published set of photographs, with the options of a folder of them."""

    def __init_subclass__(cls) -> None:
        """Add the options, which are the same for all, to the docstring of a class."""
        if cls.__doc__:
            cls.__doc__ = f"{cls.__doc__.rstrip()}\n\n{OPTIONS}"

    @property
    def place(self) -> Path:
        """Path that the user named."""
        return Path(self.path).expanduser()

    def hash_files(self, images: ClassedFiles) -> str:
        """Return the SHA-256 of names and contents; reads every image."""
        return hash_each(images.files)


def open_tree(path: Path) -> AbstractContextManager[Listing]:
    """List the images of a folder, a zip or a tar. Raises DataError if it is missing, damaged or harmful."""
    openers = {"zip": open_archive, "tar": open_tar}
    reader = name_reader(path)
    return openers[reader](path) if reader in openers else nullcontext(list_folder(path))


@dataclass(frozen=True)
class CelebA(PhotoSet):
    """CelebA: 202,599 aligned faces, 178x218 in colour, with 40 attributes.

    Liu, Luo, Wang and Tang 2015, Deep Learning Face Attributes in the Wild,
    arXiv:1411.7766. Each image is read as the square of 178 pixels in its middle.

    `path`: folder with img_align_celeba, a folder or a zip, and list_attr_celeba
    and list_eval_partition, as .txt or .csv, beside it or in Anno and Eval. `labels`
    may be an attribute such as Smiling: class 0 has it, class 1, "not Smiling", lacks
    it. The split train (162,770 images) is read.
    """

    def list_images(self) -> AbstractContextManager[Listing]:
        """List the faces. Raises DataError if they are missing."""
        return open_tree(find_faces(self.place))

    def sort(self, listing: Listing) -> ClassedFiles:
        """Return the faces of a split with an attribute. Raises DataError if a table is missing."""
        return sort_faces(listing, self.place, self.split, self.labels)


@dataclass(frozen=True)
class LSUN(PhotoSet):
    """LSUN: millions of photographs of ten scenes and twenty objects, 256 pixels.

    Yu, Seff, Zhang, Song, Funkhouser and Xiao 2015, arXiv:1506.03365. It needs the
    package lmdb: pip install 'ganzoo-torch[lmdb]'.

    `path`: a database such as bedroom_train_lmdb, or a folder of several, of which
    each category is a class. The split train is read.
    """

    labels: Literal["auto", "none"] = "auto"

    def list_images(self) -> AbstractContextManager[Listing]:
        """List the images of the databases. Raises DataError if there is none, or one is damaged."""
        return nullcontext(list_split(self.place, self.split))

    def sort(self, listing: Listing) -> ClassedFiles:
        """Return the images with their categories. Raises DataError for test images, which have none."""
        return sort_scenes(listing, self.place, self.split, labelled=self.labels == "auto")


@dataclass(frozen=True)
class SynsetImages(PhotoSet):
    """A set whose classes are synsets of WordNet."""

    labels: Literal["auto", "none"] = "auto"

    name: ClassVar[str]

    @property
    def tree(self) -> Tree:
        """Folders of the splits. Raises DataError if there are none."""
        return find_tree(self.place, self.name)

    def list_images(self) -> AbstractContextManager[Listing]:
        """List the images of the split. Raises DataError if it is not there."""
        return nullcontext(list_folder(self.tree.folder(self.split)))

    def sort(self, listing: Listing) -> ClassedFiles:
        """Return the images with their synsets. Raises DataError if an image has none."""
        return sort_into_synsets(listing, self.tree, self.split, labelled=self.labels == "auto")


@dataclass(frozen=True)
class ImageNet(SynsetImages):
    """ImageNet: 1,281,167 + 50,000 photographs of 1,000 synsets (ILSVRC 2012).

    Russakovsky et al. 2015, arXiv:1409.0575. Classes have the order of their synsets,
    as in torchvision.

    `path`: folder with train/n01440764/*.JPEG and its like, and val sorted alike, or
    unsorted beside LOC_val_solution.csv as Kaggle has it. words.txt or
    LOC_synset_mapping.txt beside them names the classes. The split train is read.
    """

    image_size: ImageSize = 128

    name: ClassVar[str] = "imagenet"


@dataclass(frozen=True)
class TinyImageNet(SynsetImages):
    """Tiny ImageNet: 100,000 + 10,000 photographs of 200 synsets, 64x64.

    Le and Yang 2015, Tiny ImageNet Visual Recognition Challenge, the course CS231n of
    Stanford: http://cs231n.stanford.edu/tiny-imagenet-200.zip, to be unpacked.

    `path`: folder tiny-imagenet-200 with train/n01443537/images/*.JPEG and its like,
    val/images with val/val_annotations.txt, and words.txt. The split train is read.
    """

    name: ClassVar[str] = "tiny-imagenet"


@dataclass(frozen=True)
class AFHQ(PhotoSet):
    """AFHQ: 15,000 faces of cats, dogs and wild animals, 512x512, version 1 or 2.

    Choi, Uh, Yoo and Ha 2020, StarGAN v2, arXiv:1912.01865.

    `path`: the zip, or the unpacked folder, with train/cat/*.jpg and its like, and
    val (version 1) or test (version 2). The split train is read.
    """

    image_size: ImageSize = 256
    labels: Literal["auto", "none"] = "auto"

    classes: ClassVar = ("cat", "dog", "wild")

    def list_images(self) -> AbstractContextManager[Listing]:
        """List the images of the zip or the folder. Raises DataError if it is missing, damaged or harmful."""
        return open_tree(self.place)

    def sort(self, listing: Listing) -> ClassedFiles:
        """Return the images with their animals. Raises DataError if the folders are others."""
        images = sort_into_classes(listing, self.path, self.split, "folders")
        if others := sorted({*images.labels} - {*self.classes}):
            what = f"AFHQ has the folders cat, dog and wild; here are {abridge(others)}"
            raise DataError(what, where=printable(self.path), hint="--dataset folder:PATH, or --dataset zip:PATH")
        return images if self.labels == "auto" else images._replace(labels=[UNLABELLED] * len(images.files))


@dataclass(frozen=True)
class FFHQ(PhotoSet):
    """FFHQ: 70,000 faces, aligned, 1024x1024, or 128x128 as thumbnails; no labels.

    Karras, Laine and Aila 2019, arXiv:1812.04948.

    `path`: a zip or a folder with 00000/00000.png to 69000/69999.png, as
    images1024x1024 or thumbnails128x128, or as StyleGAN's tools pack them. All images
    are read; "train" is the first 60,000, "val" the last 10,000, as published.
    """

    image_size: ImageSize = 256
    labels: Literal["auto", "none"] = "auto"

    number: ClassVar = re.compile(r"(\d+)\.\w+$")
    count: ClassVar = 70_000
    first_held_out: ClassVar = 60_000

    def list_images(self) -> AbstractContextManager[Listing]:
        """List the images of the zip or the folder. Raises DataError if it is missing, damaged or harmful."""
        return open_tree(self.place)

    def sort(self, listing: Listing) -> ClassedFiles:
        """Return the images of a split by their numbers. Raises DataError for names that have none, or one twice."""
        numbers = [int(found[1]) if (found := self.number.search(file.name)) else self.count for file in listing.files]
        odd = [file.name for file, number in zip(listing.files, numbers, strict=True) if number >= self.count]
        if odd or not numbers or len({*numbers}) < len(numbers):
            several = "images of one number, as of several sizes; name the folder of one of them"
            what = f"no image of FFHQ: {abridge(odd)}" if odd else several if numbers else "no images found"
            raise DataError(what, where=printable(self.path), hint="--dataset ffhq:PATH, or --dataset folder:PATH")
        splits = {name: name for name in self._names(numbers)}
        chosen = "" if self.split == "auto" else self.split
        if chosen and chosen not in splits:
            what, hint = f"FFHQ has no split {chosen} here", "--set dataset.split=auto"
            raise DataError(what, where=printable(self.path), hint=hint)
        kept = [file for file, n in zip(listing.files, numbers, strict=True) if chosen in ("", self._split_of(n))]
        notes = [*listing.notes, *(describe_split(chosen, splits) if chosen else [])]
        return ClassedFiles(kept, [UNLABELLED] * len(kept), [], notes, splits if chosen else {}, chosen)

    def _split_of(self, number: int) -> str:
        return "train" if number < self.first_held_out else "val"

    def _names(self, numbers: list[int]) -> list[str]:
        return sorted({self._split_of(number) for number in numbers})
