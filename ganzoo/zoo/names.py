"""Names of components and recipes, before torch is imported: which ship, and which package provides another."""

from __future__ import annotations

import re
import shlex
from collections.abc import Collection, Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any, Literal

from ganzoo.settings.dataset_paths import looks_like_path, name_reader
from ganzoo.settings.kinds import KIND_INFO, NAMED_KINDS, Kind
from ganzoo.settings.spelling import spell
from ganzoo.zoo.aliases import explain_word, read_alias, typed_flag

if TYPE_CHECKING:
    from ganzoo.errors import GanzooError

NAMES: dict[Kind, tuple[str, ...]] = {kind: info.names for kind, info in KIND_INFO.items()}
"""Components that ship, by kind, in the order in which help lists them."""

PACKAGES: Mapping[str, Mapping[str, str]] = {
    "ganzoo-augmentations": {"augment": "cr instance-noise simclr", "regularizer": "apa"},
    "ganzoo-biggan": {"model": "biggan biggan-deep", "recipe": "biggan biggan_deep biggan_small"},
    "ganzoo-conditioners": {
        "conditioner": "adcgan contragan mhgan reacgan tacgan vectors",
        "recipe": "adcgan contragan mhgan reacgan tacgan",
    },
    "ganzoo-convnets": {"model": "infogan sndcgan", "recipe": "sndcgan"},
    "ganzoo-enforcers": {"lipschitz": "0-gp banach bjorck ct gn max-gp wgan-div", "recipe": "bwgan ct_gan gn_gan"},
    "ganzoo-features": {"features": "resnet50 swav swin-t"},
    "ganzoo-losses": {
        "loss": "dual-contrastive fgan-hellinger fgan-js fgan-kl fgan-pearson fgan-reverse-kl label-smoothing "
        "ragan rahinge ralsgan",
    },
    "ganzoo-metrics": {
        "metric": "cas class-accuracy ms-ssim ppl realism sfid swd",
        "features": "inception-spatial pixels",
    },
    "ganzoo-mlflow": {"observer": "mlflow"},
    "ganzoo-projected": {"model": "projected-gan", "recipe": "projected_gan projected_gan_small"},
    "ganzoo-r3gan": {"model": "r3gan", "loss": "rpgan", "recipe": "r3gan r3gan_small"},
    "ganzoo-regularizers": {
        "regularizer": "consensus feature-matching infogan msgan orthogonal ssgan top-k",
        "recipe": "infogan ssgan",
    },
    "ganzoo-sagan": {"model": "sagan", "recipe": "sagan sagan_small"},
    "ganzoo-stylegan2": {"model": "stylegan2", "recipe": "stylegan2 stylegan2_small"},
    "ganzoo-submitit": {"engine": "submitit"},
    "ganzoo-stylegan3": {"model": "stylegan3", "recipe": "stylegan3 stylegan3_small"},
    "ganzoo-trackio": {"observer": "trackio"},
    "ganzoo-unet": {"model": "unetgan", "regularizer": "cutmix", "recipe": "unetgan unetgan_small"},
    "ganzoo-wandb": {"observer": "wandb"},
}
"""Names that the packages beside ganzoo bring: package -> kind, or "recipe" -> names with spaces between them."""
KNOWN: Mapping[str, Mapping[str, str]] = {
    kind: {name: package for package, brought in PACKAGES.items() for name in brought.get(kind, "").split()}
    for kind in (*KIND_INFO, "recipe")
}
"""Components and recipes that known packages provide: kind -> name -> package."""


def spell_names(values: Mapping[str, Any], known: Mapping[Kind, Collection[str]] = NAMES) -> dict[str, Any]:
    """Return settings, "section.option" -> value, with the names of components as they are known.

    A dataset that nothing knows, and that is a folder or an archive here, becomes the dataset that reads it.
    """
    spelt = dict(values)
    for kind in NAMES:
        key = KIND_INFO[kind].setting or f"{kind}.name"
        if isinstance(text := values.get(key), str):
            spelt[key] = spell_name(kind, text, (*known[kind], "auto") if kind == "features" else known[kind])
    spelt = {_spell_option(key, known): value for key, value in spelt.items()}
    return spelt | _read_path(spelt, known["dataset"])


def _spell_option(key: str, known: Mapping[Kind, Collection[str]]) -> str:
    """Return the key of an option with its component as it is known: "metric.KID.subsets" is metric.kid.subsets."""
    kind, *words = key.split(".")
    if kind not in NAMED_KINDS or len(words) != 2:
        return key
    return f"{kind}.{spell_name(kind, words[0], known[kind])}.{words[1]}"


def spell_name(kind: Kind, text: str, known: Collection[str]) -> str:
    """Return the known name that a typed one means, also of a sum of components and of a list such as eval.metrics.

    A known name goes first, then the only one that differs in case, `-` and `_` alone, then another word of the field.
    """
    sign = "," if KIND_INFO[kind].several else "+" if KIND_INFO[kind].sums else ""
    if text in known or not sign or sign not in text or read_alias(kind, text):
        return _spell_one(kind, text.strip(), known)
    return sign.join(_spell_one(kind, part.strip(), known) for part in text.split(sign))


def _spell_one(kind: Kind, text: str, known: Collection[str]) -> str:
    base, at, plugin = text.partition("@")
    if text in known or (found := spell(text, known)) in known:
        return text if text in known else found
    name = base if base in known else spell(base, known)
    return (name if name in known else read_alias(kind, base) or base) + at + plugin


def _read_path(values: Mapping[str, Any], known: Collection[str]) -> dict[str, str]:
    """Return the dataset that reads the folder or file that `dataset.name` is; nothing if it is none."""
    name = values.get("dataset.name")
    if not isinstance(name, str) or name.partition("@")[0] in known or "dataset.path" in values:
        return {}
    path = Path(name).expanduser()
    return {"dataset.name": reader, "dataset.path": str(path.absolute())} if (reader := name_reader(path)) else {}


def check_names(values: Mapping[str, Any]) -> None:
    """Raise ConfigError if settings, "section.option" -> value, name a component that does not ship."""
    for kind, known in NAMES.items():
        for name in _chosen_names(kind, values):
            if name.removesuffix("@ganzoo") not in known:
                raise unknown(kind, name, known)


def _chosen_names(kind: Kind, values: Mapping[str, Any]) -> list[str]:
    """Return the names that settings choose for one kind; "auto" is not one, since the dataset decides it."""
    info = KIND_INFO[kind]
    if setting := info.setting:
        options = [key.split(".")[1] for key in values if key.startswith(f"{kind}.") and key.count(".") == 2]
        return [*(info.split(str(values[setting])) if setting in values else ()), *options]
    text = str(values.get(f"{kind}.name", "auto"))
    names = text.split("+") if KIND_INFO[kind].sums else [text]
    return [name for name in names if name != "auto"]


def title(kind: Kind | Literal["recipe"]) -> str:
    """Return the name of one such thing in a sentence: "Lipschitz enforcer"."""
    return "recipe" if kind == "recipe" else KIND_INFO[kind].title


def unknown(kind: Kind | Literal["recipe"], name: str, known: Collection[str]) -> GanzooError:
    """Return the error for a name that nothing here has: it says which package has it, or which name is nearest."""
    from ganzoo.errors import ConfigError
    from ganzoo.settings.options import did_you_mean, shorten  # not at the top: it imports pydantic

    named = KNOWN.get(kind, {})
    if package := named.get(spell(name, named)):
        what = f"no {title(kind)} is named {name!r}; the package {package} provides it"
        return ConfigError(what, hint=f"in a checkout of ganzoo: pip install ./plugins/{package}")
    if kind == "dataset" and (reader := name_reader(Path(name))):
        hint = f"--dataset {shlex.quote(f'{reader}:{name}')}"
        return ConfigError(f"no dataset is named {name!r}, but there is a {reader}", hint=hint)
    if found := _no_such_path(name) if kind == "dataset" else _list_of_names(kind, name):
        return found
    hint = f"ganzoo list {kind}  (shows all {len(known)})"
    meant, flags = explain_word(kind, name)
    if meant:
        return ConfigError(f"no {title(kind)} is named {shorten(name)}: {meant}", hint=f"{flags}; {hint}")
    return ConfigError(f"no {title(kind)} is named {shorten(name)}.{did_you_mean(name, known)}", hint=hint)


def _list_of_names(kind: str, name: str) -> GanzooError | None:
    """Return the error for names with commas, spaces or bars between them, which one run does not take."""
    from ganzoo.errors import ConfigError

    names = ",".join(re.split(r"\s*,\s*" if kind == "dataset" else r"[\s,|;]+", name.strip()))
    several = kind in NAMED_KINDS and KIND_INFO[kind].several
    if "," not in names or several or kind in ("recipe", "features", "engine"):
        return None
    sums = f"--{kind} {names.replace(',', '+')} (their sum); " if KIND_INFO[kind].sums else ""  # type: ignore[index]
    axis = typed_flag(kind, shlex.quote(names))  # type: ignore[arg-type]
    hint = f"{sums}ganzoo compare {axis}  (one after the other)"
    return ConfigError(f"{name!r} are several names, and a run has one {title(kind)}", hint=hint)  # type: ignore[arg-type]


def _no_such_path(name: str) -> GanzooError | None:
    """Return the error for a path that is not there, or that no dataset reads; None for a name."""
    from ganzoo.errors import DataError

    if re.match(r"[A-Za-z]:\\", name):
        there = f"folder:/mnt/{name[0].lower()}" + re.sub(r"[\\/]+", "/", name[2:])
        hint = f"--dataset {shlex.quote(there)} (under WSL)"
        return DataError(f"{name} is a path of Windows, which this system does not have", hint=hint)
    if not looks_like_path(name) or "@" in name:
        return _list_of_names("dataset", name)
    if not Path(name).expanduser().exists():
        return DataError(f"no data: there is no {name}", hint="--dataset folder:PATH, or --dataset zip:PATH")
    return DataError(f"no dataset reads {name}", hint="--dataset folder:PATH (unpack it there); ganzoo list dataset")
