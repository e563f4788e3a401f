"""Scores of runs, of images and of other checkpoints: what is scored, what is written, what is refused."""

import json
import shutil
import sys
import time
from concurrent.futures import ThreadPoolExecutor
from urllib.error import URLError

import numpy as np
import pytest
from PIL import Image

from ganzoo import Run
from ganzoo.builtin.datasets.digits import Digits
from ganzoo.errors import CheckpointError, ConfigError
from ganzoo.files import read_records
from ganzoo.runs import checkpoint, start
from ganzoo.runs.evaluate import evaluate
from ganzoo.runs.folder import RunFolder, read_reports
from ganzoo.runs.scores import save_report
from support.image_files import make_zip, png, write
from support.made_runs import FD, KD, write_run
from support.runs import TINY, ganzoo, spawn, state, train, wait_for
from support.scored import SCORED, evaluate_json, strict_json, write_images
from support.states import same
from support.weights import SMALL_STATE, saved


@pytest.fixture(scope="module")
def run(tmp_path_factory):
    """Eight steps on labelled digits of 8 x 8 pixels, scored at steps 2, 4, 6 and 8."""
    out = tmp_path_factory.mktemp("scored") / "run"
    train(out, *SCORED, "--eval-every=2", "--conditioner=cgan", "--set=train.keep_last=1", steps=8)
    return out


# a run


def test_a_run_ends_with_the_scores_of_its_last_and_its_best_checkpoint(run):
    last, best = Run(run).scores
    assert (last["checkpoint"], last["protocol"]["generated"]["step"]) == ("last", 8)
    chosen = min(Run(run).evaluations, key=lambda record: record["selection"])["step"]
    assert (best["checkpoint"], best["protocol"]["generated"]["step"]) == ("best", chosen)
    assert list(last["scores"]) == [f"{name}(digits-cnn)-60" for name in ("FD", "precision", "recall", "memorised")]
    generated = {"count": 60, "weights": "ema", "seed": 0, "labels": "training frequency", "precision": "fp32"}
    assert last["protocol"]["generated"].items() >= generated.items()
    assert last["protocol"]["reference"].items() >= {"dataset": "digits", "count": 1797}.items()
    strict_json((run / "scores.json").read_text())


def test_truncation_is_in_the_protocol_and_not_among_the_runs_own_scores(run, tmp_path):
    shutil.copytree(run, run := tmp_path / "run")
    own = Run(run).final_scores
    report = evaluate_json(run, "--truncation", 0.5, "--metrics=fid")
    assert report["protocol"]["generated"]["truncation"] == "|z| <= 0.5"
    assert report["scores"]["FD(digits-cnn)-60"]["value"] != own[0]["scores"]["FD(digits-cnn)-60"]["value"]
    assert Run(run).final_scores == own and len(Run(run).scores) == 3
    assert "truncation" in ganzoo("evaluate", run, "--truncation", -1, code=2).stderr


def test_a_run_of_an_older_version_keeps_its_labels_and_says_how_to_change_them(run, tmp_path):
    shutil.copytree(run, run := tmp_path / "run")
    (run / "recipe.toml").write_text((run / "recipe.toml").read_text().replace('labels = "training"\n', ""))
    manifest = json.loads((run / "manifest.json").read_text())
    del manifest["data"]["class_counts"]
    (run / "manifest.json").write_text(json.dumps(manifest))
    report = evaluate_json(run, "--metrics=fid")
    assert report["protocol"]["generated"]["labels"] == "each class in turn"
    (hint,) = [line for line in report["warnings"] if "each class in turn" in line]
    command = hint.partition("; ganzoo ")[2].split()
    report = json.loads(ganzoo(*command, "--metrics=fid", "--json").stdout)
    assert report["protocol"]["generated"]["labels"] == "training frequency"  # counted in the data


def test_the_best_is_chosen_by_other_images_than_it_is_reported_by(run, tmp_path):
    shutil.copytree(run, run := tmp_path / "run")
    records = Run(run).evaluations
    assert [record["step"] for record in records] == [2, 4, 6, 8]
    assert {record["name"] for record in records} == {"FD(digits-cnn)-30"}
    assert all(record["selection"] != record["value"] for record in records)
    again = evaluate(run, step=8, options={"eval.samples": 30, "eval.metrics": "fid"})
    assert again.scores["FD(digits-cnn)-30"].value == records[-1]["value"]  # of the images that reports are of
    best = min(records, key=lambda record: record["selection"])["step"]
    assert checkpoint.best_step(run / "checkpoints") == best
    assert checkpoint.available_steps(run / "checkpoints") == sorted({best, 8})


def test_the_report_of_the_last_checkpoint_is_repeated_by_a_command(run):
    again = evaluate_json(run)
    last = Run(run).scores[-1] if Run(run).scores[-1]["checkpoint"] == "last" else Run(run).scores[0]
    assert again["scores"] == last["scores"]
    assert again["protocol"] == last["protocol"]
    assert len(Run(run).scores) == 2  # the same subject: it took the place of the first


def test_other_checkpoints_weights_and_seeds_are_other_reports(run, tmp_path):
    copy = tmp_path / "run"
    shutil.copytree(run, copy)
    best = evaluate_json(copy, "--best")["protocol"]["generated"]["step"]
    assert best == checkpoint.best_step(copy / "checkpoints")
    assert evaluate_json(copy, "--raw")["protocol"]["generated"]["weights"] == "raw"
    assert evaluate_json(copy, "--seed=5")["protocol"]["generated"]["seed"] == 5
    assert evaluate_json(copy, "--step=8")["protocol"]["generated"]["step"] == 8
    assert [report["checkpoint"] for report in Run(copy).scores] == ["last", "best", "last", "last", "step 8"]


@pytest.mark.fault(
    "a run is scored while it trains", "its weights and random states are those of a run that is not", "F21"
)
def test_scoring_leaves_the_run_bit_for_bit_as_it_was(run, tmp_path):
    train(tmp_path / "run", *SCORED, "--no-scores", "--conditioner=cgan", steps=8)
    assert_same_weights(run, tmp_path / "run")
    assert not (tmp_path / "run" / "scores.json").exists()


def assert_same_weights(one, other):
    assert same(state(one), state(other))


def test_a_run_in_two_parts_has_the_evaluations_of_a_whole_one(run, tmp_path):
    part = tmp_path / "run"
    train(part, *SCORED, "--eval-every=2", "--conditioner=cgan", "--set=train.keep_last=1", steps=5)
    ganzoo("resume", part, "--steps=8")
    assert Run(part).evaluations == Run(run).evaluations
    assert_same_weights(run, part)
    assert scores_of(part) == scores_of(run)


def scores_of(run):
    return {report["checkpoint"]: report["scores"] for report in Run(run).scores}


@pytest.mark.full
def test_a_killed_run_goes_on_with_the_best_that_it_had(run, tmp_path):
    out = tmp_path / "run"
    words = ["--steps=8", "--eval-every=2", "--conditioner=cgan", "--set=train.keep_last=1", "--out", out]
    process = spawn("run", *TINY, *SCORED, *words)
    wait_for(lambda: len(read_records(out / "evaluations.jsonl")) >= 2, process)
    process.kill()
    process.communicate()
    ganzoo("resume", out)
    assert Run(out).evaluations == Run(run).evaluations
    assert scores_of(out) == scores_of(run)
    assert checkpoint.best_step(out / "checkpoints") == checkpoint.best_step(run / "checkpoints")


def test_evaluations_are_curves_in_tensorboard(run):
    from tensorboard.backend.event_processing.event_accumulator import EventAccumulator

    events = EventAccumulator(str(run / "tb"))
    events.Reload()
    curve = [(event.step, event.value) for event in events.Scalars("eval/FD_digits-cnn-30")]
    assert curve == [(record["step"], pytest.approx(record["value"])) for record in Run(run).evaluations]


def test_a_run_shows_its_scores(run, tmp_path):
    shown = ganzoo("evaluate", run).stdout
    assert "FD(digits-cnn)-60" in shown
    assert "60 images (G_ema, the moving average of G, step 8, seed 0)" in shown
    assert "1,797 images of digits" in shown


# without weights


@pytest.fixture
def offline(tmp_path, monkeypatch):
    """No cached weights, and a network that does not answer."""

    def fail(*args, **kwargs):
        raise URLError("no network")

    monkeypatch.setattr("torch.hub.download_url_to_file", fail)
    monkeypatch.setattr("torch.hub._hub_dir", str(tmp_path / "hub"))
    monkeypatch.delenv("GANZOO_INCEPTION_WEIGHTS", raising=False)


WAYS_OUT = ("--features digits-cnn", "--inception-weights FILE", "run it once with a network")


@pytest.mark.parametrize("more", [(), ("--dry-run",)])
def test_missing_weights_are_told_before_the_first_step_and_nothing_is_left(offline, tmp_path, more):
    refused = train(tmp_path / "run", "--features=inception", *more, code=7)
    assert all(way in refused.stderr for way in (*WAYS_OUT, "--no-scores"))
    assert not (tmp_path / "run").exists()


def test_a_run_that_goes_on_without_its_weights_says_so_before_its_next_step(offline, tmp_path):
    train(tmp_path / "run", "--no-scores")
    recipe = tmp_path / "run" / "recipe.toml"
    text = recipe.read_text().replace('name = "digits-cnn"', 'name = "inception"')
    recipe.write_text(text.replace("at_end = false", "at_end = true"))
    said = ganzoo("resume", tmp_path / "run", "--steps", 6).stderr
    assert said.index("note: no scores: no weights") < said.index("step 6/6")


@pytest.mark.fault(
    "the weights of Inception are missing when training ends", "the run is complete, and a note says how to score it"
)
def test_training_ends_well_where_weights_are_missing(offline, tmp_path, monkeypatch):
    monkeypatch.setattr(start, "foresee_scores", lambda evaluator: [])  # they were there when it began
    result = train(tmp_path / "run", "--features=inception", "--samples=8")
    assert Run(tmp_path / "run").status["state"] == "complete"
    assert "not scored" in result.stderr
    assert all(way in result.stderr for way in WAYS_OUT)
    refused = ganzoo("evaluate", tmp_path / "run", code=7)
    assert all(way in refused.stderr for way in WAYS_OUT)


UNLIKE = {
    "operators": "raise RuntimeError('operator torchvision::nms does not exist')",
    "libraries": "raise OSError('libc10_cuda.so: cannot open shared object file: No such file or directory')",
}


@pytest.mark.fault(
    "torchvision is one of another torch", "a run trains, and Inception ends with exit 7 and its fix", "F94"
)
@pytest.mark.parametrize("fault", UNLIKE.values(), ids=UNLIKE)
def test_a_torchvision_of_another_torch_is_named_where_it_is_needed(tmp_path, monkeypatch, fault):
    for module in [name for name in sys.modules if name.startswith(("torchvision", "torch_fidelity"))]:
        monkeypatch.delitem(sys.modules, module)
    (tmp_path / "torchvision").mkdir()
    (tmp_path / "torchvision" / "__init__.py").write_text(fault)
    monkeypatch.syspath_prepend(tmp_path)
    train(tmp_path / "run", steps=1)
    assert Run(tmp_path / "run").scores
    (tmp_path / "any.pth").write_bytes(saved(SMALL_STATE))
    words = ["--features=inception", "--set", f"features.weights={tmp_path / 'any.pth'}"]
    said = ganzoo("evaluate", tmp_path / "run", *words, code=7).stderr
    assert "inception-v3-compat needs torchvision, which cannot be imported" in said
    assert "install the torchvision that fits your torch" in said and fault.split("'")[1] in said


@pytest.mark.fault("the weights of Inception are missing and --eval-every needs them", "exit 7 before the first step")
def test_a_run_to_be_scored_while_it_trains_is_refused_at_once(offline, tmp_path):
    result = train(tmp_path / "run", "--features=inception", "--eval-every=2", code=7)
    assert all(way in result.stderr for way in WAYS_OUT)
    assert not (tmp_path / "run").exists()


# images


def test_folder_archive_and_array_of_the_same_images_have_the_same_scores(tmp_path):
    x = Digits(image_size=8).load().x[:100]
    folder = write_images(tmp_path / "folder", x)
    archive = make_zip(tmp_path / "images.zip", {path.name: path.read_bytes() for path in sorted(folder.iterdir())})
    np.savez(tmp_path / "images.npz", x.permute(0, 2, 3, 1).numpy())
    words = ["--dataset=digits", "--metrics=fid,is,kid,prc,dc,fid-infinity"]
    reports = [evaluate_json(target, *words) for target in (folder, archive, tmp_path / "images.npz")]
    assert reports[0]["scores"] == reports[1]["scores"] == reports[2]["scores"]
    assert reports[0]["scores"]["memorised(digits-cnn)-100"]["value"] == 1  # they are training images
    assert [report["protocol"]["generated"]["source"] for report in reports] == ["folder", "zip", "npz"]


def test_a_share_of_a_folder_can_be_scored(tmp_path):
    folder = write_images(tmp_path / "folder", Digits(image_size=8).load().x[:20])
    words = [folder, "--dataset=digits", "--metrics=fid"]
    assert list(evaluate_json(*words, "--samples=10")["scores"]) == ["FD(digits-cnn)-10", "memorised(digits-cnn)-10"]
    refused = ganzoo("evaluate", *words, "--samples=30", code=7)
    assert "30 samples asked for, and there are 20" in refused.stderr


def test_images_need_a_dataset_to_be_compared_with(tmp_path):
    folder = write_images(tmp_path / "folder", Digits(image_size=8).load().x[:2])
    assert "--dataset" in ganzoo("evaluate", folder, code=2).stderr
    with pytest.raises(ConfigError, match="are those of a run"):
        evaluate(folder, dataset="digits", best=True)


@pytest.mark.parametrize(("count", "reason"), [(1, "too few"), (9, None)])
def test_one_image_is_refused_and_nine_are_scored(tmp_path, count, reason):
    folder = write_images(tmp_path / "folder", Digits(image_size=8).load().x[:count])
    if reason:
        assert reason in ganzoo("evaluate", folder, "--dataset=digits", code=7).stderr
    else:
        assert "FD(digits-cnn)-9" in evaluate_json(folder, "--dataset=digits")["scores"]


def test_colour_is_refused_by_the_extractor_of_digits(tmp_path):
    for i in range(3):
        write(tmp_path / "folder" / f"{i}.png", png((40 * i, 0, 200)))
    refused = ganzoo("evaluate", tmp_path / "folder", "--dataset=digits", code=7)
    assert "--features photos-cnn" in refused.stderr


def test_the_best_of_a_run_without_evaluations_is_refused(tmp_path):
    train(tmp_path / "run", "--no-scores")
    with pytest.raises(CheckpointError, match="no evaluation chose"):
        evaluate(tmp_path / "run", best=True)


def test_an_unknown_metric_is_refused_before_training(tmp_path):
    result = train(tmp_path / "run", "--set=eval.metrics=fid,presicion", code=2)
    assert "presicion" in result.stderr
    assert not (tmp_path / "run").exists()


def test_the_closest_pairs_are_drawn(run, tmp_path):
    copy = tmp_path / "run"
    shutil.copytree(run, copy)
    (copy / "samples" / "closest.png").unlink()
    pair = evaluate_json(copy, "--metrics=fid")["memorisation"]["pairs"][0]
    with Image.open(copy / "samples" / "closest.png") as picture:
        grid = np.asarray(picture)[-10 - 4 * (19 * 8 + 17) - 3 * 4 :, 10:]  # 4 rows with words of 17 pixels below
    right = grid[: 19 * 8 : 19, 19 * 8 + 4 :][:, : 19 * 8 : 19]  # beside the sample and a gap of 4
    assert np.array_equal(right, Digits(image_size=8).load().x[pair["real"], 0])


def test_one_metric_more_leaves_the_other_scores_of_a_run(run, tmp_path):
    shutil.copytree(run, run := tmp_path / "run")
    before = scores_of(run)["last"]
    evaluate_json(run, "--metrics=dc")
    assert scores_of(run)["last"].items() > before.items()


def test_another_dataset_is_scored_at_the_size_of_the_run(run, tmp_path):
    shutil.copytree(run, run := tmp_path / "run")
    photos = write_images(tmp_path / "real", Digits(image_size=16).load().x[:20])
    report = evaluate_json(run, f"--dataset=folder:{photos}", "--features=photos-cnn", "--metrics=fid")
    assert report["protocol"]["reference"]["options"]["image_size"] == 8
    assert report["memorisation"] is None  # these are not its training images
    assert len(Run(run).final_scores) == 2  # which are by the run's own dataset
    assert "differ in size" in ganzoo("evaluate", run, "--image-size=16", code=7).stderr


@pytest.mark.fault("a kill between training and scoring", "the next resume scores the run")
def test_a_run_that_was_killed_before_it_was_scored_is_scored_when_it_is_resumed(run, tmp_path):
    shutil.copytree(run, run := tmp_path / "run")
    before = scores_of(run)
    (run / "scores.json").unlink()
    ganzoo("resume", run)
    assert scores_of(run) == before


@pytest.mark.fault("a kill between the scores of the last and the best checkpoint", "the next resume has both")
def test_a_run_that_was_killed_between_the_scores_of_its_last_and_its_best_gets_both(run, tmp_path):
    shutil.copytree(run, run := tmp_path / "run")
    before, written = scores_of(run), json.loads((run / "scores.json").read_text())
    (run / "scores.json").write_text(json.dumps({"reports": written["reports"][:1]}))
    ganzoo("resume", run)
    assert scores_of(run) == before


@pytest.mark.parametrize(
    ("words", "code"),
    [
        (["--metrics="], 2),
        (["--set=eval.samples=many"], 2),
        (["--set=optim.lr_g=1"], 2),
        (["--step=99"], 5),
        (["--closest=nowhere"], 10),
    ],
)
def test_what_cannot_be_evaluated_is_refused_in_words(run, tmp_path, words, code):
    shutil.copytree(run, run := tmp_path / "run")
    assert "Traceback" not in ganzoo("evaluate", run, *words, code=code).stderr


@pytest.mark.fault("a generator gives nan when it is scored", "exit 6 in words, and no score")
def test_a_generator_that_diverged_is_named_by_its_evaluation(tmp_path):
    words = ["--set=optim.lr_g=3e38", "--set=train.log_every=100", *SCORED, "--eval-every=1"]
    result = train(tmp_path / "run", *words, steps=9, code=6)
    assert "diverged by step" in result.stderr


# scores of each class


def test_a_conditional_run_is_scored_class_by_class(run, tmp_path):
    shutil.copytree(run, run := tmp_path / "run")
    words = ["--metrics=fid,intra-fid,prc-per-class", "--samples=100"]
    scores = evaluate_json(run, *words)["scores"]
    assert list(scores["intra-FD(digits-cnn)-100"]["classes"]) == list("0123456789")
    assert "classes" not in scores["FD(digits-cnn)-100"]
    shown = ganzoo("evaluate", run, *words).stdout
    assert "\n  class  intra-FD(digits-cnn)-100  " in shown
    assert [line.split()[0] for line in shown.splitlines() if line.startswith("  ")][1:11] == list("0123456789")


def test_folders_of_a_class_each_are_scored_class_by_class(tmp_path):
    """Real digits in folders of their classes are near, in folders of the class before far."""
    digits = Digits(image_size=8).load()
    for k in range(10):
        mine = digits.x[digits.y == k]
        write_images(tmp_path / "right" / f"{k}", mine[:12])
        write_images(tmp_path / "wrong" / f"{k}", digits.x[digits.y == (k + 1) % 10][:12])
        write_images(tmp_path / "named" / f"digit {k}", mine[:12])
    words = ["--dataset=digits", "--metrics=intra-fid"]
    right, wrong = (evaluate_json(tmp_path / name, *words) for name in ("right", "wrong"))
    distances = [report["scores"]["intra-FD(digits-cnn)-120"]["value"] for report in (right, wrong)]
    assert distances[1] > 4 * distances[0]
    assert any("have no more images than features (64)" in line for line in right["warnings"])
    refused = ganzoo("evaluate", tmp_path / "named", *words, code=7).stderr
    assert "no labels of the reference's classes" in refused
    assert "named as the classes: 0, 1, 2" in refused


def test_an_unconditional_run_has_no_scores_of_classes(tmp_path):
    train(tmp_path / "run", "--no-scores", "--set=eval.metrics=fid,intra-fid", steps=1)
    report = evaluate_json(tmp_path / "run")
    assert any(line.startswith("no intra-fid: ") and "a conditional run" in line for line in report["warnings"])


@pytest.mark.fault("two evaluations of one run end at once", "scores.json has the reports of both")
def test_evaluations_that_end_at_once_lose_no_report(run, tmp_path, monkeypatch):
    folder = RunFolder(shutil.copytree(run, tmp_path / "run"))
    report, write_json = Run(run).scores[0], RunFolder.write_json

    def write_late(*args):
        time.sleep(0.05)
        write_json(*args)

    monkeypatch.setattr(RunFolder, "write_json", write_late)
    names = [f"step {number}" for number in range(4)]
    with ThreadPoolExecutor(4) as pool:
        list(pool.map(lambda name: save_report(folder, name, {**report, "checkpoint": name}), names))
    assert {saved["checkpoint"] for saved in Run(folder.path).scores} == {"last", "best", *names}


def test_a_score_with_options_stands_beside_the_others_of_its_checkpoint(tmp_path):
    folder = RunFolder(write_run(tmp_path / "run", {FD: 1.0, KD: 0.5}))
    (old,) = read_reports(folder)
    named = "KD(digits-cnn subsets=5)-2k"
    protocol = old["protocol"] | {"metrics": {named: {"options": {"subsets": 5}}}}
    save_report(folder, "last", old | {"protocol": protocol, "scores": {named: old["scores"][KD] | {"value": 0.25}}})
    (report,) = read_reports(folder)
    assert {name: score["value"] for name, score in report["scores"].items()} == {FD: 1.0, KD: 0.5, named: 0.25}
    assert report["protocol"] == protocol
    save_report(folder, "last", old)
    assert read_reports(folder)[0]["protocol"] == protocol
