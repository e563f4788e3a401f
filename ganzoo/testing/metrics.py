"""Checks of metrics: plain numbers, the same every time, better for equal sets than for unlike ones."""

from __future__ import annotations

from collections.abc import Callable, Mapping

import torch
from torch import Tensor

from ganzoo.contracts import Features, FeatureSet, Metric, Sampler, Score, overrides
from ganzoo.errors import EvaluationError
from ganzoo.testing.expectations import ConformanceError, Unchecked, expect
from ganzoo.testing.networks import expect_generators_rest
from ganzoo.testing.subjects import Subject

COUNTS = (200, 2_000)
"""Numbers of images that are tried; the second one if the first is too few."""
LENGTH, CLASSES = 6, 4


def _set_of(rows: Tensor, logits: Tensor, labels: Tensor) -> FeatureSet:
    """rows (N, D) ~ N(0, I), logits (N, K), labels (N,) -> features for metrics; a row's deviation is its norm."""
    covariance = rows.double().T.cov(correction=1 if len(rows) > 1 else 0).reshape(LENGTH, LENGTH)
    own = {"deviations": rows.norm(dim=1), "labels": labels}
    names = tuple(f"class {k}" for k in range(CLASSES))
    return FeatureSet(len(rows), rows.double().mean(dim=0), covariance, rows, logits, **own, class_names=names)


def _normal(n: int, seed: int) -> FeatureSet:
    """Return features of n images with clear classes: rows ~ N(0, I)."""
    generator = torch.Generator().manual_seed(seed)
    labels = torch.arange(n) % CLASSES
    return _set_of(torch.randn(n, LENGTH, generator=generator), 8.0 * torch.eye(CLASSES)[labels], labels)


def _unlike(n: int) -> FeatureSet:
    """Return features far from those of `_normal`, of n images with unclear classes."""
    far = _normal(n, seed=1)
    return _set_of(far.rows * 0.5 + 9.0, torch.zeros(n, CLASSES), torch.arange(n) % CLASSES)


def _shuffled(features: FeatureSet) -> FeatureSet:
    assert features.logits is not None and features.labels is not None  # all sets here have some
    order = torch.randperm(features.count, generator=torch.Generator().manual_seed(5))
    return _set_of(features.rows[order], features.logits[order], features.labels[order])


class _Scaled(Sampler):
    """A generator of points, z / 2, whose features are the points."""

    z_dim = LENGTH
    num_classes = CLASSES

    def draw(self, count: int) -> tuple[Tensor, Tensor]:
        return torch.randn(count, LENGTH), torch.randint(CLASSES, (count,))

    def samples(self, z: Tensor, y: Tensor) -> Tensor:
        return z / 2

    def __call__(self, z: Tensor, y: Tensor) -> Features:
        logits = 8.0 * torch.eye(CLASSES)[y]
        return Features(self.samples(z, y), logits, (z / 2).norm(dim=1))


class _Drawn(_Scaled):
    """A generator of grey images of 32 x 32 pixels, all of one grey, whose features are those of the points."""

    def samples(self, z: Tensor, y: Tensor) -> Tensor:
        return z[:, :1, None, None].tanh().repeat(1, 1, 32, 32)

    def __call__(self, z: Tensor, y: Tensor) -> Features:
        return _Scaled()(z, y)


def _explore(metric: Metric) -> Mapping[str, Score]:
    """Return the scores of a generator of points or, if the metric refuses those, of images."""
    with torch.random.fork_rng([]):
        torch.manual_seed(0)
        try:
            return metric.compute_generator(_Scaled())
        except EvaluationError:
            return metric.compute_generator(_Drawn())


def _require_comparison(metric: Metric, scores: Mapping[str, Score]) -> None:
    """Raise Unchecked if a metric measures the generator alone, and compares no sets."""
    if not scores and overrides(metric, "compute_generator", Metric):
        raise Unchecked("it measures the generator itself, and compares no sets")


def _compute(metric: Metric, real: FeatureSet, fake: FeatureSet) -> Mapping[str, Score]:
    scores = metric.compute(real=real, fake=fake)
    warnings = metric.warn(real=real, fake=fake)
    lines = not isinstance(warnings, str) and all(isinstance(line, str) for line in warnings)
    expect(lines, "a sequence of lines from warn", came=repr(warnings), hint='["too few images for a stable score"]')
    for name, score in scores.items():
        expect(
            isinstance(score, Score), f"a ganzoo.Score of {name}", came=repr(score), hint="ganzoo.Score(value, better)"
        )
    return scores


def _count(metric: Metric) -> int:
    """Return a number of images that is enough. Raises Unchecked if thousands are too few."""
    for n in COUNTS:
        try:
            metric.compute(real=_normal(n, 0), fake=_normal(n, 1))
        except EvaluationError:
            continue
        return n
    raise Unchecked(f"{COUNTS[-1]:,} images of {LENGTH} features are too few for it")


def scores_are_plain_finite_numbers(subject: Subject) -> None:
    """Scores are finite floats inside their interval, and `better` is "lower" or "higher"."""
    metric: Metric = subject.make()
    scores = {**_compute(metric, _normal(_count(metric), 0), _normal(_count(metric), 1)), **_explore(metric)}
    expect(len(scores) > 0, "at least one score", came="none", hint='{"name": Score(value, "lower")}')
    for name, score in scores.items():
        for field, value in (("value", score.value), ("low", score.low), ("high", score.high), ("std", score.std)):
            plain = type(value) is float and abs(value) < float("inf")
            kept = plain or (value is None and field != "value")
            expect(kept, f"{name}.{field} to be a finite float", came=repr(value), hint="float(...) or .item()")
        expect(
            score.better in ("lower", "higher"), f"{name}.better", came=repr(score.better), hint='"lower" or "higher"'
        )
        inside = score.low is None or score.high is None or score.low <= score.value <= score.high
        expect(
            inside, f"{name} in its interval", came=f"{score.value} in [{score.low}, {score.high}]", hint="low <= value"
        )


def scores_are_the_same_every_time(subject: Subject) -> None:
    """Subsets are drawn from a seed that is an option, and no global random state moves."""
    metric: Metric = subject.make()
    real, fake = _normal(_count(metric), 0), _normal(_count(metric), 1)
    hint = "a torch.Generator of your own, with a seed that is an option"
    with expect_generators_rest(("torch", "numpy", "python"), hint=hint):
        one, other = metric.compute(real=real, fake=fake), metric.compute(real=real, fake=fake)
        expect(dict(one) == dict(other), f"{dict(one)} again", came=str(dict(other)), hint=hint)


def equal_sets_are_better_than_unlike_ones(subject: Subject) -> None:
    """No score of equal sets is worse than that of far, unclear images, and one is better."""
    metric: Metric = subject.make()
    n = _count(metric)
    equal, unlike = (_compute(metric, _normal(n, 0), fake) for fake in (_normal(n, 0), _unlike(n)))
    _require_comparison(metric, equal)
    gains = {name: _gain(equal[name], unlike[name]) for name in equal}
    said = ", ".join(f"{name} {equal[name].value:g} and {unlike[name].value:g}" for name in equal)
    right = min(gains.values()) >= 0 and max(gains.values()) > 0
    expect(right, "better scores of equal sets than of unlike ones", came=said, hint="Score.better: lower or higher?")


def _gain(one: Score, other: Score) -> float:
    """Return by how much one score is better than the other."""
    return other.value - one.value if one.better == "lower" else one.value - other.value


def preparing_changes_no_score(subject: Subject) -> None:
    """`prepare` only saves time: scores are the same with features that were prepared and that were not."""
    metric: Metric = subject.make()
    real, fake = _normal(_count(metric), 0), _normal(_count(metric), 1)
    prepared = metric.prepare(real)
    hint = "dataclasses.replace(real, root=...), which leaves the rest as it is"
    expect(isinstance(prepared, FeatureSet), "a ganzoo.FeatureSet from prepare", came=repr(prepared), hint=hint)
    one, other = _compute(metric, real, fake), _compute(metric, prepared, fake)
    expect(dict(one) == dict(other), f"{dict(one)} of prepared features too", came=str(dict(other)), hint=hint)


def order_of_images_does_not_matter(subject: Subject) -> None:
    """Other orders of the images change a score by less than the interval or the deviation that it states."""
    metric: Metric = subject.make()
    real, fake = _normal(_count(metric), 0), _normal(_count(metric), 1)
    scores, shuffled = _compute(metric, real, fake), _compute(metric, _shuffled(real), _shuffled(fake))
    for name, score in scores.items():
        spread = (score.high - score.low if score.high is not None and score.low is not None else 0) + 4 * (
            score.std or 0
        )
        far = abs(score.value - shuffled[name].value) > spread + 1e-4 * max(1.0, abs(score.value))
        came = f"{score.value:g} and {shuffled[name].value:g}"
        expect(not far, f"one {name} in whatever order images come", came=came, hint="pair no rows of real and fake")


def one_image_is_too_few(subject: Subject) -> None:
    """An EvaluationError says how many are needed; no number stands for failure."""
    metric: Metric = subject.make()
    try:
        scores = metric.compute(real=_normal(1, 0), fake=_normal(1, 1))
    except EvaluationError:
        return
    except Exception as error:
        came, hint = f"{type(error).__name__}: {error}", "if fake.count < 2: raise ganzoo.EvaluationError(...)"
        raise ConformanceError("an EvaluationError for one image", came=came, hint=hint) from error
    _require_comparison(metric, scores)
    hint = "if fake.count < 2: raise ganzoo.EvaluationError(what, hint=...)"
    raise ConformanceError("an EvaluationError for one image", came=str(dict(scores)), hint=hint)


def a_generator_is_measured_alike_every_time(subject: Subject) -> None:
    """`compute_generator` draws from torch's global generators, which follow from the seed of the evaluation."""
    metric: Metric = subject.make()
    if not overrides(metric, "compute_generator", Metric):
        raise Unchecked("it compares sets, and measures no generator")
    one, other = _explore(metric), _explore(metric)
    hint = "sampler.draw(n), and torch.rand(...) without a generator of your own"
    expect(dict(one) == dict(other), f"{dict(one)} again", came=str(dict(other)), hint=hint)


def features_are_those_of_an_extractor(subject: Subject) -> None:
    """`features` is empty, or the name of an extractor that is here."""
    names = subject.zoo.names["features"]
    asked = subject.component.features  # type: ignore[attr-defined]  # the contract has it
    expect(asked in ("", *names), f"features among {', '.join(names)}", came=repr(asked), hint='features = "inception"')


CHECKS: tuple[Callable[[Subject], None], ...] = (
    scores_are_plain_finite_numbers,
    scores_are_the_same_every_time,
    equal_sets_are_better_than_unlike_ones,
    preparing_changes_no_score,
    order_of_images_does_not_matter,
    one_image_is_too_few,
    a_generator_is_measured_alike_every_time,
    features_are_those_of_an_extractor,
)
