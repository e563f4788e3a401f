"""Going back to the last checkpoint when a number is no longer finite: smaller rates, other data, other noise.

The rates, the order of the data and the noise follow from the number of rollbacks, which is part of a checkpoint: a run
that is killed after a rollback goes on exactly.
"""

from __future__ import annotations

from typing import Any

from ganzoo.errors import DivergedError
from ganzoo.training import randomness
from ganzoo.training.graphs import choose_updates
from ganzoo.training.loop import Training

MOST = 3
"""Rollbacks of a run, at most: after the next divergence it ends."""


def require_rollback(training: Training, error: DivergedError) -> None:
    """Raise `error` if the settings want a run to end when it diverges, or if it has gone back MOST times already."""
    if training.run.train.on_nan == "stop":
        raise error
    if len(training.rollbacks) >= MOST:
        what = f"{error.what}, after {MOST} rollbacks"
        raise DivergedError(what, where=error.where, hint=error.hint) from error


def roll_back(training: Training, state: dict[str, Any], error: DivergedError) -> None:
    """Restore the state of a checkpoint, with half the rates, other data and other noise than before.

    Captured graphs are dropped, since the optimisers have new memory: steps are captured again, as when a run resumes.
    """
    record = {"diverged": training.step, "step": int(state["step"]), "what": error.what}
    rollbacks = [*training.rollbacks, record]
    training.updates = choose_updates(training.gan, training.run.optim, lambda note: None)
    training.load_state_dict(state)
    training.count_rollbacks(rollbacks)
    randomness.seed_everything(randomness.derive_seed(training.run.train.seed, len(rollbacks)))
