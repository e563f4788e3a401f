"""Tiny runs for the tests of the command line and of a run's life, in this process or in one of their own."""

import os
import subprocess
import sys
import time

from click.testing import CliRunner

from ganzoo.cli import cli
from ganzoo.cli.hints import accepted_flags, flags_of, split_hint
from ganzoo.files import read_records
from ganzoo.runs import checkpoint
from ganzoo.runs.folder import RunFolder
from ganzoo.runs.log import TIMINGS
from support.states import same

TINY = [
    "--model=mlp",
    "--dataset=digits",
    "--image-size=8",
    "--batch-size=8",
    "--device=cpu",
    "--set=optim.batch_size_g=8",
]
TINY += ["--set=model.width=16", "--set=model.depth=1", "--set=model.z_dim=4"]
TINY += ["--samples=32", "--set=eval.metrics=fid"]  # later words win
NOT_OURS = ("FORCE_COLOR", "TTY_COMPATIBLE", "COLUMNS", "GANZOO_DISABLE_PLUGINS")
PLAIN = {key: value for key, value in os.environ.items() if key not in NOT_OURS}
ENVIRONMENT = PLAIN | {"OMP_NUM_THREADS": "1"}

HELD = '''"""A loss that can be made to wait within a step, so that a test may send signals there."""

from __future__ import annotations

import os
import time
from dataclasses import dataclass
from pathlib import Path

from ganzoo import hookimpl
from ganzoo.builtin.losses import NonSaturating

updates = 0


@dataclass(frozen=True)
class Held(NonSaturating):
    """bce; the update of D numbered HOLD_AT makes the file HOLD/reached, and ends when there is HOLD/go."""

    scale: float = 2.0

    def discriminator_loss(self, *, real, fake):
        global updates
        trial = len(real) == 2  # by which operations are counted
        updates += not trial
        if not trial and updates == int(os.environ.get("HOLD_AT", 0)):
            Path(os.environ["HOLD"], "reached").touch()
            while not Path(os.environ["HOLD"], "go").exists():
                time.sleep(0.005)
        return self.scale * super().discriminator_loss(real=real, fake=fake)


@hookimpl
def register_losses():
    return {"held": Held}
'''


def ganzoo(*words, code=0):
    """Run a command in this process and return click's result; a bug, or another exit code, fails the test."""
    result = CliRunner().invoke(cli, [str(word) for word in words], catch_exceptions=False)
    assert result.exit_code == code, result.output
    assert_typable(words, result.stderr)
    return result


def assert_typable(words, said):
    """What an error says to type exists: flags that this command takes, or commands."""
    name = next((str(word) for word in words if str(word) in cli.commands), None)
    _, found, hint = said.partition("\n  try:   ")
    for alternative in split_hint(hint.strip()) if found and name else ():
        assert {*flags_of(alternative)} <= accepted_flags(cli.commands[name]) | accepted_flags(cli), hint


def train(out, *words, steps=4, code=0):
    return ganzoo("run", *TINY, "--steps", steps, "--out", out, *words, code=code)


def spawn(*words, **options):
    """Start a command in a process of its own."""
    options = {"env": ENVIRONMENT, "stdout": subprocess.PIPE, "stderr": subprocess.PIPE, "text": True} | options
    return subprocess.Popen([sys.executable, "-m", "ganzoo", *map(str, words)], **options)


def wait_for(condition, process, seconds=60):
    """Wait until something is so; a process that ends before, or takes too long, fails the test."""
    deadline = time.monotonic() + seconds
    while not condition():
        assert process.poll() is None, process.communicate()
        assert time.monotonic() < deadline
        time.sleep(0.002)


def state(run):
    """What a checkpoint holds but the settings, whose length and cadence may differ where nothing else does."""
    loaded = checkpoint.load(run / "checkpoints", quarantine=False).state
    return {part: value for part, value in loaded.items() if part != "settings"}


def log(run):
    """The records without what a clock says."""
    return [{k: v for k, v in record.items() if k not in TIMINGS} for record in read_records(RunFolder(run).log)]


def assert_equal_runs(one, other):
    """Weights, moving average, optimisers, position in the data, random states, log and pictures: bit for bit."""
    assert same(state(one), state(other))
    assert log(one) == log(other)
    assert {p.name: p.read_bytes() for p in one.glob("samples/step-*.png")} == {
        p.name: p.read_bytes() for p in other.glob("samples/step-*.png")
    }


def contents(folder):
    """Every file of a folder but the lock, with its bytes and the time of its last change."""
    files = [path for path in sorted(folder.rglob("*")) if path.is_file() and path.name != "run.lock"]
    return {path.relative_to(folder): (path.read_bytes(), path.stat().st_mtime_ns) for path in files}
