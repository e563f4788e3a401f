"""Samples as one extractor sees them: the reference by its features, and generated images beside it."""

from __future__ import annotations

from dataclasses import replace
from typing import NamedTuple

from torch import Tensor

from ganzoo.contracts import Extractor, FeatureSet
from ganzoo.data.progress import counted
from ganzoo.errors import EvaluationError
from ganzoo.evaluation.extraction import extract
from ganzoo.training.sampling import Images
from ganzoo.zoo.catalogue import Zoo


class View(NamedTuple):
    """One extractor, and the reference by its features."""

    extractor: Extractor
    reference: FeatureSet


def no_view(name: str) -> View:
    """Raise EvaluationError: the reference is known by the features of one extractor alone."""
    what = f"it reads the features of {name}, and the reference is known by others alone"
    raise EvaluationError(what, hint=f"--features {name}, or --dataset NAME (in place of --reference)")


def is_same(name: str, other: str, zoo: Zoo) -> bool:
    """Return whether two names are those of one extractor. Raises ConfigError for an unknown one."""
    return zoo.entry("features", name).component is zoo.entry("features", other).component


def extract_images(images: Images, extractor: Extractor, batch_size: int) -> FeatureSet:
    """Extract the features of images, batch by batch. Raises what the extractor raises."""
    what = f"scoring images by {extractor.label}"
    return extract(counted(images.batches(batch_size), what, images.count), extractor, images.count)


def plan_like(fake: FeatureSet, reference: FeatureSet) -> FeatureSet:
    """Return a set of the size and with the labels of `fake`, all of whose features are the first of the reference."""

    def repeat(tensor: Tensor | None) -> Tensor | None:
        return None if tensor is None else tensor[:1].expand(len(fake.rows), *tensor.shape[1:])

    rows = repeat(reference.rows)
    assert rows is not None  # every extractor has features
    mean = rows[0].double()
    planned = replace(
        fake, mean=mean, covariance=mean.new_zeros(()), rows=rows, root=None, neighbours=None, beside=None
    )
    return replace(planned, logits=repeat(reference.logits), deviations=repeat(reference.deviations))
