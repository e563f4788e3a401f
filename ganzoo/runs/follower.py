"""A run as the ranks beside rank 0 live it: the same steps, and nothing that is written or shown."""

from __future__ import annotations

from collections.abc import Mapping
from contextlib import closing
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

from ganzoo.errors import RunInterrupted
from ganzoo.runs import checkpoint, manifest
from ganzoo.runs.folder import RunFolder
from ganzoo.runs.signals import Interrupts
from ganzoo.runs.start import Observer, Plan
from ganzoo.settings.merge import Settings
from ganzoo.training.gan import GAN
from ganzoo.training.loop import Training, Wish, train
from ganzoo.training.prepare import explain_memory, prepare
from ganzoo.training.ranks import Ranks
from ganzoo.zoo import choices
from ganzoo.zoo.catalogue import Zoo


def start(settings: Settings, zoo: Zoo, ranks: Ranks) -> None:
    """Train beside a rank 0 that is in `lifecycle.start`.

    Raises RunInterrupted and DivergedError where rank 0 does, ResourceError if another rank ends, and what
    `lifecycle.prepare` raises.
    """
    training, _ = prepare(choices.complete(settings, zoo).run, zoo, Observer().note, ranks)
    _follow(training)


def resume(path: Path, zoo: Zoo, ranks: Ranks) -> None:
    """Go on beside a rank 0 that is in `lifecycle.resume`, which says from where; all read one run folder.

    Raises what `start` raises, and CheckpointError if this rank cannot read what rank 0 reads.
    """
    plan = Plan(*ranks.highest(*Plan(is_needed=False)))
    if not plan.is_needed:
        return
    place = RunFolder(path)
    run = manifest.keep_precision(place.read_recipe(), place.read_json(place.manifest))
    training, _ = prepare(replace(run, train=replace(run.train, steps=plan.steps)), zoo, Observer().note, ranks)
    if plan.from_checkpoint:
        training.load_state_dict(checkpoint.load(place.checkpoints, plan.reached, quarantine=False).state)
    _follow(training)


@dataclass
class _Follower:
    """The journal of a rank that keeps nothing: it hears from rank 0 what to do next."""

    interrupts: Interrupts

    def step(self, step: int) -> Wish:
        return self.interrupts.wish()

    def evaluate(self, step: int, gan: GAN) -> bool:
        (best,) = gan.ranks.highest(False)  # waits while rank 0 scores
        return bool(best)

    def record(self, step: int, values: Mapping[str, float]) -> None:
        """Rank 0 does."""

    def sample(self, step: int, gan: GAN) -> None:
        """Rank 0 does."""

    def diagnose(self, step: int, gan: GAN) -> None:
        """Rank 0 does."""

    def save(self, step: int, state: Mapping[str, Any]) -> None:
        """Rank 0 does."""


def _follow(training: Training) -> None:
    with explain_memory(training.run), closing(training.feed), Interrupts(training.gan.ranks) as interrupts:
        training.align()
        train(training, _Follower(interrupts))
    if interrupts.obeyed is not None and training.step < training.run.train.steps:
        what = f"stopped by signal {interrupts.obeyed} at step {training.step}"
        raise RunInterrupted(what, signal=interrupts.obeyed)
