"""The protocol of a score: all that its number depends on, in one value that is written beside it.

FIDs of one network that are published differ by three to four points because their protocols do: another
reference split, other numbers of images, other weights of Inception.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import MISSING, asdict, dataclass, field, fields, is_dataclass
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from ganzoo.contracts import Extractor


_LATER = ("rows", "repeated", "of", "pick", "source")
"""Fields that older records do not have: one that is None must not make a protocol another one."""


STATISTICS = "statistics"
"""Source of a reference that is mean and covariance from a file."""
LABELS = {"training": "training frequency", "balanced": "each class in turn"}
"""Value of eval.labels -> its words in a protocol, if the generator knows classes."""
VECTORS = "training vectors"
"""Words in a protocol for labels that are vectors: those of a fixed pick of at most 4,096 training samples, in turn."""


@dataclass(frozen=True)
class Reference:
    """The real images that generated ones are compared with."""

    dataset: str
    """Name of the dataset, or of the file of statistics."""
    options: Mapping[str, Any]
    """Options of the dataset, its split included, but not the folders of its files."""
    count: int | None
    """Number of images; None where a file of statistics does not tell."""
    sha256: str
    """SHA-256 of the pixels, in order; of statistics, that of their file."""
    rows: int | None = None
    """Number of those that metrics of single images read: an even pick out of very many; None is all."""
    repeated: int | None = None
    """Number of images that stand in the reference four times or more; None is none. Older scores of density and
    coverage took them for not covered."""
    source: str | None = None
    """"statistics" where mean and covariance from a file stand for the images; else None."""


@dataclass(frozen=True)
class Generated:
    """The images that are scored."""

    count: int
    source: str
    """"generator", or the kind of file that the images were read from."""
    weights: str = ""
    """"ema" or "raw"; empty for files, as are the fields below down to `precision`, but for the seed of a pick."""
    step: int | None = None
    seed: int | None = None
    labels: str = ""
    """"training frequency", "each class in turn" (also if all classes are equally frequent), VECTORS, or "none"."""
    truncation: str = ""
    """"none", "|z| <= 0.5" for latents, or "styles, psi 0.7"."""
    precision: str = ""
    sha256: str = ""
    """SHA-256 of the pixels, only for files."""
    of: int | None = None
    """Number of images in the files, of which `count` were picked; None if that is all."""
    pick: str | None = None
    """The way of picking: "even", or "even, each folder in its share"."""
    rows: int | None = None
    """Number of those that metrics of single images read: an even pick out of very many; None is all."""


@dataclass(frozen=True)
class Protocol:
    """The protocol of a score; scores are ranked only if theirs are equal in all but source, step, seed and content."""

    features: str
    """Label of the extractor."""
    fingerprint: Mapping[str, str]
    """Weights (SHA-256), resizing and number format of the extractor."""
    generated: Generated
    reference: Reference
    metrics: Mapping[str, Mapping[str, Any]] = field(default_factory=dict)
    """Score -> what made it, of metrics whose options are not their defaults, or that read other features: its
    "options", and its own "features" and "fingerprint"."""

    def to_json(self) -> dict[str, Any]:
        """Return plain JSON values. Fields of _LATER are left out where they are None, as in older records."""
        values = asdict(self)
        for part in ("generated", "reference"):
            values[part] = {k: v for k, v in values[part].items() if k not in _LATER or v is not None}
        if not self.metrics:
            del values["metrics"]
        return values

    def differences(self, other: Protocol) -> dict[str, tuple[Any, Any]]:
        """Return the differences that forbid ranking two scores: {"generated.count": (2000, 5000)}."""
        return differences(self.to_json(), other.to_json())


def differences(one: Mapping[str, Any], other: Mapping[str, Any]) -> dict[str, tuple[Any, Any]]:
    """Return the differences of two protocols given as JSON values; see `Protocol.differences`."""
    first, second = decisive(one), decisive(other)
    return {key: (first.get(key), second.get(key)) for key in first | second if first.get(key) != second.get(key)}


def decisive(protocol: Mapping[str, Any]) -> dict[str, Any]:
    """Return the fields that must be equal in ranked scores, flat: {"features": ..., "generated.count": ...}."""
    own = ("source", "step", "seed", "sha256")  # may differ from row to row of one table
    generated = {f"generated.{k}": v for k, v in protocol["generated"].items() if k not in own}
    reference = {f"reference.{k}": v for k, v in protocol["reference"].items() if k != "options"}
    extractor = {f"features.{k}": v for k, v in protocol["fingerprint"].items()}
    return {"features": protocol["features"]} | extractor | generated | reference


_USUAL_NAMES = {"FD": "FID", "FD-infinity": "FID-infinity", "KD": "KID", "IS": "IS", "intra-FD": "intra-FID"}


def name_score(name: str, extractor: Extractor, count: int, options: Mapping[str, Any] | None = None) -> str:
    """("FD", digits-cnn, 2000) -> "FD(digits-cnn)-2k"; "FID-50k" is for Inception-2015 alone.

    `options` are those of its metric that are not their defaults: KD(digits-cnn subsets=50)-2k is another score.
    """
    size = f"{count // 1000}k" if count >= 1000 and count % 1000 == 0 else str(count)
    words = [f"{key}={str(value).replace(' ', '')}" for key, value in (options or {}).items()]
    usual = extractor.inception_2015 and name in _USUAL_NAMES
    within = " ".join(words if usual else [extractor.label, *words])
    return (_USUAL_NAMES[name] if usual else name) + (f"({within})" if within else "") + f"-{size}"


def list_own_options(metric: object) -> dict[str, Any]:
    """Return the options of a metric that are not their defaults."""
    if not is_dataclass(metric):
        return {}
    made = {f.name: f.default if f.default_factory is MISSING else f.default_factory() for f in fields(metric)}
    return {name: getattr(metric, name) for name, default in made.items() if getattr(metric, name) != default}
