"""Optimal transport between two sets of points, exactly."""

from __future__ import annotations

import torch
from torch import Tensor


def wasserstein1(x: Tensor, y: Tensor) -> float:
    """min over all permutations s of mean |x_i - y_s(i)|: points (N, D), (N, D) -> their Wasserstein-1 distance.

    |.| is Euclidean. The permutation is that of Crouse 2016, doi:10.1109/TAES.2016.140952, by SciPy.
    """
    from scipy.optimize import linear_sum_assignment  # takes a while to import, and few runs need it

    distances = torch.cdist(x.double(), y.double(), compute_mode="donot_use_mm_for_euclid_dist").cpu().numpy()
    return float(distances[linear_sum_assignment(distances)].mean())
