"""The sections of a recipe as frozen dataclasses: components, [optim], [train] and [eval]."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from typing import Annotated, Any, Literal

from annotated_types import Ge, Gt, Le, Lt

from ganzoo.errors import ConfigError
from ganzoo.settings.dataset_paths import name_data
from ganzoo.settings.kinds import KIND_INFO, Kind
from ganzoo.settings.options import NonNegativeFloat, NonNegativeInt, PositiveFloat, PositiveInt, Seed

Beta = Annotated[float, Ge(0), Lt(1)]
LARGEST_BATCH = 10_000_000
"""Samples of a batch: a thousand times as many as the largest of published GANs, 8,192."""
MOST_SAMPLES = 10_000_000
"""Images to score: two hundred times as many as papers take, and an index of them fits in memory."""
MOST_CRITIC_STEPS = 1000
"""Updates of D per update of G: WGAN (arXiv:1701.07875) takes 100 at first, and no paper more."""
LARGEST_TRUNCATION = 100.0
"""Largest |z| to cut at: torch draws no normal number beyond 10, so that a larger one would cut nothing."""
BatchSize = Annotated[int, Gt(0), Le(LARGEST_BATCH)]


@dataclass(frozen=True)
class OptimConfig:
    """[optim]: how each player descends, how often, and on how many samples."""

    name: str = "adam"
    """Optimiser of both networks, by the name of a component."""
    lr_g: PositiveFloat = 2e-4
    """Learning rate of G."""
    lr_d: PositiveFloat = 2e-4
    """Learning rate of D."""
    beta1: Beta = 0.5
    """Beta1 of Adam, arXiv:1412.6980, and of its like."""
    beta2: Beta = 0.999
    """Beta2 of Adam and its like, and the smoothing constant alpha of RMSprop."""
    weight_decay: NonNegativeFloat = 0.0
    """Pull of the weights to 0: an L2 penalty, or decoupled from the gradient where the optimiser is adamw or lion."""
    lr_decay: str = "none"
    """Schedule: the curve by which rates, beta2 and the penalty move to their ends, from the first step on."""
    decay_over: Annotated[float, Gt(0), Le(1)] = 1.0
    """Share of the run after which rates, beta2 and the penalty stay at their ends."""
    lr_end: NonNegativeFloat = 0.0
    """Factor of both learning rates at the end of the schedule."""
    beta2_end: Beta = 0.0
    """Beta2 at the end of the schedule; 0 means beta2."""
    penalty_end: NonNegativeFloat = 1.0
    """Factor of the enforcer's penalty at the end of the schedule."""
    n_critic: Annotated[int, Gt(0), Le(MOST_CRITIC_STEPS)] = 1
    """Discriminator updates per generator update."""
    batch_size: BatchSize = 64
    """Real samples of a discriminator update, and as many generated ones."""
    batch_size_g: Annotated[int, Ge(0), Le(LARGEST_BATCH)] = 0
    """Samples of a generator update; 0 means batch_size."""
    accumulate: BatchSize = 1
    """Parts in which a batch passes the networks, one after the other, to need less memory; gradients are summed."""


@dataclass(frozen=True)
class TrainConfig:
    """[train]: how long a run trains, how often it saves and logs, and on which device."""

    steps: PositiveInt = 20_000
    """Generator updates."""
    ema_decay: Beta = 0.999
    """Decay of G_ema per generator update, reached through a warm-up."""
    clip_grad_norm: NonNegativeFloat = 0.0
    """Largest norm of a player's gradient: a larger one is scaled down to it; 0 means no limit. arXiv:1211.5063."""
    freeze_d: NonNegativeInt = 0
    """First layers of D whose weights stay as they are; FreezeD, arXiv:2002.10964."""
    freeze: str = ""
    """Weights of G and D that stay as they are, by name with commas between: D.trunk.*,G.embedding."""
    seed: Seed = 0
    """Seed of all random numbers of the run: weights, latents, the order of the data."""
    device: Literal["auto", "cpu", "cuda"] = "auto"
    """Device of both networks; auto is a GPU if there is one."""
    precision: Literal["auto", "fp32", "tf32", "bf16"] = "auto"
    """Number format of matrix products and convolutions; auto is bf16 where the device computes fast in it."""
    log_every: PositiveInt = 10
    """Steps between records of losses, logits and gradient norms."""
    sample_every: PositiveInt = 500
    """Steps between sample grids."""
    save_every: PositiveInt = 500
    """Steps between checkpoints."""
    keep_last: PositiveInt = 3
    """Checkpoints kept, beside the best."""
    diagnose_every: NonNegativeInt = 0
    """Steps between audits while training, each of which takes about as long as 2 to 20 steps; 0 means none."""
    on_nan: Literal["stop", "rollback"] = "stop"
    """End when a number is not finite, or go back to the last checkpoint with half the rates, three times at most."""
    observe: str = ""
    """Names of the observers that are told what happens, with commas between them."""


@dataclass(frozen=True)
class EvalConfig:
    """[eval]: how a run is scored, and when."""

    samples: Annotated[int, Ge(2), Le(MOST_SAMPLES)] = 5_000
    """Generated images."""
    metrics: str = "fid,is,kid,prc,dc"
    """Names of metrics, with commas between them."""
    memorisation: bool = True
    """Look for training images that the generator copies."""
    reference: str = ""
    """File of statistics, mu and sigma, for FD alone; without one the reference is the whole dataset."""
    every: NonNegativeInt = 0
    """Steps between scores while training, which choose the best checkpoint; 0 means none."""
    at_end: bool = True
    """Score the run when it is complete."""
    seed: Seed = 0
    """Seed of the evaluation latents, fixed so that all runs are scored on the same ones."""
    labels: Literal["training", "balanced"] = "training"
    """Classes of generated images: as often as in the training data, or each in turn."""
    truncation: Annotated[float, Ge(0), Le(LARGEST_TRUNCATION)] = 0.0
    """Largest |z| of the latents (arXiv:1809.11096), or psi of the styles of a model that has some; 0 means none."""
    batch_size: BatchSize = 64
    """Images that are generated, and embedded, at a time."""


@dataclass(frozen=True)
class InitConfig:
    """[init]: the run whose weights a new run begins with, if any."""

    run: str = ""
    """Folder of the run whose weights a new one begins with; empty for random weights."""
    networks: Literal["both", "g", "d"] = "both"
    """Networks that begin with those weights; the other one begins with random weights."""
    weights: Literal["raw", "ema"] = "raw"
    """Weights that G begins with: those of G, or their moving average."""
    checkpoint: Literal["latest", "best"] = "latest"
    """Checkpoint of that run whose weights are taken."""
    step: NonNegativeInt = 0
    """Step of the checkpoint whose weights are taken; 0 means that of `init.checkpoint`."""


OBSERVING = ("train.observe", "observer.")
"""Beginnings of the settings that say who is told what happens in a run, and change nothing of it."""
SECTIONS: dict[str, type] = {"optim": OptimConfig, "train": TrainConfig, "init": InitConfig, "eval": EvalConfig}


@dataclass(frozen=True)
class Choice:
    """A component by name, with the options that differ from its defaults.

    A sum such as `sn+gp` keeps the options of each part under the part's name.
    """

    name: str
    options: Mapping[str, Any] = field(default_factory=dict)

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
    regularizer: Choice = Choice("none")
    features: Choice = Choice("auto")
    optim: OptimConfig = OptimConfig()
    train: TrainConfig = TrainConfig()
    init: InitConfig = InitConfig()
    eval: EvalConfig = EvalConfig()
    options: Mapping[Kind, Mapping[str, Mapping[str, Any]]] = field(default_factory=dict)
    """Options of the components that settings name, by kind and name: {"metric": {"kid": {"subsets": 50}}}."""

    def choice(self, kind: Kind) -> Choice:
        """Return the component chosen for this kind."""
        choice: Choice = getattr(self, kind)
        return choice

    def named(self, kind: Kind) -> list[Choice]:
        """Return the components that the setting of a kind names, such as eval.metrics, each with its options."""
        section, _, option = KIND_INFO[kind].setting.partition(".")
        names = KIND_INFO[kind].split(getattr(getattr(self, section), option))
        return [Choice(name, self.options.get(kind, {}).get(name, {})) for name in names]

    def observed_as(self, other: RunConfig) -> RunConfig:
        """Return this run with the observers of another, and their options."""
        options: dict[Kind, Any] = {kind: own for kind, own in self.options.items() if kind != "observer"}
        if (theirs := other.options.get("observer")) is not None:
            options["observer"] = theirs
        return replace(self, train=replace(self.train, observe=other.train.observe), options=options)

    @property
    def title(self) -> str:
        """The combination in one word, e.g. dcgan-wgan-gp_digits; data that are read from a path have its name."""
        added = [part.name for part in (self.conditioner, self.augment, self.regularizer) if part.name != "none"]
        return "-".join([self.model.name, self.loss.name, self.lipschitz.name, *added]) + "_" + self.data_name

    @property
    def data_name(self) -> str:
        """Name of the dataset, or of the folder or file that it is read from: digits, photos."""
        return name_data(str(self.dataset.options.get("path", ""))) or self.dataset.name
