"""The classes of generated images, as the reference numbers them."""

from __future__ import annotations

from collections.abc import Sequence

import torch
from torch import Tensor


def match_labels(y: Tensor | None, names: Sequence[str], classes: Sequence[str]) -> Tensor | None:
    """Labels y (N,) of the classes `names` -> labels of the reference's `classes`; None unless all of them are there.

    A name is that of a class, or that of its folder as `ganzoo sample --folder` writes it: "003-cat".
    """
    if y is None or len(classes) < 2:
        return None
    numbers = {name: k for k, name in reversed(list(enumerate(classes)))}
    numbers = {name_folder(k, name): k for k, name in enumerate(classes)} | numbers
    if not all(name in numbers for name in names):
        return None
    return torch.tensor([numbers[name] for name in names], dtype=torch.int64)[y.cpu()]


def name_folder(k: int, name: str) -> str:
    """Return the name of the folder for generated images of class k: letters, digits, dot, dash and underscore stay."""
    safe = "".join(c if c.isalnum() or c in "._-" else "_" for c in name)[:50]
    return f"{k:03d}-{safe}"
