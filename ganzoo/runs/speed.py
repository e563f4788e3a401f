"""Speed of a run on this machine: images/s, time by phase, share of the machine's FLOP/s, ratio to a plain loop.

Machines are noisy, ratios within one process are not: quantities to compare are measured in turn, pair by pair.
"""

from __future__ import annotations

import statistics
import tempfile
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import closing, contextmanager
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import torch
from torch import nn

from ganzoo.contracts import LipschitzEnforcer, Samples
from ganzoo.runs import manifest
from ganzoo.runs.baseline import Baseline
from ganzoo.runs.log import RunLog
from ganzoo.runs.new_folder import create_folder
from ganzoo.runs.observer import Observer
from ganzoo.settings.sections import RunConfig
from ganzoo.training.costs import count_flops, measure_costs, peak_memory_mb
from ganzoo.training.device import Device
from ganzoo.training.gan import GAN
from ganzoo.training.graphs import WARM_UP
from ganzoo.training.loop import Training, advance, measure
from ganzoo.training.prepare import explain_memory, prepare
from ganzoo.training.steps import discriminator_step, generator_step
from ganzoo.training.timing import measure_product, seconds_of, wait_for
from ganzoo.zoo.catalogue import Zoo

PHASES = ("data", "D", "penalty", "G", "optimiser", "logging")


@dataclass(frozen=True)
class Spread:
    """Repeated measurements of one quantity."""

    median: float
    low: float
    high: float

    @classmethod
    def of(cls, values: Sequence[float]) -> Spread:
        """Return the median, lowest and highest of some values."""
        return cls(statistics.median(values), min(values), max(values))


@dataclass(frozen=True)
class BaselineSpeed:
    """Speed of the baseline loop, measured in turn with ganzoo's."""

    images_per_s: Spread
    ratio: Spread
    """Seconds of the baseline loop over those of ganzoo, by pair."""
    pairs: tuple[float, ...]
    flops_per_step: float
    bound: float
    """Ratio if ganzoo's FLOPs ran at the ceiling, and nothing else took time."""


@dataclass(frozen=True)
class Speed:
    """Measurements of `ganzoo bench`, as its JSON shows them."""

    title: str
    device: str
    precision: str
    threads: int
    platform: Mapping[str, Any]
    batch_size: int
    n_critic: int
    repeats: int
    steps: int
    """Steps per repeat."""
    images_per_s: Spread
    """Real images through D per second."""
    step_ms: Spread
    phases_ms: Mapping[str, Spread]
    """Milliseconds of a step by phase, forward and backward together, without CUDA graphs."""
    flops_per_step: float
    flops_per_s: float
    ceiling: float
    """FLOP/s of the fastest product of two matrices, in the same precision."""
    memory_mb: float | None
    against: BaselineSpeed | None = None

    @property
    def share(self) -> float:
        """Share of the ceiling that is reached, in [0, 1]."""
        return self.flops_per_s / self.ceiling


def measure_speed(
    run: RunConfig, zoo: Zoo, observer: Observer, *, repeats: int = 5, seconds: float = 2.0, against: str = ""
) -> Speed:
    """Time a run; `against="eager"` times the baseline loop in turn with it. Raises what `prepare` raises.

    A repeat takes about `seconds`, but at least one step. Only a temporary log is written.
    """
    training, samples = prepare(run, zoo, observer.note)
    with explain_memory(run), closing(training.feed):
        return _measure(training, samples, zoo, repeats, seconds, against)


def _measure(training: Training, samples: Samples, zoo: Zoo, repeats: int, seconds: float, against: str) -> Speed:
    run, gan, device = training.run, training.gan, training.gan.device
    flops = measure_costs(gan, samples, run.optim)["flops_per_step"]
    steps = max(1, round(seconds / _warm_up(training)))
    phases = _collect(_time_phases(training, samples) for _ in range(repeats))
    memory = peak_memory_mb(device.torch_device)  # before there is another loop in this process
    baseline = Baseline(run, zoo, samples, device.torch_device) if against else None
    if baseline is not None:
        baseline.step()
    ours, theirs, ceiling = _time_in_turn(training, baseline, steps, repeats, device)
    images = run.optim.n_critic * run.optim.batch_size
    speed = Speed(
        title=run.title,
        device=device.torch_device.type,
        precision=device.precision,
        threads=torch.get_num_threads(),
        platform=manifest.describe_platform(),
        batch_size=run.optim.batch_size,
        n_critic=run.optim.n_critic,
        repeats=repeats,
        steps=steps,
        images_per_s=Spread.of([images / t for t in ours]),
        step_ms=Spread.of([1000 * t for t in ours]),
        phases_ms=phases,
        flops_per_step=flops,
        flops_per_s=flops / statistics.median(ours),
        ceiling=ceiling,
        memory_mb=memory,
    )
    return speed if baseline is None else replace(speed, against=_compare(ours, theirs, baseline, speed, images))


def _warm_up(training: Training) -> float:
    """Train until CUDA graphs are captured, and return the seconds of the last step."""
    device = training.gan.device.torch_device
    for _ in range(WARM_UP + 2 if device.type == "cuda" else 1):
        seconds = seconds_of(lambda: advance(training), device)
    return seconds


def _compare(ours: list[float], theirs: list[float], baseline: Baseline, speed: Speed, images: int) -> BaselineSpeed:
    pairs = tuple(t / o for o, t in zip(ours, theirs, strict=True))
    return BaselineSpeed(
        images_per_s=Spread.of([images / t for t in theirs]),
        ratio=Spread.of(pairs),
        pairs=pairs,
        flops_per_step=count_flops(baseline.step),
        bound=statistics.median(theirs) * speed.ceiling / speed.flops_per_step,
    )


def _time_in_turn(
    training: Training, baseline: Baseline | None, steps: int, repeats: int, device: Device
) -> tuple[list[float], list[float], float]:
    """Return the seconds per step of both loops by repeat, and the ceiling, measured in between."""
    times: dict[str, list[float]] = {"ours": [], "theirs": []}
    turns: list[tuple[str, Callable[[], object]]] = [("ours", lambda: advance(training))]
    if baseline is not None:
        turns.append(("theirs", baseline.step))
    ceilings = []
    dtype, size = _product_of(device)
    for repeat in range(repeats):
        with device.arithmetic():
            ceilings.append(measure_product(dtype, device.torch_device, size))
        for whose, step in turns if repeat % 2 == 0 else reversed(turns):
            times[whose].append(seconds_of(step, device.torch_device, steps) / steps)
    return times["ours"], times["theirs"], max(ceilings)


def _product_of(device: Device) -> tuple[torch.dtype, int]:
    """Return type and side of the matrices whose product gives the ceiling: large, but not slow to multiply."""
    dtype = torch.bfloat16 if device.precision == "bf16" else torch.float32
    return dtype, 8192 if device.torch_device.type == "cuda" else 2048


def _collect(rounds: Iterator[dict[str, float]]) -> dict[str, Spread]:
    found = list(rounds)
    return {phase: Spread.of([times[phase] for times in found]) for phase in PHASES}


def _time_phases(training: Training, samples: Samples) -> dict[str, float]:
    """Return the milliseconds of one step by phase; the penalty's are those by which it makes a step of D longer."""
    run, device, feed, times = training.run, training.gan.device, training.feed, dict.fromkeys(PHASES, 0.0)
    opt_d, opt_g = _TimedOptimizer(training.gan.opt_d, device), _TimedOptimizer(training.gan.opt_g, device)
    gan = replace(training.gan, opt_d=opt_d, opt_g=opt_g)  # type: ignore[arg-type]
    without = replace(training.gan, lipschitz=_NoPenalty(gan.lipschitz))
    with device.arithmetic():
        for _ in range(run.optim.n_critic):
            with _clocked(times, "data", device):
                batch = feed.next(run.optim.batch_size)
            with _clocked(times, "D", device):
                discriminator_step(gan, *batch)
            if _has_penalty(gan):
                with _clocked(times, "penalty", device):
                    discriminator_step(without, *batch)
        with _clocked(times, "data", device):
            batch = feed.next(run.optim.batch_size_g or run.optim.batch_size)
        with _clocked(times, "G", device):
            terms = generator_step(gan, *batch)
    if _has_penalty(gan):
        times["D"], times["penalty"] = times["penalty"], times["D"] - times["penalty"]
    times["D"], times["G"] = times["D"] - opt_d.seconds, times["G"] - opt_g.seconds
    times["optimiser"] = opt_d.seconds + opt_g.seconds
    times["logging"] = _time_logging(training, samples, terms) / run.train.log_every
    return {phase: 1000 * seconds for phase, seconds in times.items()}


def _time_logging(training: Training, samples: Samples, terms: dict[str, torch.Tensor]) -> float:
    """Return the seconds of one record: read from the device, written to log.jsonl and TensorBoard."""
    device = training.gan.device.torch_device
    with tempfile.TemporaryDirectory(prefix="ganzoo-") as directory:
        folder = create_folder(Path(directory) / "run")
        with closing(RunLog(folder, training.run, samples.spec, 0)) as log:
            return seconds_of(lambda: log.scalars(1, measure(training.gan, terms, 1)), device)


@contextmanager
def _clocked(times: dict[str, float], phase: str, device: Device) -> Iterator[None]:
    wait_for(device.torch_device)
    start = time.perf_counter()
    yield
    wait_for(device.torch_device)
    times[phase] += time.perf_counter() - start


class _TimedOptimizer:
    """An optimiser that counts the seconds of its steps."""

    def __init__(self, optimizer: torch.optim.Optimizer, device: Device) -> None:
        self._optimizer, self._device, self._times = optimizer, device, {"step": 0.0}
        self.param_groups, self.zero_grad = optimizer.param_groups, optimizer.zero_grad

    @property
    def seconds(self) -> float:
        """Seconds of all steps so far."""
        return self._times["step"]

    def step(self) -> None:
        """Do a step of the optimiser, and count its seconds."""
        with _clocked(self._times, "step", self._device):
            self._optimizer.step()


class _NoPenalty(LipschitzEnforcer):
    """An enforcer without its penalty."""

    def __init__(self, enforcer: LipschitzEnforcer) -> None:
        self._enforcer = enforcer

    def project(self, discriminator: nn.Module) -> None:
        self._enforcer.project(discriminator)


def _has_penalty(gan: GAN) -> bool:
    return type(gan.lipschitz).penalty is not LipschitzEnforcer.penalty
