"""Real runs in files of wandb, offline, which its own reader reads back: a run, one that goes on, and a grid."""

import pytest
from ganzoo_wandb.files import read_file, read_history

import ganzoo

SMALL = {
    "dataset.image_size": 8,
    "model.width": 8,
    "model.depth": 1,
    "model.z_dim": 16,
    "optim.batch_size": 8,
    "train.device": "cpu",
    "train.save_every": 2,
    "train.log_every": 1,
    "train.sample_every": 2,
    "train.observe": "wandb",
    "eval.metrics": "fid",
}


def train(out, steps, **more):
    return ganzoo.run(
        model="mlp", loss="bce", dataset="digits", options=SMALL, steps=steps, samples=32, out=out, **more
    )


def make_observer():
    return ganzoo.load_zoo().entry("observer", "wandb").component()


def find_sessions(folder):
    """Return (id, records of the run, its summary) of each session in a folder `wandb`, in order."""
    sessions = []
    for file in sorted(folder.glob("offline-run-*/run-*.wandb")):
        records = list(read_file(file))
        (about,) = [record["run"] for record in records if record["type"] == "run"]
        summary = {}
        for record in records:
            summary |= record["summary"]["update"] if record["type"] == "summary" else {}
        sessions.append((about["run_id"], about, summary))
    return sessions


def test_a_run_and_the_same_one_going_on_are_one_run_of_wandb_with_each_step_once(tmp_path):
    run = train(tmp_path / "first", 4)
    ((name, about, summary),) = find_sessions(tmp_path / "wandb")
    assert (about["project"], about["display_name"]) == ("ganzoo", "first")
    config = about["config"]["update"]
    assert config["loss.name"] == "bce" and config["train.steps"] == 4
    history = read_history(tmp_path / "wandb", name)
    logged = {record["step"]: record["d/adversarial"] for record in run.log}
    assert history["d/adversarial"] == pytest.approx(logged) and list(logged) == [1, 2, 3, 4]
    pictures = list((tmp_path / "wandb").glob("offline-run-*/files/media/images/*.png"))
    assert list(history["samples"]) == [2, 4] and len(pictures) == 2
    assert summary["ganzoo.state"] == "complete"
    (score,) = [key for key in history if key.startswith("last/FD") and key.endswith("-32")]
    run.resume(steps=6)
    (_, (again, about, _)) = find_sessions(tmp_path / "wandb")
    assert again == name and about["config"]["update"]["train.steps"] == 6
    history = read_history(tmp_path / "wandb", name)
    assert list(history["d/adversarial"]) == [1, 2, 3, 4, 5, 6] and list(history[score]) == [4, 6]


def test_the_steps_after_the_last_checkpoint_of_a_killed_run_are_logged_once(tmp_path):
    settings, folder = {"loss.name": "bce"}, tmp_path / "killed"
    killed = make_observer()
    killed.start(settings, folder, 0)
    for step in (1, 2, 3):
        killed.record({"step": step, "d/adversarial": step / 2})
    killed.run.finish()  # as a second does, after which wandb has written them
    again = make_observer()
    again.start(settings, folder, 1)  # the checkpoint is that of step 1
    for step in (2, 3, 4):
        again.record({"step": step, "d/adversarial": step / 2})
    again.end("diverged")
    (first, second) = sorted((tmp_path / "wandb").glob("offline-run-*/*.wandb"))
    steps = [[record["history"]["item"]["_step"] for record in read_file(file) if record["type"] == "history"]
             for file in (first, second)]  # fmt: skip
    assert steps == [[1, 2, 3], [4]]
    (*_, (_, _, summary)) = find_sessions(tmp_path / "wandb")
    assert summary["ganzoo.state"] == "diverged"


def test_numbers_from_before_a_rollback_stay_and_an_earlier_checkpoint_is_in_the_summary(tmp_path):
    observer = make_observer()
    observer.start({}, tmp_path / "run", 0)
    for step, value in ((1, 1.0), (2, 2.0), (3, 3.0), (2, 20.0), (3, 30.0), (4, 40.0)):  # back to the checkpoint of 1
        observer.record({"step": step, "d/adversarial": value})
    observer.evaluation({"step": 2, "checkpoint": "best", "name": "FD", "value": 7.0, "low": None, "high": None})
    observer.end("complete")
    ((name, _, summary),) = find_sessions(tmp_path / "wandb")
    history = read_history(tmp_path / "wandb", name)
    assert history == {"d/adversarial": {1: 1.0, 2: 2.0, 3: 3.0, 4: 40.0}}
    assert summary["best/FD"] == 7.0


def test_the_cells_of_a_grid_are_runs_of_one_project(tmp_path):
    (tmp_path / "grid" / "cells").mkdir(parents=True)
    (tmp_path / "grid" / "grid.json").write_text("{}")
    for name in ("mlp-bce-none-s0", "mlp-bce-none-s1"):
        observer = make_observer()
        observer.start({"loss.name": "bce"}, tmp_path / "grid" / "cells" / name, 0)
        observer.end("complete")
    sessions = find_sessions(tmp_path / "grid" / "wandb")
    assert {about["project"] for _, about, _ in sessions} == {"grid"}
    assert sorted(about["display_name"] for _, about, _ in sessions) == ["mlp-bce-none-s0", "mlp-bce-none-s1"]
    assert len({name for name, _, _ in sessions}) == 2
