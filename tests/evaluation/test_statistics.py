"""Mean and covariance from a file in place of the images of a reference."""

import hashlib

import numpy as np
import pytest
import torch

from ganzoo import Run
from ganzoo.builtin.datasets.digits import Digits
from ganzoo.errors import DataError, EvaluationError
from ganzoo.evaluation.statistics import read_statistics
from support.runs import ganzoo, train
from support.scored import evaluate_json, write_images

torch.set_num_threads(1)


@pytest.fixture(scope="module")
def place(tmp_path_factory):
    """Images, the statistics of the digits, and the report of the images against the digits themselves."""
    place = tmp_path_factory.mktemp("statistics")
    write_images(place / "images", Digits(image_size=8).load().x[:100])
    words = ["--dataset=digits", "--metrics=fid,fid-infinity", "--write-reference", place / "ours.npz"]
    report = evaluate_json(place / "images", *words)
    with np.load(place / "ours.npz") as ours:
        np.savez(place / "theirs.npz", mu=ours["mu"], sigma=ours["sigma"])
    return place, report


def numbers(report):
    """Value and interval of the distance, which is the first score."""
    score = next(iter(report["scores"].values()))
    return [score[which] for which in ("value", "low", "high")]


@pytest.mark.parametrize("name", ["ours.npz", "theirs.npz"])
def test_fd_by_statistics_of_the_reference_is_fd_by_the_reference(place, name):
    folder, whole = place
    report = evaluate_json(folder / "images", "--reference", folder / name, "--features=digits-cnn")
    assert numbers(report) == pytest.approx(numbers(whole), rel=1e-9)
    assert list(report["scores"]) == ["FD(digits-cnn)-100"]
    reason = f"the reference {name} holds mean and covariance, and this takes the images themselves"
    assert report["warnings"] == [f"no is, kid, prc, dc: {reason} (try --dataset NAME (in place of --reference))"]


def test_the_protocol_names_the_file_and_the_hash_of_its_content(place):
    folder, whole = place
    report = evaluate_json(folder / "images", "--reference", folder / "ours.npz", "--metrics=fid")
    content = hashlib.sha256((folder / "ours.npz").read_bytes()).hexdigest()
    about = {"dataset": "ours.npz", "options": {}, "count": 1797, "sha256": content, "source": "statistics"}
    assert report["protocol"]["reference"] == about
    assert "source" not in whole["protocol"]["reference"]
    shown = ganzoo("evaluate", folder / "images", "--reference", folder / "ours.npz", "--metrics=fid").stdout
    assert "statistics of 1,797 images in ours.npz, sha256 " + content[:8] in shown


def test_a_run_is_scored_by_statistics_too_and_ranked_by_its_dataset_as_before(place, tmp_path):
    folder, _ = place
    train(tmp_path / "run", "--set=eval.memorisation=false")
    report = evaluate_json(tmp_path / "run", "--reference", folder / "ours.npz")
    (own,) = Run(tmp_path / "run").final_scores
    assert numbers(report) == pytest.approx(numbers(own), rel=1e-9)
    assert [each["protocol"]["reference"]["dataset"] for each in Run(tmp_path / "run").scores] == ["digits", "ours.npz"]
    train(tmp_path / "other", f"--set=eval.reference={folder / 'ours.npz'}", "--eval-every=2")
    (scored, *_) = Run(tmp_path / "other").final_scores
    assert numbers(scored) == pytest.approx(numbers(own), rel=1e-9)


def test_statistics_need_no_data_of_the_run(place, tmp_path, monkeypatch):
    train(tmp_path / "run", "--no-scores")
    monkeypatch.delattr("ganzoo.runs.run.Run.load_data")
    assert numbers(evaluate_json(tmp_path / "run", "--reference", place[0] / "ours.npz", "--metrics=fid"))[0] > 0


def test_statistics_of_another_extractor_are_refused(place):
    folder, _ = place
    refused = ganzoo("evaluate", folder / "images", "--reference", folder / "ours.npz", "--features=photos-cnn", code=7)
    assert "ours.npz holds statistics of digits-cnn, not of photos-cnn" in refused.stderr
    assert "--features digits-cnn" in refused.stderr
    refused = ganzoo(
        "evaluate", folder / "images", "--reference", folder / "theirs.npz", "--features=photos-cnn", code=7
    )
    assert "theirs.npz has 64 features per image, and photos-cnn has 192" in refused.stderr


def test_a_dataset_and_statistics_are_refused_together(place):
    folder, _ = place
    refused = ganzoo("evaluate", folder / "images", "--reference", folder / "ours.npz", "--dataset=digits", code=2)
    assert "both dataset.name and a file of statistics name the reference" in refused.stderr


@pytest.mark.parametrize(
    ("arrays", "words"),
    [
        ({"mu": np.zeros(2)}, "has no sigma, but mu"),
        ({"mu": np.zeros(2), "sigma": np.eye(3)}, r"a mu of shape \(2,\) and a sigma of shape \(3, 3\)"),
        ({"mu": np.zeros(2), "sigma": np.array([[1.0, 0.5], [0, 1]])}, "a sigma that is not symmetric"),
        ({"mu": np.zeros(2), "sigma": np.array([[1.0, 2], [2, 1]])}, "it has the eigenvalue -1"),
        ({"mu": np.array([0.0, np.nan]), "sigma": np.eye(2)}, "a mu that is nan or inf"),
        ({"mu": np.array(["a", "b"]), "sigma": np.eye(2)}, "a mu that is <U1"),
    ],
)
def test_what_is_no_covariance_is_refused_in_words(tmp_path, arrays, words):
    np.savez(tmp_path / "stats.npz", **arrays)
    with pytest.raises(EvaluationError, match=words):
        read_statistics(tmp_path / "stats.npz")


def test_other_files_are_refused_in_words(tmp_path):
    (tmp_path / "text.npz").write_text("mu")
    with pytest.raises(EvaluationError, match=r"text\.npz is no npz file, or damaged"):
        read_statistics(tmp_path / "text.npz")
    with pytest.raises(DataError, match="cannot read"):
        read_statistics(tmp_path / "absent.npz")


@pytest.mark.parametrize(("rank", "size"), [(3, 4), (2, 3)])
def test_without_a_number_of_images_the_rank_tells_whether_they_were_more_than_the_features(tmp_path, rank, size):
    sigma = np.diag([1.0, 2, 3][:rank] + [0.0] * (3 - rank))
    np.savez(tmp_path / "stats.npz", mu=np.zeros(3), sigma=sigma)
    found = read_statistics(tmp_path / "stats.npz")
    assert (found.size, found.about.count) == (size, None)
