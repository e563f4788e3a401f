"""The model `unetgan`: its options, and the image sizes that it supports."""

from dataclasses import dataclass

from torch import nn

import ganzoo
from ganzoo_unet.networks import Discriminator, initialise

WIDTHS = {16: (1, 2), 32: (1, 2, 4), 64: (1, 2, 4, 8), 128: (1, 2, 4, 8, 16), 256: (1, 2, 4, 8, 8, 16)}
"""Channels of the encoder's maps down to 4 x 4, in multiples of `width_d`. 128 and 256: the paper; others: ours."""


@dataclass(frozen=True)
class UNetGAN(ganzoo.Model):
    """D is a U-Net that judges the image and each of its pixels. Schonfeld et al. 2020, arXiv:2002.12655, Sec. 3.1.

    L_D = (L of the image + mean over pixels of L) / 2, and so for G; the paper has their sum. Square images of 16, 32,
    64, 128 or 256 pixels. `width_d` is the number of channels of D next to the image, 64 in the paper. D has no norm:
    `--lipschitz sn` bounds it. G is the built-in `resnet` with blocks of `width_g` channels, the paper's is BigGAN's.
    Departs: one layer of logits for image and pixels, after a linear layer that brings the image's features to the
    number of the pixels'; no attention. The paper's consistency is `--regularizer cutmix`.
    """

    z_dim: ganzoo.Width = 128
    """Dimensions of the latent z."""
    width_g: ganzoo.Width = 128
    width_d: ganzoo.Width = 32

    def generator(self, data: ganzoo.DataSpec, embedding_dim: int) -> nn.Module:
        """Raise ConfigError for another size."""
        check_size(data)
        return self._resnet().generator(data, embedding_dim)

    def discriminator(self, data: ganzoo.DataSpec, *, per_sample: bool) -> nn.Module:
        """Raise ConfigError for another size."""
        size = check_size(data)  # without norm, D never mixes samples
        return Discriminator(data.shape[0], [self.width_d * multiple for multiple in WIDTHS[size]])

    def initialise_head(self, discriminator: nn.Module, head: nn.Module) -> None:
        """Draw orthogonal weights."""
        initialise(head)

    def _resnet(self) -> ganzoo.Model:
        entry = ganzoo.load_zoo(disabled=["all"]).entry("model", "resnet")
        model: ganzoo.Model = entry.component(z_dim=self.z_dim, width_g=self.width_g)
        return model


def check_size(data: ganzoo.DataSpec) -> int:
    """Return the size of the image. Raises ConfigError, naming the nearest size, for one that the table lacks."""
    shape, size = " x ".join(map(str, data.shape)), data.shape[-1]
    what = f"unetgan makes square images of {', '.join(map(str, WIDTHS))} pixels, not {shape}"
    if len(data.shape) != 3 or data.shape[1] != size:
        raise ganzoo.ConfigError(what, hint="--image-size 32; for points of the plane --model mlp")
    if size not in WIDTHS:
        nearest = min(WIDTHS, key=lambda known: abs(known - size))
        raise ganzoo.ConfigError(what, hint=f"--image-size {nearest}")
    return size
