"""Likeness of the images of one class, by their structure at several scales."""

from collections.abc import Mapping
from dataclasses import dataclass

import torch
from torch import Tensor
from torch.nn.functional import avg_pool2d, conv2d

import ganzoo
from ganzoo_metrics.requirements import NORMAL

WEIGHTS = (0.0448, 0.2856, 0.3001, 0.2363, 0.1333)
"""Exponents of the scales, finest first: Wang et al. 2003, Section 3.2."""
WINDOW, SIGMA = 11, 1.5
K1, K2, RANGE = 0.01, 0.03, 255.0


@dataclass(frozen=True)
class StructuralSimilarity(ganzoo.Metric):
    """MS-SSIM of pairs of one class: low for varied images. Odena et al. 2017, arXiv:1610.09585, Section 4.2.

    prod over scales j of E[contrast-structure_j]^w_j, with luminance at the coarsest; Wang, Simoncelli and Bovik 2003,
    doi:10.1109/ACSSC.2003.1292216, windows of 11 x 11. It is 1 for equal images. Pairs are made for each class in turn,
    and for all images where there are no classes.

    Images of fewer than 176 pixels have room for fewer than five scales: the name says how many, MS-SSIM-2 for 28
    pixels, and the exponents of those are divided by their sum. Scores of different numbers of scales do not compare.
    Lower is better only down to the value of the data. The 95 % interval contains the draw of the pairs.
    """

    pairs: ganzoo.PositiveInt = 1000

    def compute(self, *, real: ganzoo.FeatureSet, fake: ganzoo.FeatureSet) -> Mapping[str, ganzoo.Score]:
        """Return nothing: it compares generated images with each other."""
        return {}

    def compute_generator(self, sampler: ganzoo.Sampler) -> Mapping[str, ganzoo.Score]:
        """Raises EvaluationError for samples that are no images of 11 x 11 pixels or more."""
        z, y = sampler.draw(self.pairs)
        others, _ = sampler.draw(self.pairs)
        if sampler.num_classes > 1 and y.ndim == 1:
            y = torch.arange(self.pairs) % sampler.num_classes
        found, scales = list[Tensor](), 0
        for part in zip(z.split(100), others.split(100), y.split(100), strict=True):
            one, other = (as_bytes(sampler.samples(latents, part[2])) for latents in part[:2])
            scales = count_scales(one)
            found.append(ms_ssim(one, other, scales))
        values = torch.cat(found)
        mean, error = values.mean().item(), values.std().item() / len(values) ** 0.5 if len(values) > 1 else 0.0
        interval = (mean - NORMAL * error, mean + NORMAL * error) if len(values) > 1 else ()
        return {f"MS-SSIM-{scales}": ganzoo.Score(mean, "lower", *interval)}


def as_bytes(x: Tensor) -> Tensor:
    """Samples in [-1, 1] -> whole numbers from 0 to 255, float64."""
    return ((x.double() + 1) * 127.5).round().clamp(0, 255)


def count_scales(x: Tensor) -> int:
    """Return how many scales images (N, C, H, W) have room for, at most 5. Raises EvaluationError for none."""
    if x.ndim != 4 or min(x.shape[2:]) < WINDOW:
        what = f"it takes images of at least {WINDOW} x {WINDOW} pixels, and samples have shape {tuple(x.shape[1:])}"
        raise ganzoo.EvaluationError(what, hint="--metrics fid, or images of 32 pixels: --image-size 32")
    return sum(min(x.shape[2:]) // 2**scale >= WINDOW for scale in range(len(WEIGHTS)))


def ms_ssim(x: Tensor, y: Tensor, scales: int) -> Tensor:
    """Images (N, C, H, W) in [0, 255] -> their similarity (N,), the mean over channels.

    A negative mean of contrast and structure counts as 0, which no power turns into a complex number.
    """
    weights = torch.tensor(WEIGHTS[:scales], dtype=x.dtype) / sum(WEIGHTS[:scales])
    factors = list[Tensor]()
    for scale in range(scales):
        luminance, structure = compare(x, y)
        last = scale == scales - 1
        factors.append((luminance * structure if last else structure).mean(dim=(2, 3)).clamp(min=0))  # (N, C)
        x, y = avg_pool2d(x, 2), avg_pool2d(y, 2)
    return torch.stack(factors, dim=-1).pow(weights).prod(dim=-1).mean(dim=1)


def compare(x: Tensor, y: Tensor) -> tuple[Tensor, Tensor]:
    """Images (N, C, H, W) -> luminance, and contrast times structure, of each window (N, C, H - 10, W - 10).

    Wang et al. 2004, doi:10.1109/TIP.2003.819861, Eq. 6, and 9 with 10; windows are Gaussian.
    """
    c1, c2 = (K1 * RANGE) ** 2, (K2 * RANGE) ** 2
    mean_x, mean_y = blur(x), blur(y)
    variances = blur(x * x) - mean_x**2 + blur(y * y) - mean_y**2
    covariance = blur(x * y) - mean_x * mean_y
    luminance = (2 * mean_x * mean_y + c1) / (mean_x**2 + mean_y**2 + c1)
    return luminance, (2 * covariance + c2) / (variances + c2)


def blur(x: Tensor) -> Tensor:
    """Average (N, C, H, W) over Gaussian windows that lie inside: (N, C, H - 10, W - 10)."""
    place = torch.arange(WINDOW, dtype=x.dtype) - WINDOW // 2
    bell = torch.exp(-(place**2) / (2 * SIGMA**2))
    bell = bell / bell.sum()
    flat = x.flatten(0, 1)[:, None]
    blurred = conv2d(conv2d(flat, bell[None, None, :, None]), bell[None, None, None, :])
    return blurred.reshape(*x.shape[:2], *blurred.shape[2:])
