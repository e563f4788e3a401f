"""A grid of real runs, whose cells are jobs of this machine."""

import json

from click.testing import CliRunner

import ganzoo
from ganzoo.cli import cli

TINY = "--model=mlp --dataset=gaussians8 --set=model.width=8 --set=model.depth=1 --batch-size=8 --samples=50 --seeds=0"


def test_a_grid_by_jobs_ends_as_a_grid_of_the_local_engine(tmp_path):
    states = {}
    for name, words in ("jobs", ["--engine=submitit", "--set=engine.cluster=local"]), ("local", ["--jobs=1"]):
        command = ["compare", *TINY.split(), "--loss=bce", "--steps=2", *words, "--out", str(tmp_path / name)]
        result = CliRunner().invoke(cli, command, catch_exceptions=False)
        assert result.exit_code == 0, result.output
        (run,) = (tmp_path / name / "cells").iterdir()
        states[name] = [
            {k: v for k, v in r.items() if "second" not in k and k != "images_per_s"} for r in ganzoo.Run(run).log
        ]
        assert json.loads((run / "status.json").read_text())["state"] == "complete"
    assert states["jobs"] == states["local"]
