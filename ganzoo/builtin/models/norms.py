"""Normalisation layers, and which of them a per-sample discriminator may have."""

from __future__ import annotations

from typing import Literal

import torch
from torch import Tensor, nn

from ganzoo.errors import ConfigError

Norm = Literal["batch", "layer", "none"]


def choose_norm(asked: str, *, per_sample: bool, unasked: Norm) -> Norm:
    """Return D's norm; "auto" means `unasked`, or none where that would mix samples.

    Raises ConfigError if batch norm was asked for by name under a per-sample enforcer.
    """
    if asked == "batch" and per_sample:
        raise ConfigError(
            "batch norm in D makes each logit depend on the whole batch, so a per-sample enforcer "
            "(gp, lp, dragan, r1, r1r2, sn) bounds nothing; arXiv:1704.00028, Sec. 4",
            where="model.norm_d = batch",
            hint="--set model.norm_d=none, or --lipschitz clip",
        )
    if asked == "auto":
        return "none" if per_sample else unasked
    return asked  # type: ignore[return-value]


def norm_layer(norm: Norm, channels: int) -> nn.Module:
    """Return a normalisation of (N, C, H, W); "layer" is over C, H and W of each sample."""
    if norm == "batch":
        return nn.BatchNorm2d(channels)
    return nn.GroupNorm(1, channels) if norm == "layer" else nn.Identity()


class ConditionalBatchNorm(nn.Module):
    """Batch norm whose gain and bias come from the embedding c. de Vries et al. 2017, arXiv:1707.00683, Eq. 3.

    With E = 0 the gain and the bias are plain parameters, as in ordinary batch norm.
    """

    def __init__(self, channels: int, embedding_dim: int) -> None:
        super().__init__()
        self.norm = nn.BatchNorm2d(channels, affine=False)
        self.gain, self.bias = nn.Parameter(torch.ones(channels)), nn.Parameter(torch.zeros(channels))
        self.modulate = nn.Linear(embedding_dim, 2 * channels, bias=False) if embedding_dim else None

    def forward(self, x: Tensor, c: Tensor) -> Tensor:
        """x (N, C, H, W), c (N, E) -> (N, C, H, W)."""
        gain, bias = self.gain, self.bias
        if self.modulate is not None:
            d_gain, d_bias = self.modulate(c).chunk(2, dim=1)  # (N, C) each
            gain, bias = gain + d_gain, bias + d_bias
        x = self.norm(x)
        return x * gain.reshape(-1, x.shape[1], 1, 1) + bias.reshape(-1, x.shape[1], 1, 1)
