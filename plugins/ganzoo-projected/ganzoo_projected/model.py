"""The model `projected-gan`: its options."""

from dataclasses import dataclass

import torch
from torch import nn

import ganzoo
from ganzoo_projected.networks import Discriminator


@dataclass(frozen=True)
class ProjectedGAN(ganzoo.Model):
    """D reads features of a frozen classifier, mixed at random. Sauer et al. 2021, arXiv:2111.01007, Sec. 3.

    The features are four maps of the extractor `photos-cnn`, which ships with ganzoo. Random convolutions that never
    learn bring them to `mixed` channels and mix the scales; one D of `width` channels for each scale gives a logit for
    each place, and all count alike. D has no norm: `--lipschitz sn` bounds what learns. The paper augments too:
    `--augment diffaug`. Images are those of the built-in `dcgan`, whose G this is with `width_g` channels next to the
    image; D enlarges those below 32 pixels. Departs: the paper has features of ImageNet, G of FastGAN, batch norm in D
    and mixed maps of twice the size. Channels other than grey or colour, such as label maps, pass a learnt 1 x 1
    convolution first.
    """

    z_dim: ganzoo.Width = 100
    """Dimensions of the latent z."""
    width_g: ganzoo.Width = 64
    width: ganzoo.Width = 64
    """Channels of each D."""
    mixed: ganzoo.Width = 64
    """Channels of each mixed map, 64 in the paper."""

    def generator(self, data: ganzoo.DataSpec, embedding_dim: int) -> nn.Module:
        """Raise ConfigError for samples that `dcgan` does not make."""
        return self._dcgan().generator(data, embedding_dim)

    def discriminator(self, data: ganzoo.DataSpec, *, per_sample: bool) -> nn.Module:
        """Raise ConfigError for samples that `dcgan` does not make."""
        with torch.device("meta"):
            self._dcgan().generator(data, 0)  # it checks the size; no D here mixes samples
        return Discriminator(data.shape[0], self.mixed, self.width)

    def _dcgan(self) -> ganzoo.Model:
        entry = ganzoo.load_zoo(disabled=["all"]).entry("model", "dcgan")
        model: ganzoo.Model = entry.component(z_dim=self.z_dim, width=self.width_g)
        return model
