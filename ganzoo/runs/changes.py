"""Changes of a run that goes on: its length, the place of its data, and settings; some need a new folder."""

from __future__ import annotations

import shlex
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from ganzoo.errors import CheckpointError, ConfigError
from ganzoo.runs.checkpoint import Checkpoint
from ganzoo.runs.moved_data import locate
from ganzoo.runs.records import Manifest
from ganzoo.settings.merge import Layer, Origin, resolve
from ganzoo.settings.sections import OBSERVING, RunConfig
from ganzoo.settings.toml import flatten, to_tables, to_toml
from ganzoo.training.compatibility import FREE, check_settings, name_differences
from ganzoo.zoo.catalogue import Zoo
from ganzoo.zoo.choices import check_observers
from ganzoo.zoo.names import spell_names

IN_NEW_FOLDER = (
    *(*FREE, "optim.", "optimizer.", "schedule.", "loss.", "lipschitz.", "regularizer."),
    *("train.ema_decay", "train.clip_grad_norm", "train.freeze_"),
)
"""Beginnings of the settings with which a run may go on in a new folder; there its log has another origin."""
_PROTOCOL = ("features.", *(f"eval.{name}" for name in ("samples", "seed", "labels", "truncation", "reference")))
"""Settings that change the scores by which the best checkpoint is chosen."""
_NEVER = ("optim.name",)
"""Settings that begin like others that may change: the state of one optimiser means nothing to another."""


@dataclass(frozen=True)
class Changes:
    """Changes that a user asks for when a run goes on, and what is allowed then."""

    steps: int | None = None
    """Length of the run."""
    dataset_path: Path | None = None
    """Place of its data, if they moved."""
    settings: Mapping[str, Any] = field(default_factory=dict)
    """Other settings, "section.option" -> value."""
    restart: bool = False
    """Begin anew at step 0; what the run has made so far is moved, and not deleted."""
    follow_links: bool = False
    """Write and delete where parts of the run folder are links."""

    def apply(self, run: RunConfig, zoo: Zoo) -> RunConfig:
        """Return the settings under these changes. Raises ConfigError for values that are refused."""
        length = {} if self.steps is None else {"train.steps": self.steps}
        changed = spell_names(self.settings, zoo.names) | length
        layers = [Layer(Origin("run"), flatten(to_tables(run))), Layer(Origin("--set"), changed)]
        now = resolve(layers).run
        if any(key.startswith(OBSERVING) for key in changed):
            check_observers(now, zoo)
        return locate(now, self.dataset_path, zoo)

    @property
    def words(self) -> list[str]:
        """Words of `ganzoo resume` that say the same."""
        words = [f"--set={key}={to_toml(value)}" for key, value in self.settings.items()]
        words += [] if self.steps is None else [f"--steps={self.steps}"]
        return words + ([] if self.dataset_path is None else [f"--dataset-path={self.dataset_path}"])


def list_changes(then: RunConfig, now: RunConfig) -> dict[str, list[Any]]:
    """Return the settings that differ, each with its former and its present value."""
    before, after = flatten(to_tables(then)), flatten(to_tables(now))
    return {key: [before.get(key), after.get(key)] for key in name_differences(before, after)}


def changes_protocol(changed: Sequence[str]) -> bool:
    """Return whether scores after such a change cannot be compared with those before it."""
    return any(key.startswith(_PROTOCOL) for key in changed)


def require_in_place(path: Path, then: RunConfig, now: RunConfig, changes: Changes) -> None:
    """Raise ConfigError for a setting that decides the weights of a run, or how they are scored, and changes."""
    changed = list(list_changes(then, now))
    require_changeable(path, changed)
    bound = [key for key in changed if not key.startswith(FREE) or changes_protocol([key])]
    if bound:
        what = f"{', '.join(bound)}: the results of the run depend on it, so that it changes in a new folder alone"
        raise ConfigError(what, where=str(path), hint=resume_command(path, changes=changes))


def require_changeable(path: Path, changed: Sequence[str]) -> None:
    """Raise ConfigError for a setting with which no checkpoint can go on: it would be another run."""
    bound = [key for key in changed if not key.startswith(IN_NEW_FOLDER) or key in _NEVER]
    if bound:
        may = "steps, [optim] but its name, loss, lipschitz, [eval] and most of [train]"
        what = f"{', '.join(bound)} cannot change while a run goes on; what can: {may}"
        raise ConfigError(what, where=str(path), hint="a new run: ganzoo run --help")


def require_same_run(saved: Checkpoint, run: RunConfig, made_with: Manifest, path: Path) -> None:
    """Raise CheckpointError if a checkpoint was made with other settings than those of the run at `path`.

    A run that goes on from another one in a new folder may have kept the best checkpoint of that.
    """
    try:
        check_settings(saved.state["settings"], run, IN_NEW_FOLDER if made_with.origin else FREE)
    except CheckpointError as error:
        what = f"the checkpoint of step {saved.step} is of another run: {error.what}"
        raise CheckpointError(what, where=str(path), hint=f"ganzoo verify {shlex.quote(str(path))}") from error
    except KeyError as error:
        raise CheckpointError(f"the checkpoint of step {saved.step} lacks {error}", where=str(path)) from error


def resume_command(path: Path, start: str = "", changes: Changes | None = None) -> str:
    """Return the command that goes on with a run in a new folder."""
    chosen = ["--from", start] if start else []
    words = [str(path), *chosen, *(changes or Changes()).words, "--out", str(_free_path(path))]
    return " ".join(["ganzoo resume", *map(shlex.quote, words)])


def _free_path(path: Path) -> Path:
    """Return a path beside a run that nothing has taken: runs/NAME-2."""
    return next(other for other in _names(path) if not other.exists())


def _names(path: Path) -> Iterator[Path]:
    number = 1
    while True:
        number += 1
        yield path.with_name(f"{path.name}-{number}")
