"""Pictures of a run: their size in pixels, their classes, where they are written, and what is refused."""

import json
import shutil
from pathlib import Path
from types import SimpleNamespace

import numpy as np
import pytest
import torch
from PIL import Image
from torch import nn

from ganzoo.builtin.datasets.digits import Digits
from ganzoo.errors import ConfigError
from ganzoo.runs.pictures import write_grid
from ganzoo.runs.run import Run
from ganzoo.runs.sample_stream import SampleOptions, count_classes, gather_samples
from support.runs import contents, ganzoo, train

CELL, GAP = 8, 2  # pixels
BARE = ("--scale", 1, "--no-caption")


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
        (["-n", 4, "--interpolate"], 4, 1),
        (["-n", 12, "--interpolate"], 8, 2),
        (["--code", 3], 8, 8),
        (["-n", 6, "--code", "1..3"], 3, 2),
        (["--per-class"], 10, 8),
        (["-n", 5, "--class", 9], 3, 2),
    ],
)
def test_a_grid_has_the_size_of_its_cells_and_gaps(conditional, tmp_path, words, columns, rows):
    result = ganzoo("sample", conditional, *words, *BARE, "-o", tmp_path / "grid.png")
    assert result.stdout == f"{tmp_path / 'grid.png'}\n"
    height, width = pixels(tmp_path / "grid.png").shape
    assert (width, height) == (columns * (CELL + GAP) - GAP, rows * (CELL + GAP) - GAP)


def test_the_grids_of_training_are_large_and_end_in_real_images(conditional):
    path = max((conditional / "samples").glob("step-*.png"))
    grid = pixels(path)
    assert min(grid.shape) >= 600
    scale = (grid.shape[1] - 2 * 10 - 9 * 4) // (10 * CELL)
    last = grid[-10 - scale * CELL : -10, 10:-10][::scale, ::1]
    real = Digits(image_size=CELL).load()
    for k in range(10):
        shown = last[:, k * (scale * CELL + 4) :][:, : scale * CELL : scale]
        assert (real.x[real.y == k, 0].numpy() == shown).all(axis=(1, 2)).any()


def test_without_a_name_the_picture_lies_in_the_run_under_its_seed(unconditional):
    result = ganzoo("sample", unconditional, "--seed", 5)
    assert result.stdout == f"{unconditional / 'samples' / 'sample-5.png'}\n"
    assert min(pixels(unconditional / "samples" / "sample-5.png").shape) >= 600


def test_one_class_is_what_the_generator_makes_of_that_label(conditional, tmp_path):
    ganzoo("sample", conditional, "-n", 4, "--class", 7, *BARE, "-o", tmp_path / "sevens.png")
    expected = Run(conditional).samples(4, label=7)
    assert (cells(tmp_path / "sevens.png", 2, 2) == expected.squeeze(1).numpy()).all()
    assert (Run(conditional).samples(4, label=6) != expected).any()


def test_per_class_puts_each_class_into_its_column(conditional, tmp_path):
    ganzoo("sample", conditional, "-n", 20, "--per-class", *BARE, "-o", tmp_path / "grid.png")
    expected = Run(conditional).samples(20, labels="balanced")  # labels 0, 1, ..., 9, 0, 1, ..., 9
    assert (cells(tmp_path / "grid.png", 10, 2) == expected.squeeze(1).numpy()).all()


def test_a_walk_begins_at_one_latent_and_moves_in_small_steps(unconditional, tmp_path):
    ganzoo("sample", unconditional, "-n", 16, "--interpolate", *BARE, "-o", tmp_path / "walk.png")
    rows = cells(tmp_path / "walk.png", 8, 2).reshape(2, 8, CELL, CELL).astype(int)
    starts = Run(unconditional).samples(4)[:2].squeeze(1).numpy()
    assert (abs(rows[:, 0] - starts) <= 1).all()  # sin(0) z + sin(angle) z / sin(angle), rounded
    neighbours, ends = abs(np.diff(rows, axis=1)).mean(), abs(rows[:, -1] - rows[:, 0]).mean()
    assert 0 < neighbours < ends


class Painter(nn.Module):
    """A generator whose images have one grey: a quarter of number 1 of the latent."""

    def __init__(self):
        super().__init__()
        self.shade = nn.Parameter(torch.tensor(0.25))

    def forward(self, z, y):
        return (z[:, 1] * self.shade).reshape(-1, 1, 1, 1).expand(-1, 1, CELL, CELL)


def test_rows_of_a_code_show_what_g_makes_of_it(conditional, tmp_path, monkeypatch):
    gan = SimpleNamespace(model=None, G_ema=SimpleNamespace(module=Painter()), z_dim=4, label_vectors=None)
    monkeypatch.setattr(Run, "restore", lambda run, step: (gan, 6))
    run = Run(conditional)
    x, y, _ = gather_samples(run, SampleOptions(count=32, code=(1, 1)))
    greys = torch.linspace(-0.5, 0.5, 8).add(1).mul(127.5)
    assert (x.reshape(4, 8, -1) - greys[None, :, None]).abs().max() <= 1  # rounded
    assert y.reshape(4, 8).tolist() == [[k] * 8 for k in range(4)]
    write_grid(run, SampleOptions(count=6, code=(1, 3)), tmp_path / "category.png")
    with Image.open(tmp_path / "category.png") as image:
        assert image.width > image.height  # three columns, two rows


def test_each_pixel_becomes_a_square_below_the_words(conditional, tmp_path):
    for name, words in {"bare": BARE, "large": ["--scale", 5], "alone": ["--scale", 5, "--no-caption"]}.items():
        ganzoo("sample", conditional, "-n", 20, "--per-class", *words, "-o", tmp_path / f"{name}.png")
    bare, large, alone = (pixels(tmp_path / f"{name}.png") for name in ("bare", "large", "alone"))
    assert alone.shape == (2 * 5 * CELL + 4, 10 * 5 * CELL + 9 * 4)  # the gaps have 4 pixels
    assert (alone[: 5 * CELL : 5, : 5 * CELL : 5] == bare[:CELL, :CELL]).all()
    inside = large[-len(alone) - 10 : -10, 10 : 10 + alone.shape[1]]  # below the words, in a margin of 10
    assert (inside == alone).all() and large[: -len(alone) - 10].min() == 0


def test_seed_step_and_weights_are_the_ones_asked_for(conditional, tmp_path):
    pictures = {}
    for words in ([], ["--seed", 1], ["--step", 3], ["--raw"], ["--step", 6]):
        path = tmp_path / f"{len(pictures)}.png"
        ganzoo("sample", conditional, *words, "-o", path)
        pictures[tuple(words)] = path.read_bytes()
    assert pictures[()] == pictures["--step", 6]
    assert len(set(pictures.values())) == 4


def test_a_folder_has_one_file_per_image_in_a_folder_per_class(conditional, tmp_path):
    result = ganzoo("sample", conditional, "-n", 12, "--labels", "balanced", "--folder", "-o", tmp_path / "images")
    assert result.stdout == f"{tmp_path / 'images'}\n"
    files = sorted(str(path.relative_to(tmp_path / "images")) for path in tmp_path.rglob("*.png"))
    assert files == sorted(f"{i % 10:03d}-{i % 10}/{i:06d}.png" for i in range(12))
    expected = Run(conditional).samples(12, labels="balanced").squeeze(1).numpy()
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
        (["--interpolate", "--code", 1], 2, "--code cannot be combined with --per-class, --interpolate or --training"),
        (["--code", "x"], 2, "'x' is neither a number of the latent, such as 0, nor several, such as 2..11"),
        (["--code", "3..1"], 2, "3..1 are not 1 to 100 numbers, from the first to the last"),
        (["--code", 4], 2, "the latent has 4 numbers, 0 to 3, and number 4 is not one of them"),
        (["-n", 0], 2, "0 is refused: must be at least 1 "),
        (["--step", 4], 5, "there is no checkpoint of step 4 (available: 0, 3, 6)"),
        (
            ["-n", 10_000_001],
            2,
            "10000001 is refused: must be at least 1 and at most 10,000,000",
        ),
        (["--interpolate", "-o", "walk.txt"], 2, "cannot write the picture: walk.txt has the suffix .txt"),
        (["-o", "walk.mp4"], 2, "cannot write the picture: walk.mp4 has the suffix .mp4"),
        (["--training", "-o", "film.png"], 2, "cannot write the film: film.png has the suffix .png"),
        (["--training", "-n", 4], 2, "--training takes the sample grids as they are"),
        (["--fps", 5], 2, "--fps is for a film"),
        (["--truncation", -1], 2, "--truncation: -1.0 is refused: must be at least 0"),
        (["--truncation", "1e12"], 2, "--truncation: 1000000000000.0 is refused: must be at least 0 and at most 100"),
        (["--folder", "--scale", 2], 2, "--scale and --no-caption are for a picture"),
        (["--class", "cat"], 2, "class cat is not in 0..9, nor a name of one"),
        (["-n", 2_000_000], 2, "2,000,000 images of 8 pixels do not fit into one picture"),
        (["-o", "grid.xyz"], 2, "cannot write the picture"),
        (["-o", "grid"], 2, "cannot write the picture: grid has no suffix"),
        (["--folder", "-o", "grid.png"], 2, "grid.png is the name of a file"),
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
    assert "the run ended before its first step" in ganzoo("sample", tmp_path, code=5).stderr


@pytest.mark.parametrize("words", [[], ["--interpolate"], ["--code", "0..2"], ["--per-class"], ["--class", 3]])
def test_image_i_of_a_seed_does_not_depend_on_how_many_follow(conditional, tmp_path, words):
    for count in (3, 60):
        ganzoo("sample", conditional, "--seed", 7, "-n", count, *words, "--folder", "-o", tmp_path / f"{count}")
    few, many = ({path.name: path for path in (tmp_path / n).rglob("*.png")} for n in ("3", "60"))
    assert (len(few), len(many)) == (3, 60)
    for name, path in few.items():
        assert path.parent.name == many[name].parent.name
        assert path.read_bytes() == many[name].read_bytes()


def test_an_npz_file_has_the_images_and_their_labels(conditional, tmp_path):
    ganzoo("sample", conditional, "-n", 130, "-o", tmp_path / "set.npz")
    with np.load(tmp_path / "set.npz") as arrays:
        assert (arrays["arr_0"] == Run(conditional).samples(130).permute(0, 2, 3, 1).numpy()).all()
        assert abs(np.bincount(arrays["arr_1"], minlength=10) - 13).max() <= 2  # digits are nearly balanced
    assert [path.name for path in tmp_path.iterdir()] == ["set.npz"]


def rename_classes(run, to, names):
    shutil.copytree(run, to)
    manifest = json.loads((to / "manifest.json").read_text())
    manifest["data"]["classes"] = names
    (to / "manifest.json").write_text(json.dumps(manifest))
    return to


def test_the_name_of_a_class_goes_before_its_number(conditional, tmp_path):
    run = rename_classes(conditional, tmp_path / "run", ["0", "1", "10", "11", "2", "3", "4", "cat", "6", "7"])
    result = ganzoo("sample", run, "-n", 1, "--class", 2, *BARE, "-o", tmp_path / "two.png")
    assert "--class 2 is the class of that name, number 4" in result.stderr
    assert (cells(tmp_path / "two.png", 1, 1)[0] == Run(conditional).samples(1, label=4).numpy()).all()
    assert (Run(run).samples(1, label="cat") == Run(conditional).samples(1, label=7)).all()
    assert "--class 8 is class number 8, 6" in ganzoo("sample", run, "--class", 8, "-o", tmp_path / "8.png").stderr


def test_a_grid_by_class_names_its_columns_and_a_png_says_how_it_was_made(conditional, tmp_path):
    run = rename_classes(conditional, tmp_path / "run", ["cat", *"123456789"])
    words = ["--per-class", "-n", 5, "--seed", 3, "--truncation", 0.5]
    result = ganzoo("sample", run, *words, "-o", tmp_path / "grid.png")
    assert "the classes are cat, 1, 2" in result.stderr and "-n 5 shows 5 of 10 classes" in result.stderr
    with Image.open(tmp_path / "grid.png") as grid:
        assert grid.text["Description"] == "run: samples of G_ema, seed 3, truncation |z| <= 0.5"


def test_labels_follow_the_frequencies_in_the_manifest(conditional, tmp_path):
    run = rename_classes(conditional, tmp_path / "run", list("0123456789"))
    manifest = json.loads((run / "manifest.json").read_text())
    assert sum(manifest["data"]["class_counts"]) == manifest["data"]["count"]
    manifest["data"]["class_counts"] = [9, 0, 0, 0, 0, 0, 0, 1, 0, 0]
    (run / "manifest.json").write_text(json.dumps(manifest))
    ganzoo("sample", run, "-n", 100, "--folder", "-o", tmp_path / "images")
    assert {path.name: len(list(path.iterdir())) for path in (tmp_path / "images").iterdir()} == {
        "000-0": 90,
        "007-7": 10,
    }


def test_a_run_that_does_not_know_its_frequencies_counts_them_or_says_so(conditional, tmp_path):
    run = rename_classes(conditional, tmp_path / "run", list("0123456789"))
    manifest = json.loads((run / "manifest.json").read_text())
    counts = manifest["data"].pop("class_counts")
    (run / "manifest.json").write_text(json.dumps(manifest))
    assert count_classes(Run(run)) == (tuple(counts), "")
    manifest["data"]["sha256"] = "0" * 64
    (run / "manifest.json").write_text(json.dumps(manifest))
    result = ganzoo("sample", run, "-n", 20, "-o", tmp_path / "grid.png")
    assert "each class in turn, since their frequencies are unknown" in result.stderr


@pytest.mark.parametrize("suffix", ["gif", "webp"])
def test_a_walk_as_a_film_has_as_many_frames_as_asked_for(unconditional, tmp_path, suffix):
    ganzoo("sample", unconditional, "--interpolate", "-n", 31, "--fps", 10, "-o", tmp_path / f"walk.{suffix}")
    with Image.open(tmp_path / f"walk.{suffix}") as film:
        first = np.asarray(film.convert("L"))[::32, ::32].astype(int)
        assert (film.n_frames, film.size, film.info["duration"]) == (31, (256, 256), 100)
    assert abs(first - Run(unconditional).samples(1)[0, 0].numpy()).max() <= 1


def test_a_film_of_training_has_one_frame_per_sample_grid(unconditional, tmp_path):
    grids = sorted((unconditional / "samples").glob("step-*.png"))
    result = ganzoo("sample", unconditional, "--training", "-o", tmp_path / "training.webp")
    assert result.stdout == f"{tmp_path / 'training.webp'}\n"
    with Image.open(tmp_path / "training.webp") as film:
        assert film.n_frames == len(grids) > 0
        film.seek(film.n_frames - 1)
        assert (np.asarray(film.convert("L")) == pixels(grids[-1])).all()


def test_a_film_of_a_generator_with_classes_is_of_one_of_them_and_says_which(conditional, tmp_path):
    result = ganzoo("sample", conditional, "--interpolate", "-n", 4, "-o", tmp_path / "walk.gif")
    assert "a film of class 0; --class K for another" in result.stderr


@pytest.mark.parametrize(
    ("count", "seed", "what"),
    [(-1, 0, "-1 samples asked for"), ("a", 0, "'a' samples asked for"), (1.5, 0, "1.5 samples asked for"),
     (4, -1, "-1 is no seed"), (4, "x", "'x' is no seed")],
)  # fmt: skip
def test_impossible_counts_and_seeds_are_refused_in_python_too(unconditional, count, seed, what):
    with pytest.raises(ConfigError, match=what):
        Run(unconditional).samples(count, seed=seed)


def test_a_walk_through_latents_does_not_replace_the_samples_of_the_seed(unconditional):
    names = [Path(ganzoo("sample", unconditional, *words).stdout.strip()).name for words in ((), ("--interpolate",))]
    assert names == ["sample-0.png", "interpolation-0.png"]
