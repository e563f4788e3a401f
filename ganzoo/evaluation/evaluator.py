"""Samples to scores with their protocol: extractor, metrics and reference are loaded once, then serve any samples."""

from __future__ import annotations

import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from functools import cache, cached_property, partial

import torch
from torch import Tensor

from ganzoo.contracts import DataSpec, Extractor, FeatureExtractor, FeatureSet, Metric, Samples, Score, overrides
from ganzoo.data.captions import spell_all
from ganzoo.data.comparison import Comparison, Neighbourhoods
from ganzoo.data.copies import count_copies
from ganzoo.data.drawing import can_draw, draw_each
from ganzoo.data.neighbours import Neighbours
from ganzoo.data.progress import phase
from ganzoo.data.samples import Pixels
from ganzoo.errors import EvaluationError
from ganzoo.evaluation.exploration import explore
from ganzoo.evaluation.extraction import kept_rows, require_readable
from ganzoo.evaluation.measured import Measured
from ganzoo.evaluation.memorisation import Memorisation, Pair, draw_pairs, find_memorised
from ganzoo.evaluation.protocol import STATISTICS, Generated, Protocol, Reference, name_score
from ganzoo.evaluation.references import load_reference, load_reference_neighbours
from ganzoo.evaluation.refusals import Refusals
from ganzoo.evaluation.report import Report as Report
from ganzoo.evaluation.views import View, extract_images, is_same, no_view, plan_like
from ganzoo.settings.sections import Choice, RunConfig
from ganzoo.training.sampling import Images
from ganzoo.zoo import choices
from ganzoo.zoo.catalogue import Zoo

REPEATS = 3
"""Copies of an image with which its ball has radius 0, for precision at its default number of neighbours."""


@dataclass(frozen=True, eq=False)
class Evaluator:
    """One extractor, some metrics and one reference, with which any samples are scored."""

    extractor: Extractor
    metrics: Mapping[str, Metric]
    frechet: Metric
    """The Frechet distance, by which the best checkpoint is chosen, be it one of `metrics` or not."""
    reference: FeatureSet
    real: Pixels
    """The samples behind the reference: images, uint8 (M, C, H, W), or other samples, float32 (M, *shape)."""
    about: Reference
    batch_size: int
    memorisation: bool = True
    notes: tuple[str, ...] = ()
    open_view: Callable[[str], View] = no_view
    """Extractor of another name, with the reference by its features; raises EvaluationError if it is not here."""
    find_neighbours: Callable[[], Neighbours] | None = None
    """Neighbours of the reference among its rows, from the cache if they are there; None where nothing is cached."""

    def score(self, images: Images, about: Generated, labels: Tensor | None = None) -> Report:
        """Score a set of images, whose labels int64 (N,) are numbers of the reference's classes; None is unknown.

        Raises EvaluationError if there are too few, or if no metric can be computed.
        """
        start = time.perf_counter()
        fake = label(self.extract(images), labels, self.reference.class_names)
        fake = replace(fake, beside=self._plan_comparison(fake))
        extracted = time.perf_counter()
        measured = self.compute(fake, images)
        with phase("looking for copies of real images"):
            memorisation = self.find_memorised(fake) if self.memorisation else None
        if memorisation is not None:
            measured.scores[name_score("memorised", self.extractor, fake.count)] = Score(memorisation.share, "lower")
        seconds = {"images": extracted - start, "metrics": time.perf_counter() - extracted}
        about = replace(about, rows=_fewer(fake))
        extractor = self.extractor
        protocol = Protocol(extractor.label, extractor.fingerprint, about, self.about, measured.metrics)
        notes = (*self.notes, *self.warn(fake), *measured.warnings)
        return Report(measured.scores, protocol, notes, seconds, memorisation)

    def find_memorised(self, fake: FeatureSet) -> Memorisation:
        """Return the share of copies, and the closest pairs by their numbers in the whole sets."""
        beside = fake.beside or self._plan_comparison(fake)
        real = beside.real
        found = find_memorised(real=real.rows, fake=fake.rows, among=real.neighbours, nearest=beside.nearest)
        fakes, reals = kept_rows(fake.count), kept_rows(self.reference.count)
        pairs = (pair._replace(fake=int(fakes[pair.fake]), real=int(reals[pair.real])) for pair in found.pairs)
        return replace(found, pairs=tuple(pairs))

    def _plan_comparison(self, fake: FeatureSet) -> Comparison:
        """Return the distances to the reference as all metrics together, and memorisation, read them."""
        nearest = self.memorisation and self.has_images
        return Comparison(self._neighbourly, fake, self._neighbourhoods, nearest=nearest)

    @property
    def _neighbourhoods(self) -> list[Neighbourhoods]:
        """Balls that the metrics read, by the features of the run's extractor."""
        read = [metric.neighbourhoods for metric in self.metrics.values() if not metric.features]
        return [each for each in read if each]

    @cached_property
    def _neighbourly(self) -> FeatureSet:
        """The reference with the neighbours among its rows, if a metric reads them."""
        if self.find_neighbours is None or not self._neighbourhoods or len(self.reference.rows) < 2:
            return self.reference
        with phase("finding the neighbours of each real image"):
            return replace(self.reference, neighbours=self.find_neighbours())

    def draw_closest(self, report: Report, images: Images, labels: Tensor | None = None) -> Tensor | None:
        """Draw generated images beside the nearest real ones, with their classes: uint8 (C, H, W).

        `labels` are those of `score`. None if memorisation was not measured, or if single samples have no picture.
        """
        if report.memorisation is None or not can_draw(tuple(self.real.shape[1:])):
            return None
        pairs = report.memorisation.pairs
        fakes, reals = images.pick([pair.fake for pair in pairs]), self.real[[pair.real for pair in pairs]]
        return draw_pairs(draw_each(fakes), draw_each(reals), pairs, self._name_pairs(pairs, labels))

    def _name_pairs(self, pairs: Sequence[Pair], labels: Tensor | None) -> list[tuple[str, str]]:
        """Return the classes of both images of each pair; none if the real images have no classes."""
        names, reals = spell_all(self.reference.class_names), self.reference.labels
        if reals is None:
            return []
        rows = torch.searchsorted(kept_rows(self.reference.count), torch.tensor([pair.real for pair in pairs]))
        own = reals.cpu()[rows].tolist()
        made = ["" if labels is None else names[int(labels[pair.fake])] for pair in pairs]
        return [(fake, names[real]) for fake, real in zip(made, own, strict=True)]

    def distance(self, images: Images) -> Score:
        """Return the Frechet distance of some images alone."""
        return self.frechet.compute(real=self.reference, fake=self.extract(images))["FD"]

    @property
    def has_images(self) -> bool:
        """Return False if the reference is a mean and a covariance from a file."""
        return self.about.source != STATISTICS

    def extract(self, images: Images) -> FeatureSet:
        """Extract the features of images, batch by batch. Raises what the extractor raises."""
        return extract_images(images, self.extractor, self.batch_size)

    def compute(self, fake: FeatureSet, images: Images) -> Measured:
        """Return the scores of images with the features `fake`, and the reason of each metric that refused.

        Raises EvaluationError if all do.
        """
        measured, refusals = Measured({}, {}, []), Refusals()
        seen = {self.extractor.label: fake}
        for name, metric in self.metrics.items():
            with refusals.of(name):
                self._require_images(metric)
                view = self._view(metric)
                if view.extractor.label not in seen:
                    features = extract_images(images, view.extractor, self.batch_size)
                    seen[view.extractor.label] = replace(features, labels=fake.labels, class_names=fake.class_names)
                with phase(f"computing {name}"):
                    self._compute_one(name, view, seen[view.extractor.label], images, measured)
        if not measured.scores:
            raise refusals.error(measured.warnings)
        measured.warnings.extend(refusals.remarks)
        return measured

    def _compute_one(self, name: str, view: View, fake: FeatureSet, images: Images, measured: Measured) -> None:
        """Add the scores of one metric. Raises EvaluationError if it refuses, or if another one gave such a score."""
        metric = self.metrics[name]
        if name not in self._prepared:
            self._prepared[name] = metric.prepare(view.reference)
        real = self._prepared[name]
        scores = dict(metric.compute(real=real, fake=fake))
        if overrides(metric, "compute_generator", Metric):
            scores |= explore(metric, images, view.extractor)
        measured.add(scores, metric, view.extractor, fake.count, is_own=view.extractor is self.extractor)
        measured.warnings.extend(metric.warn(real=real, fake=fake))

    @cached_property
    def _prepared(self) -> dict[str, FeatureSet]:
        """References as metrics prepared them, by the name of the metric."""
        return {}

    def _view(self, metric: Metric) -> View:
        """Return the extractor that a metric reads, with the reference. Raises EvaluationError if it has no weights."""
        return self.open_view(metric.features) if metric.features else View(self.extractor, self.reference)

    def foresee(self, fake: FeatureSet) -> list[str]:
        """Return what a set of the size and with the labels of `fake` will lack: reasons of metrics, and warnings.

        Raises EvaluationError if no metric can be computed.
        """
        refusals = Refusals()
        for name, metric in self.metrics.items():
            with refusals.of(name):
                self._require_images(metric)
                view = self._view(metric)
                planned = fake if view.extractor is self.extractor else plan_like(fake, view.reference)
                metric.require(real=view.reference, fake=planned)
        if refusals.count == len(self.metrics):
            raise refusals.error()
        return [*self._warn_of_few(fake), *refusals.remarks]

    def _require_images(self, metric: Metric) -> None:
        if metric.needs_images and not self.has_images:
            what = f"the reference {self.about.dataset} holds mean and covariance, and this takes the images themselves"
            raise EvaluationError(what, hint="--dataset NAME (in place of --reference)")

    def warn(self, fake: FeatureSet) -> list[str]:
        """Return warnings about features that make scores misleading."""
        warnings = self._warn_of_few(fake)
        if float(fake.covariance.trace()) <= 1e-6 * float(self.reference.covariance.trace()):
            warnings.append("all generated images look the same to the extractor: the generator has collapsed")
        return warnings

    def _warn_of_few(self, fake: FeatureSet) -> list[str]:
        """Return warnings about sets of fewer images than features."""
        dim, warnings = len(fake.mean), list[str]()
        real = f"{self.about.count:,}" if self.about.count is not None else f"at most {dim:,}"
        for what, count in (f"{fake.count:,} generated", fake.count), (f"{real} reference", self.reference.count):
            if count <= dim:
                warnings.append(f"{what} images are too few for FD over {dim:,} features: it comes out far too high")
        return warnings


def open_evaluator(samples: Samples, run: RunConfig, zoo: Zoo, device: torch.device) -> Evaluator:
    """Load the extractor of a run, its metrics, and the reference from the cache or from the samples.

    Raises EvaluationError if the extractor has no weights or cannot read these samples, ConfigError for an
    unknown name or option.
    """
    chosen = choices.choose_features(run.features, run.dataset, zoo)
    loaded = load_extractor(samples.spec, chosen, zoo, device)
    metrics = choices.choose_metrics(run, zoo)
    frechet: Metric = zoo.create("metric", Choice("fid@ganzoo"))  # whatever a plugin calls fid
    about = describe_reference(samples, run.dataset, zoo)
    view = partial(_load_view, samples, about.sha256, frechet, run.eval.batch_size, device)
    own, notes = view(loaded)

    @cache
    def open_view(name: str) -> View:
        if is_same(name, chosen.name, zoo):
            return own
        return view(load_extractor(samples.spec, Choice(name), zoo, device))[0]

    neighbours = partial(load_reference_neighbours, own.reference, about.sha256, loaded)
    about = replace(about, rows=_fewer(own.reference), repeated=_count_repeated(own.reference))
    return Evaluator(
        loaded, metrics, frechet, own.reference, samples.x, about, run.eval.batch_size, run.eval.memorisation,
        (*samples.notes, *notes), open_view, neighbours,
    )  # fmt: skip


def _load_view(
    samples: Samples, sha256: str, frechet: Metric, batch_size: int, device: torch.device, extractor: Extractor
) -> tuple[View, tuple[str, ...]]:
    """Return the reference by one extractor, from the cache or from the samples, and faults of the cache."""
    found = load_reference(samples.x, sha256, extractor, prepare=frechet.prepare, device=device, batch_size=batch_size)
    return View(extractor, label(found.features, samples.classes, samples.class_names)), found.notes


def load_extractor(data: DataSpec, features: Choice, zoo: Zoo, device: torch.device) -> Extractor:
    """Load the extractor of such samples. Raises EvaluationError if it has no weights or cannot read them."""
    extractor: FeatureExtractor = zoo.create("features", features)
    require_readable(data, extractor)
    with phase("loading the feature extractor"):
        return extractor.load(device)


def label(features: FeatureSet, y: Tensor | None, class_names: tuple[str, ...]) -> FeatureSet:
    """Return the features with the labels of their rows, of those y (N,) of all samples; None leaves them without."""
    if y is None:
        return features
    return replace(features, labels=y.cpu()[kept_rows(len(y))].to(features.rows.device), class_names=class_names)


def _fewer(features: FeatureSet) -> int | None:
    """Return the number of rows, or None if there is one for each image."""
    return len(features.rows) if len(features.rows) < features.count else None


def _count_repeated(features: FeatureSet) -> int | None:
    """Return how many images stand in the reference more than REPEATS times, or None if none does."""
    return int((count_copies(features.rows) > REPEATS).sum()) or None


def describe_reference(samples: Samples, dataset: Choice, zoo: Zoo) -> Reference:
    """Return name, options, size and content of the real images, but not where they are stored."""
    not_content = ("root", "path", "download", "cache", "workers", "flip")
    options = zoo.read_options("dataset", dataset)
    kept = {name: value for name, value in options.items() if name not in not_content}
    return Reference(dataset.name, kept, len(samples), samples.digests.images)
