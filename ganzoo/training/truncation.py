"""Truncation: samples nearer to the mode of the generator, which look better and vary less."""

from __future__ import annotations

import torch
from torch import Tensor, nn

from ganzoo.contracts import Model, overrides
from ganzoo.training.gan import Generator


class TruncatedLatents(nn.Module):
    """A generator whose latents are drawn from the normal distribution truncated to |z| <= `limit`.

    Brock et al. 2019, arXiv:1809.11096, Sec. 3.1, draw again what lies outside; this maps each z by distribution
    functions, so that the distribution is the same, and latent i for any number of latents.
    """

    def __init__(self, network: nn.Module, limit: float) -> None:
        super().__init__()
        self.network, self.limit = network, limit

    def forward(self, z: Tensor, y: Tensor) -> Tensor:
        """z (N, Z), y (N,) -> (N, *shape)."""
        x: Tensor = self.network(truncate_normal(z, self.limit), y)
        return x


def truncate_normal(z: Tensor, limit: float) -> Tensor:
    """Normal z, of any shape -> z of the normal distribution truncated to [-limit, limit], in the same order."""
    outside = torch.special.ndtr(torch.tensor(-limit, dtype=torch.float64))
    wide = z.cpu().double()  # a GPU may have no float64, and each device would round in its own way
    shares = outside + torch.special.ndtr(wide) * (1 - 2 * outside)
    narrow: Tensor = torch.special.ndtri(shares).clamp(-limit, limit)
    return narrow.to(z)


def truncate(model: Model, network: nn.Module, psi: float) -> nn.Module:
    """Return G or G_ema truncated by `psi`, by the model's own method if it has one; 0 means not at all."""
    if not psi:
        return network
    assert isinstance(network, Generator)
    trunk = model.truncated(network.trunk, psi)
    return TruncatedLatents(network, psi) if trunk is None else Generator(trunk, network.embedding)


def truncation_words(model: Model, psi: float) -> str:
    """Return the words of the protocol: "none", "|z| <= 0.5", or "styles, psi 0.7" for the model's own method."""
    if not psi:
        return "none"
    return f"styles, psi {psi:g}" if overrides(model, "truncated", Model) else f"|z| <= {psi:g}"
