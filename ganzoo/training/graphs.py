"""Updates as CUDA graphs: captured once, then replayed with one call instead of hundreds.

A graph repeats kernels on the same memory. So batches are copied to fixed memory, learning rates are tensors, and
random numbers come from torch's CUDA generator, which moves on with each replay. G_ema is updated outside, since its
rate changes. Python code of a component runs when a step is captured and not again: a step must not depend on it.
"""

from __future__ import annotations

import copy
import warnings
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from functools import partial
from typing import Any, Protocol

import torch
from torch import Tensor

from ganzoo.settings.sections import OptimConfig
from ganzoo.training import randomness
from ganzoo.training.gan import GAN
from ganzoo.training.steps import Terms, discriminator_step, generator_step, update_average, update_generator

Step = Callable[[GAN, Tensor, Tensor], Terms]
Work = Callable[[], Terms]

WARM_UP = 3
"""Eager steps before a step is captured: meanwhile kernels are chosen and memory is laid out."""


class Capture(Protocol):
    """A way to capture work, on CUDA as a graph."""

    def warm_up(self, work: Work) -> Terms:
        """Run `work` now, where it will be captured."""

    def capture(self, work: Work) -> Work:
        """Capture `work` without running it, and return a function that replays it.

        Raises RuntimeError if it cannot be captured.
        """


CHANGES_HOST = "it changes something on the host, such as random numbers or a count, which a graph would not repeat"

FindReason = Callable[[GAN, Step, Tensor, Tensor], str]
"""Returns the reason why a step must not be captured; empty if there is none."""


@dataclass(frozen=True)
class Updates:
    """One update of each player on this device: x_real (N, *shape), y (N,) -> terms."""

    discriminator: Callable[[Tensor, Tensor], Terms]
    generator: Callable[[Tensor, Tensor], Terms]
    """Moves G_ema too."""


def choose_updates(gan: GAN, optim: OptimConfig, note: Callable[[str], None]) -> Updates:
    """Return updates that are captured as graphs on CUDA and eager elsewhere; `note` is told of eager ones on CUDA."""
    if gan.device.torch_device.type != "cuda":
        return eager_updates(gan)
    if reason := _find_obstacle(gan, optim):
        note(f"steps run eagerly, which is slower, since CUDA graphs do not allow {reason}")
        return eager_updates(gan)
    return captured_updates(gan, note, CudaCapture(), find_reason)


def _find_obstacle(gan: GAN, optim: OptimConfig) -> str:
    """Return the first setting that no graph allows; empty if there is none."""
    if gan.ranks.size > 1:
        return "several ranks"
    if not gan.update_rule.captured:
        return f"the optimizer {optim.name}, which does not say that its steps can be captured"
    if optim.beta2_end:
        return "optim.beta2_end, which changes with the steps"
    return "optim.accumulate, which frees the memory of each part" if gan.accumulate > 1 else ""


def eager_updates(gan: GAN) -> Updates:
    """Return both steps without capture."""
    return Updates(partial(discriminator_step, gan), partial(generator_step, gan))


def captured_updates(gan: GAN, note: Callable[[str], None], capture: Capture, find_reason: FindReason) -> Updates:
    """Return both steps, captured after WARM_UP calls unless there is a reason against it."""
    update_d, update_g = (
        CapturedStep(gan, step, note, capture, find_reason) for step in (discriminator_step, update_generator)
    )

    def with_average(x: Tensor, y: Tensor) -> Terms:
        terms = update_g(x, y)
        update_average(gan.G_ema, gan.G, gan.ema_decay)
        return terms

    return Updates(update_d, with_average)


@dataclass
class CapturedStep:
    """A step that runs eagerly WARM_UP times, is then captured, and from then on replayed."""

    gan: GAN
    step: Step
    note: Callable[[str], None]
    capture: Capture
    find_reason: FindReason
    _calls: int = 0
    _inputs: tuple[Tensor, ...] = ()
    _replay: Work | None = None

    def __call__(self, x: Tensor, y: Tensor) -> Terms:
        """x_real (N, *shape), y (N,) -> terms, which the next call overwrites."""
        self._calls += 1
        if self._calls <= WARM_UP:
            return self.capture.warm_up(partial(self.step, self.gan, x, y))
        if self._calls == WARM_UP + 1:
            self._prepare(x, y)
        if self._replay is None or x.shape != self._inputs[0].shape:
            return self.step(self.gan, x, y)
        for place, batch in zip(self._inputs, (x, y), strict=True):
            place.copy_(batch)
        return self._replay()

    def _prepare(self, x: Tensor, y: Tensor) -> None:
        """Capture the step; if there is a reason against it, note it once and leave the step eager."""
        reason = self.find_reason(self.gan, self.step, x, y)
        if not reason:
            self._inputs = x.clone(), y.clone()
            try:
                self._replay = self.capture.capture(partial(self.step, self.gan, *self._inputs))
            except RuntimeError as error:
                reason = _first_line(error)
        if reason:
            self.note(f"{self.step.__name__} runs eagerly, which is slower; it cannot be a CUDA graph: {reason}")


class CudaCapture:
    """Captures CUDA graphs, which share their memory since they are replayed one after the other."""

    def __init__(self) -> None:
        self._pool = torch.cuda.graph_pool_handle()
        self._stream = torch.cuda.Stream()  # type: ignore[no-untyped-call]

    def warm_up(self, work: Work) -> Terms:
        """Run `work` on the stream of captures: what autograd keeps of a stream must not belong to the current one."""
        current = torch.cuda.current_stream()
        self._stream.wait_stream(current)
        with torch.cuda.stream(self._stream):
            terms = work()
        current.wait_stream(self._stream)
        return terms

    def capture(self, work: Work) -> Work:
        """Capture the kernels that `work` launches. Raises RuntimeError if it does what a graph cannot."""
        graph = torch.cuda.CUDAGraph()
        with torch.cuda.graph(graph, pool=self._pool, stream=self._stream):
            terms = work()

        def replay() -> Terms:
            graph.replay()
            return terms

        return replay


def find_reason(gan: GAN, step: Step, x: Tensor, y: Tensor) -> str:
    """Try a step on a copy, and return the reason why a graph would not repeat it; empty if there is none.

    A step must not wait for the device. It must change neither random states of the host nor plain attributes of
    components and networks, such as a count of calls: a graph would not.
    """
    random, trial = randomness.capture(), copy.deepcopy(gan)
    before = _host_state(trial)
    try:
        with _waiting_forbidden(x.device):
            step(trial, x, y)
        return "" if _host_state(trial) == before else CHANGES_HOST
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
    """Describe all that a step might change on the host, to compare before and after."""
    drawn = {name: state for name, state in randomness.capture().items() if name != "cuda"}
    enforcers = [gan.lipschitz, *getattr(gan.lipschitz, "parts", ())]
    networks = [layer for module in gan.modules for layer in module.modules()]
    parts = [gan.model, gan.loss, *enforcers, gan.conditioner, gan.augmentation, *gan.regularizers.parts, *networks]
    optimizers = [[*opt.state.values(), *map(_without_weights, opt.param_groups)] for opt in (gan.opt_g, gan.opt_d)]
    return [_describe(drawn), _describe(optimizers), *(_describe(getattr(part, "__dict__", {})) for part in parts)]


def _without_weights(group: dict[str, Any]) -> dict[str, Any]:
    return {key: value for key, value in group.items() if key != "params"}


def _describe(value: object) -> str:
    """Describe plain values, nested or not. Weights and buffers may change: a graph changes them too."""
    if isinstance(value, Tensor):
        state = value.device.type == "cpu" and value.dtype in (torch.uint8, torch.int64)  # as of a random generator
        return value.numpy().tobytes().hex() if state else ""
    if isinstance(value, dict):
        return str({key: _describe(item) for key, item in value.items()})
    if isinstance(value, list | tuple | set):
        return str([_describe(item) for item in value])
    return repr(value) if isinstance(value, int | float | str | bytes | None) else type(value).__name__


def _first_line(error: RuntimeError) -> str:
    return str(error).partition("\n")[0][:200] or type(error).__name__
