"""Prepare a run: load its data, build its GAN, and place both on the device. Nothing is written."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from contextlib import AbstractContextManager

from ganzoo import errors
from ganzoo.contracts import Samples
from ganzoo.errors import ConfigError
from ganzoo.settings.sections import OptimConfig, RunConfig
from ganzoo.training import randomness
from ganzoo.training.build import build_gan
from ganzoo.training.compatibility import advise, readable_labels
from ganzoo.training.device import agree, choose_device
from ganzoo.training.feed import Feed
from ganzoo.training.freed_memory import keep_freed_memory
from ganzoo.training.graphs import choose_updates
from ganzoo.training.labels import pick_vectors
from ganzoo.training.loop import Training
from ganzoo.training.ranks import SINGLE, Ranks
from ganzoo.zoo import choices
from ganzoo.zoo.catalogue import Zoo
from ganzoo.zoo.loading import load_dataset


def prepare(
    run: RunConfig, zoo: Zoo, note: Callable[[str], None], ranks: Ranks = SINGLE,
    *, classes: Sequence[str] = (), precision: str = "", read: Samples | None = None,
) -> tuple[Training, Samples]:  # fmt: skip
    """Load the data, seed the run, and build its GAN. `note` receives remarks that the user should read.

    `classes` are those of a run that goes on: their numbers stay what they were, in whatever order they are read now.
    `precision` is the one that it began with, in place of that of its settings. `read` are the samples, if read before.
    Raises ConfigError, DataError, PluginError or ResourceError if the run cannot be prepared.
    """
    choices.check(run, zoo)  # before the data, which may take long to read or to download
    check_shares(run.optim, ranks)
    keep_freed_memory()
    device = agree(choose_device(run.train.device, precision or run.train.precision), ranks)
    with ranks.local_rank_first():
        samples = load_dataset(run.dataset, zoo) if read is None else read
    samples = readable_labels(samples.numbered_as(classes), zoo.create("conditioner", run.conditioner))
    for remark in samples.notes:  # before a refusal, which they may explain
        note(remark)
    randomness.seed_everything(run.train.seed)
    with explain_memory(run):
        gan = build_gan(run, zoo, samples.spec, device, ranks)
        gan.label_vectors = pick_vectors(samples.y) if samples.has_vectors else None
        feed = Feed(samples, run.train.seed, device.torch_device, ranks)
    for remark in advise(run, gan):
        note(remark)
    return Training(run, gan, feed, choose_updates(gan, run.optim, note)), samples


def check_shares(optim: OptimConfig, ranks: Ranks) -> None:
    """Raise ConfigError if a batch cannot be divided into equal shares."""
    for name in ("batch_size", "batch_size_g"):
        if (batch := getattr(optim, name)) % ranks.size:
            nearest = max(1, round(batch / ranks.size)) * ranks.size
            what = f"a batch of {batch} has no equal shares for {ranks.size} ranks"
            raise ConfigError(what, where=f"optim.{name}", hint=f"--set optim.{name}={nearest}")
        if batch and (share := batch // ranks.size) < optim.accumulate:
            what = f"{share} samples cannot pass the networks in {optim.accumulate} parts"
            raise ConfigError(what, where=f"optim.{name}", hint=f"--set optim.accumulate={share}")


def explain_memory(run: RunConfig) -> AbstractContextManager[None]:
    """Raise one ResourceError for all the ways in which memory runs out, with a smaller batch as the way out."""
    optim = run.optim
    most = max(optim.batch_size, optim.batch_size_g)
    fewer = min(max(1, most // 2), MOST_HALVED)
    batches = {"optim.batch_size": optim.batch_size, "optim.batch_size_g": optim.batch_size_g}
    smaller = " ".join(f"--set {name}={fewer}" for name, batch in batches.items() if batch > fewer)
    accumulate = f"--set optim.accumulate={2 * optim.accumulate}" if 2 * optim.accumulate <= most <= MOST_HALVED else ""
    ways = [*filter(None, (smaller, accumulate))] or ["a smaller model (ganzoo show model dcgan)"]
    return errors.explain_memory(", or ".join(ways))


MOST_HALVED = 1024
"""Largest batch that a hint names: a batch of a million is not helped by half of it."""
