"""Samples that are no images, and labels that are vectors, through a whole run."""

from pathlib import Path

import numpy as np
import pytest
import torch
from PIL import Image

from ganzoo.runs.run import Run
from support.runs import ganzoo, state
from support.shapes import wave
from support.states import same

SUPPORT = Path(__file__).parents[1] / "support"
SMALL = ["--model=mlp", "--batch-size=8", "--device=cpu", "--set=model.width=16", "--set=model.depth=1"]
SMALL += ["--set=model.z_dim=4", "--samples=32", "--set=eval.metrics=fid"]


def read_arrays(path):
    with np.load(path) as arrays:
        return dict(arrays)


def with_plugin(name, *words, code=0):
    return ganzoo("--plugin", SUPPORT / name, *words, code=code)


@pytest.fixture(scope="module")
def bands(tmp_path_factory):
    """A run on five bands of 8 x 8 floats, which are read when they are needed."""
    out = tmp_path_factory.mktemp("bands") / "run"
    shape = ["--dataset=shapes", "--set=dataset.shape=[5,8,8]", "--set=dataset.lazy=true", "--conditioner=cgan"]
    with_plugin("shapes.py", "run", *SMALL, *shape, "--steps=4", "--out", out)
    return out


def test_five_bands_of_floats_stay_floats_to_the_end(bands, tmp_path):
    run = Run(bands)
    assert run.manifest["data"]["images"] is False and not run.data.images
    assert run.scores[0]["protocol"]["features"] == "points"
    with_plugin("shapes.py", "sample", bands, "-n", "6", "-o", tmp_path / "six.npz")
    arrays = read_arrays(tmp_path / "six.npz")
    assert arrays["arr_0"].dtype == np.float32 and arrays["arr_0"].shape == (6, 5, 8, 8)
    assert arrays["arr_1"].tolist() == [0, 1] * 3
    assert len(np.unique(arrays["arr_0"])) > 1000  # not reduced to 8 bits
    with_plugin("shapes.py", "sample", bands, "-n", "6", "-o", tmp_path / "six.npy")
    assert np.array_equal(np.load(tmp_path / "six.npy"), arrays["arr_0"])


def test_five_bands_have_a_picture_and_no_files_of_images(bands, tmp_path):
    with Image.open(Run(bands).grid) as picture:
        assert picture.mode == "L"
    with_plugin("shapes.py", "sample", bands, "-n", "4", "--scale=1", "--no-caption", "-o", tmp_path / "four.png")
    with Image.open(tmp_path / "four.png") as picture:
        assert picture.size == (2 * (5 * 8 + 4) + 2, 2 * 8 + 2)  # two by two samples of five bands with gaps between
    said = with_plugin("shapes.py", "sample", bands, "--folder", "-o", tmp_path / "folder", code=7).output
    assert "(5, 8, 8) are not images" in said and "-o samples.npz" in said


@pytest.mark.full
def test_images_are_scored_by_their_extractors_and_numbers_by_others(bands):
    said = with_plugin("shapes.py", "evaluate", bands, "--features=photos-cnn", code=7).output
    assert "reads images" in said and "--features points" in said
    said = with_plugin("shapes.py", "diagnose", bands).output
    assert "diversity is measured" not in said
    said = with_plugin("shapes.py", "run", *SMALL, "--dataset=shapes", "--set=dataset.shape=[1,128,64]", code=7).output
    assert "8,192 numbers" in said and "--no-scores" in said


@pytest.mark.full
def test_a_run_on_lazy_samples_is_bit_identical_to_one_in_memory(bands, tmp_path):
    words = ["run", bands / "recipe.toml", "--no-scores", "--set=dataset.lazy=false", "--out", tmp_path / "whole"]
    with_plugin("shapes.py", *words)
    assert same(state(bands)["G"], state(tmp_path / "whole")["G"])


@pytest.fixture(scope="module")
def circle(tmp_path_factory):
    out = tmp_path_factory.mktemp("circle") / "run"
    with_plugin("angles.py", "run", *SMALL, "--dataset=circle", "--conditioner=vectors", "--steps=4", "--out", out)
    return out


def test_generated_samples_have_label_vectors_of_the_data(circle, tmp_path):
    with_plugin("angles.py", "sample", circle, "-n", "600", "-o", tmp_path / "x.npz")
    y = read_arrays(tmp_path / "x.npz")["arr_1"]
    assert y.dtype == np.float32 and np.array_equal(y[:100], y[500:])
    ours = np.sort(np.arctan2(y[:500, 1], y[:500, 0]))
    assert np.allclose(np.diff(ours), 2 * np.pi / 500, atol=1e-5)  # each of the 500 once
    assert abs(y[:64].mean(axis=0)).max() < 0.25  # the first ones lie all around
    assert Run(circle).scores[0]["protocol"]["generated"]["labels"] == "training vectors"


@pytest.mark.parametrize(
    ("words", "said"),
    [
        (["sample", "--class=3"], "vectors of shape (2,), not classes"),
        (["sample", "--per-class"], "vectors of shape (2,), not classes"),
        (["sample", "--labels=balanced"], "are vectors, not classes"),
        (["evaluate", "--labels=balanced"], "are vectors, not classes"),
    ],
)
def test_classes_are_refused_where_labels_are_vectors(circle, words, said):
    assert said in with_plugin("angles.py", words[0], circle, *words[1:], code=2).output


@pytest.mark.parametrize(
    ("words", "said", "code"),
    [
        (["--dataset=circle", "--conditioner=cgan"], "'cgan' takes classes; labels of dataset 'circle' are vec", 3),
        (["--dataset=gaussians8", "--conditioner=vectors"], "'vectors' takes label vectors, float32 (M, A)", 3),
        (["--dataset=circle", "--set=dataset.classes=0"], "not classes", 2),
        (["--dataset=circle", "--conditioner=vectors", "--set=eval.labels=balanced"], "are vectors, not classes", 2),
    ],
)
def test_labels_that_a_conditioner_cannot_read_are_refused(words, said, code):
    assert said in with_plugin("angles.py", "run", *SMALL, *words, "--dry-run", code=code).output


@pytest.mark.full
def test_a_network_without_labels_trains_on_data_with_vectors(tmp_path):
    words = ["run", *SMALL, "--dataset=circle", "--steps=2", "--set=dataset.limit=50", "--no-scores"]
    with_plugin("angles.py", *words, "--out", tmp_path / "run")
    assert "label_shape" not in Run(tmp_path / "run").manifest["data"]
    with_plugin("angles.py", "resume", tmp_path / "run", "--steps=3")


@pytest.mark.full
def test_a_generator_learns_the_point_of_its_angle_and_a_resumed_run_is_the_same(tmp_path):
    words = ["run", "--model=mlp", "--dataset=circle", "--conditioner=vectors", "--loss=wgan", "--lipschitz=gp"]
    words += ["--set=model.width=64", "--set=model.depth=2", "--set=model.z_dim=4", "--device=cpu", "--no-scores"]
    words += ["--lr=1e-3", "--set=optim.lr_decay=none"]  # so that a rate does not depend on the steps to come
    with_plugin("angles.py", *words, "--steps=1000", "--out", tmp_path / "whole")
    with_plugin("angles.py", *words, "--steps=400", "--out", tmp_path / "part")
    with_plugin("angles.py", "resume", tmp_path / "part", "--steps=1000")
    assert same(state(tmp_path / "part")["G"], state(tmp_path / "whole")["G"])
    with_plugin("angles.py", "sample", tmp_path / "whole", "-n", "500", "-o", tmp_path / "x.npz")
    arrays = read_arrays(tmp_path / "x.npz")
    errors = np.linalg.norm(arrays["arr_0"] - 0.8 * arrays["arr_1"], axis=1)
    assert errors.mean() < 0.1  # a generator that ignores its label is 1.0 off


def test_a_wave_is_what_its_file_says():
    assert torch.equal(wave(3, (2, 4)).flatten(), (torch.arange(8) * 0.08).sin())
