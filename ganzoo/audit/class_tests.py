"""Tests of whether the counts of a `ClassAudit` show more than chance: labels told, obeyed, exchanged."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from ganzoo.audit.classes import ClassAudit

LEVEL = 1e-2
"""Chance of a false alarm by the counts: of one test, or of those of all classes together."""
OBEYED = 0.25
"""Accuracy of G under the best naming of its classes, 0 by chance and 1 for real samples; labels do nothing below."""
HALF = 0.5
"""Accuracy of a class, over that of its real samples, below which it is wrong."""
MOSTLY = 0.5
"""Share of a label's samples that show one class, from which the label makes that class."""
PERMUTATIONS = 99
"""Number of random permutations of labels that show what chance gives."""


def are_informative(classes: ClassAudit) -> bool:
    """Return whether the classifier tells the labels of unseen real samples better than by chance: a binomial test."""
    from scipy.stats import binom  # slow to import

    right, total = classes.real.trace().item(), classes.real.sum().item()
    return bool(binom.sf(right - 1, total, 1 / len(classes.names)) < LEVEL / 10)


def are_ignored(classes: ClassAudit) -> bool:
    """Return whether G's samples show classes that do not depend on their labels, whatever the classes are called.

    The accuracy under the best naming of the labels is compared with that for permuted labels, and with that of real
    samples.
    """
    counts = classes.fake.numpy().astype(int)
    best, real = _best_naming(counts), classes.real.trace().item() / classes.real.sum().item()
    asked, seen = np.repeat(np.indices(counts.shape).reshape(2, -1), counts.ravel(), axis=1)
    draws = np.random.RandomState(0)
    permuted = [_best_naming(_cross(draws.permutation(asked), seen, len(counts))) for _ in range(PERMUTATIONS)]
    chance = float(np.mean(permuted))
    return bool(best <= max(permuted) or best - chance < OBEYED * (real - chance))


def _cross(asked: NDArray[np.int64], seen: NDArray[np.int64], size: int) -> NDArray[np.int64]:
    return np.bincount(asked * size + seen, minlength=size**2).reshape(size, size)


def _best_naming(counts: NDArray[np.int64]) -> float:
    """Counts (K, K) of labels and classes -> the largest share of samples that one class for each label gets right."""
    from scipy.optimize import linear_sum_assignment  # slow to import

    return float(counts[linear_sum_assignment(counts, maximize=True)].sum() / counts.sum())


def find_wrong(classes: ClassAudit) -> list[int]:
    """Return the classes that G's samples of their label show less than HALF as often as real samples do.

    Fisher's exact test, at LEVEL for all classes together (Bonferroni), excludes those that may be so by chance.
    """
    low = classes.accuracy < HALF * classes.real_accuracy
    return [k for k in low.nonzero()[:, 0].tolist() if _fisher_test(classes, k) < LEVEL / len(classes.names)]


def _fisher_test(classes: ClassAudit, k: int) -> float:
    """Return the probability of so few right samples of class k, were generated ones as accurate as real ones."""
    from scipy.stats import hypergeom  # slow to import

    right, real_right = classes.fake[k, k].item(), classes.real[k, k].item()
    total, real_total = classes.fake[k].sum().item(), classes.real[k].sum().item()
    return float(hypergeom.cdf(right, total + real_total, right + real_right, total))


def find_swaps(classes: ClassAudit) -> dict[int, int]:
    """Return {wrong class: label of another class whose samples mostly show it}."""
    share = classes.fake / classes.fake.sum(dim=1, keepdim=True)
    wrong = find_wrong(classes)
    makers = {k: [i for i in wrong if i != k and share[i, k] >= MOSTLY] for k in wrong}
    return {k: labels[0] for k, labels in makers.items() if labels}
