"""Samples -> features, batch by batch, in bounded memory."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Sequence

import torch
from torch import Tensor

from ganzoo.contracts import DataSpec, Extractor, FeatureExtractor, Features, FeatureSet
from ganzoo.data.parts import pick_evenly
from ganzoo.data.samples import Pixels
from ganzoo.errors import EvaluationError, PluginError

KEEP = 65_536
"""Most images of which the row of features is kept; mean and covariance are over all images."""
BLOCK = 1024
"""Images whose features are summed at once, so that rounding does not depend on the batch size."""
DIMENSIONS = (2, 2, 1)
"""Dimensions of rows, logits and deviations."""


def in_batches(x: Pixels, batch: int, device: torch.device) -> Iterator[Tensor]:
    """Yield x (M, *shape) on the device in batches (n, *shape); n = batch, except for the last."""
    for start in range(0, len(x), batch):
        yield x[start : start + batch].to(device)


def feature_device(device: torch.device) -> torch.device:
    """Return the device for the features of images on `device`: the same, or the CPU if it has no float64."""
    return torch.device("cpu") if device.type == "mps" else device


def kept_rows(total: int) -> Tensor:
    """Return the sorted indices of the samples whose rows are kept: all, or an even pick of KEEP out of `total`."""
    return pick_evenly(min(KEEP, total), total)


@torch.no_grad()
def extract(batches: Iterable[Tensor], extractor: Extractor, total: int | None = None) -> FeatureSet:
    """Extract the features of samples on the device of the extractor; rows, logits, deviations of the `kept_rows`.

    The samples are images, uint8 (n, C, H, W), or others, float32 (n, *shape). `total` is their number; None is for
    at most KEEP, which are all kept. Raises EvaluationError for fewer than two samples, for other types, and for
    features that are nan or inf; PluginError if the extractor does not return one row of numbers per sample.
    """
    moments, kept = Moments(), list[Features]()
    chosen = None if total is None or total <= KEEP else kept_rows(total)
    for block in _regroup(extract_batch(images, extractor) for images in batches):
        _require_finite(block, moments.count, extractor)
        kept.append(_choose(block, moments.count, chosen))
        moments.merge(block.rows)
    assert moments.count == total or (total is None and moments.count <= KEEP), "another number of samples than `total`"
    if moments.count < 2:
        what = f"{moments.count} images are too few to score: a covariance needs at least two"
        raise EvaluationError(what, hint="--samples N (more of them), or a larger folder or dataset")
    rows, logits, deviations = join_features(kept)
    covariance = moments.scatter / (moments.count - 1)
    return FeatureSet(moments.count, moments.mean, covariance, rows, logits, deviations=deviations)


class Moments:
    """Mean and scatter of rows that come in parts, by the pairwise update, here for vectors.

    Chan, Golub and LeVeque 1983, The American Statistician 37, 242. Unlike a sum of squares it loses no digits
    where the mean is far from zero.
    """

    count = 0
    mean: Tensor
    """float64 (D,), once there is a row."""
    scatter: Tensor
    """float64 (D, D): the covariance times count - 1."""

    def merge(self, rows: Tensor) -> None:
        """Add rows (n, D), n > 0."""
        rows = rows.double()
        n, mean = len(rows), rows.mean(dim=0)
        centred = rows - mean
        scatter = centred.T @ centred
        if self.count == 0:
            self.count, self.mean, self.scatter = n, mean, scatter
            return
        total, step = self.count + n, mean - self.mean
        self.scatter += scatter + step.outer(step) * (self.count * n / total)
        self.mean = self.mean + step * (n / total)
        self.count = total


def extract_batch(images: Tensor, extractor: Extractor) -> Features:
    """Samples (n, *shape) -> their features, on the device where they stay. Raises EvaluationError, PluginError."""
    if images.dtype != torch.float32 and not (images.dtype == torch.uint8 and images.ndim == 4):
        what = f"scores are of uint8 images (N, C, H, W) or of float32 samples, not of {images.dtype} {images.ndim}-D"
        raise EvaluationError(what, hint="ganzoo.data.images.to_uint8")
    seen, device = extractor.extract(images), feature_device(images.device)
    for tensor, dimensions in zip(seen, DIMENSIONS, strict=True):
        if tensor is not None and (
            tensor.dtype != torch.float32 or tensor.ndim != dimensions or len(tensor) != len(images)
        ):
            what = f"features {extractor.label!r} break their contract: {tensor.dtype} {tuple(tensor.shape)}"
            raise PluginError(f"{what} for {len(images)} images", hint="ganzoo plugins")
    return map_features(seen, lambda tensor: tensor.to(device))


def _regroup(parts: Iterable[Features]) -> Iterator[Features]:
    """Yield parts of BLOCK images from parts of any length; only the last may be shorter, and none is empty."""
    pending, count = list[Features](), 0
    for part in parts:
        pending.append(part)
        count += len(part.rows)
        if count > BLOCK:
            joined, whole = join_features(pending), (count - 1) // BLOCK * BLOCK
            for start in range(0, whole, BLOCK):
                yield _slice(joined, start, start + BLOCK)
            pending, count = [_slice(joined, whole, count)], count - whole
    if count:
        yield join_features(pending)


def join_features(parts: Sequence[Features]) -> Features:
    """Return the features of some batches as those of one."""
    rows, *others = zip(*parts, strict=True)
    return Features(torch.cat(rows), *(None if tensors[0] is None else torch.cat(tensors) for tensors in others))


def _slice(features: Features, start: int, stop: int) -> Features:
    return map_features(features, lambda tensor: tensor[start:stop])


def _choose(block: Features, first: int, chosen: Tensor | None) -> Features:
    """Return the rows of a block, whose first row is number `first` of all, that are among the chosen; None is all."""
    if chosen is None:
        return block
    here = chosen[(chosen >= first) & (chosen < first + len(block.rows))] - first
    return map_features(block, lambda tensor: tensor[here.to(tensor.device)])


def map_features(features: Features, change: Callable[[Tensor], Tensor]) -> Features:
    """Return features whose tensors are changed."""
    rows, *others = features
    return Features(change(rows), *(None if tensor is None else change(tensor) for tensor in others))


def _require_finite(features: Features, first: int, extractor: Extractor) -> None:
    for tensor in features:
        if tensor is not None and not (finite := tensor.isfinite().reshape(len(tensor), -1).all(dim=1)).all():
            what = f"the features of {extractor.label} are nan or inf"
            where = f"image {first + int(finite.int().argmin())} is the first"
            raise EvaluationError(what, where=where, hint="--features NAME (another), or undamaged weights")


def require_readable(data: DataSpec, extractor: FeatureExtractor) -> None:
    """Raise EvaluationError if an extractor of images is given other samples, or the reverse."""
    there = "images" if data.images else "points"
    if extractor.reads == there:
        return
    kind = there if data.images or len(data.shape) == 1 else "float32 numbers, read as points"
    what = f"this extractor reads {extractor.reads}, but samples of shape {data.shape} are {kind}"
    other = "--features inception, digits-cnn or photos-cnn" if data.images else "--features points"
    if len(data.shape) == 3 and not data.images:
        other += ", or Samples(x) in uint8 if they are images: ((x + 1) * 127.5).round().to(torch.uint8)"
    raise EvaluationError(what, hint=other)
