"""Checks of datasets: samples of the stated type and range, the same ones every time."""

from __future__ import annotations

from collections.abc import Callable
from functools import cache

import torch

from ganzoo.contracts import Samples
from ganzoo.data.samples import check_samples
from ganzoo.errors import DataError, PluginError
from ganzoo.testing.expectations import ConformanceError, expect, expect_loaded
from ganzoo.testing.networks import expect_generators_rest
from ganzoo.testing.subjects import Subject


def load(subject: Subject) -> Samples:
    """Load the samples. Raises Unchecked if the data are not on this machine."""
    hint = "ganzoo.Samples(x, y, class_names)"
    return expect_loaded(lambda: subject.make().load(), Samples, "ganzoo.Samples", hint=hint, absent=DataError)


@cache
def find_shape(subject: Subject) -> tuple[int, ...] | None:
    """Return the shape of its samples; None if they are not here, or wrong, as its own checks say."""
    try:
        return load(subject).spec.shape
    except Exception:  # a dataset may raise anything
        return None


def samples_have_their_type_and_range(subject: Subject) -> None:
    """Samples x are uint8, or float32 in [-1, 1]; labels y are int64 in [0, K) with K names, or float32 vectors."""
    samples = load(subject)
    try:
        check_samples(samples, subject.name)
    except PluginError as error:
        came = f"x {samples.x.dtype} {tuple(samples.x.shape)}, y {samples.y.dtype} {tuple(samples.y.shape)}"
        hint = "images as bytes: x.mul(255).round().to(torch.uint8)" if "x is" in error.what else "y.long(), from 0"
        raise ConformanceError(error.what.partition("by which ")[2], came=came, hint=hint) from error
    names = all(isinstance(name, str) and name for name in samples.class_names)
    expect(names, "a name of each class", came=str(samples.class_names), hint='("all",) where there are no labels')


def images_have_their_channels_first(subject: Subject) -> None:
    """Samples in bytes are images (M, C, H, W), and not (M, H, W, C); indices read a part of any samples."""
    x = load(subject).x
    if x.dtype == torch.uint8:
        right = x.ndim == 4 and not (x.shape[3] in (1, 3) and x.shape[1] not in (1, 3))
        expect(right, "images of shape (M, C, H, W)", came=str(tuple(x.shape)), hint="x[:, None], or channels first")
    part = x[torch.tensor([len(x) - 1, 0])]
    right = tuple(part.shape) == (2, *x.shape[1:]) and part.dtype == x.dtype
    expect(right, f"two samples of {tuple(x.shape[1:])} by their indices", came=str(tuple(part.shape)), hint="a tensor")


def content_is_the_same_every_time(subject: Subject) -> None:
    """The sha256 of the samples is always the same, since runs resume on it and scores are compared by it."""
    hint = "sort what is listed; draw with a torch.Generator of a fixed seed"
    with expect_generators_rest(("torch", "numpy", "python"), hint=hint):
        one, other = load(subject), load(subject)
        same = one.digests == other.digests and one.class_names == other.class_names
        expect(same, "the same samples in the same order", came="other ones", hint=hint)


def default_features_exist(subject: Subject) -> None:
    """The extractor that scores these data by default is one that exists."""
    known = [entry.name for entry in subject.zoo.entries("features")]
    named = subject.component.default_features  # type: ignore[attr-defined]
    hint = 'default_features: ClassVar[str] = "photos-cnn"'
    expect(named in known, f"default_features among {', '.join(known)}", came=repr(named), hint=hint)


CHECKS: tuple[Callable[[Subject], None], ...] = (
    samples_have_their_type_and_range,
    images_have_their_channels_first,
    content_is_the_same_every_time,
    default_features_exist,
)
