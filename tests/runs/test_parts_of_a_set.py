"""Scores of one set in any order and of a part of it: what they read of a set is an even pick, and never its head."""

import os

import numpy as np
import pytest
import torch

from ganzoo.builtin.datasets.digits import Digits
from ganzoo.evaluation import extraction, references
from support.image_files import make_tar, make_zip, write
from support.scored import encode, evaluate_json

torch.set_num_threads(1)
DIGITS = Digits(image_size=8).load()
SORTED = DIGITS.y.argsort(stable=True)[::6]
"""Every sixth of the digits, sorted by class: 300 images."""
SHUFFLED = SORTED[torch.randperm(len(SORTED), generator=torch.Generator().manual_seed(0))]
WORDS = ["--dataset=digits", "--metrics=fid", "--set=eval.memorisation=false"]


@pytest.fixture(autouse=True, scope="module")
def cache(tmp_path_factory):
    """A cache of references of this module alone."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("GANZOO_CACHE", str(tmp_path_factory.mktemp("cache")))
        yield


def save(kind, order, path):
    """Save digits in this order, their numbers and classes in the names where there are names."""
    if kind == "npz":
        np.savez(path.with_suffix(".npz"), DIGITS.x[order, 0].numpy())
        return path.with_suffix(".npz")
    files = {f"{DIGITS.y[i]}/{n:04d}.png": encode(DIGITS.x[i]) for n, i in enumerate(order.tolist())}
    if kind == "zip":
        return make_zip(path.with_suffix(".zip"), files)
    if kind == "tar":
        return make_tar(path.with_suffix(".tar"), files)
    for name, content in files.items():
        write(path / name, content)
    return path


def distance(*words):
    """The Frechet distance and the protocol."""
    report = evaluate_json(*words)
    return next(iter(report["scores"].values())), report["protocol"]["generated"]


@pytest.mark.parametrize("kind", ["folder", "zip", "tar", "npz"])
def test_shuffled_sorted_and_subsampled_copies_agree_within_their_intervals(kind, tmp_path):
    """The first 150 of the sorted ones hold half of the classes: a distance of 150 and more."""
    shuffled, ordered = save(kind, SHUFFLED, tmp_path / "shuffled"), save(kind, SORTED, tmp_path / "sorted")
    scores = [distance(*words, *WORDS)[0] for words in ([shuffled], [ordered], [ordered, "--samples=150"])]
    assert max(score["low"] for score in scores) <= min(score["high"] for score in scores)
    assert max(score["value"] for score in scores) < 8


def test_a_compressed_tar_is_a_tar_in_the_protocol(tmp_path):
    files = {f"{n}.png": encode(DIGITS.x[n]) for n in range(4)}
    assert distance(make_tar(tmp_path / "some.tar.gz", files, "w:gz"), *WORDS)[1]["source"] == "tar"


def test_a_set_against_itself_in_another_order_is_at_no_distance(tmp_path):
    order = torch.arange(len(DIGITS)).flip(0)
    score, _ = distance(save("npz", order, tmp_path / "all"), *WORDS)
    assert score["low"] == 0
    assert score["high"] < 1e-3


def test_the_protocol_says_how_many_of_how_many_were_picked_and_how(tmp_path):
    folder = save("folder", SORTED, tmp_path / "sorted")
    _, whole = distance(folder, *WORDS)
    _, part = distance(folder, *WORDS, "--samples=100", "--seed=3")
    assert {"of", "pick"}.isdisjoint(whole)
    assert part.items() >= {
        "count": 100, "of": 300, "pick": "even, each folder in its share", "seed": 3
    }.items()  # fmt: skip
    assert distance(folder, *WORDS, "--samples=300")[1] == whole


def test_the_pick_is_the_same_for_every_batch_size_and_listing_and_another_for_another_seed(tmp_path, monkeypatch):
    folder = save("folder", SHUFFLED[:100], tmp_path / "part")
    words = [folder, *WORDS, "--samples=50"]
    first = distance(*words)[1]["sha256"]
    assert distance(*words, "--batch-size=7")[1]["sha256"] == first
    assert distance(*words, "--seed=1")[1]["sha256"] != first
    listed = os.scandir

    class Reversed:
        def __init__(self, path):
            self.entries = list(listed(path))[::-1]

        __enter__ = lambda self: iter(self.entries)  # noqa: E731
        __exit__ = lambda self, *error: None  # noqa: E731

    monkeypatch.setattr(os, "scandir", Reversed)
    assert distance(*words)[1]["sha256"] == first


def test_of_very_many_images_an_even_pick_stands_for_all(tmp_path, monkeypatch):
    """Of sorted digits the first 200 rows are of two classes; recall would be about a fifth."""
    for module in (extraction, references):
        monkeypatch.setattr(module, "KEEP", 200)
    ordered = save("npz", SORTED, tmp_path / "sorted")
    words = [ordered, "--dataset=digits", "--metrics=prc", f"--closest={tmp_path / 'pairs.png'}"]
    report, again = evaluate_json(*words), evaluate_json(*words)  # the second one reads the cache
    assert report["scores"] == again["scores"]
    assert report["scores"]["recall(digits-cnn)-300"]["value"] > 0.8
    assert report["protocol"]["generated"]["rows"] == report["protocol"]["reference"]["rows"] == 200
    for pair in report["memorisation"]["pairs"]:
        if pair["distance"] == 0:
            assert torch.equal(DIGITS.x[SORTED[pair["fake"]]], DIGITS.x[pair["real"]])
    assert report["memorisation"]["pairs"][0]["distance"] == 0
