"""Runs of ganzoo as runs of Trackio: a configuration, metrics over the steps, sample grids, and how they ended."""

import hashlib
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import ganzoo

PATH = "ganzoo.path"
"""Name in the configuration under which a run of Trackio has the folder of its run."""


@dataclass
class Trackio(ganzoo.Observer):
    """Log settings, records, scores and sample grids to Trackio, https://huggingface.co/docs/trackio.

    `project`: its name; empty for that of the grid, or for "ganzoo".

    The cells of a grid are runs of one project. A run that goes on does so in Trackio too: a number whose step is there
    is not logged again, since the steps after a checkpoint repeat what they were.
    """

    project: str = ""

    def start(self, settings: Mapping[str, Any], path: Path, step: int) -> None:
        """Begin a run of Trackio, or go on with the one of this run folder."""
        import trackio  # not at the top: it takes seconds

        path = path.absolute()
        grid = path.parents[1] if path.parent.name == "cells" and (path.parents[1] / "grid.json").is_file() else None
        project = self.project or (grid.name if grid else "ganzoo")
        self.run = trackio.init(
            project,
            name=_choose_name(project, path),
            config={**settings, PATH: str(path)},
            resume="allow",
            embed=False,
            auto_log_cpu=False,  # its threads would run beside the training
            auto_log_gpu=False,
        )
        self.last = _read_last_steps(project, self.run.id)

    def record(self, record: Mapping[str, Any]) -> None:
        """Log the numbers of a record."""
        self._log({key: value for key, value in record.items() if key != "step"}, record["step"])

    def evaluation(self, record: Mapping[str, Any]) -> None:
        """Log a score with its interval; one after training is named after its checkpoint, last or best."""
        name = f"{record['checkpoint']}/{record['name']}" if "checkpoint" in record else record["name"]
        self._log({name: record["value"], f"{name} low": record["low"], f"{name} high": record["high"]}, record["step"])

    def sample_grid(self, step: int, path: Path) -> None:
        """Log the picture, unless there is one of this step."""
        import trackio

        self._log({"samples": trackio.Image(path)}, step)

    def note(self, text: str) -> None:
        """Log a remark as an alert."""
        self._alert("note", text)

    def end(self, state: str) -> None:
        """End the run of Trackio; the last alert has the state."""
        self._alert(state, "", wrong=state in ("diverged", "failed"))
        self.run.finish()

    def _log(self, values: Mapping[str, Any], step: int) -> None:
        """Log the numbers and pictures whose step is not there yet."""
        new = {
            key: value
            for key, value in values.items()
            if value is not None and not isinstance(value, str) and step > self.last.get(key, -1)
        }
        if new:
            self.run.log(new, step=step)
            self.last |= dict.fromkeys(new, step)

    def _alert(self, title: str, text: str, *, wrong: bool = False) -> None:
        import trackio

        level = trackio.AlertLevel.ERROR if wrong else trackio.AlertLevel.INFO
        self.run.alert(title, text, level, step=max(self.last.values(), default=0))


def _choose_name(project: str, path: Path) -> str:
    """Return the name of the folder; with letters of its path behind it, if the run of that name has another folder."""
    from trackio.sqlite_storage import SQLiteStorage

    config = SQLiteStorage.get_run_config(project, path.name)
    if config is None or config.get(PATH) == str(path):
        return path.name
    return f"{path.name}-{hashlib.sha256(str(path).encode()).hexdigest()[:6]}"


def _read_last_steps(project: str, run: str) -> dict[str, int]:
    """Return the last step that each metric of a run has in the store."""
    from trackio.sqlite_storage import SQLiteStorage

    last: dict[str, int] = {}
    for record in SQLiteStorage.get_logs(project, run_id=run):
        for key in record:
            last[key] = max(record["step"], last.get(key, -1))
    return last
