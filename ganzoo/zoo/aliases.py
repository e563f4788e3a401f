"""Other words of the field for components: what papers and other packages call them. No torch here.

One rule: a word that means one component alone is read as its name. A word that means several settings, or one of two
components, is refused with the flags that say which.
"""

from __future__ import annotations

from collections.abc import Mapping

from ganzoo.settings.keywords import KEYS
from ganzoo.settings.kinds import KIND_INFO, Kind
from ganzoo.settings.spelling import fold, spell

ALIASES: Mapping[Kind, Mapping[str, str]] = {
    "model": {
        "perceptron": "mlp",
        "fully-connected": "mlp",
        "fc": "mlp",
        "conv": "dcgan",
        "cnn": "dcgan",
        "residual": "resnet",
    },
    "loss": {
        "non-saturating": "bce",
        "nsgan": "bce",
        "ns": "bce",
        "non-saturating-gan": "bce",
        "binary-cross-entropy": "bce",
        "saturating": "minimax",
        "mm": "minimax",
        "mmgan": "minimax",
        "least-squares": "lsgan",
        "ls": "lsgan",
        "mse": "lsgan",
        "wasserstein": "wgan",
        "w-loss": "wgan",
        "hinge-loss": "hinge",
    },
    "lipschitz": {
        "off": "none",
        "gradient-penalty": "gp",
        "1-gp": "gp",
        "lipschitz-penalty": "lp",
        "one-sided": "lp",
        "spectral": "sn",
        "spectral-norm": "sn",
        "spectral-normalisation": "sn",
        "spectral-normalization": "sn",
        "clipping": "clip",
        "weight-clipping": "clip",
        "zero-centred": "r1",
        "zero-centered": "r1",
        "r1-regularisation": "r1",
        "r1-regularization": "r1",
        "r1+r2": "r1r2",
    },
    "conditioner": {
        "off": "none",
        "unconditional": "none",
        "conditional": "cgan",
        "concat": "cgan",
        "concatenation": "cgan",
        "auxiliary-classifier": "acgan",
        "ac": "acgan",
        "pd": "projection",
        "projection-discriminator": "projection",
    },
    "augment": {
        "off": "none",
        "differentiable": "diffaug",
        "differentiable-augmentation": "diffaug",
        "diff-augment": "diffaug",
        "adaptive": "ada",
    },
    "regularizer": {
        "off": "none",
        "lc": "lecam",
        "cr": "bcr",
        "consistency": "bcr",
        "balanced-consistency": "bcr",
        "latent-consistency": "zcr",
    },
    "optimizer": {
        "rms": "rmsprop",
        "gradient-descent": "sgd",
        "gd": "sgd",
        "evolved-sign-momentum": "lion",
        "oadam": "optimistic-adam",
        "optimistic": "optimistic-adam",
        "optimadam": "optimistic-adam",
        "omd-adam": "optimistic-adam",
    },
    "schedule": {
        "off": "none",
        "constant": "none",
        "cosine-annealing": "cosine",
        "cos": "cosine",
        "lin": "linear",
    },
    "dataset": {
        "fmnist": "fashion-mnist",
        "image-folder": "folder",
        "wds": "webdataset",
        "huggingface": "hf",
        "parquet": "hf",
        "8gaussians": "gaussians8",
        "25gaussians": "gaussians25",
        "ring": "gaussians8",
        "grid": "gaussians25",
        "stacked-mnist": "stacked-digits",
    },
    "features": {"inceptionv3": "inception", "dino": "dinov2", "vgg": "vgg16"},
    "metric": {
        "fd": "fid",
        "frechet": "fid",
        "frechet-inception-distance": "fid",
        "inception-score": "is",
        "kernel-inception-distance": "kid",
        "precision": "prc",
        "recall": "prc",
        "precision-recall": "prc",
        "density": "dc",
        "coverage": "dc",
        "density-coverage": "dc",
        "wasserstein": "w1",
        "fid-inf": "fid-infinity",
    },
}
"""Kind -> another word -> the component that it means."""

METHODS: Mapping[str, str] = {
    "wgan-gp": "--loss wgan --lipschitz gp",
    "wgan-lp": "--loss wgan --lipschitz lp",
    "wgan-clip": "--loss wgan --lipschitz clip",
    "sngan": "--loss hinge --lipschitz sn",
    "dragan": "--loss bce --lipschitz dragan",
    "r1": "--loss bce --lipschitz r1",
    "hinge-sn": "--loss hinge --lipschitz sn",
    "gan": "--loss bce (non-saturating), or --loss minimax (as first published)",
    "vanilla": "--loss bce (non-saturating), or --loss minimax (as first published)",
    "standard": "--loss bce (non-saturating), or --loss minimax (as first published)",
    "original": "--loss bce (non-saturating), or --loss minimax (as first published)",
}
"""Word for a whole method, or for one of two losses -> the flags that say it."""

_FOLDED = {kind: {fold(word): name for word, name in words.items()} for kind, words in ALIASES.items()}
_METHODS = {fold(word): flags for word, flags in METHODS.items()}


def read_alias(kind: Kind, word: str) -> str:
    """Return the component that ships which another word means; empty for a word that means none."""
    return _FOLDED.get(kind, {}).get(fold(word), "")


def explain_word(kind: str, word: str) -> tuple[str, str]:
    """Return what a word is that names no component of a kind, and the flags that say it; empty if nobody knows."""
    if flags := _METHODS.get(fold(word), "") if kind in ("loss", "lipschitz", "model") else "":
        return ("it may be one of two losses" if ", or " in flags else "it is a loss with an enforcer"), flags
    for other, name in find_kinds(word):
        if other != kind:
            title = KIND_INFO[other].title
            return f"it is a{'n' if title[0] in 'aeiou' else ''} {title}", typed_flag(other, name)
    return "", ""


def part_of_method(kind: str, word: str) -> str:
    """Return the component of a kind that a word for a whole method names: "gp" for the enforcer of wgan-gp."""
    words = _METHODS.get(fold(word), "").split()
    return words[words.index(f"--{kind}") + 1] if f"--{kind}" in words and "or" not in words else ""


def typed_flag(kind: Kind, name: str) -> str:
    """Return the flag that chooses a component."""
    if kind == "observer":
        return f"--observe {name}"
    if (setting := KIND_INFO[kind].setting) and kind not in KEYS:
        return f"--set {setting}={name}"
    return f"--{kind} {name}"


def find_kinds(word: str) -> list[tuple[Kind, str]]:
    """Return the components that ship which a word means, as (kind, name), in the order of the kinds."""
    found = [(kind, spell(word, info.names) if spell(word, info.names) in info.names else read_alias(kind, word))
             for kind, info in KIND_INFO.items()]  # fmt: skip
    return [(kind, name) for kind, name in found if name and name != "none"]
