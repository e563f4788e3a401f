"""Room for the checkpoints of a run, asked for before it trains."""

from __future__ import annotations

import shutil
from pathlib import Path

from ganzoo.errors import ResourceError
from ganzoo.training.loop import Training
from ganzoo.training.optimizers import count_moments


def require_space(path: Path, training: Training) -> None:
    """Raise ResourceError if the disk of a folder has too little room for the checkpoints of a new run."""
    needed = checkpoint_bytes(training) * _count_files(training)
    free = shutil.disk_usage(path).free
    if 0 < free < needed:  # some network file systems always report 0
        what = f"the checkpoints need about {_mb(needed)} MB, and {_mb(free)} MB are free"
        fewer = "--set train.keep_last=1, or " if training.run.train.keep_last > 1 else ""
        raise ResourceError(what, where=str(path), hint=f"{fewer}--out OTHER_FOLDER (on a larger disk)")


def checkpoint_bytes(training: Training) -> int:
    """Return the size of one checkpoint: networks, and what the optimiser keeps of each weight."""
    gan = training.gan
    networks = (gan.G, gan.D, gan.G_ema, gan.transform, gan.regularizers)
    state = sum(tensor.nbytes for network in networks for tensor in network.state_dict().values())
    moments = count_moments(gan.update_rule, training.run.optim)
    weights = sum(weight.nbytes for network in (gan.G, gan.D, gan.regularizers) for weight in network.parameters())
    return int(state + moments * weights)


def _count_files(training: Training) -> int:
    """Return how many checkpoints lie on the disk at most: those that are kept, and the one that is being written."""
    train = training.run.train
    saved = 2 + train.steps // train.save_every if train.save_every else 2  # with the first and the last one
    return min(train.keep_last, saved) + 1


def _mb(count: int) -> str:
    return f"{count / 1e6:,.1f}"
