"""A generator that takes labels as people give them: none where it knows no classes, numbers, or names."""

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

    A call raises ConfigError for a class that there is not, and for a generator of classes that is given none.
    """
    network.register_forward_pre_hook(ReadLabels(tuple(run.class_names), run.num_classes), with_kwargs=True)
    return network


@dataclass(frozen=True)
class ReadLabels:
    """Hook that turns the labels of a call into numbers (N,)."""

    names: tuple[str, ...]
    classes: int
    """Number of classes that the generator knows; 1 if it ignores labels."""

    def __call__(self, module: nn.Module, args: tuple[Any, ...], kwargs: Mapping[str, Any]) -> tuple[Any, Any]:
        """Return the arguments with labels as numbers."""
        z, y = (*args, *(kwargs[name] for name in ("z", "y") if name in kwargs), None)[:2]
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
        numbers = [0 if label is None else self._find(label) for label in many]
        return torch.tensor(numbers, dtype=torch.long, device=z.device)

    def _find(self, label: Any) -> int:
        found = look_up_class(label if isinstance(label, str) else int(label), self.names)
        if found is None or (self.classes == 1 and found):
            names = f" (one of {abridge(list(self.names), 12)})" if self.classes > 1 else ""
            what = f"class {label!r} is not in 0..{self.classes - 1}" + (", nor a name of one" if names else "")
            raise ConfigError(what, hint=f"y={self.names[0]!r}{names}" if names else "G(z) (it ignores labels)")
        return found
