"""Checks of feature extractors: a row of numbers for each sample, which no other sample changes."""

from __future__ import annotations

from collections.abc import Callable

import torch
from torch import Tensor

from ganzoo.contracts import Extractor, Features
from ganzoo.errors import EvaluationError
from ganzoo.testing.expectations import expect, expect_loaded, expect_tensor
from ganzoo.testing.networks import expect_generators_rest
from ganzoo.testing.subjects import Subject

SHAPES: dict[str, tuple[tuple[int, ...], ...]] = {
    "images": ((3, 32, 32), (1, 32, 32), (3, 48, 64)),
    "points": ((2,), (5,)),
}
"""Shapes of the samples that are tried, by what an extractor reads."""


def _load(subject: Subject) -> Extractor:
    """Load the extractor. Raises Unchecked if its weights are not on this machine."""

    def load() -> object:
        return subject.make().load(torch.device("cpu"))

    hint = "ganzoo.Extractor(label, fingerprint, extract)"
    return expect_loaded(load, Extractor, "a ganzoo.Extractor", hint=hint, absent=EvaluationError)


def _samples(shape: tuple[int, ...]) -> Tensor:
    """Return four images in bytes, or four points in [-1, 1)."""
    generator = torch.Generator().manual_seed(2)
    if len(shape) != 3:
        return 2 * torch.rand(4, *shape, generator=generator) - 1
    return torch.randint(256, (4, *shape), generator=generator).to(torch.uint8)


def _seen(subject: Subject, extractor: Extractor) -> dict[tuple[int, ...], Features]:
    """Return the features of four samples for each shape that is taken."""
    seen: dict[tuple[int, ...], Features] = {}
    reads = subject.make().reads
    expect(reads in SHAPES, f"reads to be one of {', '.join(SHAPES)}", came=repr(reads), hint='reads = "images"')
    for shape in SHAPES[reads]:
        try:
            seen[shape] = extractor.extract(_samples(shape))
        except EvaluationError:
            continue
    hint = 'take grey or colour images of any size, and resize them; or reads = "points"'
    expect(len(seen) > 0, f"features of {reads} of one of {SHAPES[reads]}", came="EvaluationError for all", hint=hint)
    return seen


def it_says_what_its_numbers_depend_on(subject: Subject) -> None:
    """An extractor has a label, and a fingerprint that names weights, resizing and number format."""
    extractor = _load(subject)
    named = isinstance(extractor.label, str) and extractor.label != ""
    expect(named, "a label", came=repr(extractor.label), hint='Extractor("my-features", ...)')
    missing = [key for key in ("weights", "resize", "dtype") if not isinstance(extractor.fingerprint.get(key), str)]
    hint = '{"weights": sha256, "resize": "bilinear to 32", "dtype": "float32"}'
    expect(not missing, f"a fingerprint with {', '.join(missing)}", came=str(dict(extractor.fingerprint)), hint=hint)


def rows_are_one_per_image(subject: Subject) -> None:
    """Features of N samples are finite float32 (N, D) without gradient, as are class logits and deviations."""
    for features in _seen(subject, _load(subject)).values():
        named = {"rows": features.rows, "class logits": features.logits, "deviations": features.deviations}
        for what, value in named.items():
            if value is None and what != "rows":
                continue
            shape = tuple(value.shape[1:2]) if isinstance(value, Tensor) and what != "deviations" else ()
            tensor = expect_tensor(value, (4, *shape), what, hint="flatten(1).float()")
            expect(not tensor.requires_grad, f"{what} without gradient", came="with one", hint="@torch.no_grad()")


def rows_depend_on_their_image_alone(subject: Subject) -> None:
    """The row of an image is the same in every batch, but for rounding."""
    extractor = _load(subject)
    for shape, features in _seen(subject, extractor).items():
        images = _samples(shape)
        alone = torch.cat([extractor.extract(image[None]).rows for image in images])
        close = torch.allclose(features.rows, alone, rtol=1e-3, atol=1e-3 * float(features.rows.abs().max()))
        expect(close, "the same row for an image alone", came="another one", hint="network.eval()")


def rows_are_the_same_every_time(subject: Subject) -> None:
    """Rows are the same from the same and from a second extractor, and the images are not changed in place."""
    extractor = _load(subject)
    for shape, features in _seen(subject, extractor).items():
        images = _samples(shape)
        again = [each.extract(images).rows for each in (extractor, _load(subject))]
        same = all(torch.equal(features.rows, rows) for rows in again)
        expect(same, "the same rows again", came="other ones", hint="network.eval(), and weights from a file")
        expect(
            torch.equal(images, _samples(shape)),
            "images as they were",
            came="changed ones",
            hint="copy before a change",
        )


def loading_leaves_the_random_state(subject: Subject) -> None:
    """Loading draws from no global generator, so that a run that is scored ends like one that is not."""
    hint = "with torch.random.fork_rng(devices=[]): build the network"
    with expect_generators_rest(("torch", "numpy", "python"), hint=hint):
        _seen(subject, _load(subject))


CHECKS: tuple[Callable[[Subject], None], ...] = (
    it_says_what_its_numbers_depend_on,
    rows_are_one_per_image,
    rows_depend_on_their_image_alone,
    rows_are_the_same_every_time,
    loading_leaves_the_random_state,
)
