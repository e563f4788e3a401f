"""Dry runs: build a run, time a step, and throw everything away."""

from __future__ import annotations

from collections.abc import Callable
from contextlib import closing
from dataclasses import dataclass

from ganzoo.contracts import Samples
from ganzoo.settings.sections import RunConfig
from ganzoo.training.costs import measure_costs, peak_memory_mb
from ganzoo.training.feed import Feed
from ganzoo.training.gan import GAN
from ganzoo.training.graphs import WARM_UP
from ganzoo.training.loop import advance
from ganzoo.training.prepare import explain_memory, prepare
from ganzoo.training.steps import discriminator_step, generator_step
from ganzoo.training.timing import seconds_of
from ganzoo.zoo.catalogue import Zoo
from ganzoo.zoo.faults import name_plugins


@dataclass(frozen=True)
class DryRun:
    """Size and expected time of a run."""

    title: str
    device: str
    samples: int
    shape: tuple[int, ...]
    classes: dict[str, int]
    """Number of samples of each class, in the order of the classes."""
    parameters_g: int
    parameters_d: int
    flops_per_step: float
    memory_mb: float | None
    """Peak memory so far: of the process on a CPU, of the allocator on CUDA."""
    seconds_per_step: float
    steps: int

    @property
    def seconds(self) -> float:
        """Return the expected time of all steps."""
        return self.steps * self.seconds_per_step


def make_dry_run(
    run: RunConfig, zoo: Zoo, note: Callable[[str], None],
    begin: Callable[[GAN, Samples], object] = lambda gan, samples: None, read: Samples | None = None,
) -> DryRun:  # fmt: skip
    """Try a step on two samples, then time one of full size after warming up. `begin` is what a run does before it.

    `read` are the samples of the dataset, if they were read before.
    Raises what `prepare` and `begin` raise.
    """
    with name_plugins(zoo, tried=run):
        training, samples = prepare(run, zoo, note, read=read)
    gan, optim = training.gan, run.optim
    begin(gan, samples)
    with name_plugins(zoo, tried=run), explain_memory(run), closing(training.feed):
        costs = measure_costs(gan, samples, optim)
        _try_small(gan, training.feed)
        for _ in range(WARM_UP + 2 if gan.device.torch_device.type == "cuda" else 2):  # until kernels are chosen
            seconds = seconds_of(lambda: advance(training), gan.device.torch_device)
    return DryRun(
        title=run.title,
        device=f"{gan.device.torch_device.type}, {gan.device.precision}",
        samples=len(samples),
        shape=samples.spec.shape,
        classes=dict(zip(samples.class_names, samples.class_counts, strict=True)),
        **costs,
        memory_mb=peak_memory_mb(gan.device.torch_device),
        seconds_per_step=seconds,
        steps=run.train.steps,
    )


def _try_small(gan: GAN, feed: Feed) -> None:
    discriminator_step(gan, *feed.next(2))
    generator_step(gan, *feed.next(2))
