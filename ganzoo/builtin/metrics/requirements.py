"""Requirements of every metric on its features, and the errors about them."""

from __future__ import annotations

import torch

from ganzoo.contracts import FeatureSet
from ganzoo.errors import EvaluationError


def require_enough(
    *, real: FeatureSet, fake: FeatureSet, reals: int = 2, fakes: int = 2, moments: bool = False
) -> None:
    """Raise EvaluationError unless both sets have features of one extractor, of enough images.

    `reals` and `fakes` are the numbers of rows needed; with `moments`, mean and covariance of that many reals will do.
    """
    known = real.count if moments and not len(real.rows) else len(real.rows)
    _require_count("reference", known, reals, hint=f"a reference of at least {reals} images")
    _require_count(
        "generated", len(fake.rows), fakes, hint=f"--samples {fakes}, or a folder of at least {fakes} images"
    )
    dimensions = len(real.mean), len(fake.mean)
    if dimensions[0] != dimensions[1]:
        what = f"the reference has {dimensions[0]} features per image, the generated images have {dimensions[1]}"
        raise EvaluationError(what, hint="extract both with the same features")


def require_finite(*, real: FeatureSet, fake: FeatureSet) -> None:
    """Raise EvaluationError if a feature of either set is nan or inf."""
    _require_finite("reference", real)
    _require_finite("generated", fake)


def _require_count(whose: str, count: int, images: int, *, hint: str) -> None:
    if count < images:
        what = f"too few {whose} images: there are features of {count}, and this metric takes {images} or more"
        raise EvaluationError(what, hint=hint)


def _require_finite(whose: str, features: FeatureSet) -> None:
    tensors = (features.mean, features.covariance, features.rows, features.logits, features.deviations)
    if not all(torch.isfinite(tensor).all() for tensor in tensors if tensor is not None):
        what = f"features of the {whose} images are not finite (nan or inf)"
        raise EvaluationError(what, hint="other weights of the extractor, since images are bytes and finite")
