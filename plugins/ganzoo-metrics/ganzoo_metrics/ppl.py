"""Distance by which features move when a latent moves a little."""

from collections.abc import Mapping
from dataclasses import dataclass

import torch
from torch import Tensor

import ganzoo
from ganzoo_metrics.requirements import NORMAL


@dataclass(frozen=True)
class PathLength(ganzoo.Metric):
    """Path length in the features of the extractor: low for a smooth G. Karras et al. 2019, arXiv:1812.04948, Eq. 2.

    E |f(G(slerp(z1, z2; t))) - f(G(slerp(z1, z2; t + epsilon)))|^2 / epsilon^2,  t ~ U[0, 1]

    Departs: the paper's distance is LPIPS, whose weights ganzoo does not have; here f are the features of the run's
    extractor, so the score is named PPL-features and compares with none that is published. Their extractors read bytes,
    so epsilon is 0.05, where the paper has 1e-4: a smaller step would measure the rounding of pixels. Latents lie in
    z, the full path, for every model; w, and pairs inside one image's styles, are those of StyleGAN alone. Both ends
    have the same label. It falls where G makes one image of all latents: read it beside `fid`. The 95 % interval
    contains the draw of the pairs.
    """

    pairs: ganzoo.PositiveInt = 1000
    epsilon: ganzoo.PositiveFloat = 0.05

    def compute(self, *, real: ganzoo.FeatureSet, fake: ganzoo.FeatureSet) -> Mapping[str, ganzoo.Score]:
        """Return nothing: it measures the generator."""
        return {}

    def compute_generator(self, sampler: ganzoo.Sampler) -> Mapping[str, ganzoo.Score]:
        z1, y = sampler.draw(self.pairs)
        z2, _ = sampler.draw(self.pairs)
        t = torch.rand(self.pairs, 1)
        one, other = (sampler(slerp(z1, z2, at), y).rows for at in (t, t + self.epsilon))
        lengths = (one.double() - other.double()).square().sum(dim=1) / self.epsilon**2
        mean, error = lengths.mean().item(), lengths.std().item() / len(lengths) ** 0.5 if len(lengths) > 1 else 0.0
        interval = (max(0.0, mean - NORMAL * error), mean + NORMAL * error) if len(lengths) > 1 else ()
        return {"PPL-features": ganzoo.Score(mean, "lower", *interval)}


def slerp(a: Tensor, b: Tensor, t: Tensor) -> Tensor:
    """Interpolate on the great circle: a, b (N, Z), t (N, 1) -> (N, Z). White 2016, arXiv:1609.04468, Section 2.1.

    Vectors of different lengths are interpolated by the same weights; those of one direction linearly.
    """
    directions = [x / x.norm(dim=1, keepdim=True) for x in (a, b)]
    angle = (directions[0] * directions[1]).sum(dim=1, keepdim=True).clamp(-1, 1).acos()
    sine = angle.sin()
    round_ = (((1 - t) * angle).sin() * a + (t * angle).sin() * b) / sine.clamp(min=1e-6)
    return torch.where(sine > 1e-4, round_, (1 - t) * a + t * b)
