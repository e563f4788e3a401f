"""Prepare a run: load its data, build its GAN, and place both on the device. Nothing is written."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager

import torch

from ganzoo.contracts import Samples
from ganzoo.data.samples import check_samples
from ganzoo.errors import ConfigError, ResourceError
from ganzoo.settings.sections import OptimConfig, RunConfig
from ganzoo.training import randomness
from ganzoo.training.build import build_gan
from ganzoo.training.compatibility import advise
from ganzoo.training.device import agree, choose_device
from ganzoo.training.feed import Feed
from ganzoo.training.graphs import choose_updates
from ganzoo.training.loop import Training
from ganzoo.training.ranks import SINGLE, Ranks
from ganzoo.zoo import choices
from ganzoo.zoo.catalogue import Zoo


def prepare(
    run: RunConfig, zoo: Zoo, note: Callable[[str], None], ranks: Ranks = SINGLE,
    *, classes: Sequence[str] = (), precision: str = "",
) -> tuple[Training, Samples]:  # fmt: skip
    """Load the data, seed the run, and build its GAN. `note` receives remarks that the user should read.

    `classes` are those of a run that goes on: their numbers stay what they were, in whatever order they are read now.
    `precision` is the one that it began with, in place of that of its settings.
    Raises ConfigError, DataError, PluginError or ResourceError if the run cannot be prepared.
    """
    choices.check(run, zoo)  # before the data, which may take long to read or to download
    check_shares(run.optim, ranks)
    device = agree(choose_device(run.train.device, precision or run.train.precision), ranks)
    with ranks.local_rank_first():
        samples: Samples = zoo.create("dataset", run.dataset).load()
    check_samples(samples, run.dataset.name)
    samples = samples.numbered_as(classes)
    for remark in samples.notes:  # before a refusal, which they may explain
        note(remark)
    randomness.seed_everything(run.train.seed)
    with explain_memory(run):
        gan = build_gan(run, zoo, samples.spec, device, ranks)
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


@contextmanager
def explain_memory(run: RunConfig) -> Iterator[None]:
    """Raise one ResourceError for all the ways in which torch reports exhausted memory."""
    try:
        yield
    except (torch.OutOfMemoryError, MemoryError, RuntimeError) as error:
        if isinstance(error, RuntimeError) and not _is_out_of_memory(error):
            raise
        batch = max(run.optim.batch_size, run.optim.batch_size_g)
        hint = f"--set optim.batch_size={max(1, batch // 2)}, or --set optim.accumulate={2 * run.optim.accumulate}"
        raise ResourceError("out of memory", where=str(error).partition("\n")[0][:200], hint=hint) from error


def _is_out_of_memory(error: RuntimeError) -> bool:
    return isinstance(error, torch.OutOfMemoryError) or "can't allocate memory" in str(error)
