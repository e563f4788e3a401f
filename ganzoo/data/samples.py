"""Samples of a dataset, in memory, memory-mapped or decoded on demand; their hash and their check."""

from __future__ import annotations

import hashlib
import math
from abc import ABC, abstractmethod
from collections.abc import Generator, Iterator, Sequence
from dataclasses import dataclass, replace
from functools import cached_property
from typing import ClassVar, NamedTuple

import torch
from torch import Tensor

from ganzoo.errors import PluginError


@dataclass(frozen=True)
class DataSpec:
    """Facts about a dataset that the networks depend on."""

    shape: tuple[int, ...]
    """Shape of one sample: (C, H, W) for an image, (2,) for a point of the plane."""
    num_classes: int = 1


class LazyImages(ABC):
    """Images that do not fit in memory, decoded on demand."""

    dtype: ClassVar[torch.dtype] = torch.uint8
    ndim: ClassVar[int] = 4

    @property
    @abstractmethod
    def shape(self) -> tuple[int, ...]:
        """(M, C, H, W)."""

    def __len__(self) -> int:
        return self.shape[0]

    @abstractmethod
    def __getitem__(self, index: slice | Sequence[int] | Tensor) -> Tensor:
        """Return uint8 (n, C, H, W). Raises DataError for an image that cannot be read any more."""

    @abstractmethod
    def stream(self, indices: Iterator[int]) -> Generator[Tensor]:
        """Yield the images of endless indices in their order, uint8 (n, C, H, W), decoded ahead off the main thread.

        n may be any number. Closing the generator ends all that it started. Raises DataError as `__getitem__`
        does, and ResourceError if a process that decodes is killed.
        """


BLOCK = 2**24
"""Values per block when a whole dataset is hashed."""

Pixels = Tensor | LazyImages
"""Samples with a shape, a length and a dtype; a slice or a list of indices gives a tensor."""


class Digests(NamedTuple):
    """SHA-256 of the content of a dataset."""

    data: str
    """Hash of the bytes of x, then of y."""
    images: str
    """Hash of the shape of x as text, then of its bytes."""


@dataclass(frozen=True, eq=False)
class Samples:
    """The samples of a dataset, with their labels."""

    x: Pixels
    """uint8 (M, C, H, W) in [0, 255]; or float32 (M, *shape) in [-1, 1] where samples are not images."""
    y: Tensor
    """int64 (M,) in [0, K)."""
    class_names: tuple[str, ...]
    """K names; one name if there are no labels."""
    notes: tuple[str, ...] = ()
    """Remarks for the user: images left out, converted or enlarged."""
    known: Digests | None = None
    """Hashes of the content, if they were computed while the dataset was read."""
    flip: bool = False
    """True if training shows each image mirrored in every other epoch; x holds the images as they are."""

    @property
    def spec(self) -> DataSpec:
        """Shape of one sample and number of classes."""
        return DataSpec(tuple(self.x.shape[1:]), len(self.class_names))

    @property
    def class_counts(self) -> tuple[int, ...]:
        """Number of samples of each class, K numbers."""
        return tuple(torch.bincount(self.y.cpu(), minlength=len(self.class_names)).tolist())

    def __len__(self) -> int:
        return len(self.x)

    def numbered_as(self, names: Sequence[str]) -> Samples:
        """Return the samples with classes in the order of `names`, or in one class if `names` has only one.

        They are unchanged if their own names are others.
        """
        if len(names) == 1 < len(self.class_names):
            return replace(self, y=torch.zeros_like(self.y), class_names=tuple(names), known=None)
        if sorted(names) != sorted(self.class_names) or len({*names}) < len(names):
            return self
        number = {name: k for k, name in enumerate(names)}
        y = torch.tensor([number[name] for name in self.class_names])[self.y]
        return self if torch.equal(y, self.y) else replace(self, y=y, class_names=tuple(names), known=None)

    @cached_property
    def digests(self) -> Digests:
        """Hashes of the content, the same on every device; computed once, unless they are known."""
        return hash_samples(self.x, self.y) if self.known is None else self.known


class ContentHash:
    """SHA-256 of samples that come block by block."""

    def __init__(self, shape: Sequence[int]) -> None:
        """Begin a hash of samples of this shape (M, *shape)."""
        self._data, self._images = hashlib.sha256(), hashlib.sha256(repr(tuple(shape)).encode())

    def update(self, block: Tensor) -> None:
        """Add the next samples (n, *shape)."""
        content = _bytes(block)
        self._data.update(content)
        self._images.update(content)

    def finish(self, y: Tensor) -> Digests:
        """Add the labels (M,) and return the hashes."""
        self._data.update(_bytes(y))
        return Digests(self._data.hexdigest(), self._images.hexdigest())


def hash_samples(x: Pixels, y: Tensor | None = None) -> Digests:
    """Hash samples (M, *shape), and their labels (M,) where there are some, in blocks that fit in memory."""
    content = ContentHash(x.shape)
    length = max(1, BLOCK // max(1, math.prod(x.shape[1:])))
    for start in range(0, len(x), length):
        content.update(x[start : start + length])
    return content.finish(torch.empty(0) if y is None else y)


def _bytes(values: Tensor) -> memoryview:
    return values.contiguous().cpu().numpy().data


def check_samples(samples: Samples, dataset: str) -> None:
    """Raise PluginError if a dataset did not give what the contract promises: type, range, lengths, labels."""
    x, y, classes = samples.x, samples.y, samples.spec.num_classes
    numbers = x.dtype == torch.uint8 or (isinstance(x, Tensor) and in_range(x))
    promises = {
        "x is uint8, or float32 in [-1, 1]": numbers,
        "images (M, C, H, W) are uint8 from 0 to 255": x.dtype == torch.uint8 or len(samples.spec.shape) != 3,
        "x and y have the same length, not 0": 0 < len(x) == len(y),
        f"y is int64 in [0, {classes})": y.dtype == torch.int64 and bool(((y >= 0) & (y < classes)).all()),
    }
    for promise, kept in promises.items():
        if not kept:
            raise PluginError(f"dataset {dataset!r} breaks its contract, by which {promise}", hint="ganzoo plugins")


def in_range(x: Tensor) -> bool:
    """Return True if samples are float32 in [-1, 1]; nan is not."""
    return x.dtype == torch.float32 and bool((x.abs() <= 1).all())
