"""Diversity of generated samples: distances among them against those among as many real ones."""

from __future__ import annotations

import math
from collections.abc import Mapping

import torch
from torch import Tensor
from torch.nn.functional import adaptive_avg_pool2d

from ganzoo.audit.batches import CHUNK
from ganzoo.contracts import MODE_RADIUS, DataSpec, Extractor, Features
from ganzoo.data.copies import find_copies, rounding_error
from ganzoo.data.transport import wasserstein1
from ganzoo.training.sampling import as_stored

Numbers = dict[str, float]
"""Measured values by name."""
SIDE = 8
"""Pixels of a side to which images are averaged before they are compared, so that noise hardly makes them differ."""


def compare_samples(x_real: Tensor, x_fake: Tensor, data: DataSpec, extractor: Extractor | None) -> Numbers:
    """Return the Wasserstein-1 distance of samples (N, *shape), their diversity, and the classes that each set has.

    Diversity is of their features, or of the samples themselves without an extractor. {} if x_fake is not finite.
    """
    if not bool(x_fake.isfinite().all()):
        return {}
    numbers = {"w1": wasserstein1(x_real.flatten(1), x_fake.flatten(1))}
    numbers |= {"distinct": float(len(set(find_copies(x_real.flatten(1)).tolist())))}  # different real samples
    numbers |= measure_pixels(real=shrink(x_real), fake=shrink(x_fake))
    if extractor is None:
        return numbers | measure_diversity(real=x_real.flatten(1), fake=x_fake.flatten(1))
    real, fake = (_extract(x, data, extractor) for x in (x_real, x_fake))
    numbers |= measure_diversity(real=real.rows, fake=fake.rows)
    if real.logits is not None and fake.logits is not None:
        # a sample between two modes is in neither
        near = slice(None) if fake.deviations is None else fake.deviations <= MODE_RADIUS
        numbers |= count_classes(real=real.logits, fake=fake.logits[near])
    return numbers


def extract_rows(x: Tensor, data: DataSpec, extractor: Extractor | None) -> Tensor:
    """Return the feature rows (N, D) of samples (N, *shape) in [-1, 1]: the flattened samples without an extractor."""
    return x.flatten(1) if extractor is None else _extract(x, data, extractor).rows


def _extract(x: Tensor, data: DataSpec, extractor: Extractor) -> Features:
    """Return the features of samples (N, *shape) in [-1, 1], CHUNK at a time."""
    stored = as_stored(x, images=data.images)
    rows, *others = zip(*(extractor.extract(part) for part in torch.split(stored, CHUNK)), strict=True)
    return Features(torch.cat(rows), *(None if each[0] is None else torch.cat(each) for each in others))


def measure_diversity(*, real: Tensor, fake: Tensor) -> Numbers:
    """real, fake: rows (N, D), features or flattened samples -> spread, duplicates, pairs of duplicates, support.

    {} if real rows are all alike, so that there is nothing to compare with.


    spread       mean distance between two generated rows, over that between two real ones: 1 for equal diversity
    duplicates   share of generated rows whose nearest other one is nearer than for 99 % of the real rows: 0.01 for
                 equal distributions
    pairs        number of pairs of generated rows that are nearer to each other than any two real ones
    support      estimate of how many different samples G makes, by the birthday test of Arora and Zhang 2017,
                 arXiv:1706.08224: s (s - 1) / 2d for s samples with d such pairs, and s (s - 1) / 2, a lower bound, if
                 there is none
    """
    among_real, among_fake = (_distances(rows.double()) for rows in (real, fake))
    if _mean(among_real) <= rounding_error(real):
        return {}
    nearest = among_real.min(dim=1).values
    once = nearest > rounding_error(real)  # a dataset may hold a sample twice
    nearest = nearest[once] if bool(once.any()) else nearest
    duplicates = int((among_fake <= nearest.min()).sum()) // 2
    pairs = len(fake) * (len(fake) - 1) / 2
    return {
        "spread": _mean(among_fake) / _mean(among_real),
        "duplicates": float((among_fake.min(dim=1).values < nearest.quantile(0.01)).double().mean()),
        "pairs": float(duplicates),
        "support": pairs / max(1, duplicates),
    }


def shrink(x: Tensor) -> Tensor:
    """Return images (N, C, H, W) as rows (N, D), averaged to SIDE pixels a side at most; D is 0 for other samples."""
    if x.ndim != 4:
        return x.new_zeros(len(x), 0)
    return adaptive_avg_pool2d(x, (min(SIDE, x.shape[2]), min(SIDE, x.shape[3]))).flatten(1)


def measure_pixels(*, real: Tensor, fake: Tensor) -> Numbers:
    """real, fake: rows (N, D) of pixels -> "pixels", what "spread" of `measure_diversity` is among them.

    Features tell noise apart as well as shapes: of one picture with noise they may differ as much as real ones.
    {} if there are no pixels, or real rows are all alike.
    """
    found = measure_diversity(real=real, fake=fake) if real.shape[1] else {}
    return {"pixels": found["spread"]} if found else {}


def least_spread(numbers: Mapping[str, float]) -> float:
    """Return how much samples differ as a share of real ones, by features or by pixels, whichever is less."""
    return min(numbers["spread"], numbers.get("pixels", math.inf))


def _distances(rows: Tensor) -> Tensor:
    """(N, D) -> (N, N), infinite where a row meets itself. Equal rows are at distance 0 exactly."""
    distances = torch.cdist(rows, rows, compute_mode="donot_use_mm_for_euclid_dist")
    return distances.fill_diagonal_(torch.inf)


def _mean(distances: Tensor) -> float:
    """Mean distance of all pairs."""
    return float(distances[distances.isfinite()].mean())


def count_classes(*, real: Tensor, fake: Tensor) -> Numbers:
    """real, fake: an extractor's logits (N, K) of equally many samples -> the number of classes in each set."""
    return {
        "classes/real": float(len(set(real.argmax(dim=1).tolist()))),
        "classes/fake": float(len(set(fake.argmax(dim=1).tolist()))),
    }
