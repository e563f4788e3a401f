"""Runs of ganzoo as runs of MLflow: parameters, metrics over the steps, sample grids, and how they ended."""

import os
import re
import time
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from filelock import FileLock

import ganzoo

ENDINGS = {"complete": "FINISHED", "interrupted": "KILLED", "diverged": "FAILED", "failed": "FAILED"}
"""State of a run of ganzoo -> status of a run of MLflow."""
MOST = 100
"""Parameters that MLflow takes at once."""


@dataclass
class MLflow(ganzoo.Observer):
    """Log settings, records, scores and sample grids to MLflow, https://mlflow.org/docs/latest/ml/tracking.

    `uri`: where MLflow keeps them; empty for MLFLOW_TRACKING_URI, or else mlflow.db, a file of SQLite, beside the runs
    or in the folder of the grid. `experiment`: its name; empty for that of the grid, or for "ganzoo".

    The cells of a grid are runs of one experiment. A run that goes on does so in MLflow too: a number whose step is
    there is not logged again, since the steps after a checkpoint repeat what they were.
    """

    uri: str = ""
    experiment: str = ""

    def start(self, settings: Mapping[str, Any], path: Path, step: int) -> None:
        """Begin a run of MLflow, or go on with the one of this run folder."""
        from mlflow import MlflowClient  # not at the top: it takes seconds

        path = path.absolute()
        grid = path.parents[1] if path.parent.name == "cells" and (path.parents[1] / "grid.json").is_file() else None
        base = grid or path.parent
        with FileLock(base / "mlflow.lock"):  # cells that begin at once would all make the tables
            uri = self.uri or os.environ.get("MLFLOW_TRACKING_URI") or f"sqlite:///{base / 'mlflow.db'}"
            self.client = MlflowClient(uri)
            experiment = self._find_experiment(self.experiment or (grid.name if grid else "ganzoo"), uri, base)
        self.last: dict[str, int] = {}
        self.run = self._find_run(experiment, path)
        self._log_settings(settings)

    def _find_experiment(self, name: str, uri: str, base: Path) -> str:
        """Return the id of an experiment, which is made if there is none; one on disk has its pictures beside it."""
        if (found := self.client.get_experiment_by_name(name)) is not None:
            return found.experiment_id
        place = (base / "mlflow-artifacts").as_uri() if uri.startswith("sqlite:") else None
        return self.client.create_experiment(name, artifact_location=place)

    def _find_run(self, experiment: str, path: Path) -> str:
        """Return the id of the run that was begun for this folder, or of a new one."""
        tag = str(path).replace("'", "\\'")
        found = self.client.search_runs([experiment], f"tags.`ganzoo.path` = '{tag}'", max_results=1)
        if not found:
            run = self.client.create_run(experiment, run_name=path.name, tags={"ganzoo.path": str(path)})
            return run.info.run_id
        run = found[0].info.run_id
        self.client.update_run(run, status="RUNNING")
        for key in found[0].data.metrics:
            self.last[key] = max(metric.step for metric in self.client.get_metric_history(run, key))
        return run

    def _log_settings(self, settings: Mapping[str, Any]) -> None:
        """Log settings as parameters; one that has changed since is a tag, as MLflow changes no parameter."""
        from mlflow.entities import Param

        known = self.client.get_run(self.run).data.params
        values = {_name(key): str(value) for key, value in settings.items()}
        new = [Param(key, value) for key, value in values.items() if key not in known]
        for begin in range(0, len(new), MOST):
            self.client.log_batch(self.run, params=new[begin : begin + MOST])
        for key, value in values.items():
            if key in known and known[key] != value:
                self.client.set_tag(self.run, f"changed.{key}", value)

    def record(self, record: Mapping[str, Any]) -> None:
        """Log the numbers of a record."""
        self._log({key: value for key, value in record.items() if key != "step"}, record["step"])

    def evaluation(self, record: Mapping[str, Any]) -> None:
        """Log a score with its interval; one after training is named after its checkpoint, last or best."""
        name = f"{record['checkpoint']}/{record['name']}" if "checkpoint" in record else record["name"]
        self._log({name: record["value"], f"{name} low": record["low"], f"{name} high": record["high"]}, record["step"])

    def sample_grid(self, step: int, path: Path) -> None:
        """Log the picture as an artifact; one of the same step takes its place."""
        self.client.log_artifact(self.run, str(path), "samples")

    def note(self, text: str) -> None:
        """Keep the last remark as a tag."""
        self.client.set_tag(self.run, "ganzoo.note", text[:5000])

    def end(self, state: str) -> None:
        """End the run of MLflow; a tag has the state."""
        self.client.set_tag(self.run, "ganzoo.state", state)
        self.client.set_terminated(self.run, status=ENDINGS[state])

    def _log(self, values: Mapping[str, Any], step: int) -> None:
        """Log the numbers whose step is not there yet."""
        from mlflow.entities import Metric

        now, numbers = int(time.time() * 1000), {_name(key): value for key, value in values.items()}
        new = [
            Metric(key, float(value), now, step)
            for key, value in numbers.items()
            if isinstance(value, int | float) and step > self.last.get(key, -1)
        ]
        self.client.log_batch(self.run, metrics=new)
        self.last |= {metric.key: step for metric in new}


def _name(key: str) -> str:
    """Return a name that MLflow takes: "FD(digits-cnn)-2k" -> "FD.digits-cnn-2k"."""
    return re.sub(r"[^\w\-. :/]", "_", key.replace("(", ".").replace(")", ""))
