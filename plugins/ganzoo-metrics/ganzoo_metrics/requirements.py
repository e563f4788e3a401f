"""What several metrics ask of their features, and the errors about it."""

from torch import Tensor

import ganzoo

NORMAL = 1.959964
"""97.5 % quantile of the normal distribution."""


def require_enough(*, real: ganzoo.FeatureSet, fake: ganzoo.FeatureSet, least: int = 2) -> None:
    """Raise EvaluationError unless both sets have `least` rows or more, of one extractor."""
    hints = {"reference": f"a reference of at least {least} images", "generated": f"--samples {least}"}
    for whose, features in (("reference", real), ("generated", fake)):
        if len(features.rows) < least:
            what = f"too few {whose} images: there are features of {len(features.rows)}, and it takes {least} or more"
            raise ganzoo.EvaluationError(what, hint=hints[whose])
    if real.rows.shape[1] != fake.rows.shape[1]:
        what = f"the reference has {real.rows.shape[1]} features per image, the generated images {fake.rows.shape[1]}"
        raise ganzoo.EvaluationError(what, hint="extract both with the same features, from images of equal channels")


def require_classes(*, real: ganzoo.FeatureSet, fake: ganzoo.FeatureSet, least: int = 2) -> None:
    """Raise EvaluationError unless both sets have labels, and `least` images or more of each class."""
    if real.labels is None or len(real.class_names) < 2:
        what = "it reads classes, and the reference has none"
        raise ganzoo.EvaluationError(what, hint="a dataset of two classes or more, such as --dataset mnist-5k")
    if fake.labels is None:
        what = "it reads the class that each image was made for, and these have none of the reference's classes"
        raise ganzoo.EvaluationError(what, hint="a conditional run, such as --conditioner cgan")
    for whose, labels in (("reference", real.labels), ("generated", fake.labels)):
        counts = labels.bincount(minlength=len(real.class_names)).tolist()
        if few := [name for name, count in zip(real.class_names, counts, strict=True) if count < least]:
            more = f" and {len(few) - 5} more" if len(few) > 5 else ""
            what = f"too few {whose} images of a class, where each takes {least} or more: {', '.join(few[:5])}{more}"
            again = f"--samples {max(2 * fake.count, least * len(counts))}"
            raise ganzoo.EvaluationError(what, hint=again if whose == "generated" else "a reference with more of them")


def hits_by_class(hits: Tensor, labels: Tensor, names: tuple[str, ...], *, interval: bool) -> ganzoo.Score:
    """Return the mean over classes of the share of hits, bool (N,), with labels (N,).

    The 95 % interval of a share of n draws is normal, with the variance q (1 - q) / (n + 4) of Agresti and Coull 1998
    (doi:10.1080/00031305.1998.10480550), q = (hits + 2) / (n + 4), so that it has a width at 0 and 1 too.
    """
    counts = labels.bincount(minlength=len(names)).double()
    found = labels[hits].bincount(minlength=len(names)).double()
    shares, q = found / counts, (found + 2) / (counts + 4)
    variances = q * (1 - q) / (counts + 4)
    each = zip(names, shares.tolist(), variances.tolist(), strict=True)
    classes = {name: _share(share, variance**0.5, interval) for name, share, variance in each}
    error = float(variances.sum()) ** 0.5 / len(names)
    return _share(float(shares.mean()), error, interval)._replace(classes=classes)


def _share(value: float, error: float, interval: bool) -> ganzoo.Score:
    """Return the score of a share in [0, 1], with its interval if there is one."""
    if not interval:
        return ganzoo.Score(value, "higher")
    return ganzoo.Score(value, "higher", max(0.0, value - NORMAL * error), min(1.0, value + NORMAL * error))
