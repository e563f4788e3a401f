"""The discriminator of Projected GAN. Sauer et al. 2021, arXiv:2111.01007, Sec. 3.

Shape letters: N batch, C channels, H, W height and width, S scales, M channels of a mixed map, P logits, F features.
"""

from collections.abc import Sequence

import torch
from torch import Tensor, nn
from torch.nn.functional import interpolate

import ganzoo
from ganzoo_projected.frozen import draw_conv, freeze

SIDE = 32
"""Side in pixels of the images that the classifier was trained on: smaller ones are enlarged to it."""
COLOURS = 3


class FeatureNetwork(nn.Module):
    """Images (N, 3, H, W) in [-1, 1] -> S maps, from fine to coarse, of the frozen classifier `photos-cnn`."""

    def __init__(self) -> None:
        super().__init__()
        network = ganzoo.load_zoo(disabled=["all"]).entry("features", "photos-cnn").component().build()
        first = nn.Sequential(freeze(network.whiten), nn.ReLU())
        self.stages = nn.ModuleList([first, *(freeze(stage) for stage in network.stages)])
        self.channels = [network.whiten.out_channels, *(stage[0].out_channels for stage in network.stages)]

    def forward(self, x: Tensor) -> list[Tensor]:
        """x (N, 3, H, W) -> S maps: of 31, 15, 7 and 3 pixels for images of 32."""
        if (smallest := min(x.shape[2:])) < SIDE:
            x = interpolate(x, scale_factor=SIDE / smallest, mode="bilinear", align_corners=False)
        maps = []
        for stage in self.stages:
            x = stage(x)
            maps.append(x)
        return maps


class RandomMixing(nn.Module):
    """S maps -> S mixed maps of M channels, by random convolutions that never learn. Sec. 3.2.

    Channels are mixed by 1 x 1 convolutions. Scales are mixed by 3 x 3 convolutions, from coarse to fine: each map is
    added to the enlarged coarser one.
    """

    def __init__(self, channels: Sequence[int], mixed: int) -> None:
        super().__init__()
        self.across_channels = nn.ModuleList(draw_conv(a, mixed, 1) for a in channels)
        self.across_scales = nn.ModuleList(draw_conv(mixed, mixed, 3) for _ in channels)

    def forward(self, maps: Sequence[Tensor]) -> list[Tensor]:
        """S maps (N, C, H, W), from fine to coarse -> as many (N, M, H, W)."""
        mixed: list[Tensor] = []
        for x, channels, scales in zip(
            reversed(maps), reversed(self.across_channels), reversed(self.across_scales), strict=True
        ):
            h = channels(x)
            if mixed:
                h = h + interpolate(mixed[0], h.shape[2:], mode="bilinear", align_corners=False)
            mixed.insert(0, scales(h))
        return mixed


def judge(mixed: int, halvings: int, width: int) -> nn.Sequential:
    """Return the D of one scale: maps (N, M, H, W) -> (N, F, h, w), with F = `width`, halved `halvings` times.

    It is strided 4 x 4 convolutions, one of 3 x 3, and one of 1 x 1, which with the head's linear layer gives logits.
    """
    layers: list[nn.Module] = []
    for i in range(halvings):
        layers += [nn.Conv2d(mixed if i == 0 else width, width, 4, 2, 1), ganzoo.Rectifier(0.2)]
    layers += [nn.Conv2d(width if halvings else mixed, width, 3, padding=1), ganzoo.Rectifier(0.2)]
    return nn.Sequential(*layers, nn.Conv2d(width, width, 1))


class Discriminator(nn.Module):
    """Images (N, C, H, W) -> features (N, P, F) of all places of all scales."""

    def __init__(self, channels: int, mixed: int, width: int) -> None:
        super().__init__()
        reads = channels in (1, COLOURS)
        self.to_colours = nn.Identity() if reads else nn.Conv2d(channels, COLOURS, 1)
        self.features = FeatureNetwork()
        self.mixing = RandomMixing(self.features.channels, mixed)
        scales = len(self.features.channels)
        self.judges = nn.ModuleList(judge(mixed, scales - 1 - i, width) for i in range(scales))
        self.feature_dim = width
        initialise(self)

    def forward(self, x: Tensor) -> Tensor:
        """x (N, C, H, W) -> (N, P, F)."""
        x = self.to_colours(x)
        maps = self.mixing(self.features(x.expand(-1, COLOURS, -1, -1)))
        return torch.cat([each(m).flatten(2).transpose(1, 2) for each, m in zip(self.judges, maps, strict=True)], dim=1)


def initialise(network: nn.Module) -> None:
    """Draw weights by He et al. 2015, arXiv:1502.01852, Eq. 15; biases 0."""
    for layer in network.modules():
        if isinstance(layer, nn.Conv2d):
            nn.init.kaiming_normal_(layer.weight, a=0.2)  # slope of the rectifiers below 0
            if layer.bias is not None:
                nn.init.zeros_(layer.bias)
