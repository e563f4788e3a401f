"""Real runs in a real store of Trackio: a run, one that goes on, and a grid."""

import pytest
from trackio import Api
from trackio.sqlite_storage import SQLiteStorage

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
    "train.observe": "trackio",
    "eval.metrics": "fid",
}


def train(out, steps, **more):
    return ganzoo.run(
        model="mlp", loss="bce", dataset="digits", options=SMALL, steps=steps, samples=32, out=out, **more
    )


def find_runs(folder, project="ganzoo"):
    return [run for run in Api().runs(project) if run.config["ganzoo.path"] == str(folder)]


def history(run, key):
    logs = SQLiteStorage.get_logs(run.project, run_id=run.id)
    return [(record["step"], record[key]) for record in logs if key in record]


def steps_of(run, key):
    return [step for step, _ in history(run, key)]


def make_observer():
    return ganzoo.load_zoo().entry("observer", "trackio").component()


def test_a_run_and_the_same_one_going_on_are_one_run_of_trackio_with_each_step_once(tmp_path):
    run = train(tmp_path / "first", 4)
    (tracked,) = find_runs(tmp_path / "first")
    assert tracked.name == "first"
    assert tracked.config["loss.name"] == "bce" and tracked.config["train.steps"] == 4
    assert steps_of(tracked, "d/adversarial") == [1, 2, 3, 4]
    logged = {record["step"]: record["d/adversarial"] for record in run.log}
    assert dict(history(tracked, "d/adversarial")) == pytest.approx(logged)
    pictures = [SQLiteStorage.get_project_db_path("ganzoo").parent / "media" / picture["file_path"]
                for _, picture in history(tracked, "samples")]  # fmt: skip
    assert len(pictures) == 2 and all(picture.read_bytes().startswith(b"\x89PNG") for picture in pictures)
    score = next(key for record in SQLiteStorage.get_logs("ganzoo", run_id=tracked.id) for key in record
                 if key.startswith("last/FD") and key.endswith("-32"))  # fmt: skip
    assert [alert["title"] for alert in tracked.alerts()][:1] == ["complete"]
    run.resume(steps=6)
    (tracked,) = find_runs(tmp_path / "first")
    assert steps_of(tracked, "d/adversarial") == [1, 2, 3, 4, 5, 6]
    assert steps_of(tracked, score) == [4, 6]
    assert tracked.config["train.steps"] == 6


def test_the_steps_after_the_last_checkpoint_of_a_killed_run_are_logged_once(tmp_path):
    settings, folder = {"loss.name": "bce"}, tmp_path / "killed"
    folder.mkdir()
    killed = make_observer()
    killed.start(settings, folder, 0)
    for step in (1, 2, 3):
        killed.record({"step": step, "d/adversarial": step / 2})
    killed.run.finish()  # as half a second does, after which Trackio has written them
    again = make_observer()
    again.start(settings, folder, 1)  # the checkpoint is that of step 1
    for step in (2, 3, 4):
        again.record({"step": step, "d/adversarial": step / 2})
    again.end("diverged")
    (tracked,) = find_runs(folder)
    assert history(tracked, "d/adversarial") == [(1, 0.5), (2, 1.0), (3, 1.5), (4, 2.0)]
    assert ("diverged", "error") in [(alert["title"], alert["level"]) for alert in tracked.alerts()]


def test_numbers_from_before_a_rollback_stay(tmp_path):
    observer = make_observer()
    observer.start({}, tmp_path, 0)
    for step, value in ((1, 1.0), (2, 2.0), (3, 3.0), (2, 20.0), (3, 30.0), (4, 40.0)):  # back to the checkpoint of 1
        observer.record({"step": step, "d/adversarial": value})
    observer.end("complete")
    (tracked,) = find_runs(tmp_path)
    assert history(tracked, "d/adversarial") == [(1, 1.0), (2, 2.0), (3, 3.0), (4, 40.0)]


def test_the_cells_of_a_grid_are_runs_of_one_project(tmp_path):
    (tmp_path / "grid").mkdir()
    (tmp_path / "grid" / "grid.json").write_text("{}")
    for name in ("mlp-bce-none-s0", "mlp-bce-none-s1"):
        observer = make_observer()
        (tmp_path / "grid" / "cells" / name).mkdir(parents=True)
        observer.start({"loss.name": "bce"}, tmp_path / "grid" / "cells" / name, 0)
        observer.record({"step": 1, "d/adversarial": 0.5})
        observer.end("complete")
    assert sorted(run.name for run in Api().runs("grid")) == ["mlp-bce-none-s0", "mlp-bce-none-s1"]


def test_two_folders_of_one_name_are_two_runs(tmp_path):
    for parent in ("here", "there"):
        (tmp_path / parent / "same").mkdir(parents=True)
        observer = make_observer()
        observer.start({}, tmp_path / parent / "same", 0)
        observer.record({"step": 1, "d/adversarial": 0.5})
        observer.end("complete")
        (tracked,) = find_runs(tmp_path / parent / "same")
        assert steps_of(tracked, "d/adversarial") == [1]
