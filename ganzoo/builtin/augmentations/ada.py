"""Augmentations with a probability that follows how sure D is of real images. Karras et al. 2020, arXiv:2006.06676."""

from __future__ import annotations

from dataclasses import dataclass
from functools import reduce
from math import log, pi, sqrt
from typing import Annotated, Literal

import torch
from annotated_types import Gt, Le, Lt
from torch import Tensor, nn

from ganzoo.builtin.augmentations.pixels import check_images, resample
from ganzoo.contracts import Augmentation, DataSpec
from ganzoo.errors import ConfigError
from ganzoo.settings.options import PositiveInt

Parts = Literal["b", "g", "c", "bg", "bc", "gc", "bgc"]


def scaling(x: Tensor, y: Tensor) -> Tensor:
    """Return matrices that scale: factors x, y (N,) -> homogeneous (N, 3, 3)."""
    return torch.diag_embed(torch.stack([x, y, torch.ones_like(x)], dim=1))


def rotation(angle: Tensor) -> Tensor:
    """Return matrices that take (1, 0) to (cos, sin): angles (N,) in radians -> homogeneous (N, 3, 3)."""
    cos, sin = angle.cos(), angle.sin()
    matrix = scaling(cos, cos)
    matrix[:, 0, 1], matrix[:, 1, 0] = -sin, sin
    return matrix


def translation(x: Tensor, y: Tensor) -> Tensor:
    """Return matrices that translate: pixels x, y (N,) -> homogeneous (N, 3, 3)."""
    matrix = scaling(torch.ones_like(x), torch.ones_like(x))
    matrix[:, 0, 2], matrix[:, 1, 2] = x, y
    return matrix


def product(a: Tensor, b: Tensor) -> Tensor:
    """Return the products a b of matrices (N, 3, 3) in float32: `@` may round to bf16 or TF32, and shift pixels."""
    return (a[:, :, :, None] * b[:, None]).sum(dim=2)


def mix_colours(
    x: Tensor, brightness: Tensor, contrast: Tensor, flip: Tensor, hue: Tensor, saturation: Tensor
) -> Tensor:
    """Images x (N, C, H, W), C 3 or 1 -> (N, C, H, W), which may leave [-1, 1]; five numbers (N, 1, 1, 1) each.

    Along the grey axis v = (1, 1, 1) / sqrt(3) the five matrices of the paper multiply by l = contrast (1 - 2 flip) and
    add l brightness; across it they turn by `hue` radians and multiply by contrast saturation. In one formula, with
    k = contrast saturation cos(hue):  k x + (l - k) mean(x) + contrast saturation sin(hue) (v cross x) + l brightness.
    Hue and saturation leave grey images alone.
    """
    along, across = contrast * (1 - 2 * flip), contrast * saturation
    straight = across * hue.cos()
    turned = (x.roll(1, dims=1) - x.roll(-1, dims=1)) / sqrt(3)  # v cross x
    grey = (along - straight) * x.mean(1, keepdim=True) + along * brightness
    return straight * x + across * hue.sin() * turned + grey


class Pipeline(nn.Module):
    """Images (N, C, H, W) -> (N, C, H, W): each change with probability p. arXiv:2006.06676, Algorithm 1.

    Its buffers are p and `seen` (3,): updates, real images and the sum of signs of their logits since p was last set.
    """

    p: Tensor
    seen: Tensor

    def __init__(self, parts: str) -> None:
        super().__init__()
        self.parts = parts
        self.register_buffer("p", torch.zeros(()))
        self.register_buffer("seen", torch.zeros(3, dtype=torch.long))

    def forward(self, x: Tensor) -> Tensor:
        """x (N, C, H, W) -> (N, C, H, W)."""
        moves = [*(self._blit(x) if "b" in self.parts else []), *(self._warp(x) if "g" in self.parts else [])]
        if moves:
            x = resample(x, reduce(product, moves))
        return self._recolour(x) if "c" in self.parts else x

    def _blit(self, x: Tensor) -> list[Tensor]:
        """Flip, quarter turns, whole pixels: (N, 3, 3) each, the first change first.

        Like all moves here they map a place in the output to its source; a move and its inverse are equally likely.
        """
        height, width = x.shape[-2:]
        (flip,) = self._sometimes(_whole(x, 2))
        (turns,) = self._sometimes(_whole(x, 4))
        right, down = self._sometimes(_uniform(x, 1 / 8, 2))
        mirror = scaling(1 - 2 * flip, torch.ones_like(flip))
        turn = rotation(turns * (pi / 2)).round()  # since cos(pi / 2) is not quite 0
        return [mirror, turn, translation((right * width).round(), (down * height).round())]

    def _warp(self, x: Tensor) -> list[Tensor]:
        """Scaling, stretching between two rotations, translation: (N, 3, 3) each, the first change first."""
        height, width = x.shape[-2:]
        (size,), (stretch,) = (self._sometimes(_normal(x, 0.2 * log(2))) for _ in range(2))
        either = 1 - (1 - self.p).sqrt()  # so that at least one rotation happens with probability p
        (before,), (after,) = (self._sometimes(_uniform(x, pi), either) for _ in range(2))
        right, down = self._sometimes(_normal(x, 1 / 8, 2))
        return [
            scaling(size.exp(), size.exp()),
            rotation(before),
            scaling(stretch.exp(), (-stretch).exp()),
            rotation(after),
            translation(right * width, down * height),
        ]

    def _recolour(self, x: Tensor) -> Tensor:
        drawn = [_normal(x, 0.2), _normal(x, 0.5 * log(2)), _whole(x, 2), _uniform(x, pi), _normal(x, log(2))]
        light, contrast, flip, hue, saturation = (self._sometimes(d)[0][:, None, None, None] for d in drawn)
        return mix_colours(x, light, contrast.exp(), flip, hue, saturation.exp())

    def _sometimes(self, drawn: Tensor, p: Tensor | None = None) -> tuple[Tensor, ...]:
        """Set the k numbers of a sample to 0, no change, with probability 1 - p: drawn (N, k) -> k numbers (N,)."""
        chosen = torch.rand(len(drawn), 1, device=drawn.device) < (self.p if p is None else p)
        return (drawn * chosen).unbind(1)

    @torch.no_grad()
    def follow(self, real_logits: Tensor, *, target: float, speed: int, interval: int, p_max: float) -> None:
        """Count logits (N,), and move p at each `interval`-th call. Tensors only, so that a CUDA graph repeats it."""
        updates, images, signs = self.seen.unbind()
        updates += 1
        images += len(real_logits)
        signs += real_logits.sign().long().sum()
        due = updates >= interval
        step = (signs / images - target).sign() * images / speed
        self.p.copy_(torch.where(due, self.p + step, self.p).clamp(0, p_max))
        self.seen.masked_fill_(due, 0)


def _whole(x: Tensor, count: int) -> Tensor:
    """Draw one of 0 .. count - 1 per sample of x: (N, 1)."""
    return torch.randint(count, (len(x), 1), device=x.device).to(x.dtype)


def _uniform(x: Tensor, bound: float, count: int = 1) -> Tensor:
    """Draw numbers of U[-bound, bound] for each sample of x: (N, count)."""
    return bound * (2 * torch.rand(len(x), count, device=x.device, dtype=x.dtype) - 1)


def _normal(x: Tensor, std: float, count: int = 1) -> Tensor:
    """Draw numbers of N(0, std^2) for each sample of x: (N, count)."""
    return std * torch.randn(len(x), count, device=x.device, dtype=x.dtype)


@dataclass(frozen=True)
class AdaptiveAugmentation(Augmentation):
    """Flips, turns, warps and colours with probability p, which rises while D is too sure. arXiv:2006.06676.

    Karras et al. 2020, Algorithm 1 and Section 3.1: after each `interval` updates of D, p moves by
    sign(r_t - target) images / speed, where r_t = E sign(D(real)) over the images of these updates. It starts at 0.
    So D(real) > 0 must mean "real", as for bce, minimax and hinge; not for wgan, lsgan or a relativistic loss.

    `pipeline`: b pixel blitting, g general geometry, c colour. Hue and saturation leave grey images alone.
    `p_max`: above 0.8 changes may leak into what G makes (Section 2.2); the paper sets no bound.
    It resamples bilinearly, where the paper filters with wavelets: images that are made smaller may alias.
    """

    target: Annotated[float, Gt(-1), Lt(1)] = 0.6
    speed: PositiveInt = 500_000
    interval: PositiveInt = 4
    p_max: Annotated[float, Gt(0), Le(1)] = 0.8
    pipeline: Parts = "bgc"

    def transform(self, data: DataSpec) -> nn.Module:
        check_images(data, "ada")
        if "c" in self.pipeline and data.shape[0] not in (1, 3):
            what = (
                f"augment.pipeline {self.pipeline!r} changes colours, of 1 or 3 channels; samples have {data.shape[0]}"
            )
            raise ConfigError(what, hint="--set augment.pipeline=bg")
        return Pipeline(self.pipeline)

    def adapt(self, transform: nn.Module, real_logits: Tensor) -> None:
        assert isinstance(transform, Pipeline)
        transform.follow(real_logits, target=self.target, speed=self.speed, interval=self.interval, p_max=self.p_max)
