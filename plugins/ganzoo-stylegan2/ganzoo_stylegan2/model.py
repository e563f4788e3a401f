"""The model `stylegan2`: its options, and the settings that it refuses."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

import torch
from torch import Tensor, nn

from ganzoo import ConfigError, DataSpec, Depth, Model, NonNegativeFloat, PositiveInt, Width
from ganzoo_stylegan2.discriminator import Discriminator
from ganzoo_stylegan2.generator import SMALLEST, Generator, Mapping, Synthesis
from ganzoo_stylegan2.path_length import image_noise, path_lengths
from ganzoo_stylegan2.truncation import Truncated


@dataclass(frozen=True)
class StyleGAN2(Model):
    """Style-based pair with modulated convolutions, 4 x 4 pixels and up. Karras et al. 2020, arXiv:1912.04958.

    A map of s pixels has min(channel_base / s, channel_max) channels. `mixing` is the share of samples with two styles.
    `minibatch_std` auto: on, in groups of `group`, unless an enforcer such as R1 asks for one logit per sample.
    G's path lengths are pulled to their average (Eq. 4) every `path_every` updates, on 1 / `path_shrink` of the batch,
    with a weight of path_weight * path_every.
    """

    z_dim: Width = 64
    w_dim: Width = 64
    mapping_layers: Depth = 2
    channel_base: Width = 512
    channel_max: Width = 32
    noise: bool = True
    mixing: NonNegativeFloat = 0.0
    minibatch_std: Literal["auto", "on", "off"] = "auto"
    group: PositiveInt = 4
    path_weight: NonNegativeFloat = 2.0
    path_every: PositiveInt = 8
    path_shrink: PositiveInt = 2

    def generator(self, data: DataSpec, embedding_dim: int) -> nn.Module:
        """Raise ConfigError for a size that is no power of two."""
        if self.mixing > 1:
            raise ConfigError(
                f"mixing is a fraction of the samples in [0, 1], not {self.mixing}",
                where="model.mixing",
                hint="--set model.mixing=0.9",
            )
        mapping = Mapping(self.z_dim + embedding_dim, self.w_dim, self.mapping_layers)
        synthesis = Synthesis(self._widths(data), data.shape[0], self.w_dim, noisy=self.noise)
        return Generator(mapping, synthesis, self.mixing)

    def discriminator(self, data: DataSpec, *, per_sample: bool) -> nn.Module:
        """Raise ConfigError if minibatch standard deviation is asked for under a per-sample enforcer."""
        if self.minibatch_std == "on" and per_sample:
            raise ConfigError(
                "minibatch standard deviation makes each logit depend on its group, so a per-sample enforcer "
                "(gp, lp, dragan, r1, r1r2, sn) would bound the wrong slope",
                where="model.minibatch_std = on",
                hint="--set model.minibatch_std=auto, or --lipschitz none",
            )
        on = self.minibatch_std == "on" or (self.minibatch_std == "auto" and not per_sample)
        return Discriminator(data.shape[0], self._widths(data)[::-1], self.group if on else 0)

    def generator_penalty(self, generator: nn.Module, z: Tensor, c: Tensor) -> Tensor:
        """Return the path length penalty, arXiv:1912.04958, Eq. 4; zero in updates that skip it."""
        assert isinstance(generator, Generator)  # this model made it
        if not self.path_weight or not generator.path_length.is_due(self.path_every):
            return z.new_zeros(())
        part = slice(max(1, len(z) // self.path_shrink))
        with torch.autocast(z.device.type, enabled=False):  # bf16 would round lengths to three digits
            w = generator.styles(z[part], c[part].float())
            images = generator.synthesis(w)
            lengths = path_lengths(images, w, image_noise(images))
        return self.path_weight * self.path_every * generator.path_length.penalty(lengths)

    def truncated(self, generator: nn.Module, psi: float) -> nn.Module:
        """Return a generator whose styles are psi times as far from their mean. arXiv:1812.04948, Appendix B."""
        assert isinstance(generator, Generator)  # this model made it
        return Truncated(generator, self.z_dim, psi)

    def _widths(self, data: DataSpec) -> list[int]:
        """Channels of the maps of 4, 8, ... pixels up to the image's. Raises ConfigError for another size."""
        size = data.shape[-1]
        sizes = [SMALLEST << i for i in range(size.bit_length() - SMALLEST.bit_length() + 1)]
        if len(data.shape) != 3 or data.shape[1] != size or sizes[-1:] != [size]:
            shape = " x ".join(map(str, data.shape))
            what = f"stylegan2 makes square images of 4, 8, 16, 32, ... pixels, not {shape}"
            raise ConfigError(what, hint="--image-size 32; for points of the plane --model mlp")
        return [max(1, min(self.channel_base // s, self.channel_max)) for s in sizes]
