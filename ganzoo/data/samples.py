"""Samples of a dataset, in memory, memory-mapped or read on demand; their hash and their check."""

from __future__ import annotations

import hashlib
import math
from collections.abc import Sequence
from dataclasses import dataclass, replace
from functools import cached_property
from typing import NamedTuple

import torch
from torch import Tensor

from ganzoo.data.lazy import LazySamples as LazySamples
from ganzoo.errors import DataError, PluginError


@dataclass(frozen=True)
class DataSpec:
    """Facts about a dataset that the networks depend on."""

    shape: tuple[int, ...]
    """Shape of one sample: (C, H, W) for an image, (2,) for a point of the plane, (1, F, T) for a spectrogram."""
    num_classes: int = 1
    label_shape: tuple[int, ...] = ()
    """Shape of one label: () for the number of a class, (A,) for a vector of A numbers."""
    images: bool = None  # type: ignore[assignment]  # set below
    """True if samples are images, which a dataset holds as uint8; if not given, samples of rank 3 are."""

    def __post_init__(self) -> None:
        if self.images is None:
            object.__setattr__(self, "images", len(self.shape) == 3)  # type: ignore[unreachable]

    @property
    def label_length(self) -> int:
        """Number of classes K; or, of labels that are vectors, how many numbers A each has."""
        return math.prod(self.label_shape) if self.label_shape else self.num_classes

    def zero_labels(self, count: int, device: torch.device | None = None) -> Tensor:
        """Return labels (count, *label_shape) of zeros: of class 0, or vectors of zeros."""
        dtype = torch.float32 if self.label_shape else torch.int64
        return torch.zeros(count, *self.label_shape, dtype=dtype, device=device)


BLOCK = 2**24
"""Values per block when a whole dataset is hashed."""

Pixels = Tensor | LazySamples
"""Samples with a shape, a length and a dtype; a slice or a list of indices gives a tensor."""
UNLABELLED = "unlabelled"
"""Name of the class of samples without labels."""


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
    """Images, uint8 (M, C, H, W) in [0, 255]; or other samples, float32 (M, *shape) in [-1, 1]."""
    y: Tensor
    """Classes, int64 (M,) in [0, K); or vectors, float32 (M, A) or of any other shape (M, ...)."""
    class_names: tuple[str, ...] = (UNLABELLED,)
    """K names; one name if there are no classes."""
    notes: tuple[str, ...] = ()
    """Remarks for the user: images left out, converted or enlarged."""
    known: Digests | None = None
    """Hashes of the content, if they were computed while the dataset was read."""
    flip: bool = False
    """True if training shows each sample mirrored in every other epoch; x holds the samples as they are."""

    @property
    def spec(self) -> DataSpec:
        """Shape and kind of one sample and of its label, and number of classes."""
        is_image = self.x.dtype == torch.uint8
        return DataSpec(tuple(self.x.shape[1:]), len(self.class_names), tuple(self.y.shape[1:]), is_image)

    @property
    def has_vectors(self) -> bool:
        """Return whether labels are vectors, and no numbers of classes."""
        return self.y.ndim > 1

    @property
    def classes(self) -> Tensor | None:
        """Numbers of the classes, int64 (M,); None where there is one class, or where labels are vectors."""
        return self.y if len(self.class_names) > 1 and not self.has_vectors else None

    @property
    def class_counts(self) -> tuple[int, ...]:
        """Number of samples of each class, K numbers."""
        if self.has_vectors:
            return (len(self),)
        return tuple(torch.bincount(self.y.cpu(), minlength=len(self.class_names)).tolist())

    def __len__(self) -> int:
        return len(self.x)

    def numbered_as(self, names: Sequence[str]) -> Samples:
        """Return the samples with classes in the order of `names`, or in one class if `names` has only one.

        They are unchanged if their own names are others, or if labels are vectors.
        """
        if self.has_vectors:
            return self
        if len(names) == 1 < len(self.class_names):
            return replace(self, y=torch.zeros_like(self.y), class_names=tuple(names), known=None)
        if sorted(names) != sorted(self.class_names) or len({*names}) < len(names):
            return self
        number = {name: k for k, name in enumerate(names)}
        y = torch.tensor([number[name] for name in self.class_names])[self.y]
        return self if torch.equal(y, self.y) else replace(self, y=y, class_names=tuple(names), known=None)

    def without_labels(self) -> Samples:
        """Return the samples in one class, for networks that read no labels; their content stays what it is."""
        y = torch.zeros(len(self), dtype=torch.int64)
        return replace(self, y=y, class_names=(UNLABELLED,), known=self.digests)

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
        block = x[start : start + length]
        if isinstance(x, LazySamples) and x.dtype != torch.uint8 and not in_range(block):  # else the check saw all
            what = f"a sample from number {start} on is not float32 in [-1, 1]"
            raise DataError(what, hint="scale what is read: x / x.abs().max()")
        content.update(block)
    return content.finish(torch.empty(0) if y is None else y)


def _bytes(values: Tensor) -> memoryview:
    return values.contiguous().cpu().numpy().data


def check_samples(samples: Samples, dataset: str) -> None:
    """Raise PluginError if a dataset did not give what the contract promises: type, range, lengths, labels.

    Of samples that are read on demand, two are read; `Samples.digests` checks the range of all.
    """
    x, y, classes = samples.x, samples.y, samples.spec.num_classes
    there = x if isinstance(x, Tensor) else x[:2]
    promises = {
        "x is uint8, or float32 in [-1, 1]": x.dtype == there.dtype and (x.dtype == torch.uint8 or in_range(there)),
        "uint8 samples are images (M, C, H, W)": x.dtype != torch.uint8 or x.ndim == 4,
        "a sample has a shape, and at least one number": x.ndim > 1 and 0 not in x.shape[1:],
        "samples that are read have the shape that is told": tuple(there.shape[1:]) == tuple(x.shape[1:]),
        "x and y have the same length, not 0": 0 < len(x) == len(y),
        f"y is int64 in [0, {classes}), or float32 (M, A)": _are_labels(y, classes),
        "vectors y have one class name": not samples.has_vectors or classes == 1,
    }
    for promise, kept in promises.items():
        if not kept:
            raise PluginError(f"dataset {dataset!r} breaks its contract, by which {promise}", hint="ganzoo plugins")


def _are_labels(y: Tensor, classes: int) -> bool:
    if y.ndim > 1:
        return y.dtype == torch.float32 and y.numel() > 0 and bool(y.isfinite().all())
    return y.ndim == 1 and y.dtype == torch.int64 and bool(((y >= 0) & (y < classes)).all())


def in_range(x: Tensor) -> bool:
    """Return True if samples are float32 in [-1, 1]; nan is not."""
    return x.dtype == torch.float32 and bool((x.abs() <= 1).all())
