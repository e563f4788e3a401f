"""Set-up of the two players and their data by ganzoo's settings, for all experiments."""

from __future__ import annotations

from collections.abc import Callable
from functools import cache
from pathlib import Path
from typing import Any

import torch
from torch import Tensor, nn

from ganzoo.audit.slopes import Slopes, slopes
from ganzoo.contracts import Critic
from ganzoo.data.images import to_uint8
from ganzoo.evaluation.extraction import extract, in_batches
from ganzoo.runs.observer import Observer
from ganzoo.settings.sections import Choice
from ganzoo.training.latents import draw_latents
from ganzoo.training.loop import Training
from ganzoo.training.prepare import prepare
from ganzoo.training.randomness import reseeded
from ganzoo.training.sampling import evaluating
from ganzoo.training.schedule import set_schedule
from ganzoo.zoo.catalogue import Zoo
from ganzoo.zoo.choices import choose_features
from ganzoo.zoo.plugins import load_zoo
from ganzoo.zoo.recipes import settle

CPU = torch.device("cpu")
MODELS = Path(__file__).parent / "normed.py"


@cache
def zoo() -> Zoo:
    """Return the components of ganzoo and the model of normed.py."""
    return load_zoo(files=[MODELS], disabled=["all"])


def set_up(dataset: str, loss: str, lipschitz: str, seed: int, **options: Any) -> Training:
    """Return a game at its first step; `options` are settings, with two underscores for the dot.

    The settings of the method (n_critic, rates, betas) follow from its loss and enforcer unless they are given.
    Raises ConfigError if the components do not fit together.
    """
    names = {"model.name": "mlp", "loss.name": loss, "lipschitz.name": lipschitz, "dataset.name": dataset}
    fixed = {"train.device": "cpu", "train.precision": "fp32", "train.seed": seed}
    given = {key.replace("__", "."): value for key, value in options.items()}
    settings = settle(flags={**names, **fixed}, sets=given)
    return prepare(settings.run, zoo(), Observer().note)[0]


class NoisyData(nn.Module):
    """A generator that never learns: (z (N, 3), y) -> real points plus Gaussian noise (N, 2).

    arXiv:1704.00028, Sec. 3.1, uses such a fixed generator. The standard deviation of the noise is that of one
    coordinate of the data; in the paper both are 1. The first latent coordinate chooses the point.
    """

    def __init__(self, points: Tensor) -> None:
        super().__init__()
        self.points, self.std = points, float(points.std(dim=0).mean())

    def forward(self, z: Tensor, _: Tensor) -> Tensor:
        """z (N, 3) -> (N, 2)."""
        share = torch.special.ndtr(z[:, 0].double())  # uniform on [0, 1]
        chosen = (share * len(self.points)).long().clamp(max=len(self.points) - 1)
        return self.points[chosen] + self.std * z[:, 1:]


def hold_generator(training: Training) -> None:
    """Replace G by noisy data, so that only D learns; needs model.z_dim = 3."""
    training.gan.G = NoisyData(training.feed.x)


def teach_critic(training: Training, start: int, stop: int) -> None:
    """Make the updates of D from one number to another, on the schedule of train.steps, without updates of G."""
    optim, last = training.run.optim, training.run.train.steps
    for update in range(start, stop):
        set_schedule(training.gan, optim, update / last)
        training.updates.discriminator(*training.feed.next(optim.batch_size))


@torch.no_grad()
def generated(training: Training, count: int, seed: int = 7) -> Tensor:
    """Return samples (count, *shape) of G, not of its average, because the loss belongs to G."""
    gan = training.gan
    with evaluating(gan.G):
        return gan.G(draw_latents(count, gan.z_dim, seed), torch.zeros(count, dtype=torch.long))


def critic_of(training: Training) -> Critic:
    """Return the critic x (N, *shape) -> logits (N,), with all labels 0."""
    return lambda x: training.gan.D(x, torch.zeros(len(x), dtype=torch.long)).logits


def measure_slopes(training: Training, count: int = 1000) -> Slopes:
    """Return the slopes at `count` real points, generated points and points between them; keep the random state."""
    with reseeded(0, CPU):
        return slopes(critic_of(training), real=training.feed.x[:count], fake=generated(training, count))


def scorer(training: Training, count: int, metric: str, **options: Any) -> Callable[[], dict[str, float]]:
    """Return a function that scores `count` samples of the present G against all data by a metric of ganzoo."""
    run = training.run
    extractor = zoo().create("features", choose_features(run.features, run.dataset, zoo())).load(CPU)
    chosen_metric = zoo().create("metric", Choice(metric, options))
    real = extract(in_batches(training.feed.x, 1000, CPU), extractor)

    def score() -> dict[str, float]:
        x = generated(training, count)
        fake = extract(in_batches(x if x.ndim == 2 else to_uint8(x), 1000, CPU), extractor)
        return {name: number.value for name, number in chosen_metric.compute(real=real, fake=fake).items()}

    return score
