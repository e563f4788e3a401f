"""The kinds of components, in one table. Hooks, contracts, names in help and defaults all come from here."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Literal, NamedTuple

Kind = Literal[
    "model", "loss", "lipschitz", "conditioner", "augment", "regularizer", "optimizer", "schedule", "dataset",
    "features", "metric", "engine", "observer",
]  # fmt: skip


class KindInfo(NamedTuple):
    """One row of the table: everything that ganzoo knows about a kind without importing torch."""

    title: str
    """Name of one component of this kind in a sentence."""
    hook: str
    """Function by which a plugin registers components of this kind; `ganzoo.hookspecs` describes it."""
    contract: str
    """Abstract class in `ganzoo.contracts` that the components subclass."""
    builtin: str
    """Module or package in `ganzoo.builtin` that registers the components that ship."""
    names: tuple[str, ...]
    """Names of the components that ship, in the order in which help lists them."""
    default: str = ""
    """Name that a run uses unless it is told another; empty for kinds of which a run does not choose one."""
    sums: bool = False
    """True if a run may choose several at once: "sn+gp"."""
    setting: str = ""
    """Setting of another section that names the components, such as eval.metrics; empty for a kind that has none."""
    several: bool = False
    """True if that setting takes several names, with commas between them."""
    may_change: bool = False
    """True if components keep state, so that their dataclasses need not be frozen."""

    def split(self, text: str) -> list[str]:
        """Return the names that the value of that setting has."""
        return split_names(text) if self.several else [text]

    def name_with(self, names: str, name: str) -> str:
        """Return the value of that setting which names a component too: "fid" and "kid" make "fid,kid"."""
        return f"{names},{name}" if self.several and names else name


KIND_INFO: Mapping[Kind, KindInfo] = {
    "model": KindInfo(
        title="model",
        hook="register_models",
        contract="Model",
        builtin="models",
        names=("mlp", "dcgan", "resnet"),
        default="dcgan",
    ),
    "loss": KindInfo(
        title="loss",
        hook="register_losses",
        contract="AdversarialLoss",
        builtin="losses",
        names=("bce", "minimax", "lsgan", "wgan", "hinge"),
        default="bce",
    ),
    "lipschitz": KindInfo(
        title="Lipschitz enforcer",
        hook="register_lipschitz",
        contract="LipschitzEnforcer",
        builtin="lipschitz",
        names=("none", "clip", "gp", "lp", "dragan", "r1", "r1r2", "sn"),
        default="none",
        sums=True,
    ),
    "conditioner": KindInfo(
        title="conditioner",
        hook="register_conditioners",
        contract="Conditioner",
        builtin="conditioners",
        names=("none", "cgan", "projection", "acgan"),
        default="none",
    ),
    "augment": KindInfo(
        title="augmentation",
        hook="register_augmentations",
        contract="Augmentation",
        builtin="augmentations",
        names=("none", "diffaug", "ada"),
        default="none",
    ),
    "regularizer": KindInfo(
        title="regularizer",
        hook="register_regularizers",
        contract="Regularizer",
        builtin="regularizers",
        names=("none", "lecam", "bcr", "zcr"),
        default="none",
        sums=True,
    ),
    "optimizer": KindInfo(
        title="optimizer",
        hook="register_optimizers",
        contract="UpdateRule",
        builtin="optimizers",
        names=("adam", "adamw", "rmsprop", "sgd", "lion", "optimistic-adam"),
        setting="optim.name",
    ),
    "schedule": KindInfo(
        title="schedule",
        hook="register_schedules",
        contract="Schedule",
        builtin="schedules",
        names=("none", "linear", "cosine"),
        setting="optim.lr_decay",
    ),
    "dataset": KindInfo(
        title="dataset",
        hook="register_datasets",
        contract="Dataset",
        builtin="datasets",
        names=(
            *("mnist-5k", "digits", "mnist", "fashion-mnist", "cifar10", "cifar100", "svhn", "stl10"),
            *("celeba", "lsun", "imagenet", "tiny-imagenet", "afhq", "ffhq"),
            *("folder", "zip", "tar"),
            *("npz", "npy", "webdataset", "lmdb", "hf"),
            *("gaussians8", "gaussians25", "swissroll", "stacked-digits"),
        ),
        default="mnist-5k",
    ),
    "features": KindInfo(
        title="feature extractor",
        hook="register_features",
        contract="FeatureExtractor",
        builtin="features",
        names=(
            *("digits-cnn", "photos-cnn", "inception", "dinov2", "clip", "vgg16"),
            *("points", "gaussians8", "gaussians25", "stacked-digits"),
        ),
        default="auto",  # the extractor that the dataset names
    ),
    "metric": KindInfo(
        title="metric",
        hook="register_metrics",
        contract="Metric",
        builtin="metrics",
        names=("fid", "fid-infinity", "is", "kid", "prc", "dc", "modes", "w1", "intra-fid", "prc-per-class"),
        setting="eval.metrics",
        several=True,
    ),
    "engine": KindInfo(
        title="engine",
        hook="register_engines",
        contract="Engine",
        builtin="engines",
        names=("local", "ray"),
    ),
    "observer": KindInfo(
        title="observer",
        hook="register_observers",
        contract="Observer",
        builtin="observers",
        names=("csv",),
        setting="train.observe",
        several=True,
        may_change=True,
    ),
}

ALL_KINDS: tuple[Kind, ...] = tuple(KIND_INFO)
DEFAULT_NAMES: dict[Kind, str] = {kind: info.default for kind, info in KIND_INFO.items() if info.default}
KINDS: tuple[Kind, ...] = tuple(DEFAULT_NAMES)
"""Kinds of which a run chooses one component. It may take several metrics and observers; a grid has an engine."""
NAMED_KINDS: tuple[Kind, ...] = tuple(kind for kind, info in KIND_INFO.items() if info.setting)
"""Kinds whose components a setting of another section names; the options of each are those of [KIND.NAME]."""


def split_names(text: str) -> list[str]:
    """Return the names that a setting such as "fid,is" has, each once."""
    return list(dict.fromkeys(name.strip() for name in text.split(",") if name.strip()))
