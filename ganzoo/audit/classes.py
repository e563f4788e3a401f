"""A conditional generator class by class: which class its samples show, and how they differ from one another."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, NamedTuple

import torch
from torch import Tensor

from ganzoo.audit.discriminant import fit_discriminant
from ganzoo.audit.diversity import Numbers, extract_rows, measure_diversity, measure_pixels, shrink
from ganzoo.contracts import Extractor, Samples
from ganzoo.data.images import from_uint8
from ganzoo.data.parts import pick_evenly
from ganzoo.training.gan import GAN
from ganzoo.training.latents import draw_latents
from ganzoo.training.sampling import generate

MOST = 50
"""Most generated samples of a class, and most real ones to compare them with."""
LEAST = 20
"""Fewest generated samples of a class."""
TOTAL = 1000
"""Generated samples of all classes; where that is less than LEAST of each, some of the classes are looked at."""
FEWEST = 2 * LEAST
"""Fewest real samples of a class that is looked at: half of them teach the classifier, the other half test it."""


@dataclass(frozen=True, eq=False)
class ClassAudit:
    """Generated and real samples of K' of the dataset's classes, by the class that a classifier sees in them.

    The classifier has learnt from other real samples of the run: linear discriminant analysis in the extractor's
    features, or of the samples themselves without an extractor.
    """

    names: tuple[str, ...]
    """Names of the classes that are looked at."""
    fake: Tensor
    """Generated samples by the class that was asked for and the class that is seen: counts (K', K')."""
    real: Tensor
    """Real samples that the classifier has not learnt from, by their label and the class that is seen: (K', K')."""
    diversity: tuple[Numbers, ...] = ()
    """Numbers of `measure_diversity` of each class, generated against real samples; {} if these are all alike."""
    absent: tuple[str, ...] = ()
    """Names of classes without a training sample."""
    skipped: int = 0
    """Number of other classes that are not looked at."""
    features: str = ""
    """Label of the extractor; empty if the samples themselves were classified."""

    @property
    def accuracy(self) -> Tensor:
        """Share of the generated samples of each class that show it: (K',)."""
        return self.fake.diagonal() / self.fake.sum(dim=1)

    @property
    def real_accuracy(self) -> Tensor:
        """Share of the unseen real samples of each class that the classifier gets right: (K',)."""
        return self.real.diagonal() / self.real.sum(dim=1)

    def to_json(self) -> dict[str, Any]:
        """Return plain JSON values: counts by label and class that is seen, and the diversity of each class."""
        counts = {"generated": self.fake.int().tolist(), "real": self.real.int().tolist()}
        diversity = dict(zip(self.names, self.diversity, strict=True))
        return {"names": list(self.names), "features": self.features, "seen": counts, "diversity": diversity}


class _Rows(NamedTuple):
    """Feature rows and rows of pixels with their classes in [0, K')."""

    rows: Tensor
    y: Tensor
    pixels: Tensor

    def of_class(self, k: int, most: int) -> tuple[Tensor, Tensor]:
        """Return the rows and the pixels of a class, `most` at most."""
        return self.rows[self.y == k][:most], self.pixels[self.y == k][:most]


def audit_classes(gan: GAN, samples: Samples, extractor: Extractor | None) -> ClassAudit | None:
    """Measure G_ema class by class; the random state stays as it is.

    None if fewer than two classes have FEWEST samples, or if the generator's samples are not finite.
    """
    counts = torch.tensor(samples.class_counts)
    able = (counts >= FEWEST).nonzero()[:, 0]
    if len(able) < 2:
        return None
    chosen = able[pick_evenly(min(TOTAL // LEAST, len(able)), len(able))]
    count = min(MOST, max(LEAST, TOTAL // len(chosen)))
    wanted = chosen.repeat_interleave(count)
    x = generate(gan.G_ema.module, draw_latents(len(wanted), gan.z_dim, 0), wanted)
    if not bool(x.isfinite().all()):
        return None
    fake = _Rows(extract_rows(x.to(gan.device.torch_device), gan.data, extractor), _number(wanted, chosen), shrink(x))
    taught, real = _draw_reals(gan, samples, chosen, count, extractor)
    judge = fit_discriminant(taught.rows, taught.y, len(chosen))
    return ClassAudit(
        names=tuple(samples.class_names[k] for k in chosen.tolist()),
        fake=_cross(fake.y, judge.classify(fake.rows), len(chosen)),
        real=_cross(real.y, judge.classify(real.rows), len(chosen)),
        diversity=tuple(_compare(fake, real, k) for k in range(len(chosen))),
        absent=tuple(name for name, n in zip(samples.class_names, counts.tolist(), strict=True) if n == 0),
        skipped=int((counts > 0).sum()) - len(chosen),
        features=extractor.label if extractor is not None else "",
    )


def _draw_reals(
    gan: GAN, samples: Samples, chosen: Tensor, count: int, extractor: Extractor | None
) -> tuple[_Rows, _Rows]:
    """Return at most `count` real samples of each class to learn from, and as many others."""
    generator = torch.Generator().manual_seed(0)
    labels, halves = samples.y.cpu(), (list[Tensor](), list[Tensor]())
    for k in chosen.tolist():
        of_class = (labels == k).nonzero()[:, 0]
        drawn = of_class[torch.randperm(len(of_class), generator=generator)[: 2 * count]]
        for half, part in zip(halves, drawn.tensor_split(2), strict=True):
            half.append(part)
    sets = []
    for half in halves:
        index = torch.cat(half)
        x = from_uint8(samples.x[index].to(gan.device.torch_device))
        sets.append(_Rows(extract_rows(x, samples.spec, extractor), _number(labels[index], chosen), shrink(x.cpu())))
    return sets[0], sets[1]


def _number(y: Tensor, chosen: Tensor) -> Tensor:
    """Return the place in `chosen`, which is sorted, of each label."""
    return torch.searchsorted(chosen, y)


def _cross(y: Tensor, seen: Tensor, classes: int) -> Tensor:
    """Labels y (N,), classes that are seen (N,) -> counts float64 (K, K)."""
    return torch.bincount(y * classes + seen.cpu(), minlength=classes**2).reshape(classes, classes).double()


def _compare(fake: _Rows, real: _Rows, k: int) -> Numbers:
    """Return the diversity of one class, of equally many samples: among more of them, the nearest is nearer."""
    count = min(int((fake.y == k).sum()), int((real.y == k).sum()))
    (of_fake, fake_pixels), (of_real, real_pixels) = fake.of_class(k, count), real.of_class(k, count)
    found = measure_diversity(real=of_real, fake=of_fake)
    return found | measure_pixels(real=real_pixels, fake=fake_pixels) if found else {}
