"""Recipes and flags become a RunConfig. Nothing is built here, and nothing here imports torch.

One order, lowest first: defaults, the recipe whose [loss] and [lipschitz] match the flags, what the dataset
suggests, a recipe named on the command line, flags, `--set section.option=value`.
"""

from __future__ import annotations

import tomllib
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field, fields
from pathlib import Path
from typing import Annotated, Any, Literal, NamedTuple, get_args

import tomli_w
from annotated_types import Ge, Gt, Le, Lt

from ganzoo.errors import ConfigError
from ganzoo.settings.options import NonNegativeFloat, NonNegativeInt, PositiveFloat, PositiveInt, did_you_mean, validate

Kind = Literal["model", "loss", "lipschitz", "conditioner", "augment", "dataset", "features", "metric", "engine"]
ALL_KINDS: tuple[Kind, ...] = get_args(Kind)
KINDS = ALL_KINDS[:-2]
"""Those of which a run chooses one; of metrics it takes several, and an engine is a grid's."""
Values = Mapping[str, Any]

Beta = Annotated[float, Ge(0), Lt(1)]


@dataclass(frozen=True)
class OptimConfig:
    """What Algorithm 1 reads: how each player descends, how often, on how many samples."""

    name: Literal["adam", "rmsprop", "sgd"] = "adam"
    lr_g: PositiveFloat = 2e-4
    lr_d: PositiveFloat = 2e-4
    beta1: Beta = 0.5
    """Adam's; arXiv:1412.6980."""
    beta2: Beta = 0.999
    """Adam's, and the smoothing constant alpha of RMSprop."""
    lr_decay: Literal["none", "linear", "cosine"] = "none"
    """How rates, beta2 and the penalty move to their ends, from the first step on."""
    decay_over: Annotated[float, Gt(0), Le(1)] = 1.0
    """Share of the run after which they stay at their ends."""
    lr_end: NonNegativeFloat = 0.0
    """Of both rates, as a factor."""
    beta2_end: Beta = 0.0
    """0 means beta2."""
    penalty_end: NonNegativeFloat = 1.0
    """Of the enforcer's penalty, as a factor."""
    n_critic: PositiveInt = 1
    """Discriminator updates per generator update."""
    batch_size: PositiveInt = 64
    batch_size_g: NonNegativeInt = 0
    """Samples of a generator update; 0 means batch_size."""


@dataclass(frozen=True)
class TrainConfig:
    """How long, how often, on what."""

    steps: PositiveInt = 20_000
    """Generator updates."""
    ema_decay: Beta = 0.999
    """Of G_ema per generator update, reached through a warm-up."""
    clip_grad_norm: NonNegativeFloat = 0.0
    """Longest gradient of a player's update: a longer one is scaled down; 0 means none is. arXiv:1211.5063."""
    seed: Annotated[int, Ge(0), Lt(2**63)] = 0
    device: Literal["auto", "cpu", "cuda"] = "auto"
    precision: Literal["auto", "fp32", "tf32", "bf16"] = "auto"
    log_every: PositiveInt = 10
    sample_every: PositiveInt = 500
    save_every: PositiveInt = 500
    keep_last: PositiveInt = 3
    """Checkpoints kept, beside the best."""
    diagnose_every: NonNegativeInt = 0
    """Steps between looks at what may go wrong, each about as long as 2 to 20 steps; 0 means none."""


@dataclass(frozen=True)
class EvalConfig:
    """What scores are made of, and when."""

    samples: Annotated[int, Ge(2)] = 5_000
    """Generated images; the reference is the whole dataset."""
    metrics: str = "fid,is,kid,prc,dc"
    """Names of metrics, with commas between them."""
    memorisation: bool = True
    """Look for training images that the generator copies."""
    every: NonNegativeInt = 0
    """Steps between scores while training, which choose the best checkpoint; 0 means none."""
    at_end: bool = True
    """Score the run when it is complete."""
    seed: Annotated[int, Ge(0), Lt(2**63)] = 0
    """Of the latents; the same for every run, so that no run has luck with them."""
    batch_size: PositiveInt = 64


SECTIONS: dict[str, type] = {"optim": OptimConfig, "train": TrainConfig, "eval": EvalConfig}


@dataclass(frozen=True)
class Choice:
    """A component by name, with the options that differ from its defaults.

    A sum such as `sn+gp` keeps the options of each part under the part's name.
    """

    name: str
    options: Values = field(default_factory=dict)

    def parts(self) -> list[Choice]:
        """Return one choice per component of a sum; the choice itself if it is no sum."""
        names = self.name.split("+")
        if len(names) == 1:
            return [self]
        for key in self.options:
            if key not in names:
                raise ConfigError(
                    f"option {key!r} does not say which part of {self.name!r} it is for",
                    hint=f"write it as {names[0]}.{key}" if key not in names else "",
                )
        return [Choice(name, self.options.get(name, {})) for name in names]


@dataclass(frozen=True)
class RunConfig:
    """One run: its components, the rules of descent, a schedule, and what it is scored by."""

    model: Choice
    loss: Choice
    lipschitz: Choice
    conditioner: Choice
    dataset: Choice
    augment: Choice = Choice("none")
    features: Choice = Choice("auto")
    optim: OptimConfig = OptimConfig()
    train: TrainConfig = TrainConfig()
    eval: EvalConfig = EvalConfig()

    def choice(self, kind: Kind) -> Choice:
        """Return the component chosen for this kind."""
        choice: Choice = getattr(self, kind)
        return choice

    @property
    def title(self) -> str:
        """The combination in one word, e.g. dcgan-wgan-gp_digits."""
        added = [name for name in (self.conditioner.name, self.augment.name) if name != "none"]
        return "-".join([self.model.name, self.loss.name, self.lipschitz.name, *added]) + "_" + self.dataset.name


DEFAULT_NAMES = {
    "model": "dcgan",
    "loss": "bce",
    "lipschitz": "none",
    "conditioner": "none",
    "augment": "none",
    "dataset": "digits",
    "features": "auto",  # the default of the dataset
}


class Origin(NamedTuple):
    """Who said a value: a flag, a recipe; and that recipe's source."""

    name: str
    source: str = ""


@dataclass(frozen=True)
class Layer:
    """Some settings and where they come from: `values` maps "section.option" to a value."""

    origin: Origin
    values: Values


@dataclass(frozen=True)
class Settings:
    """A RunConfig that remembers where each value came from."""

    run: RunConfig
    origins: Mapping[str, Origin]
    """"section.option" -> origin; options left at their default are absent."""


def resolve(layers: Iterable[Layer]) -> Settings:
    """Merge layers, lowest first, into a checked configuration.

    Raises ConfigError for an unknown section, an unknown [optim], [train] or [eval] option, or a bad value.
    Options of components are checked where the components are known: `Zoo.create`.
    """
    merged: dict[str, Any] = {}
    origins: dict[str, Origin] = {}
    for layer in layers:
        for key, value in sorted(layer.values.items(), key=lambda item: item[0] not in _RULING):
            _forget_what_it_ruled(key, value, merged, origins)
            merged[key], origins[key] = value, layer.origin
    return Settings(from_tables(unflatten(merged)), origins)


_RULING = {f"{kind}.name": f"{kind}." for kind in KINDS} | {
    "optim.name": "optim.beta",
    "optim.batch_size": "optim.batch_size_g",
}
"""A setting whose change makes others meaningless -> the prefix of those: options, betas, the batch of G."""


def _forget_what_it_ruled(key: str, value: Any, merged: dict[str, Any], origins: dict[str, Origin]) -> None:
    """Another component, optimiser or batch size drops what lower layers said to the one before it."""
    if key in _RULING and merged.get(key, value) != value:
        for stale in [old for old in merged if old.startswith(_RULING[key]) and old != key]:
            del merged[stale], origins[stale]


def from_tables(tables: Values) -> RunConfig:
    """Make a RunConfig of a recipe's tables; what is absent gets its default. Raises ConfigError."""
    for section in tables:
        if section not in (*KINDS, *SECTIONS):
            known = (*KINDS, *SECTIONS)
            raise ConfigError(f"unknown section [{section}].{did_you_mean(section, known)}", hint=", ".join(known))
    for section, table in tables.items():
        if not isinstance(table, Mapping):
            raise ConfigError(f"[{section}] is not a table, but {table!r}", hint="ganzoo show recipe wgan_gp")
    choices: dict[str, Any] = {kind: _choice(kind, tables.get(kind, {})) for kind in KINDS}
    sections: dict[str, Any] = {name: validate(schema, tables.get(name, {}), name) for name, schema in SECTIONS.items()}
    return RunConfig(**choices, **sections)


def _choice(kind: Kind, table: Values) -> Choice:
    name = table.get("name", DEFAULT_NAMES[kind])
    if not isinstance(name, str) or not name:
        raise ConfigError(f"{kind}.name: {name!r} is not a name", hint=f"ganzoo list {kind}")
    return Choice(name, {key: value for key, value in table.items() if key != "name"})


def to_tables(run: RunConfig) -> dict[str, dict[str, Any]]:
    """Turn a configuration into the tables of a recipe: the inverse of `from_tables`."""
    tables: dict[str, dict[str, Any]] = {}
    for kind in KINDS:
        choice = run.choice(kind)
        tables[kind] = {"name": choice.name, **choice.options}
    for name in SECTIONS:
        section = getattr(run, name)
        tables[name] = {option.name: getattr(section, option.name) for option in fields(section)}
    return tables


def flatten(tables: Values, prefix: str = "") -> dict[str, Any]:
    """{"a": {"b": 1}} -> {"a.b": 1}."""
    flat: dict[str, Any] = {}
    for key, value in tables.items():
        if isinstance(value, Mapping):
            flat |= flatten(value, f"{prefix}{key}.")
        else:
            flat[prefix + key] = value
    return flat


def unflatten(flat: Values) -> dict[str, Any]:
    """{"a.b": 1} -> {"a": {"b": 1}}. Raises ConfigError where a key is both a value and a table."""
    tables: dict[str, Any] = {}
    for key, value in flat.items():
        *path, last = key.split(".")
        table = tables
        for name in path:
            table = table.setdefault(name, {})
            if not isinstance(table, dict):
                raise ConfigError(f"{key}: {name!r} is an option, not a section", hint="ganzoo config show")
        table[last] = value
    return tables


def parse_assignment(text: str) -> tuple[str, Any]:
    """ "optim.lr_g=1e-4" -> ("optim.lr_g", 1e-4). The value is TOML; what TOML cannot read is a string."""
    key, equals, value = text.partition("=")
    if not equals or "." not in key.strip("."):
        raise ConfigError(f"--set {text!r} is not section.option=value", hint="--set optim.lr_g=1e-4")
    return key.strip(), _toml_value(value.strip())


def _toml_value(text: str) -> Any:
    try:
        tables = tomllib.loads(f"value = {text}")
    except tomllib.TOMLDecodeError:
        return text
    return tables["value"] if len(tables) == 1 else text


def to_toml(value: Any) -> str:
    """Write a value as `parse_assignment` reads it: "adam", 1e-4, [1, 2]."""
    return tomli_w.dumps({"value": value}).partition("=")[2].strip()


def parse_component(kind: Kind, text: str) -> dict[str, Any]:
    """`--dataset folder:/photos` -> {"dataset.name": "folder", "dataset.path": "/photos"}.

    The path is made absolute, so that the run can be resumed from anywhere.
    """
    name, colon, path = text.partition(":")
    return {f"{kind}.name": name} | ({f"{kind}.path": str(Path(path).expanduser().absolute())} if colon else {})


def read_toml(path: Path) -> dict[str, Any]:
    """Read a recipe file. Raises ConfigError, naming the file, if it is absent, too large or not TOML."""
    limit = 1_000_000  # bytes; a recipe is a page
    try:
        if path.stat().st_size > limit:
            raise ConfigError(f"a recipe is at most {limit:,} bytes", where=str(path))
        return tomllib.loads(path.read_text(encoding="utf-8"))
    except (OSError, UnicodeDecodeError, tomllib.TOMLDecodeError) as error:
        raise ConfigError(f"cannot read the recipe: {error}", where=str(path), hint="ganzoo list recipe") from error
