"""A generator that takes labels as people give them: none where it knows no classes, numbers, names, or vectors."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import torch
from torch import Tensor, nn

from ganzoo.data.listing import abridge
from ganzoo.data.parts import look_up_class
from ganzoo.errors import ConfigError

if TYPE_CHECKING:
    from ganzoo.runs.run import Run


def take_names(network: nn.Module, run: Run) -> nn.Module:
    """Let G(z), G(z, y="bird") and G(z, y=[3, 5]) work too, beside G(z, y) with y (N,); return the network.

    A generator of label vectors takes y (N, A), or one vector for all. A call raises ConfigError for a class that there
    is not, and for a generator of labels that is given none.
    """
    shape = run.data.label_shape
    hook = ReadVectors(shape) if shape else ReadLabels(tuple(run.class_names), run.num_classes)
    network.register_forward_pre_hook(hook, with_kwargs=True)
    return network


def _read_arguments(args: tuple[Any, ...], kwargs: Mapping[str, Any]) -> tuple[Tensor, Any]:
    """Return z and y, or None for a y that is not given."""
    z, y = (*args, *(kwargs[name] for name in ("z", "y") if name in kwargs), None)[:2]
    return z, y


@dataclass(frozen=True)
class ReadVectors:
    """Hook that turns the labels of a call into vectors (N, ...)."""

    shape: tuple[int, ...]
    """Shape of one label."""

    def __call__(self, module: nn.Module, args: tuple[Any, ...], kwargs: Mapping[str, Any]) -> tuple[Any, Any]:
        """Return the arguments with labels as vectors of z's type."""
        z, y = _read_arguments(args, kwargs)
        given = None if y is None else torch.as_tensor(y, dtype=z.dtype, device=z.device)
        if given is None or tuple(given.shape) not in (self.shape, (len(z), *self.shape)):
            came = "none" if given is None else f"shape {tuple(given.shape)}"
            what = f"this generator takes label vectors of shape {(len(z), *self.shape)}, and is given {came}"
            raise ConfigError(what, hint=f"G(z, torch.zeros{(len(z), *self.shape)}), or one vector for all")
        return (z, given.expand(len(z), *self.shape)), {}


@dataclass(frozen=True)
class ReadLabels:
    """Hook that turns the labels of a call into numbers (N,)."""

    names: tuple[str, ...]
    classes: int
    """Number of classes that the generator knows; 1 if it ignores labels."""

    def __call__(self, module: nn.Module, args: tuple[Any, ...], kwargs: Mapping[str, Any]) -> tuple[Any, Any]:
        """Return the arguments with labels as numbers."""
        z, y = _read_arguments(args, kwargs)
        return (z, y if isinstance(y, Tensor) and y.ndim == 1 else self._read(z, y)), {}

    def _read(self, z: Tensor, y: Any) -> Tensor:
        """Return labels (N,) for z (N, Z)."""
        if y is None and self.classes > 1:
            hint = f"G(z, y={self.names[0]!r}), or G(z, y=[0, 1, ...])"
            raise ConfigError("this generator makes images of a class, which is to be named", hint=hint)
        many = y if isinstance(y, Sequence | Tensor) and not isinstance(y, str) and len(y) else [y] * len(z)
        if len(many) != len(z):
            what = f"{len(many)} labels for {len(z)} latents"
            raise ConfigError(what, hint="G(z, y=LABEL) (one for all), or as many labels as latents")
        return self.find([0 if label is None else label for label in many]).to(z.device)

    def find(self, labels: Sequence[Any]) -> Tensor:
        """Return the numbers (N,) of classes that are given by numbers or names. Raises ConfigError."""
        return torch.tensor([self._find(label) for label in labels], dtype=torch.long)

    def _find(self, label: Any) -> int:
        found = look_up_class(label if isinstance(label, str) else int(label), self.names)
        if found is None or (self.classes == 1 and found):
            names = f" (one of {abridge(list(self.names), 12)})" if self.classes > 1 else ""
            what = f"class {label!r} is not in 0..{self.classes - 1}" + (", nor a name of one" if names else "")
            raise ConfigError(what, hint=f"y={self.names[0]!r}{names}" if names else "G(z) (it ignores labels)")
        return found
