"""The truncation trick in the space of styles. Karras et al. 2019, arXiv:1812.04948, Appendix B."""

from __future__ import annotations

import torch
from torch import Tensor, nn

from ganzoo_stylegan2.generator import Generator

LATENTS = 4096
"""Latents whose mean style is taken."""


class Truncated(nn.Module):
    """(z (N, Z), c (N, E)) -> images (N, C, H, W), from the style mean + psi (w - mean).

    The mean is over latents, for each label embedding by itself.
    """

    def __init__(self, generator: Generator, z_dim: int, psi: float) -> None:
        super().__init__()
        self.generator, self.psi = generator, psi
        self.latents = torch.randn(LATENTS, z_dim, generator=torch.Generator().manual_seed(0))
        self._means: dict[bytes, Tensor] = {}

    def forward(self, z: Tensor, c: Tensor) -> Tensor:
        """z (N, Z), c (N, E) -> (N, C, H, W)."""
        mean = torch.stack([self._mean(row) for row in c])[:, None]  # (N, 1, W)
        images: Tensor = self.generator.synthesis(mean + self.psi * (self.generator.styles(z, c) - mean))
        return images

    def _mean(self, c: Tensor) -> Tensor:
        """c (E,) -> mean style (W,)."""
        key = c.cpu().numpy().tobytes()
        if key not in self._means:
            rows = c.expand(LATENTS, -1)
            self._means[key] = self.generator.mapping(self.latents.to(c.device), rows).mean(dim=0)
        return self._means[key]
