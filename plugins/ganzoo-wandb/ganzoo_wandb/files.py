"""What earlier sessions of a run wrote into files of wandb, read by the reader that wandb brings along."""

import json
import subprocess
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any


def read_history(folder: Path, run: str) -> dict[str, dict[int, Any]]:
    """Return metric -> step -> value of all sessions of a run in the folder `wandb`; {} if there is none.

    Raises CalledProcessError for a file that wandb cannot read.
    """
    history: dict[str, dict[int, Any]] = {}
    for file in sorted(folder.glob(f"*run-*-{run}/run-{run}.wandb")):  # a session each, named after its begin
        for record in read_file(file):
            if record["type"] == "history":
                item = record["history"]["item"]
                for key, value in item.items():
                    if not key.startswith("_"):  # a picture is "samples._type", "samples.path", and others
                        history.setdefault(key.removesuffix("._type"), {})[item["_step"]] = value
    return history


def read_file(file: Path) -> Iterator[Mapping[str, Any]]:
    """Yield the records of a file of wandb, up to where a kill cut it off: `wandb leet inspect --json`."""
    from wandb.util import get_core_path

    command = [get_core_path(), "leet", "inspect", "--no-observability", "--json", "--run-file", str(file)]
    command.append(str(file.parents[1]))
    done = subprocess.run(command, capture_output=True, check=True, timeout=60)  # noqa: S603  # the arguments are ours
    yield from map(json.loads, done.stdout.splitlines())
