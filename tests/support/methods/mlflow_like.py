"""An observer that speaks to a tracking server as MLflow's client does, here a file of JSON lines."""

import json
from dataclasses import dataclass
from pathlib import Path

import ganzoo


@dataclass
class Tracker(ganzoo.Observer):
    """Log parameters, metrics, artifacts and the end of a run; nobody's invention."""

    server: str = "tracked.jsonl"
    experiment: str = "ganzoo"

    def start(self, settings, path, step):
        self.file = Path(path, self.server).open("a")  # noqa: SIM115  # until the end
        self._send("start_run", experiment=self.experiment, name=path.name, step=step, params=dict(settings))

    def record(self, record):
        self._send("log_metrics", **record)

    def evaluation(self, record):
        self._send("log_metric", key=record["name"], value=record["value"], step=record["step"])

    def sample_grid(self, step, path):
        self._send("log_artifact", path=path.name, step=step)

    def end(self, state):
        self._send("end_run", status="FINISHED" if state == "complete" else "FAILED")
        self.file.close()

    def _send(self, event, **values):
        self.file.write(json.dumps({"event": event, **values}) + "\n")


@ganzoo.hookimpl
def register_observers():
    return {"tracker": Tracker}
