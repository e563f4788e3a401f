"""Gradient normalization: logits are divided by the slope of D."""

from dataclasses import dataclass

import torch
from torch import Tensor, nn

import ganzoo

EPS = 1e-12  # no 0 / 0 where D is flat and says 0


class Normalized(nn.Module):
    """(samples (N, *shape), y (N,)) -> Verdict with logits f / (||grad f||_2 + |f|), in (-1, 1)."""

    def __init__(self, network: nn.Module) -> None:
        super().__init__()
        self.network = network

    def forward(self, x: Tensor, y: Tensor) -> ganzoo.Verdict:
        """x (N, *shape), y (N,) -> Verdict. Raises ConfigError for a D with several logits of each sample."""
        trains = torch.is_grad_enabled()
        with torch.enable_grad():
            x = x if x.requires_grad else x.detach().requires_grad_(True)
            verdict: ganzoo.Verdict = self.network(x, y)
            f = verdict.logits
            if f.ndim != 1:
                what = f"lipschitz 'gn' needs one logit of each sample, and D gives logits of shape {tuple(f.shape)}"
                raise ganzoo.ConfigError(what, hint="--lipschitz gp")
            (gradient,) = torch.autograd.grad(f.sum(), x, create_graph=trains)
        slope = gradient.float().flatten(1).norm(dim=1)
        verdict = verdict._replace(logits=f / (slope + f.abs() + EPS))
        return verdict if trains else verdict._make(None if part is None else part.detach() for part in verdict)


@dataclass(frozen=True)
class GradientNormalization(ganzoo.LipschitzEnforcer):
    """Divide each logit by itself and its slope. Wu et al. 2021, arXiv:2109.02235.

    D(x) -> D(x) / (||grad D(x)||_2 + |D(x)|). Where D is linear, the new slope is at most 1. Logits lie in (-1, 1).
    Each pass of D differentiates it once, and its training twice.
    """

    per_sample = True

    def constrain(self, discriminator: nn.Module) -> nn.Module:
        """Return D with normalized logits; its features stay as they are."""
        return Normalized(discriminator)
