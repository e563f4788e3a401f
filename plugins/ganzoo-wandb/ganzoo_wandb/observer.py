"""Runs of ganzoo as runs of Weights & Biases: a configuration, metrics over the steps, sample grids, and their end."""

import hashlib
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Literal

import ganzoo
from ganzoo_wandb.files import read_history

FLUSH = 1.0
"""Seconds until a number is in the file of a run, which a kill leaves; 15 are the habit of wandb."""


@dataclass
class Wandb(ganzoo.Observer):
    """Log settings, records, scores and sample grids to Weights & Biases, https://docs.wandb.ai.

    `project`: its name; empty for that of the grid, or for "ganzoo". `mode`: "offline" writes files alone, which
    `wandb sync` sends later; "online" sends at once.

    The cells of a grid are runs of one project. A run that goes on has the same id in wandb: a number whose step is
    there is not logged again, since the steps after a checkpoint repeat what they were.
    """

    project: str = ""
    mode: Literal["offline", "online"] = "offline"

    def start(self, settings: Mapping[str, Any], path: Path, step: int) -> None:
        """Begin a run of wandb, or go on with the one of this run folder."""
        import wandb  # not at the top: it takes seconds

        path = path.absolute()
        grid = path.parents[1] if path.parent.name == "cells" and (path.parents[1] / "grid.json").is_file() else None
        base = grid or path.parent
        run = hashlib.sha256(str(path).encode()).hexdigest()[:8]
        self.last = {key: max(steps) for key, steps in read_history(base / "wandb", run).items()}
        self.run = wandb.init(
            project=self.project or (grid.name if grid else "ganzoo"),
            id=run,
            name=path.name,
            dir=base,
            config={**settings, "ganzoo.path": str(path)},
            resume="allow",
            reinit="create_new",
            mode=self.mode,
            settings=wandb.Settings(
                silent=True,
                console="off",
                save_code=False,
                disable_git=True,
                x_disable_stats=True,  # its threads would run beside the training
                x_transaction_log_flush_interval=FLUSH,
            ),
        )

    def record(self, record: Mapping[str, Any]) -> None:
        """Log the numbers of a record."""
        self._log({key: value for key, value in record.items() if key != "step"}, record["step"])

    def evaluation(self, record: Mapping[str, Any]) -> None:
        """Log a score with its interval; one after training is named after its checkpoint, last or best."""
        name = f"{record['checkpoint']}/{record['name']}" if "checkpoint" in record else record["name"]
        self._log({name: record["value"], f"{name} low": record["low"], f"{name} high": record["high"]}, record["step"])

    def sample_grid(self, step: int, path: Path) -> None:
        """Log the picture, unless there is one of this step."""
        import wandb

        self._log({"samples": wandb.Image(str(path))}, step)

    def note(self, text: str) -> None:
        """Keep the last remark in the summary."""
        self.run.summary["ganzoo.note"] = text[:5000]

    def end(self, state: str) -> None:
        """End the run of wandb; its summary has the state."""
        self.run.summary["ganzoo.state"] = state
        self.run.finish(exit_code=1 if state in ("diverged", "failed") else 0)

    def _log(self, values: Mapping[str, Any], step: int) -> None:
        """Log the numbers and pictures whose step is not there yet.

        Steps of wandb only grow: the score of an earlier checkpoint is in the summary alone.
        """
        new = {
            key: value
            for key, value in values.items()
            if value is not None and not isinstance(value, str) and step > self.last.get(key, -1)
        }
        if new and step < max(self.last.values(), default=0):
            self.run.summary.update(new)
        elif new:
            self.run.log(new, step=step)
        self.last |= dict.fromkeys(new, step)
