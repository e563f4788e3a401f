"""The small classifier behind `digits-cnn` and `photos-cnn`."""

from __future__ import annotations

from typing import NamedTuple

from torch import Tensor, nn


class Output(NamedTuple):
    """Features and logits of N images."""

    features: Tensor
    """(N, F), the input of the last layer."""
    logits: Tensor
    """(N, K)."""


class ConvNet(nn.Module):
    """A convolutional classifier of 32x32 images, 15 to 0.8 million weights: seconds per 1,000 images on a CPU.

    A 2x2 convolution meant to whiten its input, three stages of two 3x3 convolutions, a maximum over the
    last 3x3 map: the plan of Jordan 2024 (arXiv:2404.00498, section 3), narrower.

    `channels`: of the images. `widths`: channels of the three stages; the last is F. `classes`: K.
    """

    def __init__(self, channels: int, widths: tuple[int, ...], classes: int = 10) -> None:
        super().__init__()
        patch = 4 * channels
        self.whiten = nn.Conv2d(channels, 2 * patch, 2)  # 32 -> 31; each direction and its opposite
        inputs = (2 * patch, *widths[:-1])
        self.stages = nn.Sequential(*[Stage(i, o) for i, o in zip(inputs, widths, strict=True)])  # 31 -> 15, 7, 3
        self.pool = nn.Sequential(nn.MaxPool2d(3), nn.Flatten())
        self.head = nn.Linear(widths[-1], classes, bias=False)

    def forward(self, x: Tensor) -> Output:
        """float (N, C, 32, 32) in [-1, 1] -> features (N, F) and logits (N, K)."""
        features = self.pool(self.stages(self.whiten(x).relu()))
        return Output(features, self.head(features) / features.shape[1] ** 0.5)


class Stage(nn.Sequential):
    """(N, I, S, S) -> (N, O, S // 2, S // 2)."""

    def __init__(self, inputs: int, outputs: int) -> None:
        super().__init__(
            nn.Conv2d(inputs, outputs, 3, padding=1, bias=False),
            nn.MaxPool2d(2),
            nn.BatchNorm2d(outputs),
            nn.GELU(approximate="tanh"),
            nn.Conv2d(outputs, outputs, 3, padding=1, bias=False),
            nn.BatchNorm2d(outputs),
            nn.GELU(approximate="tanh"),
        )
