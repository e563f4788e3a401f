"""Fully connected networks with batch normalisation after each hidden layer, for the grid of settings."""

from __future__ import annotations

from dataclasses import dataclass

from torch import nn

from ganzoo import DataSpec, Model, hookimpl
from ganzoo.builtin.models.mlp import MLP
from ganzoo.layers import choose_norm


@dataclass(frozen=True)
class NormedMLP(MLP):
    """The networks of `mlp` with batch norm before each rectifier. Ioffe and Szegedy 2015, arXiv:1502.03167, Alg. 1."""

    norm_g: bool = False
    norm_d: bool = False

    def generator(self, data: DataSpec, embedding_dim: int) -> nn.Module:
        network = super().generator(data, embedding_dim)
        return normalise(network) if self.norm_g else network

    def discriminator(self, data: DataSpec, *, per_sample: bool) -> nn.Module:
        """Raise ConfigError for batch norm under a per-sample enforcer."""
        choose_norm("batch" if self.norm_d else "none", per_sample=per_sample, unasked="none")
        network = super().discriminator(data, per_sample=per_sample)
        return normalise(network) if self.norm_d else network


def normalise(network: nn.Module) -> nn.Module:
    """Insert batch norm between each hidden linear layer and its rectifier."""
    layers = list(network.body)
    after = [
        [layer] if not is_hidden(layer, layers) else [layer, nn.BatchNorm1d(layer.out_features)] for layer in layers
    ]
    network.body = nn.Sequential(*[layer for group in after for layer in group])
    return network


def is_hidden(layer: nn.Module, layers: list[nn.Module]) -> bool:
    """Return whether the layer is linear and not the output layer of G."""
    return isinstance(layer, nn.Linear) and layer is not layers[-2]


@hookimpl
def register_models() -> dict[str, type[Model]]:
    """Return the one model of this file."""
    return {"normed": NormedMLP}
