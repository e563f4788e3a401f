"""Layers that never learn: their weights are buffers, which no optimiser, clipping or spectral norm touches."""

import torch
from torch import Tensor, nn
from torch.nn.functional import conv2d


class FrozenConv(nn.Module):
    """A convolution with stride 1: (N, A, H, W) -> (N, B, H', W')."""

    weight: Tensor
    bias: Tensor | None

    def __init__(self, weight: Tensor, bias: Tensor | None, padding: int) -> None:
        super().__init__()
        self.padding = padding
        self.register_buffer("weight", weight.detach().clone())
        self.register_buffer("bias", None if bias is None else bias.detach().clone())

    def forward(self, x: Tensor) -> Tensor:
        """x (N, A, H, W) -> (N, B, H', W')."""
        return conv2d(x, self.weight, self.bias, padding=self.padding)


class FrozenNorm(nn.Module):
    """A batch norm in eval mode, whatever the mode of the network: x -> gain x + bias for each channel."""

    gain: Tensor
    bias: Tensor

    def __init__(self, norm: nn.BatchNorm2d) -> None:
        super().__init__()
        assert norm.running_var is not None and norm.running_mean is not None
        gain = norm.weight.detach() / (norm.running_var + norm.eps).sqrt()
        self.register_buffer("gain", gain[:, None, None])
        self.register_buffer("bias", (norm.bias.detach() - norm.running_mean * gain)[:, None, None])

    def forward(self, x: Tensor) -> Tensor:
        """x (N, C, H, W) -> (N, C, H, W)."""
        return x * self.gain + self.bias


def freeze(layer: nn.Module) -> nn.Module:
    """Return a layer, or a sequence of layers, that computes what this one does in eval mode and never learns."""
    if isinstance(layer, nn.Sequential):
        return nn.Sequential(*map(freeze, layer))
    if isinstance(layer, nn.Conv2d):
        assert layer.stride == (1, 1) and isinstance(layer.padding, tuple)
        return FrozenConv(layer.weight, layer.bias, layer.padding[0])
    return FrozenNorm(layer) if isinstance(layer, nn.BatchNorm2d) else layer


def draw_conv(a: int, b: int, kernel: int) -> FrozenConv:
    """Return a convolution with random weights by He et al. 2015, arXiv:1502.01852, without bias."""
    weight = torch.empty(b, a, kernel, kernel)
    nn.init.kaiming_normal_(weight, nonlinearity="linear")
    return FrozenConv(weight, None, kernel // 2)
