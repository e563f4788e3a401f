"""Share of images in which a classifier finds the class that an image was made for."""

from collections.abc import Mapping
from dataclasses import dataclass

import ganzoo
from ganzoo_metrics.requirements import hits_by_class, require_classes, require_enough


@dataclass(frozen=True)
class ClassAccuracy(ganzoo.Metric):
    """Share of images that the extractor takes for their class. Odena et al. 2017, arXiv:1610.09585, Section 4.1.

    mean over classes y of P(argmax of the extractor's logits = y | the image was made for y)

    The extractor classifies into the classes of the dataset, in their order: digits-cnn for digits, photos-cnn for
    CIFAR-10. One that is wrong about more than half of the reference is refused. A high score says that images show
    their class, not that they differ: compare `intra-fid`. The 95 % interval contains the draw of the generated images.
    """

    def require(self, *, real: ganzoo.FeatureSet, fake: ganzoo.FeatureSet) -> None:
        require_enough(real=real, fake=fake)
        require_classes(real=real, fake=fake)
        known, names = 0 if real.logits is None else real.logits.shape[1], real.class_names
        if known != len(names):
            what = f"the extractor knows {known} classes, and the dataset has {len(names)}"
            raise ganzoo.EvaluationError(what, hint="--metrics cas, which trains a classifier of its own")

    def compute(self, *, real: ganzoo.FeatureSet, fake: ganzoo.FeatureSet) -> Mapping[str, ganzoo.Score]:
        """Raises EvaluationError if the extractor's classes are not those of the reference."""
        self.require(real=real, fake=fake)
        right = _accuracy(real, interval=False).value
        if right < 0.5:
            what = f"the extractor finds the class of {right:.0%} of the reference: its classes are others"
            raise ganzoo.EvaluationError(what, hint="--metrics cas, which trains a classifier of its own")
        return {"class-accuracy": _accuracy(fake, interval=True, names=real.class_names)}

    def warn(self, *, real: ganzoo.FeatureSet, fake: ganzoo.FeatureSet) -> list[str]:
        right = _accuracy(real, interval=False).value
        return [f"class-accuracy of the reference itself is {right:.3f}"] if right < 0.95 else []


def _accuracy(features: ganzoo.FeatureSet, *, interval: bool, names: tuple[str, ...] = ()) -> ganzoo.Score:
    assert features.logits is not None and features.labels is not None  # see require
    hits = features.logits.argmax(dim=1) == features.labels
    return hits_by_class(hits, features.labels, names or features.class_names, interval=interval)
