"""Images to be scored: read as they are from a folder or an archive, or refused in words."""

import os
from typing import get_args

import numpy as np
import pytest
import torch
from PIL import Image

from ganzoo.data.decoding import LARGEST, SMALLEST, ImageSize
from ganzoo.errors import ConfigError, DataError
from ganzoo.evaluation.image_sets import read_images
from support.image_files import BLUE, GREEN, RED, make_tar, make_zip, png, write
from support.image_sets import channels_first, noise, png_of, refusal

# Folders and archives


def members(pixels):
    return {f"{i:03}.png": png_of(image) for i, image in enumerate(pixels)}


@pytest.mark.parametrize("channels", [1, 3])
def test_a_folder_archives_and_an_array_of_one_set_are_the_same_to_the_pixel(tmp_path, channels):
    pixels = noise(12, channels=channels)
    for name, data in members(pixels).items():
        write(tmp_path / "folder" / name, data)
    make_zip(tmp_path / "images.zip", members(pixels))
    make_tar(tmp_path / "images.tar", members(pixels))
    make_tar(tmp_path / "images.tar.gz", members(pixels), "w:gz")
    np.savez(tmp_path / "images.npz", pixels)
    for name in ("folder", "images.zip", "images.tar", "images.tar.gz", "images.npz"):
        target = read_images(tmp_path / name)
        assert torch.equal(target.x, channels_first(pixels))
        assert (target.x.dtype, target.x.is_contiguous(), target.notes) == (torch.uint8, True, ())


def test_grey_pictures_in_colour_files_are_grey_from_files_and_arrays(tmp_path):
    pixels = noise(3, channels=1).repeat(3, axis=3)
    write(tmp_path / "folder/a.png", png_of(pixels[0]))
    np.savez(tmp_path / "a.npz", pixels[:1])
    assert read_images(tmp_path / "folder").x.shape == read_images(tmp_path / "a.npz").x.shape == (1, 1, 16, 16)


@pytest.mark.parametrize("size", [SMALLEST, 33, LARGEST])
def test_images_keep_their_size(tmp_path, size):
    write(tmp_path / "a.png", png(size=(size, size)))
    assert read_images(tmp_path).x.shape == (1, 3, size, size)


def test_the_bounds_are_those_of_the_datasets():
    bounds = get_args(ImageSize)[1:]
    assert (bounds[0].ge, bounds[1].le) == (SMALLEST, LARGEST)


def test_order_and_pixels_are_those_of_torch_fidelity(tmp_path):
    from torch_fidelity.datasets import ImagesPathDataset
    from torch_fidelity.utils import glob_samples_paths

    names = ["10.png", "9.png", "a b.png", "A.PNG", "a-b.png", "ab.jpeg", "a.png", "é.png", "_.png", "a_b.jpg", "Z.png"]
    for i, name in enumerate(names):
        Image.fromarray(noise(1, seed=i)[0]).save(tmp_path / name)
    files = glob_samples_paths(str(tmp_path), False, "png,jpg,jpeg", verbose=False)
    theirs = ImagesPathDataset(files)
    assert torch.equal(read_images(tmp_path).x, torch.stack([theirs[i] for i in range(len(names))]))


def test_images_of_several_sizes_are_refused_with_the_sizes_and_what_to_type(tmp_path):
    for i in range(5):
        write(tmp_path / f"{i}.png", png(size=(32, 32) if i else (48, 40)))
    said = refusal(tmp_path)
    assert "images of 2 sizes" in said
    assert "32x32 (4), 48x40 (1)" in said
    assert "--image-size 32 " in said


def test_images_that_are_not_square_are_refused(tmp_path):
    write(tmp_path / "a.png", png(size=(48, 40)))
    said = refusal(tmp_path)
    assert "not square" in said
    assert "48x40 (1)" in said
    assert "--image-size 40" in said


@pytest.mark.parametrize(("size", "hint"), [(7, 8), (1025, 1024)])
def test_images_too_small_or_too_large_are_refused(tmp_path, size, hint):
    write(tmp_path / "folder/a.png", png(size=(size, size)))
    np.savez(tmp_path / "a.npz", noise(1, size=size))
    for name in ("folder", "a.npz"):
        said = refusal(tmp_path / name)
        assert f"images of {size}x{size} pixels" in said
        assert "ganzoo reads 8 to 1024" in said
        assert f"--image-size {hint} " in said


def test_a_size_that_is_asked_for_crops_the_middle_resizes_and_says_so(tmp_path):
    striped = np.zeros((1, 16, 32, 3), np.uint8)
    striped[:, :, 7:25] = 255  # the centre square is white, and so is what Pillow's filter sees beside it
    write(tmp_path / "folder/a.png", png_of(striped[0]))
    write(tmp_path / "folder/b.png", png((255, 255, 255), size=(8, 8)))
    np.savez(tmp_path / "a.npz", striped)
    folder, array = read_images(tmp_path / "folder", 8), read_images(tmp_path / "a.npz", 8)
    assert folder.x.shape == (2, 1, 8, 8)
    assert (folder.x == 255).all()
    assert folder.notes == ("1 of 2 images cropped to the centre square", "1 of 2 images are resized to 8x8")
    assert array.x.shape == (1, 1, 8, 8)
    assert (array.x == 255).all()
    assert array.notes == ("1 of 1 images cropped to the centre square", "1 of 1 images are resized to 8x8")


@pytest.mark.parametrize("size", [-1, 0, 7, 1025])
def test_a_size_out_of_range_is_a_matter_of_usage(tmp_path, size):
    write(tmp_path / "a.png")
    said = refusal(tmp_path, ConfigError, image_size=size)
    assert said == f"--image-size {size} is refused: it takes 8 to 1024"


def test_one_image_is_read(tmp_path):
    write(tmp_path / "a.png")
    np.savez(tmp_path / "a.npz", noise(1))
    assert len(read_images(tmp_path).x) == len(read_images(tmp_path / "a.npz").x) == 1


def test_what_is_done_to_pixels_and_what_is_left_out_is_noted(tmp_path):
    Image.new("RGBA", (8, 8), (0, 0, 0, 0)).save(tmp_path / "a.png")
    write(tmp_path / "words.txt", b"x")
    target = read_images(tmp_path)
    assert target.notes == ("ignored, no images: words.txt", "1 of 1 images composited on white")


# A folder inside the wrong folder


def test_class_folders_are_one_set_and_noted(tmp_path):
    for name, colour in {"b/1.png": GREEN, "a/2.png": RED, "a/x/1.png": BLUE}.items():
        write(tmp_path / "folder" / name, png(colour))
    (tmp_path / "folder/void").mkdir()
    make_zip(tmp_path / "a.zip", {"a/2.png": png(RED), "a/x/1.png": png(BLUE), "b/1.png": png(GREEN)})
    for name in ("folder", "a.zip"):
        target = read_images(tmp_path / name)
        assert [tuple(x[:, 0, 0].tolist()) for x in target.x] == [RED, BLUE, GREEN]
        assert target.notes == ("the images of 2 folders are one set: a (2), b (1)",)


@pytest.mark.parametrize("inner", ["samples", "train", "deep/er"])
def test_images_one_folder_further_down_are_read_and_noted(tmp_path, inner):
    for name in ("2.png", "1.png"):
        write(tmp_path / inner / name)
    target = read_images(tmp_path)
    assert (len(target.x), target.notes) == (2, (f"all 2 images lie in its folder {inner}",))


@pytest.mark.parametrize("names", [("train", "test"), ("real", "fake"), ("Generated", "reference", "other")])
def test_folders_that_are_several_sets_are_refused_with_one_to_name(tmp_path, names):
    for name in names:
        write(tmp_path / "a b" / "data" / name / "cat" / "1.png")
    said = refusal(tmp_path / "a b")
    assert "holds several sets of images: " in said
    assert f"{sorted(names)[0]} (1), " in said
    chosen = sorted(name for name in names if name != "other")[0]
    assert f"ganzoo evaluate '{tmp_path / 'a b' / 'data' / chosen}'" in said
    make_zip(tmp_path / "a.zip", {f"{name}/1.png": png() for name in names})
    assert "try:   a zip archive for each" in refusal(tmp_path / "a.zip")


def test_images_beside_folders_of_images_are_refused(tmp_path):
    write(tmp_path / "grid.png")
    write(tmp_path / "c0/a.png")
    write(tmp_path / "c0/b.png")
    said = refusal(tmp_path)
    assert "images both beside and inside the folders of " in said
    assert "beside: grid.png; inside: c0 (2)" in said


def make_run(path):
    write(path / "recipe.toml", b"")
    write(path / "samples/step-000500.png", png(size=(64, 64)))
    return path


def test_a_run_its_grids_and_a_folder_of_runs_are_named_as_what_they_are(tmp_path, monkeypatch):
    run = make_run(tmp_path / "runs/dcgan s0")
    make_run(tmp_path / "runs/wgan")
    wanted = f"try:   ganzoo evaluate '{run}'"
    assert "is a run, not a folder of images" in refusal(run)
    assert wanted in refusal(run)
    assert "holds the sample grids of a run, not single images" in refusal(run / "samples")
    assert wanted in refusal(run / "samples")
    assert "is a folder of runs, not of images\n  where: dcgan s0, wgan" in refusal(tmp_path / "runs")
    assert wanted in refusal(tmp_path / "runs")
    monkeypatch.chdir(run / "samples")
    assert "sample grids of a run" in refusal(type(run)("."))


def test_single_images_of_a_run_are_read(tmp_path):
    run = make_run(tmp_path / "run")
    write(run / "images-0/000000.png")
    assert len(read_images(run / "images-0").x) == 1


# Nothing there, or unreadable


@pytest.mark.parametrize("name", ["nowhere", "nowhere.zip", "nowhere.npz", "loop"])
def test_what_is_not_there_is_a_matter_of_data(tmp_path, name):
    (tmp_path / "loop").symlink_to("loop")
    assert f"no images at {tmp_path / name}" in refusal(tmp_path / name, DataError)


def test_a_folder_without_images_says_what_it_holds(tmp_path):
    write(tmp_path / "samples.npz", b"")
    write(tmp_path / "notes.txt", b"")
    said = refusal(tmp_path, DataError)
    assert "no images found in" in said
    assert "ignored, no images: notes.txt, samples.npz" in said
    make_zip(tmp_path / "a.zip", {"a.txt": b""})
    assert "no images found in" in refusal(tmp_path / "a.zip", DataError)


def test_unreadable_images_are_named_and_the_advice_is_not_that_of_training(tmp_path):
    write(tmp_path / "folder/a.png", png(size=(16, 16)))
    write(tmp_path / "folder/b.png", png_of(noise(1)[0])[:300])
    write(tmp_path / "folder/c.png", b"text")
    make_zip(tmp_path / "a.zip", {"c.png": b"text"})
    write(tmp_path / "b.zip", (tmp_path / "a.zip").read_bytes()[:30])
    said = refusal(tmp_path / "folder", DataError)
    assert "2 of 3 images unreadable: b.png (truncated), c.png (no image, or a damaged one)" in said
    assert "1 of 1 images unreadable: c.png" in refusal(tmp_path / "a.zip", DataError)
    assert "cannot open" in refusal(tmp_path / "b.zip", DataError)
    for name in ("folder", "a.zip", "b.zip"):
        advice = refusal(tmp_path / name, DataError).partition("try:")[2]
        assert "ganzoo evaluate takes" in advice
        assert "dataset" not in advice


@pytest.mark.parametrize(
    ("name", "found"),
    [
        ("step-1.pt", "is weights"),
        ("a.npy", "is no npy file"),
        ("a.rar", "is an archive, and neither zip nor tar"),
        ("a.PNG", "is a single image"),
        ("a.txt", "is no image file"),
        ("images", "is no image file"),
    ],
)
def test_other_files_are_named_as_what_they_are(tmp_path, name, found):
    assert f"{name} {found}" in refusal(write(tmp_path / name))


@pytest.mark.fault("a pipe is given where images are to be scored", "exit 3, and no waiting")
def test_a_pipe_is_refused_and_does_not_block(tmp_path):
    os.mkfifo(tmp_path / "a.npz")
    assert "a.npz is a pipe, a socket or a device, and no file" in refusal(tmp_path / "a.npz")
