"""Standard benchmarks, read by torchvision, and downloaded by it if asked to."""

from __future__ import annotations

import warnings
from abc import abstractmethod
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any, ClassVar, Literal, NamedTuple

import numpy as np
import torch
from torch import Tensor

from ganzoo.contracts import Dataset, Samples
from ganzoo.data.decoding import ImageSize, resize_images
from ganzoo.data.download import downloading
from ganzoo.errors import DataError
from ganzoo.files import cache_folder
from ganzoo.machine.limits import require_memory

DIGITS = tuple("0123456789")
OFFLINE = "--dataset digits (which needs no network), or --dataset folder:PATH"
DAMAGE = (RuntimeError, OSError, AssertionError, ValueError, TypeError, LookupError, EOFError)


class AbsentError(DataError):
    """The files are missing, or torchvision finds that their hashes are wrong."""


class Raw(NamedTuple):
    """A benchmark as published."""

    images: Tensor
    """uint8 (M, C, H, W)."""
    labels: Tensor
    """int64 (M,)."""
    class_names: tuple[str, ...]


@dataclass(frozen=True)
class Benchmark(Dataset):
    """A published dataset that torchvision knows, with the options that all of them have."""

    image_size: ImageSize = 32
    root: str = ""
    download: bool = False
    split: str = "train"

    name: ClassVar[str]
    source: ClassVar[str]
    """Address that it is downloaded from."""

    @abstractmethod
    def read(self, torchvision: Any, root: Path, *, download: bool) -> Raw:
        """Read the split with the module `torchvision.datasets`. Raises whatever torchvision raises."""

    def load(self) -> Samples:
        """Return uint8 (M, C, S, S). Raises DataError if it is absent, damaged, or cannot be downloaded."""
        images, labels, class_names = self.find(Path(self.root).expanduser() if self.root else default_root())
        count, channels, height, _ = images.shape
        require_memory(count, channels=channels, size=self.image_size)
        resized = f"resized from {height} to {self.image_size} pixels"
        notes = () if height == self.image_size else (resized,)
        return Samples(resize_images(images, self.image_size), labels, class_names, notes)

    def held_out(self) -> Dataset:
        """Return the test split; the training split if this is the test split."""
        return replace(self, split="train" if self.split == "test" else "test")

    def find(self, root: Path) -> Raw:
        """Read the files below root; if they are not there, download them or raise DataError."""
        torchvision = import_torchvision(self.name)
        try:
            with self.wording(root):
                raw = self.read(torchvision, root, download=False)
        except AbsentError:
            if not self.download:
                raise
            with self.wording(root), downloading(self.name, self.source, root, hint=OFFLINE):
                raw = self.read(torchvision, root, download=True)
        if len(raw.images) != len(raw.labels):
            raise self.damaged(root, f"{len(raw.images)} images, {len(raw.labels)} labels")
        return raw

    @contextmanager
    def wording(self, root: Path) -> Iterator[None]:
        """Turn an error of torchvision into a DataError with a hint."""
        try:
            yield
        except ImportError as error:
            raise unimportable(self.name, error) from error
        except DAMAGE as error:
            if "not found" not in str(error):
                raise self.damaged(root, str(error)) from error
            what = f"dataset {self.name} is not here, or not complete"
            hint = f"--download, or --data-root DIR (if you have it); {OFFLINE}"
            raise AbsentError(what, where=str(root), hint=hint) from error

    def damaged(self, root: Path, reason: str) -> DataError:
        """Return the error that says which files to replace."""
        what = f"dataset {self.name} is damaged: {reason[:80]}"
        return DataError(what, where=str(root), hint="--download (after deleting its files there)")


@dataclass(frozen=True)
class MNIST(Benchmark):
    """MNIST: 60,000 + 10,000 handwritten digits, 28x28 grey.

    LeCun, Bottou, Bengio and Haffner 1998, doi:10.1109/5.726791.

    `image_size`: height and width in pixels. `root`: folder that holds MNIST/raw; default the cache of
    ganzoo. `download`: fetch what is missing. `split`: "train" or "test".
    """

    split: Literal["train", "test"] = "train"

    default_features: ClassVar[str] = "digits-cnn"
    name: ClassVar[str] = "mnist"
    source: ClassVar[str] = "https://ossci-datasets.s3.amazonaws.com/mnist/"

    def read(self, torchvision: Any, root: Path, *, download: bool) -> Raw:
        """Read the idx files."""
        data = torchvision.MNIST(str(root), train=self.split == "train", download=download)
        return Raw(data.data.unsqueeze(1), data.targets, DIGITS)


@dataclass(frozen=True)
class FashionMNIST(Benchmark):
    """Fashion-MNIST: 60,000 + 10,000 pictures of clothes, 28x28 grey.

    Xiao, Rasul and Vollgraf 2017, arXiv:1708.07747.

    `image_size`: height and width in pixels. `root`: folder that holds FashionMNIST/raw; default the cache
    of ganzoo. `download`: fetch what is missing. `split`: "train" or "test".
    """

    split: Literal["train", "test"] = "train"

    name: ClassVar[str] = "fashion-mnist"
    source: ClassVar[str] = "http://fashion-mnist.s3-website.eu-central-1.amazonaws.com/"

    def read(self, torchvision: Any, root: Path, *, download: bool) -> Raw:
        """Read the idx files."""
        data = torchvision.FashionMNIST(str(root), train=self.split == "train", download=download)
        return Raw(data.data.unsqueeze(1), data.targets, tuple(data.classes))


@dataclass(frozen=True)
class CIFAR10(Benchmark):
    """CIFAR-10: 50,000 + 10,000 colour photographs, 32x32, 10 classes.

    Krizhevsky 2009, Learning Multiple Layers of Features from Tiny Images; labelled images out of Torralba,
    Fergus and Freeman 2008, doi:10.1109/TPAMI.2008.128.

    `image_size`: height and width in pixels. `root`: folder that holds cifar-10-batches-py; default the
    cache of ganzoo. `download`: fetch what is missing. `split`: "train" or "test".
    """

    split: Literal["train", "test"] = "train"

    name: ClassVar[str] = "cifar10"
    source: ClassVar[str] = "https://www.cs.toronto.edu/~kriz/"

    def read(self, torchvision: Any, root: Path, *, download: bool) -> Raw:
        """Read the batches, whose hashes torchvision checks before it unpickles them."""
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")  # the files were pickled by a NumPy of 2009
            data = self.archive(torchvision)(str(root), train=self.split == "train", download=download)
        images = torch.from_numpy(data.data).permute(0, 3, 1, 2)
        return Raw(images, torch.tensor(data.targets), tuple(data.classes))

    def archive(self, torchvision: Any) -> Any:
        """Return the class of torchvision that reads it."""
        return torchvision.CIFAR10


@dataclass(frozen=True)
class CIFAR100(CIFAR10):
    """CIFAR-100: 50,000 + 10,000 colour photographs, 32x32, 100 classes.

    Krizhevsky 2009, Learning Multiple Layers of Features from Tiny Images; labelled images out of Torralba,
    Fergus and Freeman 2008, doi:10.1109/TPAMI.2008.128.

    `image_size`: height and width in pixels. `root`: folder that holds cifar-100-python; default the cache
    of ganzoo. `download`: fetch what is missing. `split`: "train" or "test".
    """

    name: ClassVar[str] = "cifar100"

    def archive(self, torchvision: Any) -> Any:
        """Return the class of torchvision that reads it."""
        return torchvision.CIFAR100


@dataclass(frozen=True)
class SVHN(Benchmark):
    """Street View House Numbers: 73,257 + 26,032 cropped digits, 32x32 colour; reading it needs SciPy.

    Netzer, Wang, Coates, Bissacco, Wu and Ng 2011, Reading Digits in Natural Images with Unsupervised
    Feature Learning, http://ufldl.stanford.edu/housenumbers.

    `image_size`: height and width in pixels. `root`: folder that holds train_32x32.mat; default the cache
    of ganzoo. `download`: fetch what is missing. `split`: "train" or "test".
    """

    split: Literal["train", "test"] = "train"

    name: ClassVar[str] = "svhn"
    source: ClassVar[str] = "http://ufldl.stanford.edu/housenumbers/"

    def read(self, torchvision: Any, root: Path, *, download: bool) -> Raw:
        """Read the MATLAB file; the label 10 in it means 0."""
        data = torchvision.SVHN(str(root), split=self.split, download=download)
        return Raw(torch.from_numpy(data.data), torch.from_numpy(data.labels), DIGITS)


@dataclass(frozen=True)
class STL10(Benchmark):
    """STL-10: 5,000 + 8,000 labelled and 100,000 unlabelled colour photographs, 96x96, 10 classes.

    Coates, Ng and Lee 2011, An Analysis of Single-Layer Networks in Unsupervised Feature Learning,
    https://cs.stanford.edu/~acoates/stl10. GANs are mostly trained on "unlabeled" at 48x48, as by Miyato
    et al. 2018, arXiv:1802.05957.

    `image_size`: height and width in pixels. `root`: folder that holds stl10_binary; default the cache of
    ganzoo. `download`: fetch what is missing. `split`: "train", "test" or "unlabeled".
    """

    image_size: ImageSize = 64
    split: Literal["train", "test", "unlabeled"] = "train"

    name: ClassVar[str] = "stl10"
    source: ClassVar[str] = "http://ai.stanford.edu/~acoates/stl10/"
    classes: ClassVar = ("airplane", "bird", "car", "cat", "deer", "dog", "horse", "monkey", "ship", "truck")

    def read(self, torchvision: Any, root: Path, *, download: bool) -> Raw:
        """Read the binary files, whose labels start at 1 and whose pixels run down the columns."""
        data = torchvision.STL10(str(root), split=self.split, download=download)
        unlabelled = self.split == "unlabeled"
        labels = np.zeros(len(data.data)) if unlabelled else data.labels
        class_names = ("unlabelled",) if unlabelled else self.classes
        return Raw(torch.from_numpy(data.data), torch.from_numpy(labels.astype(np.int64)), class_names)


def default_root() -> Path:
    """Return the folder where downloaded datasets lie. Raises DataError if there is no home directory."""
    folder = cache_folder("data")
    if folder is None:
        raise DataError("there is no folder for datasets: there is no home directory", hint="--data-root DIR")
    return folder


def import_torchvision(name: str) -> Any:
    """Return torchvision.datasets: imported late, since it takes seconds and fails beside an unlike torch."""
    try:
        from torchvision import datasets
    except (ImportError, RuntimeError, OSError) as error:
        raise unimportable(name, error) from error
    return datasets


def unimportable(name: str, error: Exception) -> DataError:
    """Return the error that says which package to install."""
    package = (getattr(error, "name", None) or "torchvision").split(".")[0]
    what = f"dataset {name} needs {package}, which cannot be imported"
    hint = f"install the {package} that fits your torch; {OFFLINE}"
    return DataError(what, where=str(error)[:200], hint=hint)
