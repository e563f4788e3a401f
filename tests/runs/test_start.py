"""A run from its start to its end and beyond: what it writes, what changes nothing, what may go on and what not."""

import errno
import json
import os
import pkgutil
import shutil
import signal

import pytest
import torch
from PIL import Image
from tensorboard.backend.event_processing.event_accumulator import EventAccumulator

from ganzoo.errors import CheckpointError, ResourceError
from ganzoo.files import append, read_records
from ganzoo.runs import checkpoint
from ganzoo.runs.folder import RunFolder
from ganzoo.runs.observer import Observer
from ganzoo.runs.run import Run
from support.runs import HELD, TINY, assert_equal_runs, contents, ganzoo, log, state, train
from support.states import same


@pytest.fixture(scope="module")
def finished(tmp_path_factory):
    """A conditional run of six steps; tests only read it."""
    out = tmp_path_factory.mktemp("finished") / "run"
    train(out, "--conditioner", "cgan", "--lipschitz", "gp", "--set", "train.log_every=2", steps=6)
    return out


# What a run leaves


def test_a_run_leaves_the_files_that_the_plan_names(finished):
    files = {"recipe.toml", "manifest.json", "status.json", "log.jsonl", "scores.json", "run.lock"}
    assert {path.name for path in finished.iterdir()} == files | {"tb", "samples", "checkpoints"}
    status, manifest = (json.loads((finished / name).read_text()) for name in ("status.json", "manifest.json"))
    assert (status["state"], status["step"], status["steps"]) == ("complete", 6, 6)
    assert (manifest["data"]["shape"], manifest["data"]["count"]) == ([1, 8, 8], 1797)
    assert manifest["data"]["classes"] == list("0123456789")
    assert {(part["kind"], part["name"]) for part in manifest["components"]} == {
        ("model", "mlp"), ("loss", "bce"), ("lipschitz", "gp"), ("conditioner", "cgan"), ("augment", "none"),
        ("dataset", "digits"), ("features", "digits-cnn"), ("regularizer", "none"), ("optimizer", "adam"),
        ("schedule", "none"),
    }  # fmt: skip
    assert manifest["versions"]["torch"] == torch.__version__


def test_the_log_counts_steps_and_the_images_that_d_has_seen(finished):
    config = Run(finished).config.optim
    assert [record["step"] for record in log(finished)] == [2, 4, 6]
    assert [record["images"] for record in log(finished)] == [
        step * config.n_critic * config.batch_size for step in (2, 4, 6)
    ]


def test_a_run_starts_again_from_its_own_recipe_and_ends_the_same(finished, tmp_path):
    ganzoo("run", finished / "recipe.toml", "--out", tmp_path / "again")
    assert_equal_runs(finished, tmp_path / "again")


def test_tensorboard_reads_back_every_number_the_samples_and_the_settings(finished):
    events = EventAccumulator(str(finished / "tb"))
    events.Reload()
    records = read_records(RunFolder(finished).log)
    always_zero = {"g/penalty", "d/auxiliary", "g/auxiliary"}  # terms that this method lacks
    assert always_zero.isdisjoint(events.Tags()["scalars"])
    for name in records[0].keys() - {"step"} - always_zero:
        scalars = events.Scalars(name)
        assert [event.step for event in scalars] == [2, 4, 6]
        assert [event.value for event in scalars] == pytest.approx([record[name] for record in records], rel=1e-6)
    assert {"d/adversarial", "d/penalty", "g/adversarial", "score/real", "score/fake"} <= records[0].keys()
    assert {"grad_norm/d", "grad_norm/g", "lr/d", "lr/g", "images_per_s"} <= records[0].keys()
    (image,) = events.Images("samples/ema")
    assert (image.step, image.width) == (6, 696)  # 10 cells of 8 x 8 pixels, gaps of 4, a margin of 10
    assert image.height > 600
    with Image.open(finished / "samples" / "step-000006.png") as picture:
        assert picture.size == (image.width, image.height)
    compared = EventAccumulator(str(finished / "tb" / "scores"))
    compared.Reload()
    settings = str(compared.SummaryMetadata("_hparams_/session_start_info").plugin_data.content)
    assert "optim.batch_size" in settings and "cgan" in settings


@pytest.mark.fault("the disk is full for log.jsonl", "the run ends with exit 9, and its checkpoints are kept", "F14")
def test_a_disk_that_is_full_for_the_log_ends_the_run_with_its_checkpoints_kept(tmp_path, monkeypatch):
    def no_space(path, record):
        if record["step"] == 3:
            raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))
        append(path, record)

    monkeypatch.setattr("ganzoo.runs.log.append", no_space)
    each = [f"--set=train.{when}_every=1" for when in ("log", "save")]
    result = train(tmp_path / "run", *each, code=9)
    assert "No space left on device" in result.stderr
    assert checkpoint.available_steps(tmp_path / "run" / "checkpoints") == [0, 1, 2]
    assert json.loads((tmp_path / "run" / "status.json").read_text())["state"] == "failed"


# What changes nothing


@pytest.mark.fault(
    "losses, pictures and checkpoints are written at every step",
    "the weights are those of a run that writes none",
    "F20",
    "F21",
)
@pytest.mark.full
def test_recording_sampling_and_saving_more_often_change_no_weight(tmp_path):
    model = ["--model", "dcgan", "--set", "model.width=2", "--set", "optim.batch_size=8", "--conditioner", "acgan"]
    size = ["--image-size", 16, "--device", "cpu", "--steps", 6]
    for name, every in ("often", 1), ("never", 1000):
        schedule = [f"--set=train.{when}_every={every}" for when in ("log", "sample", "save")]
        ganzoo("run", *model, *size, *schedule, "--out", tmp_path / name)
    assert same(state(tmp_path / "often"), state(tmp_path / "never"))
    assert len(log(tmp_path / "often")) == 6
    assert log(tmp_path / "often")[-1] == log(tmp_path / "never")[-1]
    assert len(list(tmp_path.glob("often/samples/step-*.png"))) == 6


def test_an_observer_sees_every_step_and_every_record(tmp_path):
    class Witness(Observer):
        steps, records = [], []

        def step(self, step):
            self.steps.append(step)

        def record(self, record):
            self.records.append(record)

    train(tmp_path / "run", steps=4)
    run = Run(tmp_path / "run").resume(steps=24, observer=Witness())
    assert Witness.steps == list(range(5, 25))
    assert Witness.records == [record for record in run.log if record["step"] > 4]


@pytest.mark.fault("a complete run is resumed", "it says so, exit 0, and no file changes", "F24")
def test_resuming_a_complete_run_changes_no_file(finished):
    before = contents(finished)
    result = ganzoo("resume", finished)
    assert "already complete (6/6 steps)" in result.stderr
    assert contents(finished) == before


# Going on


@pytest.mark.fault(
    "a finished run is made longer",
    "it ends in the bits of one that was long from the start, with one record per step",
    "F25",
)
def test_a_run_made_longer_equals_one_that_was_long_from_the_start(tmp_path):
    train(tmp_path / "long", "--set", "train.log_every=2", steps=8)
    train(tmp_path / "short", "--set", "train.log_every=2", steps=4)
    ganzoo("resume", tmp_path / "short", "--steps", 8)
    assert same(state(tmp_path / "long"), state(tmp_path / "short"))
    for name in ("recipe.toml", "checkpoints/step-00000008.json", "checkpoints/step-00000008.pt"):
        assert (tmp_path / "long" / name).read_bytes() == (tmp_path / "short" / name).read_bytes()
    assert [record["step"] for record in log(tmp_path / "short")] == [2, 4, 6, 8]
    assert log(tmp_path / "short") == log(tmp_path / "long")
    assert Run(tmp_path / "short").status["steps"] == 8


@pytest.mark.fault(
    "a kill after the last checkpoint tears the last line of the log",
    "records after the checkpoint are written again and not twice",
    "F25",
)
def test_records_after_the_checkpoint_are_written_again_and_not_twice(tmp_path):
    train(tmp_path / "run", "--set", "train.log_every=1", "--set", "train.save_every=3", steps=8)
    whole = log(tmp_path / "run")
    for path in (tmp_path / "run" / "checkpoints").glob("*8.*"):  # as if killed between the steps 6 and 8
        path.unlink()
    with (tmp_path / "run" / "log.jsonl").open("a") as file:
        file.write('{"step": 9, "d/adv')  # torn by the kill
    ganzoo("resume", tmp_path / "run")
    assert log(tmp_path / "run") == whole


def test_seconds_of_training_go_on_where_they_were(tmp_path):
    train(tmp_path / "run", steps=2)
    first = read_records(RunFolder(tmp_path / "run").log)[-1]["seconds"]
    ganzoo("resume", tmp_path / "run", "--steps", 4)
    seconds = [record["seconds"] for record in read_records(RunFolder(tmp_path / "run").log)]
    assert seconds[0] == first < seconds[1]


@pytest.mark.fault("a run folder is moved", "it goes on to the same bits", "F28")
def test_a_run_that_has_moved_goes_on(tmp_path):
    train(tmp_path / "here", steps=4)
    train(tmp_path / "whole", "--set", "train.log_every=4", steps=8)
    (tmp_path / "there").mkdir()
    (tmp_path / "here").rename(tmp_path / "there" / "moved")
    result = ganzoo("resume", tmp_path / "there" / "moved", "--steps", 8)
    assert str(tmp_path / "there" / "moved") in result.stdout
    assert same(state(tmp_path / "whole"), state(tmp_path / "there" / "moved"))


@pytest.mark.fault(
    "the run folder is renamed while it trains", "exit 9, no second folder, and it goes on where it is now"
)
def test_a_run_that_is_moved_while_it_trains_ends_and_goes_on_there(tmp_path):
    here, there = tmp_path / "here", tmp_path / "there"

    class Mover(Observer):
        def step(self, step):
            if step == 5:
                here.rename(there)

    each = [f"--set=train.{when}_every=1" for when in ("log", "sample", "save")]
    train(here, *each, steps=2)
    train(tmp_path / "whole", *each, steps=8)
    with pytest.raises(ResourceError, match="the run folder is gone") as caught:
        Run(here).resume(steps=8, observer=Mover())
    assert caught.value.exit_code == 9 and not here.exists()
    ganzoo("resume", there, "--steps", 8)
    assert_equal_runs(there, tmp_path / "whole")


@pytest.mark.fault(
    "a run goes on with another number of threads", "a note says that it is not bit-exact any more", "F23"
)
def test_another_number_of_threads_goes_on_with_a_warning(tmp_path):
    train(tmp_path / "run", steps=2)
    torch.set_num_threads(2)
    try:
        result = ganzoo("resume", tmp_path / "run", "--steps", 3)
    finally:
        torch.set_num_threads(1)
    assert "not bit-exact: the run began with threads 1, this is 2" in result.stderr


@pytest.mark.fault(
    "the newest checkpoint of a run is all zeros when it is resumed",
    "a note names it, and the run goes on from the one before",
    "F04",
)
def test_a_damaged_checkpoint_is_named_and_the_one_before_it_used(tmp_path):
    train(tmp_path / "run", "--set", "train.save_every=2", steps=4)
    newest = tmp_path / "run" / "checkpoints" / "step-00000004.pt"
    newest.write_bytes(bytes(newest.stat().st_size))
    result = ganzoo("resume", tmp_path / "run")
    assert "checkpoint step 4 is corrupt (sha256 mismatch); using step 2" in result.stderr
    assert Run(tmp_path / "run").status["step"] == 4


def signal_then(method):
    """`method` as it is, with a SIGTERM just before the fourth call."""
    calls = []

    def signalled(*args, **kwargs):
        calls.append(1)
        if len(calls) == 4:
            signal.raise_signal(signal.SIGTERM)
        return method(*args, **kwargs)

    return signalled


PHASES = ["training.feed.Feed.next", "training.loop.measure", "runs.checkpoint.save", "runs.log.RunLog.scalars"]
PHASES += ["runs.log.RunLog.samples"]


@pytest.mark.fault(
    "SIGTERM while data are read, losses measured, a checkpoint saved, a record or a picture written",
    "exit 143 after a save, and the run goes on to the same bits",
    "F30",
)
@pytest.mark.parametrize("phase", PHASES)
def test_a_signal_in_any_phase_of_a_step_loses_nothing(tmp_path, monkeypatch, phase):
    each = [f"--set=train.{when}_every=1" for when in ("log", "sample", "save")]
    train(tmp_path / "whole", *each, steps=8)
    with monkeypatch.context() as patch:
        patch.setattr(f"ganzoo.{phase}", signal_then(pkgutil.resolve_name(f"ganzoo.{phase}")))
        result = train(tmp_path / "run", *each, steps=8, code=143)
    step = Run(tmp_path / "run").status["step"]
    assert 2 <= step <= 5 and f"saved step {step} of 8" in result.stderr
    assert checkpoint.available_steps(tmp_path / "run" / "checkpoints")[-1] == step
    ganzoo("resume", tmp_path / "run")
    assert_equal_runs(tmp_path / "run", tmp_path / "whole")


# What may not go on


def paint(folder, names):
    for shade, name in enumerate(names, 1):
        (folder / name).parent.mkdir(parents=True, exist_ok=True)
        Image.new("L", (8, 8), 20 * shade).save(folder / name)


@pytest.mark.fault(
    "a file of the dataset is deleted between run and resume",
    "exit 5 with both numbers of samples, and the run is left as it was",
    "F81",
)
def test_changed_data_is_refused_and_the_run_left_as_it_was(tmp_path):
    images = [f"{label}/{i}.png" for label in "ab" for i in range(6)]
    paint(tmp_path / "data", images)
    train(tmp_path / "run", "--dataset", f"folder:{tmp_path / 'data'}", "--no-scores", steps=2)
    (tmp_path / "data" / images[0]).unlink()
    before = contents(tmp_path / "run")
    result = ganzoo("resume", tmp_path / "run", "--steps", 4, code=5)
    assert "the dataset differs from the run's: 12 -> 11 samples" in result.stderr
    assert contents(tmp_path / "run") == before
    paint(tmp_path / "data", images)
    ganzoo("resume", tmp_path / "run", "--steps", 4)


@pytest.mark.fault(
    "the plugin of a run's loss is gone when it is resumed or sampled",
    "exit 4 with the plugin and the flag that brings it",
    "F12",
)
def test_a_missing_plugin_is_named_with_the_way_to_bring_it(tmp_path):
    (tmp_path / "held.py").write_text(HELD)
    plugin = ["--plugin", tmp_path / "held.py"]
    ganzoo(*plugin, "run", *TINY, "--loss", "held", "--steps", 2, "--out", tmp_path / "run")
    result = ganzoo("resume", tmp_path / "run", "--steps", 3, code=4)
    assert "loss 'held' needs plugin held.py" in result.stderr and "--plugin held.py" in result.stderr
    assert "held.py" in ganzoo("sample", tmp_path / "run", code=4).stderr
    ganzoo(*plugin, "resume", tmp_path / "run", "--steps", 3)
    assert Run(tmp_path / "run").status["state"] == "complete"


@pytest.mark.fault(
    "the recipe of a run is edited by hand after training began", "exit 5 with key, old and new value", "F11"
)
@pytest.mark.parametrize(
    ("old", "new", "words"),
    [
        ("width = 16", "width = 17", "model.width 16 -> 17"),
        ('name = "bce"', 'name = "wgan"', "loss.name bce -> wgan"),
        ("seed = 0", "seed = 7", "train.seed 0 -> 7"),
    ],
)
def test_a_recipe_edited_after_the_start_is_refused_by_key(tmp_path, old, new, words):
    train(tmp_path / "run", "--loss", "bce", steps=2)
    recipe = tmp_path / "run" / "recipe.toml"
    assert old in recipe.read_text()
    recipe.write_text(recipe.read_text().replace(old, new))
    assert words in ganzoo("resume", tmp_path / "run", "--steps", 3, code=5).stderr


def test_a_run_killed_before_its_first_checkpoint_starts_again_as_if_never_killed(tmp_path):
    train(tmp_path / "whole", steps=3)
    train(tmp_path / "run", steps=3)
    for name in ("checkpoints", "samples", "tb"):
        shutil.rmtree(tmp_path / "run" / name)
    for name in ("status.json", "log.jsonl", "scores.json"):
        (tmp_path / "run" / name).unlink()
    ganzoo("resume", tmp_path / "run")
    assert_equal_runs(tmp_path / "run", tmp_path / "whole")


@pytest.mark.fault("a kill between the last save and the end", "the next resume calls the run complete")
def test_a_run_killed_between_its_last_save_and_its_end_is_called_complete(tmp_path):
    train(tmp_path / "run", steps=3)
    RunFolder(tmp_path / "run").write_status("running", 3, 3)
    ganzoo("resume", tmp_path / "run")
    assert Run(tmp_path / "run").status["state"] == "complete"


def test_fewer_steps_than_are_done_are_refused(finished):
    assert "at step 6 already, past --steps 5" in ganzoo("resume", finished, "--steps", 5, code=2).stderr


def test_the_newest_grid_is_the_one_of_the_highest_step(tmp_path):
    train(tmp_path / "run", steps=2)
    for step in (999_999, 1_000_000):
        (tmp_path / "run" / "samples" / f"step-{step}.png").touch()
    assert Run(tmp_path / "run").grid.name == "step-1000000.png"


def test_a_checkpoint_marked_as_the_best_outlives_the_last_ones(tmp_path):
    train(tmp_path / "run", "--set", "train.save_every=1", "--set", "train.keep_last=2", steps=3)
    run = Run(tmp_path / "run")
    with pytest.raises(CheckpointError, match=r"no checkpoint of step 1; there are \[2, 3\]"):
        run.mark_best(1, 0.5)
    run.mark_best(2, 0.5)
    ganzoo("resume", tmp_path / "run", "--steps", 6)
    assert checkpoint.available_steps(tmp_path / "run" / "checkpoints") == [2, 5, 6]
