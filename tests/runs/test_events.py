"""Files that a run can live without, its events and pictures: what happens where they cannot be written."""

import shutil

import pytest
from tensorboard.backend.event_processing.event_accumulator import EventAccumulator

from ganzoo import run as train_run
from ganzoo.runs.events import Events
from ganzoo.runs.observer import Observer
from ganzoo.runs.run import Run
from support.disks import largest_file
from support.runs import ganzoo, train

OFTEN = [f"--set=train.{when}_every=1" for when in ("log", "sample")]


@pytest.fixture
def notes():
    return []


def open_events(place, notes):
    return Events(place, 0, notes.append)


@pytest.mark.fault("the disk of the TensorBoard events is full", "one remark, and no event later", "F90")
def test_a_full_disk_ends_the_events_with_one_remark_and_keeps_those_before(tmp_path, notes, recwarn):
    events = open_events(tmp_path / "tb", notes)
    events.scalars({"loss": 1.0}, 1)
    (file,) = (tmp_path / "tb").iterdir()
    with largest_file(file.stat().st_size + 100):
        for step in range(2, 12):
            events.scalars({"loss": float(step)}, step)
        events.close()
    (note,) = notes
    assert note.startswith("step ") and f"no more TensorBoard events in {tmp_path / 'tb'}: File too large" in note
    kept = EventAccumulator(str(tmp_path / "tb")).Reload().Scalars("loss")
    assert [event.step for event in kept] == list(range(1, len(kept) + 1)) and 1 <= len(kept) < 5


@pytest.mark.fault("the folder of events is a file, or read-only", "one remark, and training goes on", "F90")
def test_a_run_whose_folders_of_events_and_pictures_are_files_goes_on_without_them(tmp_path):
    train(tmp_path / "run", "--no-scores", steps=1)
    for name in ("tb", "samples"):
        shutil.rmtree(tmp_path / "run" / name)
        (tmp_path / "run" / name).write_text("in the way")
    said = ganzoo("resume", tmp_path / "run", "--steps", 4, *OFTEN).stderr
    assert said.count("no more TensorBoard events") == said.count("no sample grid") == 1
    assert Run(tmp_path / "run").status["state"] == "complete"
    assert [record["step"] for record in Run(tmp_path / "run").log] == [1, 2, 3, 4]


class Remover(Observer):
    def __init__(self, notes):
        self.note = notes.append

    def start(self, training, path):
        self.path = path

    def step(self, step):
        if step == 3:
            shutil.rmtree(self.path / "tb")
            shutil.rmtree(self.path / "samples")


@pytest.mark.fault("tb/ and samples/ are removed while a run trains", "one remark, and training goes on", "F90")
def test_folders_that_are_removed_while_a_run_trains_cost_it_one_remark(tmp_path, notes):
    options = {"train.steps": 5, "train.log_every": 1, "train.sample_every": 1, "eval.at_end": False}
    options |= {"model.width": 16, "model.depth": 1, "dataset.image_size": 8, "train.device": "cpu"}
    run = train_run(model="mlp", options=options, out=tmp_path / "run", observer=Remover(notes))
    assert [note for note in notes if "TensorBoard" in note] == [
        f"step 3: no more TensorBoard events in {tmp_path / 'run' / 'tb'}: the event file was removed; "
        "log.jsonl has the same numbers"
    ]
    assert run.status["state"] == "complete" and len(run.log) == 5
    assert [path.name for path in run.folder.grids] == [f"step-00000{step}.png" for step in (3, 4, 5)]
