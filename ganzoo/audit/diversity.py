"""Does the generator make many things or few? Distances among its samples against those among as many real ones."""

from __future__ import annotations

import torch
from torch import Tensor

Numbers = dict[str, float]
"""What was measured, by name."""


def measure_diversity(*, real: Tensor, fake: Tensor) -> Numbers:
    """real, fake: rows (N, D), features or flattened samples -> spread, duplicates, pairs of duplicates, support.

    spread       mean distance between two generated rows, over that between two real ones: 1 for equal diversity
    duplicates   share of generated rows whose nearest other one is nearer than for 99 % of the real rows: 0.01 for
                 equal distributions
    support      how many different samples there seem to be, by the birthday test of Arora and Zhang 2017,
                 arXiv:1706.08224: s samples with d pairs of duplicates speak of about s (s - 1) / 2d. Two are
                 duplicates if nearer than any two real ones are; without such a pair, it is s (s - 1) / 2, or more
    """
    among_real, among_fake = (_distances(rows.double()) for rows in (real, fake))
    nearest = among_real.min(dim=1).values
    nearest = nearest[nearest > 0] if bool((nearest > 0).any()) else nearest  # a real sample that is there twice
    alike = int((among_fake <= nearest.min()).sum()) // 2
    pairs = len(fake) * (len(fake) - 1) / 2
    return {
        "spread": _mean(among_fake) / max(_mean(among_real), 1e-12),
        "duplicates": float((among_fake.min(dim=1).values < nearest.quantile(0.01)).double().mean()),
        "pairs": float(alike),
        "support": pairs / max(1, alike),
    }


def _distances(rows: Tensor) -> Tensor:
    """(N, D) -> (N, N), infinite where a row meets itself. Equal rows are at distance 0 exactly."""
    apart = torch.cdist(rows, rows, compute_mode="donot_use_mm_for_euclid_dist")
    return apart.fill_diagonal_(torch.inf)


def _mean(distances: Tensor) -> float:
    """Of all pairs."""
    return float(distances[distances.isfinite()].mean())


def count_classes(*, real: Tensor, fake: Tensor) -> Numbers:
    """real, fake: an extractor's logits (N, K) of equally many samples -> how many classes each set has."""
    return {
        "classes/real": float(len(set(real.argmax(dim=1).tolist()))),
        "classes/fake": float(len(set(fake.argmax(dim=1).tolist()))),
    }
