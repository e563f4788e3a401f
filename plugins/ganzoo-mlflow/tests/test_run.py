"""Real runs in a real store of MLflow: a run, one that goes on, and a grid."""

import pytest
from mlflow import MlflowClient

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
    "train.observe": "mlflow",
    "eval.metrics": "fid",
}


def train(out, steps, **more):
    return ganzoo.run(
        model="mlp", loss="bce", dataset="digits", options=SMALL, steps=steps, samples=32, out=out, **more
    )


def open_store(uri, experiment="ganzoo"):
    client = MlflowClient(uri)
    (found,) = [each for each in client.search_experiments() if each.name == experiment]
    return client, client.search_runs([found.experiment_id])


def steps_of(client, run, key):
    return [metric.step for metric in client.get_metric_history(run.info.run_id, key)]


def test_a_run_and_the_same_one_going_on_are_one_run_of_mlflow_with_each_step_once(tmp_path, monkeypatch):
    monkeypatch.delenv("MLFLOW_TRACKING_URI")
    uri = f"sqlite:///{tmp_path / 'mlflow.db'}"
    run = train(tmp_path / "first", 4)
    client, (tracked,) = open_store(uri)
    assert (tracked.info.run_name, tracked.info.status) == ("first", "FINISHED")
    assert tracked.data.params["loss.name"] == "bce" and tracked.data.params["train.steps"] == "4"
    assert steps_of(client, tracked, "d/adversarial") == [1, 2, 3, 4]
    logged = {record["step"]: record["d/adversarial"] for record in run.log}
    history = client.get_metric_history(tracked.info.run_id, "d/adversarial")
    assert {metric.step: metric.value for metric in history} == pytest.approx(logged)
    pictures = [file.path for file in client.list_artifacts(tracked.info.run_id, "samples")]
    assert len(pictures) == 2
    (score,) = [key for key in tracked.data.metrics if key.startswith("last/FD") and key.endswith("-32")]
    run.resume(steps=6)
    client, (tracked,) = open_store(uri)
    assert steps_of(client, tracked, "d/adversarial") == [1, 2, 3, 4, 5, 6]
    assert steps_of(client, tracked, score) == [4, 6]
    assert tracked.data.tags["changed.train.steps"] == "6"


def test_the_steps_after_the_last_checkpoint_of_a_killed_run_are_logged_once(tmp_path, store):
    observer = ganzoo.load_zoo().entry("observer", "mlflow").component
    settings, folder = {"loss.name": "bce"}, tmp_path / "killed"
    folder.mkdir()
    killed = observer()
    killed.start(settings, folder, 0)
    for step in (1, 2, 3):
        killed.record({"step": step, "d/adversarial": step / 2})
    again = observer()
    again.start(settings, folder, 1)  # the checkpoint is that of step 1
    for step in (2, 3, 4):
        again.record({"step": step, "d/adversarial": step / 2})
    again.end("diverged")
    client, tracked = open_store(store)
    (tracked,) = [run for run in tracked if run.data.tags["ganzoo.path"] == str(folder)]
    assert steps_of(client, tracked, "d/adversarial") == [1, 2, 3, 4]
    assert tracked.info.status == "FAILED" and tracked.data.tags["ganzoo.state"] == "diverged"


def test_numbers_from_before_a_rollback_stay(tmp_path, store):
    observer = ganzoo.load_zoo().entry("observer", "mlflow").component()
    observer.start({}, tmp_path, 0)
    for step, value in ((1, 1.0), (2, 2.0), (3, 3.0), (2, 20.0), (3, 30.0), (4, 40.0)):  # back to the checkpoint of 1
        observer.record({"step": step, "d/adversarial": value})
    observer.end("complete")
    client, tracked = open_store(store)
    (tracked,) = [run for run in tracked if run.data.tags["ganzoo.path"] == str(tmp_path)]
    history = client.get_metric_history(tracked.info.run_id, "d/adversarial")
    assert [(metric.step, metric.value) for metric in history] == [(1, 1.0), (2, 2.0), (3, 3.0), (4, 40.0)]


def test_the_cells_of_a_grid_are_runs_of_one_experiment(tmp_path, store):
    (tmp_path / "grid").mkdir()
    (tmp_path / "grid" / "grid.json").write_text("{}")
    for name in ("mlp-bce-none-s0", "mlp-bce-none-s1"):
        observer = ganzoo.load_zoo().entry("observer", "mlflow").component()
        (tmp_path / "grid" / "cells" / name).mkdir(parents=True)
        observer.start({"loss.name": "bce"}, tmp_path / "grid" / "cells" / name, 0)
        observer.end("complete")
    _, tracked = open_store(store, "grid")
    assert sorted(run.info.run_name for run in tracked) == ["mlp-bce-none-s0", "mlp-bce-none-s1"]
