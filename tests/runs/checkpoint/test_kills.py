"""Processes that are killed while they save leave checkpoints that are whole. The signals are real."""

import os
import subprocess
import sys

import pytest

from support.checkout import ROOT


@pytest.mark.fault(
    "kill -9 at fifty moments of saving",
    "every checkpoint that counts is whole, and none older than the last complete one is loaded",
    "F01",
)
def test_after_fifty_kills_during_saving_every_checkpoint_is_whole(tmp_path):
    script = "import sys; from pathlib import Path; from support.checkpoints import survive_kills"
    script += "; print(*survive_kills(Path(sys.argv[1]), rounds=50))"
    search = os.pathsep.join([str(ROOT), str(ROOT / "tests")])
    run = subprocess.run(
        [sys.executable, "-c", script, str(tmp_path / "checkpoints")],
        env=os.environ | {"PYTHONPATH": search, "OMP_NUM_THREADS": "1"},
        capture_output=True,
        text=True,
        timeout=120,
    )
    assert run.returncode == 0, run.stderr
    cut_short, completed = map(int, run.stdout.split())
    assert cut_short > 0, "every kill missed what it was meant to hit"
    assert completed > 0
