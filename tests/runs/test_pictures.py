"""Pictures of a run: their size in pixels, their classes, where they are written, and what is refused."""

import shutil

import numpy as np
import pytest
from PIL import Image

from ganzoo.runs.run import Run
from support.runs import contents, ganzoo, train

CELL, GAP = 8, 2  # pixels


@pytest.fixture(scope="module")
def conditional(tmp_path_factory):
    """A run of six steps with checkpoints at 3 and 6, whose generator knows ten classes."""
    out = tmp_path_factory.mktemp("conditional") / "run"
    train(out, "--conditioner", "cgan", "--set", "train.save_every=3", steps=6)
    return out


@pytest.fixture(scope="module")
def unconditional(tmp_path_factory):
    """A run of two steps on labelled digits, whose generator ignores the labels."""
    out = tmp_path_factory.mktemp("unconditional") / "run"
    train(out, steps=2)
    return out


def pixels(path):
    with Image.open(path) as image:
        return np.asarray(image)


def cells(path, columns, rows):
    """Cut a grid into its images (columns * rows, H, W)."""
    grid, step = pixels(path), CELL + GAP
    return np.stack([grid[step * r :][:CELL, step * c :][:, :CELL] for r in range(rows) for c in range(columns)])


@pytest.mark.parametrize(
    ("words", "columns", "rows"),
    [
        ([], 8, 8),
        (["-n", 3], 2, 2),
        (["-n", 20, "--per-class"], 10, 2),
        (["-n", 21, "--per-class"], 10, 3),
        (["-n", 24, "--interpolate"], 8, 3),
        (["-n", 5, "--class", 9], 3, 2),
    ],
)
def test_a_grid_has_the_size_of_its_cells_and_gaps(conditional, tmp_path, words, columns, rows):
    result = ganzoo("sample", conditional, *words, "-o", tmp_path / "grid.png")
    assert result.stdout == f"{tmp_path / 'grid.png'}\n"
    height, width = pixels(tmp_path / "grid.png").shape
    assert (width, height) == (columns * (CELL + GAP) - GAP, rows * (CELL + GAP) - GAP)


def test_without_a_name_the_picture_lies_in_the_run_under_its_seed(unconditional):
    result = ganzoo("sample", unconditional, "--seed", 5)
    assert result.stdout == f"{unconditional / 'samples' / 'sample-5.png'}\n"
    assert pixels(unconditional / "samples" / "sample-5.png").shape == (78, 78)


def test_one_class_is_what_the_generator_makes_of_that_label(conditional, tmp_path):
    ganzoo("sample", conditional, "-n", 4, "--class", 7, "-o", tmp_path / "sevens.png")
    expected = Run(conditional).samples(4, label=7)
    assert (cells(tmp_path / "sevens.png", 2, 2) == expected.squeeze(1).numpy()).all()
    assert (Run(conditional).samples(4, label=6) != expected).any()


def test_per_class_puts_each_class_into_its_column(conditional, tmp_path):
    ganzoo("sample", conditional, "-n", 20, "--per-class", "-o", tmp_path / "grid.png")
    expected = Run(conditional).samples(20)  # labels 0, 1, ..., 9, 0, 1, ..., 9
    assert (cells(tmp_path / "grid.png", 10, 2) == expected.squeeze(1).numpy()).all()


def test_a_walk_begins_at_one_latent_and_moves_in_small_steps(unconditional, tmp_path):
    ganzoo("sample", unconditional, "-n", 16, "--interpolate", "-o", tmp_path / "walk.png")
    rows = cells(tmp_path / "walk.png", 8, 2).reshape(2, 8, CELL, CELL).astype(int)
    starts = Run(unconditional).samples(4)[:2].squeeze(1).numpy()
    assert (abs(rows[:, 0] - starts) <= 1).all()  # sin(0) z + sin(angle) z / sin(angle), rounded
    neighbours, ends = abs(np.diff(rows, axis=1)).mean(), abs(rows[:, -1] - rows[:, 0]).mean()
    assert 0 < neighbours < ends


def test_seed_step_and_weights_are_the_ones_asked_for(conditional, tmp_path):
    pictures = {}
    for words in ([], ["--seed", 1], ["--step", 3], ["--raw"], ["--step", 6]):
        path = tmp_path / f"{len(pictures)}.png"
        ganzoo("sample", conditional, *words, "-o", path)
        pictures[tuple(words)] = path.read_bytes()
    assert pictures[()] == pictures["--step", 6]
    assert len(set(pictures.values())) == 4


def test_a_folder_has_one_file_per_image_in_a_folder_per_class(conditional, tmp_path):
    result = ganzoo("sample", conditional, "-n", 12, "--folder", "-o", tmp_path / "images")
    assert result.stdout == f"{tmp_path / 'images'}\n"
    files = sorted(str(path.relative_to(tmp_path / "images")) for path in tmp_path.rglob("*.png"))
    assert files == sorted(f"{i % 10:03d}-{i % 10}/{i:06d}.png" for i in range(12))
    expected = Run(conditional).samples(12).squeeze(1).numpy()
    assert (pixels(tmp_path / "images" / "001-1" / "000011.png") == expected[11]).all()


def test_a_folder_of_a_generator_without_classes_claims_no_classes(unconditional, tmp_path):
    ganzoo("sample", unconditional, "-n", 3, "--folder", "-o", tmp_path / "images")
    assert [path.name for path in sorted((tmp_path / "images").iterdir())] == [f"{i:06d}.png" for i in range(3)]


def test_a_folder_that_exists_is_left_alone(conditional, tmp_path):
    (tmp_path / "images").mkdir()
    (tmp_path / "images" / "mine.png").touch()
    before = contents(tmp_path)
    result = ganzoo("sample", conditional, "--folder", "-o", tmp_path / "images", code=10)
    assert "the folder of images exists" in result.stderr and contents(tmp_path) == before


def test_a_run_that_was_made_on_a_gpu_can_be_sampled_without_one(conditional, tmp_path, monkeypatch):
    monkeypatch.setattr("torch.cuda.is_available", lambda: False)
    shutil.copytree(conditional, tmp_path / "run")
    recipe = tmp_path / "run" / "recipe.toml"
    recipe.write_text(recipe.read_text().replace('device = "cpu"', 'device = "cuda"'))
    assert Run(tmp_path / "run").config.train.device == "cuda"
    assert (Run(tmp_path / "run").samples(2) == Run(conditional).samples(2)).all()


@pytest.mark.parametrize(
    ("words", "code", "text"),
    [
        (["--class", 10], 2, "class 10 is not in 0..9"),
        (["--class", -1], 2, "class -1 is not in 0..9"),
        (["--class", 1, "--per-class"], 2, "--per-class cannot be combined with --class or --interpolate"),
        (["--interpolate", "--per-class"], 2, "--per-class cannot be combined with --class or --interpolate"),
        (["-n", 0], 2, "0 is not in the range"),
        (["--step", 4], 5, "there is no checkpoint of step 4 (available: 0, 3, 6)"),
        (["-o", "grid.xyz"], 10, "cannot write the picture"),
        (["-o", "recipe.toml/grid.png"], 10, "cannot write the picture"),
        (["--folder", "-o", "recipe.toml/images"], 10, "cannot write the images"),
    ],
)
def test_what_cannot_be_sampled_is_refused(conditional, monkeypatch, words, code, text):
    monkeypatch.chdir(conditional)
    before = contents(conditional)
    result = ganzoo("sample", ".", *words, code=code)
    assert text in result.stderr and result.stdout == ""
    assert contents(conditional) == before


@pytest.mark.parametrize("words", [["--class", 3], ["--per-class"], ["--class", 0, "--folder"]])
def test_a_class_of_a_generator_without_classes_is_refused(unconditional, words):
    assert "the generator of this run ignores labels" in ganzoo("sample", unconditional, *words, code=2).stderr


def test_what_is_no_run_or_never_began_is_refused(conditional, tmp_path):
    assert "this is not a run folder" in ganzoo("sample", tmp_path, code=5).stderr
    (tmp_path / "recipe.toml").write_bytes((conditional / "recipe.toml").read_bytes())
    assert "no usable checkpoint" in ganzoo("sample", tmp_path, code=5).stderr
