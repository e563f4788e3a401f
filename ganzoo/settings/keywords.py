"""Settings as keywords of Python: `batch_size=32` is the setting "optim.batch_size". No torch here."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import fields
from pathlib import Path
from typing import Any

from ganzoo.errors import ConfigError
from ganzoo.settings.kinds import KIND_INFO, KINDS, NAMED_KINDS, Kind
from ganzoo.settings.options import did_you_mean, shorten
from ganzoo.settings.sections import SECTIONS
from ganzoo.settings.toml import parse_component

KEYS = {
    "steps": "train.steps",
    "seed": "train.seed",
    "device": "train.device",
    "precision": "train.precision",
    "on_nan": "train.on_nan",
    "observe": "train.observe",
    "batch_size": "optim.batch_size",
    "optimizer": "optim.name",
    "image_size": "dataset.image_size",
    "data_root": "dataset.root",
    "download": "dataset.download",
    "cache": "dataset.cache",
    "init_from": "init.run",
    "eval_every": "eval.every",
    "samples": "eval.samples",
    "metrics": "eval.metrics",
    "scores": "eval.at_end",
    "inception_weights": "features.weights",
}
"""Keyword -> setting, beside the names of components and the options of [train], which are keywords too."""
LISTS = {"metrics", "observe"}
"""Keywords that take a list of names, which is one value."""
_PATHS = {"data_root", "init_from", "inception_weights"}
_FOREIGN = {
    "lr": 'options={{"optim.lr_g": {0}, "optim.lr_d": {0}}}',
    "learning_rate": 'options={{"optim.lr_g": {0}, "optim.lr_d": {0}}}',
    "epochs": "steps=20_000 (updates of G)",
    "iterations": "steps={0}",
    "max_steps": "steps={0}",
    "num_steps": "steps={0}",
    "gpu": 'device="cuda"',
    "cuda": 'device="cuda"',
    "cpu": 'device="cpu"',
    "penalty": "lipschitz={0}",
    "gp": 'lipschitz="gp"',
    "path": "out={0}",
    "folder": "out={0}",
    "name": "out={0}",
    "data": "dataset={0}",
    "size": "image_size={0}",
    "no_scores": "scores=False",
    "diagnose": "diagnose_every=1000",
    "seeds": "ganzoo.compare(..., seeds={0})",
    "set": 'options={{"section.option": value}}',
}
"""Words of other programs -> what to type."""


def read_keywords(keywords: Mapping[str, Any]) -> dict[str, Any]:
    """Return settings by key, "section.option" -> value; a keyword that is None says nothing.

    Raises ConfigError for a keyword that is no setting, with the one that is meant, and for a name that is no text.
    """
    said: dict[str, Any] = {}
    for word, value in keywords.items():
        if value is None:
            continue
        if word in KINDS:
            said |= parse_component(word, read_name(word, value))
        elif word in NAMED_KINDS:
            said |= _read_named(word, value)
        else:
            said[find_key(word, value)] = _read_value(word, value)
    return {"features.name": "inception"} | said if "features.weights" in said else said


def _read_named(kind: Kind, value: Any) -> dict[str, Any]:
    """Return settings for a name, or for options by the names of components: {"kid": {"subsets": 50}}."""
    if isinstance(value, str):
        return {KIND_INFO[kind].setting: value}
    if not isinstance(value, Mapping) or not all(isinstance(options, Mapping) for options in value.values()):
        what = f"{kind} takes a name, or options by the names of components, not {shorten(value)}"
        raise ConfigError(what, hint=f'{kind}={{"NAME": {{"OPTION": VALUE}}}}  (ganzoo list {kind})')
    return {f"{kind}.{name}.{key}": plain(each) for name, options in value.items() for key, each in options.items()}


def find_key(word: str, value: Any) -> str:
    """Return the setting that a keyword stands for. Raises ConfigError if there is none."""
    if word in KEYS:
        return KEYS[word]
    sections = [name for name, schema in SECTIONS.items() if word in {field.name for field in fields(schema)}]
    if "train" in sections:
        return f"train.{word}"
    if sections:
        ways = [f'options={{"{section}.{word}": {shorten(value)}}}' for section in sections]
        plural = [f"{word}s={shorten(value)}"] if f"{word}s" in KEYS else []  # step for steps
        hint = ", or ".join([*plural, *ways])
        raise ConfigError(f"{word} is a setting of [{sections[0]}], and no keyword", hint=hint)
    known = [
        *KINDS,
        *NAMED_KINDS,
        *KEYS,
        *(field.name for field in fields(SECTIONS["train"])),
        "options",
        "out",
        "observer",
    ]
    hint = _FOREIGN.get(word, 'options={{"section.option": value}} (any setting)').format(shorten(value))
    raise ConfigError(f"no keyword is named {word!r}.{did_you_mean(word, known)}", hint=hint)


def read_name(kind: Kind, value: Any) -> str:
    """Return the name of a component; a path is one of a dataset. Raises ConfigError for anything else."""
    if isinstance(value, Path) and kind == "dataset":
        return str(value.expanduser().absolute())
    if isinstance(value, str):
        return value
    what = f"{kind} takes a name, not {shorten(value)}"
    if isinstance(value, list | tuple | set):
        raise ConfigError(what, hint=f"ganzoo.compare({kind}={shorten(list(value))}) (which trains a run for each)")
    hint = f'{kind}="NAME" (ganzoo list {kind}; a class of your own is a plugin: ganzoo.load_zoo(files=["FILE.py"]))'
    raise ConfigError(what, hint=hint)


def read_options(options: Any) -> dict[str, Any]:
    """Return settings that were given by their keys. Raises ConfigError for what is no mapping of such keys."""
    if not isinstance(options or {}, Mapping):
        what = f"options are settings by their keys, not {shorten(options)}"
        raise ConfigError(what, hint='options={"optim.lr_g": 1e-4}')
    for key in options or {}:
        if not isinstance(key, str) or "." not in key.strip("."):
            found = [f"{name}.{key}" for name, schema in SECTIONS.items() if key in {f.name for f in fields(schema)}]
            hint = f'options={{"{found[0] if found else "optim.lr_g"}": ...}}'
            raise ConfigError(f"options: {shorten(key)} is not section.option", hint=hint)
    return {key: plain(value) for key, value in (options or {}).items()}


def _read_value(word: str, value: Any) -> Any:
    if word in _PATHS and isinstance(value, str | Path):
        return str(Path(value).expanduser().absolute())
    if word in LISTS and isinstance(value, list | tuple):
        return ",".join(map(str, value))
    return plain(value)


def plain(value: Any) -> Any:
    """Return a value as a recipe holds it: a path as text, a number of numpy or torch as one of Python."""
    if isinstance(value, Path):
        return str(value.expanduser().absolute())
    if isinstance(value, list | tuple):
        return [plain(each) for each in value]
    if hasattr(value, "item") and getattr(value, "ndim", 1) == 0:
        return value.item()
    return value
