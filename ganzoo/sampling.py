"""Images from a generator: batches, grids by class, interpolations. Nothing here touches the random state of a run."""

from __future__ import annotations

import torch
from torch import Tensor, nn

from ganzoo.images import to_uint8


def draw_latents(count: int, z_dim: int, seed: int) -> Tensor:
    """z ~ N(0, I) from its own generator, the same on every device: (count, Z)."""
    return torch.randn(count, z_dim, generator=torch.Generator().manual_seed(seed))


def spread_labels(count: int, num_classes: int) -> Tensor:
    """Labels 0, 1, ..., K - 1, 0, 1, ...: (count,)."""
    return torch.arange(count) % num_classes


@torch.no_grad()
def generate(network: nn.Module, z: Tensor, y: Tensor, *, batch: int = 64) -> Tensor:
    """z (N, Z), y (N,) -> samples (N, *shape), float32 on the CPU; the network is in eval mode meanwhile.

    Batches have one size whatever N is: the last is filled up, so that N does not change the arithmetic.
    """
    device = next(network.parameters()).device
    was_training = network.training
    network.eval()
    try:
        samples = [
            _generate_batch(network, z[i : i + batch].to(device), y[i : i + batch].to(device), batch)
            for i in range(0, len(z), batch)
        ]
    finally:
        network.train(was_training)
    return torch.cat(samples)


def _generate_batch(network: nn.Module, z: Tensor, y: Tensor, batch: int) -> Tensor:
    n, missing = len(z), batch - len(z)
    z, y = torch.cat([z, z.new_zeros(missing, z.shape[1])]), torch.cat([y, y.new_zeros(missing)])
    x: Tensor = network(z, y)
    return x[:n].float().cpu()


def interpolate_latents(rows: int, columns: int, z_dim: int, seed: int) -> Tensor:
    """Great-circle paths between pairs of latents, row by row: (rows * columns, Z).

    A straight line between two points of N(0, I) passes where hardly any latent lies; White 2016, arXiv:1609.04468.
    """
    start, end = draw_latents(2 * rows, z_dim, seed).chunk(2)  # (R, Z) each
    t = torch.linspace(0, 1, columns).reshape(1, -1, 1)  # (1, T, 1)
    angle = torch.nn.functional.cosine_similarity(start, end).clamp(-1, 1).acos().reshape(-1, 1, 1)
    path = ((1 - t) * angle).sin() * start[:, None] + (t * angle).sin() * end[:, None]  # (R, T, Z)
    return (path / angle.sin()).reshape(rows * columns, z_dim)


def sample_images(network: nn.Module, z: Tensor, y: Tensor) -> Tensor:
    """z (N, Z), y (N,) -> uint8 images (N, C, H, W). Raises ValueError where samples are no images."""
    samples = generate(network, z, y)
    if samples.ndim != 4:
        raise ValueError(f"samples of shape {tuple(samples.shape[1:])} are not images")
    return to_uint8(samples)
