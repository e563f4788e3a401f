"""Path length regularisation: E (||J_w^T y||_2 - a)^2. Karras et al. 2020, arXiv:1912.04958, Sec. 3.2, Eq. 4."""

from __future__ import annotations

import math
from typing import Any

import torch
from torch import Tensor, nn

_DECAY = 0.99
"""Decay of the moving average a; arXiv:1912.04958, Appendix B."""


def path_lengths(images: Tensor, w: Tensor, y: Tensor) -> Tensor:
    """Return ||J^T y||_2 of each sample: images (N, C, H, W), a function of w (N, L, W), and y like images -> (N,).

    Squares are summed over W and averaged over the L layers that take a w. Differentiable.
    """
    (gradient,) = torch.autograd.grad((images * y).sum(), w, create_graph=True)  # J^T y, (N, L, W)
    norm: Tensor = gradient.flatten(1).norm(dim=1)  # its slope is 0, not nan, where tanh is flat
    return norm / math.sqrt(w.shape[1])


def image_noise(images: Tensor) -> Tensor:
    """Draw y ~ N(0, 1 / (H W)), like images (N, C, H, W), so that lengths do not grow with the size of images."""
    height, width = images.shape[2:]
    return torch.randn_like(images) / math.sqrt(height * width)


class PathLength(nn.Module):
    """State of the regulariser: the moving average a, and the number of calls."""

    average: Tensor
    calls: Tensor

    def __init__(self) -> None:
        super().__init__()
        self.register_buffer("average", torch.zeros(()))
        self.register_buffer("calls", torch.zeros((), dtype=torch.int64))
        self._counted: int | None = None
        """The number of calls on the host; None until it is read from the buffer."""

    def is_due(self, every: int) -> bool:
        """Count a call; return whether it is the last of `every`. Lazy regularisation: arXiv:1912.04958, Sec. 3.1."""
        if every == 1:
            return True
        if self._counted is None:
            self._counted = int(self.calls)  # waits for the device, once
        self._counted += 1
        self.calls += 1
        return self._counted % every == 0

    def _load_from_state_dict(self, *args: Any) -> None:
        super()._load_from_state_dict(*args)
        self._counted = None

    def penalty(self, lengths: Tensor) -> Tensor:
        """Move a towards the mean of lengths (N,), then return the mean of (length - a)^2: a scalar."""
        self.average.lerp_(lengths.detach().mean(), 1 - _DECAY)
        return (lengths - self.average.clone()).square().mean()
