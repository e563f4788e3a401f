"""Pairs of networks of a model under test: for the shapes that it takes, with and without labels."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from itertools import chain
from typing import NamedTuple

import torch
from torch import Tensor, nn

from ganzoo.contracts import DataSpec, Model
from ganzoo.errors import ConfigError
from ganzoo.testing import datasets
from ganzoo.testing.expectations import ConformanceError, expect
from ganzoo.testing.subjects import Subject

SHAPES = ((1, 8, 8), (1, 16, 16), (3, 32, 32), (3, 64, 64), (1, 24, 40), (2,))
"""Shapes that are tried on every model."""
LARGER = ((3, 128, 128), (3, 256, 256), (3, 512, 512))
"""Shapes that are tried on a model that takes none of the others."""
CLASSES = 3


class Pair(NamedTuple):
    """Both trunks for one shape, and the length of the label embedding that G takes."""

    model: Model
    data: DataSpec
    embedding_dim: int
    generator: nn.Module
    discriminator: nn.Module

    def inputs(self, n: int, seed: int = 0) -> tuple[Tensor, Tensor]:
        """Return z (n, Z) and c (n, E), the same every time."""
        generator = torch.Generator().manual_seed(seed)
        z = torch.randn(n, self.model.z_dim, generator=generator)
        return z, torch.randn(n, self.embedding_dim, generator=generator)

    def samples(self, n: int) -> Tensor:
        """Return samples (n, *shape) in [-1, 1], the same every time."""
        return torch.rand(n, *self.data.shape, generator=torch.Generator().manual_seed(2)) * 2 - 1


def list_own_shapes(subject: Subject) -> Iterator[tuple[int, ...]]:
    """Yield the shapes of the datasets of the same package, each loaded when it is asked for."""
    for each in subject.beside:
        shape = datasets.find_shape(each) if each.kind == "dataset" else None
        if shape is not None:
            yield shape


def smallest_shape(subject: Subject) -> tuple[int, ...]:
    """Return the first shape that the model takes. Raises ConformanceError if it takes none."""
    model: Model = subject.make()
    shapes = []
    for shape in chain(SHAPES, list_own_shapes(subject), LARGER):
        shapes.append(shape)
        try:
            model.generator(DataSpec(shape, CLASSES), 0)
        except ConfigError:
            continue
        return shape
    hint = "take one of them, or register a dataset of the shape that it takes in the same package"
    tried = ", ".join(map(str, shapes))
    raise ConformanceError(f"a model of one of the shapes {tried}", came="ConfigError for all", hint=hint)


def build_pair(subject: Subject, embedding_dim: int = 0, shape: tuple[int, ...] = ()) -> Pair:
    """Return a pair, in which D has no batch statistics unless the model refuses that."""
    model: Model = subject.make()
    data = DataSpec(shape or smallest_shape(subject), CLASSES)
    try:
        discriminator = model.discriminator(data, per_sample=True)
    except ConfigError:
        discriminator = model.discriminator(data, per_sample=False)
    return Pair(model, data, embedding_dim, model.generator(data, embedding_dim), discriminator)


def generates(model: Model, shape: tuple[int, ...]) -> bool:
    """Return whether the model takes a shape. Raises ConformanceError for any error but a ConfigError."""
    return _is_built(f"generator of {shape}", lambda: model.generator(DataSpec(shape, CLASSES), 0))


def discriminates(model: Model, shape: tuple[int, ...]) -> bool:
    """Return whether its discriminator takes a shape. Raises ConformanceError for any error but a ConfigError."""
    return _is_built(
        f"discriminator of {shape}", lambda: model.discriminator(DataSpec(shape, CLASSES), per_sample=False)
    )


def _is_built(what: str, build: Callable[[], nn.Module]) -> bool:
    """Return whether a network is built; False for a ConfigError. Raises ConformanceError for any other error."""
    try:
        build()
    except ConfigError as error:
        expect(error.what != "", f"words in the refusal of a {what}", came="none", hint="ConfigError(what, hint=...)")
        return False
    except Exception as error:
        came, hint = f"{type(error).__name__}: {error}", "raise ganzoo.ConfigError for shapes that cannot be made"
        raise ConformanceError(f"a {what}, or a ConfigError", came=came, hint=hint) from error
    return True


def pairs(subject: Subject) -> Iterator[Pair]:
    """Yield a pair for each shape that is taken, without labels and with an embedding of 3 numbers."""
    model: Model = subject.make()
    shapes: list[tuple[int, ...]] = [shape for shape in SHAPES if generates(model, shape)]
    for shape in shapes or [smallest_shape(subject)]:
        yield from (build_pair(subject, embedding_dim, shape) for embedding_dim in (0, 3))


def disturb(network: nn.Module) -> None:
    """Move weights off their initial values: weights that begin at 0 hide what they multiply."""
    torch.manual_seed(4)
    with torch.no_grad():
        for weight in network.parameters():
            weight.add_(torch.randn_like(weight), alpha=0.05)


def enlarge(network: nn.Module) -> None:
    """Make weights large, as in late training: what is only small at the start shows."""
    disturb(network)
    with torch.no_grad():
        for weight in network.parameters():
            weight.mul_(4.0)
