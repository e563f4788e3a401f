"""Feature sets of known moments."""

import numpy as np
import torch

from ganzoo.contracts import FeatureSet

MANY = 10**9


def features(rows, logits=None):
    """The feature set of some rows (N, D)."""
    rows = torch.as_tensor(rows)
    rows = rows if rows.is_floating_point() else rows.float()
    covariance = torch.atleast_2d(torch.cov(rows.double().T))
    return FeatureSet(len(rows), rows.double().mean(dim=0), covariance, rows, logits)


def gaussian(mean, covariance):
    """The exact moments of a Gaussian, as if of very many images."""
    mean, covariance = torch.tensor(mean).double(), torch.tensor(covariance).double()
    return FeatureSet(MANY, mean, covariance, torch.zeros(2, len(mean)))


def diagonal(*variances, mean=0.0):
    return gaussian([mean] * len(variances), np.diag(variances))


def draw(count, dim, seed, *, scale=1.0, shift=0.0):
    return torch.randn(count, dim, generator=torch.Generator().manual_seed(seed)) * scale + shift


def coverage_of(scores, truth):
    return np.mean([score.low <= truth <= score.high for score in scores])
