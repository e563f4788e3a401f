"""Checks of components that take part in training: they train, and a run of them resumes exactly."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from functools import cached_property
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import torch

from ganzoo.contracts import Samples
from ganzoo.errors import CheckpointError, ConfigError, DivergedError
from ganzoo.runs import checkpoint
from ganzoo.settings.kinds import KIND_INFO
from ganzoo.settings.sections import RunConfig
from ganzoo.settings.toml import from_tables
from ganzoo.testing import augmentations, datasets, pairs, regularizers
from ganzoo.testing.expectations import ConformanceError, Unchecked, expect
from ganzoo.testing.networks import differences, expect_generators_rest
from ganzoo.testing.subjects import Subject
from ganzoo.training import randomness
from ganzoo.training.build import build_gan
from ganzoo.training.compatibility import readable_labels
from ganzoo.training.device import choose_device
from ganzoo.training.feed import Feed
from ganzoo.training.gan import GAN
from ganzoo.training.graphs import choose_updates
from ganzoo.training.labels import pick_vectors
from ganzoo.training.loop import Command, Training, train
from ganzoo.training.ranks import SINGLE, Ranks

TRAINABLE = (
    *("model", "loss", "lipschitz", "conditioner", "augment", "regularizer", "optimizer", "schedule", "dataset"),
)
"""Kinds of components that a training step calls."""
CLASSES, STEPS = 3, 3
SMALL = {"name": "mlp", "width": 8, "depth": 1, "z_dim": 4}
CONVOLUTIONAL = {"name": "dcgan", "width": 8, "z_dim": 4}
"""Model for what refuses the linear layers of SMALL."""
Tables = dict[str, dict[str, Any]]


class Refused(Unchecked):
    """Raised if components do not fit together."""


def combinations(subject: Subject) -> Iterator[Tables]:
    """Yield settings with the component: with bce; for a model or an augmentation also with wgan, gp and labels."""
    if setting := KIND_INFO[subject.kind].setting:
        section, _, option = setting.partition(".")
        tables: Tables = {"model": SMALL, section: {option: subject.name}}
        yield tables | ({subject.kind: {subject.name: dict(subject.options)}} if subject.options else {})
        return
    own: Tables = {"model": SMALL} | {subject.kind: {"name": subject.name, **subject.options}}
    yield own
    if subject.kind in ("model", "augment"):
        yield own | {"loss": {"name": "wgan"}, "lipschitz": {"name": "gp"}, "conditioner": {"name": "projection"}}


def prepare(
    subject: Subject, tables: Tables, *, device: str = "cpu", steps: int = STEPS, ranks: Ranks = SINGLE
) -> Training:
    """Build a small run. Raises Refused if the combination is, Unchecked without data or options."""
    optim = {"batch_size": 4, "lr_g": 1e-3, "lr_d": 1e-3, **tables.get("optim", {})}
    run = from_tables({**tables, "optim": optim, "train": {"steps": steps, "log_every": 1, "device": device}})
    samples = readable_labels(_samples(subject, run), subject.zoo.create("conditioner", run.conditioner))
    chosen = choose_device(device, "fp32")
    randomness.seed_everything(0)
    try:
        gan = build_gan(run, subject.zoo, samples.spec, chosen, ranks)
    except ConfigError as error:
        raise Refused(str(error).partition("\n")[0]) from error
    gan.label_vectors = pick_vectors(samples.y) if samples.has_vectors else None
    return Training(
        run, gan, Feed(samples, 0, chosen.torch_device, ranks), choose_updates(gan, run.optim, lambda note: None)
    )


def _samples(subject: Subject, run: RunConfig) -> Samples:
    """Return the dataset's own samples, or twelve samples of noise in a shape that the component takes."""
    if subject.kind == "dataset":
        return datasets.load(subject)
    shape = _smallest_shape(subject, run.model.name)
    generator = torch.Generator().manual_seed(2)
    noise = torch.rand(12, *shape, generator=generator)
    x = (noise * 255).to(torch.uint8) if len(shape) == 3 else noise * 2 - 1
    if subject.kind == "conditioner" and subject.make().takes == "vectors":
        return Samples(x, torch.rand(12, CLASSES, generator=generator))
    return Samples(x, torch.arange(12) % CLASSES, tuple("abc"))


def _smallest_shape(subject: Subject, model: str) -> tuple[int, ...]:
    if subject.kind == "model":
        return pairs.smallest_shape(subject)
    if subject.kind != "augment" and model == CONVOLUTIONAL["name"]:
        return 1, 32, 32
    if subject.kind != "augment" and model != SMALL["name"]:
        return next(pairs.smallest_shape(each) for each in subject.beside if (each.kind, each.name) == ("model", model))
    if subject.kind == "regularizer":
        return regularizers.smallest_shape(subject.make())
    return augmentations.smallest_shape(subject.make()) if subject.kind == "augment" else (1, 8, 8)


class CheckpointJournal:
    """A journal that writes checkpoints alone, and stops training after a chosen step; 0 means never."""

    def __init__(self, folder: Path, stop_after: int = 0) -> None:
        self.folder, self.stop_after = folder, stop_after

    def step(self, step: int) -> Command:
        """Stop after the chosen step."""
        return Command.STOP if step == self.stop_after else Command.GO_ON

    def record(self, step: int, values: Mapping[str, float]) -> None:
        """Keep nothing: the loop has checked that they are finite."""

    def sample(self, step: int, gan: GAN) -> None:
        """Draw nothing."""

    def evaluate(self, step: int, gan: GAN) -> bool:
        """Score nothing; no step is the best."""
        return False

    def diagnose(self, step: int, gan: GAN) -> None:
        """Audit nothing."""

    def save(self, step: int, state: Mapping[str, Any]) -> None:
        """Write a checkpoint, as a run does."""
        checkpoint.save(self.folder, step, state)


def _train(training: Training, journal: CheckpointJournal) -> Training:
    try:
        train(training, journal)
    except (DivergedError, CheckpointError) as error:
        raise ConformanceError(
            f"{STEPS} steps with finite losses and weights", came=error.what, hint=error.hint
        ) from error
    return training


def it_trains_some_steps(subject: Subject) -> None:
    """Every logged number is finite, the weights of both networks change, and random numbers are torch's."""
    hint = "torch.rand(..., device=x.device); numpy's and Python's generators stand still in a CUDA graph"
    for training in _trainings(subject):
        with TemporaryDirectory() as folder, expect_generators_rest(("numpy", "python"), hint=hint):
            before = [_weights(network) for network in (training.gan.G, training.gan.D)]
            _train(training, CheckpointJournal(Path(folder)))
            for name, then, network in zip("GD", before, (training.gan.G, training.gan.D), strict=True):
                moved = any(not torch.equal(a, b) for a, b in zip(then, network.parameters(), strict=True))
                lost = "a gradient must reach it: no detach() on the way"
                expect(moved, f"weights of {name} that move in {STEPS} steps", came="the same weights", hint=lost)
            _expect_no_state(subject, training.gan)


def _trainings(subject: Subject) -> Iterator[Training]:
    """Yield the runs of its combinations that are not refused. Raises ConformanceError if all are."""
    found, reasons = 0, []
    last = [] if subject.kind == "model" else [*_convolutional(subject), *_models_beside(subject)]
    for tables in (*combinations(subject), *last):
        if found and tables in last:
            return  # for what refuses all others
        try:
            training = prepare(subject, tables)
        except Refused as reason:
            reasons.append(str(reason))
            continue
        found += 1
        yield training
    hint = "check less in its methods: ConfigError is for the shapes and options that cannot work"
    expect(found > 0, "a combination in which it trains", came=f"refused: {'; '.join(reasons)}", hint=hint)


def _convolutional(subject: Subject) -> list[Tables]:
    return [{**tables, "model": CONVOLUTIONAL} for tables in combinations(subject)]


def _models_beside(subject: Subject) -> list[Tables]:
    """Return its combinations with the other models of its package, such as one whose D judges pixels."""
    models = [{"name": each.name, **each.options} for each in subject.beside if each.kind == "model"]
    return [{**tables, "model": model} for tables in combinations(subject) for model in models]


def _expect_no_state(subject: Subject, gan: GAN) -> None:
    """Check that a component is after training as it was made, since it keeps no state."""
    component = getattr(gan, {"augment": "augmentation"}.get(subject.kind, subject.kind), None)
    if not isinstance(component, subject.component):
        return
    cached = {name for name, value in vars(subject.component).items() if isinstance(value, cached_property)}
    made = subject.make()
    new = sorted(vars(component).keys() - vars(made).keys() - cached)
    came = f"new attributes {', '.join(new)}" if new else f"{component}"
    hint = "state in buffers of a module; a copy of a list that is an option before it is changed"
    expect(not new and component == made, f"{made} after training too", came=came, hint=hint)


def _weights(network: torch.nn.Module) -> list[torch.Tensor]:
    return [weight.detach().clone() for weight in network.parameters()]


def an_interrupted_run_resumes_exactly(subject: Subject) -> None:
    """A run that is stopped after step 1 and resumed ends bit for bit like one that was not stopped."""
    for tables in combinations(subject):
        with TemporaryDirectory() as folder:
            whole = _train(prepare(subject, tables), CheckpointJournal(Path(folder, "whole")))
            _train(prepare(subject, tables), CheckpointJournal(Path(folder, "part"), stop_after=1))
            resumed = prepare(subject, tables)
            randomness.seed_everything(12345)  # what this process did before must not matter
            resumed.load_state_dict(checkpoint.load(Path(folder, "part")).state)
            _train(resumed, CheckpointJournal(Path(folder, "part")))
            unlike = list(differences(whole.state_dict(), resumed.state_dict()))
            hint = "state in buffers of a module (a loss keeps none), not in globals; torch's global generator"
            came = f"{len(unlike)} parts differ: {', '.join(unlike[:5])}"
            expect(not unlike, "a resumed run to end like a whole one", came=came, hint=hint)


def it_trains_on_cuda(subject: Subject) -> None:
    """On a CUDA device it also trains on after its updates were captured as graphs."""
    if not torch.cuda.is_available():
        raise Unchecked("there is no CUDA device here")
    for tables in combinations(subject):
        with TemporaryDirectory() as folder:
            _train(prepare(subject, tables, device="cuda", steps=6), CheckpointJournal(Path(folder)))


CHECKS: tuple[Callable[[Subject], None], ...] = (
    it_trains_some_steps,
    an_interrupted_run_resumes_exactly,
    it_trains_on_cuda,
)
