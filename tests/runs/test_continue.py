"""A run that goes on: with data that moved, from an earlier checkpoint, or with other settings in a new folder."""

import json
import shutil

import pytest
import torch
from PIL import Image

from ganzoo.diagnosis.diagnose import diagnose
from ganzoo.errors import CheckpointError, ConfigError, DataError
from ganzoo.runs import checkpoint
from ganzoo.runs.evaluate import evaluate
from ganzoo.runs.folder import RunFolder
from ganzoo.runs.run import Run
from support.runs import contents, ganzoo, log, state, train
from support.states import same


@pytest.fixture(scope="module")
def shades(tmp_path_factory):
    """A run on eight images, and the folder of the images; tests only read them."""
    path = tmp_path_factory.mktemp("shades")
    (path / "images").mkdir()
    for number in range(8):
        Image.new("L", (8, 8), 30 * number).save(path / "images" / f"{number}.png")
    words = ["--no-scores", "--samples=8", "--features=digits-cnn"]
    train(path / "run", f"--dataset=folder:{path / 'images'}", *words, steps=2)
    return path


@pytest.fixture
def moved(shades, tmp_path):
    """A copy of that run whose images lie elsewhere now, and their new place."""
    shutil.copytree(shades / "run", tmp_path / "run")
    recipe = tmp_path / "run" / "recipe.toml"
    recipe.write_text(recipe.read_text().replace(str(shades / "images"), str(tmp_path / "gone")))
    shutil.copytree(shades / "images", tmp_path / "here")
    return tmp_path / "run", tmp_path / "here"


@pytest.mark.parametrize(
    "command", [["resume", "--steps=3"], ["evaluate", "--metrics=fid"], ["diagnose"]], ids=" ".join
)
def test_every_command_that_reads_the_data_names_the_flag_for_their_new_place_and_takes_it(moved, command):
    run, here = moved
    name, *words = command
    refusal = ganzoo(name, run, *words, code=3).stderr
    assert "there is no such folder" in refusal and "try:   --dataset-path PATH" in refusal
    ganzoo(name, run, *words, "--dataset-path", here)


def test_a_resumed_run_remembers_the_new_place_and_ends_in_the_bits_of_one_that_never_moved(shades, moved, tmp_path):
    shutil.copytree(shades / "run", tmp_path / "stayed")
    Run(tmp_path / "stayed").resume(3)
    Run(moved[0]).resume(3, dataset_path=moved[1])
    assert same(state(tmp_path / "stayed"), state(moved[0]))
    assert Run(moved[0]).config.dataset.options["path"] == str(moved[1])
    Run(moved[0]).resume(4)


@pytest.mark.fault("a dataset moved, and other data lie at its new place", "exit 5, by their content")
@pytest.mark.parametrize("what", ["resume", "evaluate", "diagnose"])
def test_other_data_at_the_new_place_are_refused_by_their_content(moved, what):
    run, here = moved
    Image.new("L", (8, 8), 255).save(here / "0.png")
    read = {"resume": lambda: Run(run).resume(3, dataset_path=here)}
    read["evaluate"] = lambda: evaluate(run, dataset_path=here)
    read["diagnose"] = lambda: diagnose(run, dataset_path=here)
    with pytest.raises(CheckpointError, match="the dataset differs from the run's: 8 -> 8 samples, or other content"):
        read[what]()


def test_moved_data_are_those_of_a_run_that_has_a_path(shades, tmp_path):
    with pytest.raises(ConfigError, match="dataset 'digits' has no path"):
        train(tmp_path / "run", "--no-scores", steps=1)
        Run(tmp_path / "run").resume(2, dataset_path=tmp_path)
    with pytest.raises(ConfigError, match="names 'digits'"):
        evaluate(shades / "run", dataset="digits", dataset_path=shades)


# From another checkpoint


@pytest.fixture(scope="module")
def whole(tmp_path_factory):
    """A run of eight steps, scored and saved at every second one; tests only read it."""
    out = tmp_path_factory.mktemp("whole") / "run"
    train(
        out, "--set=train.log_every=1", "--set=train.save_every=2", "--set=train.keep_last=9", "--eval-every=2", steps=8
    )
    return out


@pytest.mark.parametrize("start", ["0", "4"])
def test_a_run_from_an_earlier_checkpoint_ends_in_the_same_bits_and_leaves_the_original_alone(whole, tmp_path, start):
    before = contents(whole)
    ganzoo("resume", whole, "--from", start, "--out", tmp_path / "new")
    assert contents(whole) == before
    new, old = (Run(path).evaluations for path in (tmp_path / "new", whole))
    assert same(state(tmp_path / "new"), state(whole)) and log(tmp_path / "new") == log(whole) and new == old
    scores = [[report["scores"] for report in Run(path).final_scores] for path in (whole, tmp_path / "new")]
    assert scores[0] == scores[1] and len(scores[0]) == 2


def test_the_manifest_says_where_a_run_comes_from(whole, tmp_path):
    ganzoo("resume", whole, "--from=best", "--steps=12", "--set=optim.lr_g=1e-3", "--out", tmp_path / "new")
    origin = Run(tmp_path / "new").manifest["origin"]
    best = json.loads((whole / "checkpoints" / "best.json").read_text())["step"]
    sidecar = json.loads((whole / "checkpoints" / f"step-{best:08d}.json").read_text())
    assert origin == {
        "run": str(whole), "step": best, "sha256": sidecar["sha256"],
        "settings": {"optim.lr_g": [0.0002, 0.001], "train.steps": [8, 12]},
    }  # fmt: skip
    assert [record["lr/g"] for record in log(tmp_path / "new")] == [0.0002] * best + [0.001] * (12 - best)
    ganzoo("resume", tmp_path / "new", "--steps=13")  # its checkpoint has its own settings


def test_a_run_goes_on_with_another_batch_and_another_enforcer(whole, tmp_path):
    words = ["--set=optim.batch_size=4", "--set=lipschitz.name=gp", "--set=lipschitz.weight=5"]
    ganzoo("resume", whole, "--from=6", *words, "--out", tmp_path / "new")
    assert [record["d/penalty"] > 0 for record in log(tmp_path / "new")] == [False] * 6 + [True] * 2
    assert Run(tmp_path / "new").config.optim.batch_size == 4


def test_a_best_checkpoint_that_rotation_deleted_is_not_the_best_of_the_new_folder(whole, tmp_path):
    shutil.copytree(whole, tmp_path / "old")
    records = [json.loads(line) for line in (whole / "evaluations.jsonl").read_text().splitlines()]
    records = [{**record, "selection": record["step"]} for record in records]  # the first is the best
    (tmp_path / "old" / "evaluations.jsonl").write_text("".join(json.dumps(r) + "\n" for r in records))
    for file in (tmp_path / "old" / "checkpoints").glob("step-00000002.*"):
        file.unlink()
    ganzoo("resume", tmp_path / "old", "--from=4", "--out", tmp_path / "new")
    assert [record["step"] for record in Run(tmp_path / "new").evaluations] == [4, 6, 8]
    assert 4 in checkpoint.available_steps(tmp_path / "new" / "checkpoints")


@pytest.mark.parametrize(
    ("words", "code", "what", "hint"),
    [
        (["--from=5"], 5, "there is no checkpoint of step 5", ""),
        (["--from=best"], 2, "going on from best needs a new folder", "ganzoo resume RUN --from best --out RUN-2"),
        (["--from=4", "--steps=9"], 2, "step 4 needs a new folder", "ganzoo resume RUN --from 4 --steps=9 --out RUN-2"),
        (
            ["--set=optim.lr_g=1e-4"], 2, "optim.lr_g: the results of the run depend on it",
            "ganzoo resume RUN --set=optim.lr_g=0.0001 --out RUN-2",
        ),
        (["--set=features.name=x"], 2, "features.name: the results", "--out RUN-2"),
        (["--set=model.width=8", "--out=NEW"], 2, "model.width cannot change while a run goes on", "ganzoo run"),
        (["--set=optim.name=sgd", "--out=NEW"], 2, "optim.name cannot change", ""),
        (["--set=train.seed=1", "--out=NEW"], 2, "train.seed cannot change", ""),
        (["--set=optim.lr_g=0", "--out=NEW"], 2, "optim.lr_g: 0 is refused", ""),
        (["--set=lipschitz.name=sn", "--out=NEW", "--steps=9"], 5, "does not fit", ""),
        (["--from=5", "--out=NEW"], 5, "there is no checkpoint of step 5 (available: 0, 2, 4, 6, 8)", ""),
        (["--out=NEW"], 5, "nothing is left to train", "--steps 16"),
        (["--steps=4"], 2, "the run is at step 8 already", "--steps 16"),
        (["--from=worst"], 2, "'worst' is not latest, best or the number of a step", ""),
        ([f"--from={'9' * 5000}"], 2, f"'{'9' * 40}' is not latest, best or the number of a step", ""),
    ],
)  # fmt: skip
@pytest.mark.fault("a run is to go on from a step of 5,000 digits", "exit 2 in one line, and no file changes")
def test_a_change_that_cannot_be_made_is_refused_and_leaves_nothing(whole, tmp_path, words, code, what, hint):
    before = contents(whole)
    words = [word.replace("NEW", str(tmp_path / "new")) for word in words]
    said = ganzoo("resume", whole, *words, code=code).stderr
    assert what in said and hint.replace("RUN", str(whole)) in said
    assert contents(whole) == before and not (tmp_path / "new").exists()


def test_settings_on_which_no_result_depends_change_in_place(whole, tmp_path):
    shutil.copytree(whole, tmp_path / "run")
    ganzoo("resume", tmp_path / "run", "--steps=9", "--device=cpu", "--set=train.keep_last=2")
    assert RunFolder(tmp_path / "run").read_recipe().train.keep_last == 2
    assert len(checkpoint.available_steps(tmp_path / "run" / "checkpoints")) <= 4


@pytest.mark.parametrize(("key", "value"), [("eval.samples", 16), ("eval.truncation", 0.5)])
def test_scores_by_another_protocol_do_not_come_along(whole, tmp_path, key, value):
    Run(whole).resume(9, checkpoint=6, options={key: value}, out=tmp_path / "new")
    assert {record["step"] for record in Run(tmp_path / "new").evaluations} == {8}


def test_missing_data_of_python_say_the_same(moved):
    with pytest.raises(DataError, match="--dataset-path PATH"):
        Run(moved[0]).load_data()
    assert torch.equal(Run(moved[0], dataset_path=moved[1]).load_data().y, torch.zeros(8, dtype=torch.int64))


def test_an_old_run_counts_its_classes_in_data_that_moved(tmp_path):
    for number in range(8):
        folder = tmp_path / "images" / ("rare" if number == 0 else "usual")
        folder.mkdir(parents=True, exist_ok=True)
        Image.new("L", (8, 8), 30 * number).save(folder / f"{number}.png")
    train(tmp_path / "run", f"--dataset=folder:{tmp_path / 'images'}", "--conditioner=cgan", "--no-scores", steps=1)
    manifest = json.loads((tmp_path / "run" / "manifest.json").read_text())
    del manifest["data"]["class_counts"]
    (tmp_path / "run" / "manifest.json").write_text(json.dumps(manifest))
    (tmp_path / "images").rename(tmp_path / "here")
    words = ["sample", tmp_path / "run", "--folder", "-n", "80", "-o"]
    assert "--dataset-path PATH" in ganzoo(*words, tmp_path / "even").stderr
    ganzoo(*words, tmp_path / "uneven", "--dataset-path", tmp_path / "here")
    counts = [len(list((tmp_path / name).glob("*rare*/*.png"))) for name in ("even", "uneven")]
    assert counts == [40, 10]
    Image.new("L", (8, 8), 255).save(tmp_path / "here" / "rare" / "0.png")
    assert "differs" in ganzoo(*words, tmp_path / "x", "--dataset-path", tmp_path / "here", code=5).stderr


def as_before(run, classes):
    """Write the manifest as it was when the classes of the run had this order."""
    record = json.loads(run.folder.manifest.read_text())
    samples = run.load_data().numbered_as(classes)
    record["data"] |= {"classes": classes, "sha256": samples.digests.data}
    run.folder.manifest.write_text(json.dumps(record))
    return samples


def test_a_run_keeps_the_numbers_of_its_classes_in_whatever_order_they_are_read_now(tmp_path):
    for k in range(11):
        (tmp_path / f"images/{k}").mkdir(parents=True)
        Image.new("L", (8, 8), 20 * k).save(tmp_path / f"images/{k}/a.png")
    words = ["--no-scores", "--conditioner=cgan", f"--dataset=folder:{tmp_path / 'images'}"]
    train(run := tmp_path / "run", *words, steps=1)
    by_text = sorted(map(str, range(11)))
    assert by_text[2] == "10"
    then = as_before(Run(run), by_text)
    Run(run).resume(2)
    now = Run(run).load_data()
    assert now.class_names == tuple(by_text)
    assert now.x[now.y == 2].unique().tolist() == [200]
    assert torch.equal(now.y, then.y)


def test_a_run_without_classes_goes_on_when_folders_around_are_no_classes_any_more(tmp_path):
    for name in ("rose", "tulip"):
        (tmp_path / f"images/flowers/{name}").mkdir(parents=True)
        Image.new("L", (8, 8), 90).save(tmp_path / f"images/flowers/{name}/a.png")
    train(run := tmp_path / "run", "--no-scores", f"--dataset=folder:{tmp_path / 'images'}", steps=1)
    as_before(Run(run), ["flowers"])
    Run(run).resume(1)
    assert Run(run).load_data().y.tolist() == [0, 0]


def test_other_classes_are_refused_by_name(tmp_path):
    for name in ("a", "b"):
        (tmp_path / f"images/{name}").mkdir(parents=True)
        Image.new("L", (8, 8), 90).save(tmp_path / f"images/{name}/0.png")
    train(run := tmp_path / "run", "--no-scores", f"--dataset=folder:{tmp_path / 'images'}", steps=1)
    (tmp_path / "images/b").rename(tmp_path / "images/c")
    with pytest.raises(CheckpointError, match="the classes of the run were a, b, and are a, c"):
        Run(run).resume(2)
