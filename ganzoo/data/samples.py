"""A dataset as it is handed on, in memory, memory-mapped or decoded when asked for; and what it holds, by hash."""

from __future__ import annotations

import hashlib
import math
from abc import ABC, abstractmethod
from collections.abc import Generator, Iterator, Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import ClassVar, NamedTuple

import torch
from torch import Tensor


@dataclass(frozen=True)
class DataSpec:
    """What the networks must know about a dataset."""

    shape: tuple[int, ...]
    """Of one sample: (C, H, W) for an image, (2,) for a point of the plane."""
    num_classes: int = 1


class LazyImages(ABC):
    """Images that do not fit in memory, decoded when they are asked for."""

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

        n is whatever is fast. When the generator is closed, nothing of it runs on. Raises as `__getitem__` does,
        and ResourceError if a process that decodes is killed.
        """


BLOCK = 2**24
"""Numbers that are held at once where all are read."""

Pixels = Tensor | LazyImages
"""Both have a shape, a length, a dtype, and give a tensor for a slice or a list of indices."""


class Digests(NamedTuple):
    """Content of a dataset, by sha256."""

    data: str
    """Of the bytes of x, then of y."""
    images: str
    """Of the shape of x as text, then of its bytes."""


@dataclass(frozen=True, eq=False)
class Samples:
    """A dataset."""

    x: Pixels
    """uint8 (M, C, H, W) in [0, 255]; or float32 (M, *shape) in [-1, 1] where samples are not images."""
    y: Tensor
    """int64 (M,) in [0, K)."""
    class_names: tuple[str, ...]
    """K names; one name if there are no labels."""
    notes: tuple[str, ...] = ()
    """What the user should know: images left out, converted or enlarged."""
    known: Digests | None = None
    """What `digests` would find, where the dataset has read everything already."""

    @property
    def spec(self) -> DataSpec:
        """Shape of one sample and number of classes."""
        return DataSpec(tuple(self.x.shape[1:]), len(self.class_names))

    def __len__(self) -> int:
        return len(self.x)

    @cached_property
    def digests(self) -> Digests:
        """The content, the same wherever x lies; read once, in blocks, unless it is known."""
        if self.known is not None:
            return self.known
        data, images = hashlib.sha256(), hashlib.sha256(repr(tuple(self.x.shape)).encode())
        length = max(1, BLOCK // max(1, math.prod(self.x.shape[1:])))
        for start in range(0, len(self.x), length):
            block = self.x[start : start + length].contiguous().cpu().numpy().data
            data.update(block)
            images.update(block)
        data.update(self.y.contiguous().cpu().numpy().data)
        return Digests(data.hexdigest(), images.hexdigest())
