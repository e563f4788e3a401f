"""Components of all axes together, in rows that hold every pair: they resume exactly, are recorded, have two ranks."""

import json
import subprocess
import sys
from itertools import product

import numpy as np
import pytest
import torch

from ganzoo.contracts import Observer
from ganzoo.runs import checkpoint
from ganzoo.runs.observer import Chosen
from ganzoo.settings.sections import Choice
from ganzoo.training.graphs import captured_updates
from ganzoo.training.loop import train
from support.checkout import ROOT
from support.product import AXES, HANDFUL, ROWS, choose, make_row, together
from support.recorder import Deferred
from support.runs import ENVIRONMENT
from support.states import same
from support.trainings import Notebook


class Rude(Observer):
    """Draws random numbers, changes defaults and raises at each record."""

    def record(self, record):
        torch.rand(3), np.random.rand(3)
        torch.set_grad_enabled(False), torch.set_default_dtype(torch.float64)
        raise SystemExit(3)


class Watched(Notebook):
    """A notebook whose records an observer hears of."""

    def __init__(self, row, **words):
        super().__init__(**words)
        self.rude = Chosen(Choice("rude"), None, lambda text: None)
        self.rude._observer = Rude() if row["observer"] == "rude" else None

    def record(self, step, values):
        super().record(step, values)
        self.rude.tell("record", {"step": step, **values})


def trained(row, updates=None, **words):
    """Return the end of a training, and what it recorded."""
    training, notebook = make_row(row), Watched(row, **words)
    training.updates = updates(training.gan) if updates else training.updates
    train(training, notebook)
    return training.state_dict(), notebook.records


def test_the_rows_hold_every_pair_of_names():
    held = {pair for row in ROWS for pair in choose(row.items(), 2)}
    for one, other in choose(AXES, 2):
        assert {((one, a), (other, b)) for a, b in product(AXES[one], AXES[other])} <= held
    assert len(ROWS) < 80


def test_the_handful_of_the_default_suite_has_every_component_that_ends_an_axis():
    for axis in ("regularizer", "model", "conditioner", "optimizer", "schedule", "observer"):
        assert {AXES[axis][0]} <= {row[axis] for row in ROWS[:HANDFUL]}, axis


@pytest.mark.fault("a run of any components is interrupted", "it ends in the bits of the undisturbed one", "F22")
@together()
def test_a_row_that_is_interrupted_ends_bit_identical_to_a_whole_one(tmp_path, row):
    whole, records = trained(row)
    _, first = trained(row, stop_after=3, folder=tmp_path)
    resumed, notebook = make_row(row), Watched(row)
    torch.manual_seed(12345)  # whatever the process did before must not matter
    resumed.load_state_dict(checkpoint.load(tmp_path).state)
    train(resumed, notebook)
    assert same(whole, resumed.state_dict()) and first | notebook.records == records


@together()
def test_a_row_whose_steps_are_recorded_ends_bit_identical_to_a_plain_one(row):
    capture, notes = Deferred(), []
    recorded = trained(row, lambda gan: captured_updates(gan, notes.append, capture, lambda *_: ""))
    assert same(recorded, trained(row)) and (capture.captured, notes) == (2, [])


TWO_RANKS = """
import json, sys
sys.path.insert(0, sys.argv[2])
from pathlib import Path
import torch
from ganzoo.testing.networks import fingerprint
from ganzoo.training.loop import advance
from ganzoo.training.ranks import joined, read_ranks
from support.product import make_row

torch.set_num_threads(1)
ranks = read_ranks()
with joined(ranks, "cpu"):
    for row in json.loads(sys.argv[3]):
        training = make_row(row, ranks=ranks)
        training.align()
        for _ in range(2):
            advance(training)
        with Path(sys.argv[1], f"{ranks.rank}.txt").open("a") as file:
            file.write(fingerprint([training.gan.state_dict()]) + "\\n")
"""


@pytest.mark.full
def test_two_ranks_end_each_row_with_equal_states(tmp_path):
    """The default suite has the handful in test_ranks.py, whose ranks are there anyway."""
    (tmp_path / "two.py").write_text(TWO_RANKS)
    launch = [sys.executable, "-m", "torch.distributed.run", "--standalone", "--nproc-per-node=2"]
    words = [*launch, tmp_path / "two.py", tmp_path, ROOT / "tests", json.dumps(ROWS)]
    done = subprocess.run([*map(str, words)], env=ENVIRONMENT, capture_output=True, text=True, timeout=600)
    assert done.returncode == 0, done.stderr
    one, other = ((tmp_path / f"{rank}.txt").read_text().splitlines() for rank in (0, 1))
    assert one == other and len(one) == len(ROWS) == len(set(one))
