"""Origin of the first number that was not finite: the run is repeated from its last checkpoint, with hooks."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import closing, contextmanager
from dataclasses import dataclass, replace

import torch
from torch import Tensor, nn

from ganzoo.errors import DivergedError
from ganzoo.runs import checkpoint, manifest
from ganzoo.runs.observer import Observer
from ganzoo.runs.run import Run
from ganzoo.training.graphs import eager_updates
from ganzoo.training.loop import Training, advance, measure
from ganzoo.training.prepare import prepare
from ganzoo.training.randomness import reseeded

FARTHEST = 2000
"""Most steps that are repeated."""


@dataclass(frozen=True)
class NaNOrigin:
    """Output, gradient or loss that was the first to be not finite."""

    step: int
    """Step in which it happened."""
    what: str
    """Its name: "the output of D.trunk.body.3", "the gradient of G.trunk.body.0.weight", "d/penalty"."""
    since: int
    """Step of the checkpoint from which the run was repeated."""


class _Found(Exception):  # noqa: N818  # no error: it ends the search
    pass


def find_nan(run: Run) -> NaNOrigin | None:
    """Repeat a run from its newest checkpoint, on its device or else the CPU, until something is not finite.

    None if that does not happen within FARTHEST steps. Nothing is written, and the random state is as before. Raises
    what `training.prepare.prepare` raises.
    """
    with reseeded(0, torch.device("cuda" if torch.cuda.is_available() else "cpu")):
        return _find(run)


def _find(run: Run) -> NaNOrigin | None:
    config, classes = run.config, manifest.read_classes(run.made_with)
    precision = manifest.keep_precision(config, run.made_with)
    if config.train.device == "cuda" and not torch.cuda.is_available():
        config = replace(config, train=replace(config.train, device="cpu", precision="fp32"))
    training, _ = prepare(config, run.zoo, Observer().note, classes=classes, precision=precision)
    training.load_state_dict(checkpoint.load(run.folder.checkpoints, quarantine=False).state)
    training = replace(training, updates=eager_updates(training.gan))  # a captured step runs no hooks
    since = training.step
    with closing(training.feed), _checking(training):
        while training.step < min(since + FARTHEST, config.train.steps):
            try:
                terms = advance(training)
                _check_all(terms)
                _check_all(_weights(training))
                measure(training.gan, terms, training.step)
            except _Found as found:
                return NaNOrigin(training.step + 1, str(found), since)
            except DivergedError as error:  # each gradient is finite, and their length is not
                return NaNOrigin(training.step, error.what.partition(": ")[2], since)
    return None


@contextmanager
def _checking(training: Training) -> Iterator[None]:
    """Raise _Found with its name at the first output or gradient inside the `with` block that is not finite."""
    handles = []
    for whose, network in (("G", training.gan.G), ("D", training.gan.D)):
        for name, layer in network.named_modules():
            if not any(layer.children()):
                handles.append(layer.register_forward_hook(_output_check(f"the output of {whose}.{name}")))
        for name, weight in network.named_parameters():
            if weight.requires_grad:
                handles.append(weight.register_hook(_gradient_check(f"the gradient of {whose}.{name}")))  # type: ignore[no-untyped-call]
    try:
        yield
    finally:
        for handle in handles:
            handle.remove()


def _output_check(what: str) -> Callable[..., None]:
    def check(layer: nn.Module, inputs: tuple[object, ...], output: object) -> None:
        for tensor in output if isinstance(output, tuple) else (output,):
            if isinstance(tensor, Tensor):
                _check(what, tensor)

    return check


def _gradient_check(what: str) -> Callable[[Tensor], None]:
    return lambda gradient: _check(what, gradient)


def _weights(training: Training) -> dict[str, Tensor]:
    networks = {"G": training.gan.G, "D": training.gan.D}
    return {f"{w}.{name}": weight for w, network in networks.items() for name, weight in network.named_parameters()}


def _check_all(tensors: dict[str, Tensor]) -> None:
    for name, tensor in tensors.items():
        _check(name, tensor)


def _check(what: str, tensor: Tensor) -> None:
    if not bool(tensor.isfinite().all()):
        raise _Found(what)
