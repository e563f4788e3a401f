"""Updates as CUDA graphs: recorded once, then replayed with one call instead of hundreds.

A graph repeats kernels on the same memory. So batches are copied to one place, learning rates are tensors, and random
numbers come from torch's CUDA generator, which moves on with each replay. G_ema moves outside, since its rate changes.
What a component does in Python happens when it is recorded and not again, so that a step must not depend on it.
"""

from __future__ import annotations

import copy
import warnings
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from functools import partial
from typing import Protocol

import torch
from torch import Tensor

from ganzoo.settings.sections import OptimConfig
from ganzoo.training import randomness
from ganzoo.training.gan import GAN
from ganzoo.training.steps import Terms, discriminator_step, generator_step, update_average, update_generator

Step = Callable[[GAN, Tensor, Tensor], Terms]
Work = Callable[[], Terms]

WARM_UP = 3
"""Steps that are done as they are before one is recorded: kernels are chosen and memory is laid out."""


class Recorder(Protocol):
    """How work is recorded: on CUDA as a graph."""

    def warm_up(self, work: Work) -> Terms:
        """Do the work now, as recording it needs."""

    def record(self, work: Work) -> Work:
        """Take note of the work without doing it; returns what does it. Raises RuntimeError where that cannot be."""


OUT_OF_SIGHT = "it changes something on the host, such as random numbers or a count, which a graph would not repeat"

Obstacle = Callable[[GAN, Step, Tensor, Tensor], str]
"""Why a step must not be recorded; empty if nothing is in the way."""


@dataclass(frozen=True)
class Updates:
    """One update of each player, as they are done on this device: x_real (N, *shape), y (N,) -> terms."""

    discriminator: Callable[[Tensor, Tensor], Terms]
    generator: Callable[[Tensor, Tensor], Terms]
    """Moves G_ema too."""


def choose_updates(gan: GAN, optim: OptimConfig, note: Callable[[str], None]) -> Updates:
    """Return updates that record themselves on CUDA, and plain ones elsewhere; `note` hears why one is not recorded."""
    if gan.device.torch_device.type != "cuda":
        return plain_updates(gan)
    if gan.ranks.size > 1 or optim.beta2_end:
        reason = "several ranks" if gan.ranks.size > 1 else "optim.beta2_end, which changes with the steps"
        note(f"{reason}: steps are not recorded as CUDA graphs, and slower")
        return plain_updates(gan)
    return recorded_updates(gan, note, CudaRecorder(), find_obstacle)


def plain_updates(gan: GAN) -> Updates:
    """Return both steps as they are."""
    return Updates(partial(discriminator_step, gan), partial(generator_step, gan))


def recorded_updates(gan: GAN, note: Callable[[str], None], recorder: Recorder, obstacle: Obstacle) -> Updates:
    """Return both steps, recorded after their first few calls unless there is an obstacle."""
    of_d, of_g = (Recorded(gan, step, note, recorder, obstacle) for step in (discriminator_step, update_generator))

    def with_average(x: Tensor, y: Tensor) -> Terms:
        terms = of_g(x, y)
        update_average(gan.G_ema, gan.G, gan.ema_decay)
        return terms

    return Updates(of_d, with_average)


@dataclass
class Recorded:
    """A step that is done as it is WARM_UP times, then recorded, then replayed."""

    gan: GAN
    step: Step
    note: Callable[[str], None]
    recorder: Recorder
    obstacle: Obstacle
    _calls: int = 0
    _inputs: tuple[Tensor, ...] = ()
    _replay: Work | None = None

    def __call__(self, x: Tensor, y: Tensor) -> Terms:
        """x_real (N, *shape), y (N,) -> terms, which the next call overwrites."""
        self._calls += 1
        if self._calls <= WARM_UP:
            return self.recorder.warm_up(partial(self.step, self.gan, x, y))
        if self._calls == WARM_UP + 1:
            self._prepare(x, y)
        if self._replay is None or x.shape != self._inputs[0].shape:
            return self.step(self.gan, x, y)
        for place, batch in zip(self._inputs, (x, y), strict=True):
            place.copy_(batch)
        return self._replay()

    def _prepare(self, x: Tensor, y: Tensor) -> None:
        """Record the step; what forbids that is said once, and the step stays as it is."""
        reason = self.obstacle(self.gan, self.step, x, y)
        if not reason:
            self._inputs = x.clone(), y.clone()
            try:
                self._replay = self.recorder.record(partial(self.step, self.gan, *self._inputs))
            except RuntimeError as error:
                reason = _first_line(error)
        if reason:
            self.note(f"{self.step.__name__} is not recorded as a CUDA graph, and slower: {reason}")


class CudaRecorder:
    """Records CUDA graphs, which share their memory since they are replayed one after the other."""

    def __init__(self) -> None:
        self._pool = torch.cuda.graph_pool_handle()
        self._stream = torch.cuda.Stream()  # type: ignore[no-untyped-call]

    def warm_up(self, work: Work) -> Terms:
        """Work on a stream of its own, as recording does: what autograd keeps of a stream must not be of the usual."""
        usual = torch.cuda.current_stream()
        self._stream.wait_stream(usual)
        with torch.cuda.stream(self._stream):
            terms = work()
        usual.wait_stream(self._stream)
        return terms

    def record(self, work: Work) -> Work:
        """Record what `work` asks of the device. Raises RuntimeError where that cannot be recorded."""
        graph = torch.cuda.CUDAGraph()
        with torch.cuda.graph(graph, pool=self._pool, stream=self._stream):
            terms = work()

        def replay() -> Terms:
            graph.replay()
            return terms

        return replay


def find_obstacle(gan: GAN, step: Step, x: Tensor, y: Tensor) -> str:
    """Try a step on a copy, and return why a graph would not repeat it; empty if nothing is found.

    A step must not wait for the device, and must change nothing that a graph does not: random states of the host, or
    plain attributes of components and networks, such as a count of calls.
    """
    random, trial = randomness.capture(), copy.deepcopy(gan)
    before = _host_state(trial)
    try:
        with _waiting_forbidden(x.device):
            step(trial, x, y)
        return "" if _host_state(trial) == before else OUT_OF_SIGHT
    except RuntimeError as error:
        return _first_line(error)
    finally:
        randomness.restore(random)


@contextmanager
def _waiting_forbidden(device: torch.device) -> Iterator[None]:
    if device.type != "cuda":
        yield
        return
    mode = torch.cuda.get_sync_debug_mode()
    with warnings.catch_warnings():
        warnings.filterwarnings("ignore", "Synchronization debug mode is a prototype feature")
        torch.cuda.set_sync_debug_mode("error")
        try:
            yield
        finally:
            torch.cuda.set_sync_debug_mode(mode)


def _host_state(gan: GAN) -> list[str]:
    """All that a step might change on the host, so that two of them can be compared."""
    drawn = {name: state for name, state in randomness.capture().items() if name != "cuda"}
    enforcers = [gan.lipschitz, *getattr(gan.lipschitz, "parts", ())]
    networks = [layer for network in (gan.G, gan.D, gan.transform) for layer in network.modules()]
    parts = [gan.model, gan.loss, *enforcers, gan.conditioner, gan.augmentation, *networks]
    return [_show(drawn), *(_show(getattr(part, "__dict__", {})) for part in parts)]


def _show(value: object) -> str:
    """Words for plain values, whatever they lie in. Weights and buffers may change: a graph changes them too."""
    if isinstance(value, Tensor):
        state = value.device.type == "cpu" and value.dtype in (torch.uint8, torch.int64)  # as of a random generator
        return value.numpy().tobytes().hex() if state else ""
    if isinstance(value, dict):
        return str({key: _show(item) for key, item in value.items()})
    if isinstance(value, list | tuple | set):
        return str([_show(item) for item in value])
    return repr(value) if isinstance(value, int | float | str | bytes | None) else type(value).__name__


def _first_line(error: RuntimeError) -> str:
    return str(error).partition("\n")[0][:200] or type(error).__name__
