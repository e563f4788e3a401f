"""Images to be scored: read as they are, from a folder, a zip or an npz file, or refused in words."""

import io
import os
import re
import zipfile
from typing import get_args

import numpy as np
import pytest
import torch
from PIL import Image

from ganzoo.data.decoding import ImageSize
from ganzoo.errors import ConfigError, DataError, EvaluationError, ResourceError
from ganzoo.evaluation import npz
from ganzoo.evaluation.image_sets import read_images
from ganzoo.evaluation.image_sizes import LARGEST, SMALLEST
from ganzoo.runs.evaluate_images import refuse_runs
from support.image_files import BLUE, GREEN, RED, make_zip, png, write

torch.set_num_threads(1)


def noise(count, size=16, channels=3, seed=0):
    """uint8 (N, H, W, C)."""
    return np.random.default_rng(seed).integers(0, 256, (count, size, size, channels), dtype=np.uint8)


def png_of(pixels):
    stream = io.BytesIO()
    Image.fromarray(pixels.squeeze()).save(stream, "PNG")
    return stream.getvalue()


def channels_first(pixels):
    return torch.from_numpy(pixels).permute(0, 3, 1, 2)


def refusal(path, kind=EvaluationError, **options):
    """The error that reading raises, in all its parts."""
    with pytest.raises(kind) as caught:
        refuse_runs(path)
        read_images(path, **options)
    assert type(caught.value) is kind
    return str(caught.value)


# Folders and archives


def members(pixels):
    return {f"{i:03}.png": png_of(image) for i, image in enumerate(pixels)}


@pytest.mark.parametrize("channels", [1, 3])
def test_folder_zip_and_npz_of_one_set_are_the_same_to_the_pixel(tmp_path, channels):
    pixels = noise(12, channels=channels)
    for name, data in members(pixels).items():
        write(tmp_path / "folder" / name, data)
    make_zip(tmp_path / "images.zip", members(pixels))
    np.savez(tmp_path / "images.npz", pixels)
    for name in ("folder", "images.zip", "images.npz"):
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


@pytest.mark.xdist_group("torchvision")
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
    assert "--image-size 32, which crops" in said


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
        assert f"--image-size {hint}," in said


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
    assert array.notes == ("1 of 1 images are resized to 8x8",)


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
    write(tmp_path / "labels.csv", b"x")
    target = read_images(tmp_path)
    assert target.notes == ("ignored, no images: labels.csv", "1 of 1 images composited on white")


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
        ("a.npy", "is a bare array"),
        ("a.tar.gz", "is an archive, and no zip"),
        ("a.PNG", "is a single image"),
        ("a.txt", "is no image file"),
        ("images", "is no image file"),
    ],
)
def test_other_files_are_named_as_what_they_are(tmp_path, name, found):
    assert f"{name} {found}" in refusal(write(tmp_path / name))


def test_a_pipe_is_refused_and_does_not_block(tmp_path):
    os.mkfifo(tmp_path / "a.npz")
    assert "a.npz is no image file" in refusal(tmp_path / "a.npz")


# Arrays


def save(path, *unnamed, **named):
    np.savez(path, *unnamed, **named)
    return path


@pytest.mark.parametrize("channels", [1, 3])
def test_channels_may_come_first_or_last(tmp_path, channels):
    pixels = noise(4, channels=channels)
    last = read_images(save(tmp_path / "last.npz", pixels))
    first = read_images(save(tmp_path / "first.npz", pixels.transpose(0, 3, 1, 2)))
    assert torch.equal(last.x, channels_first(pixels))
    assert torch.equal(first.x, channels_first(pixels))


def test_grey_images_may_come_without_channels(tmp_path):
    pixels = noise(4, channels=1)
    assert torch.equal(read_images(save(tmp_path / "a.npz", pixels[..., 0])).x, channels_first(pixels))


def test_compressed_files_are_read(tmp_path):
    np.savez_compressed(tmp_path / "a.npz", noise(3))
    assert len(read_images(tmp_path / "a.npz").x) == 3


@pytest.mark.parametrize("names", [("x",), ("images", "labels"), ("arr_0", "arr_1"), ("arr_0", "images")])
def test_the_only_array_is_read_else_images_else_the_first_unnamed(tmp_path, names):
    pixels = noise(2)
    chosen = "images" if "images" in names else names[0]
    others = {name: np.zeros(2) for name in names if name != chosen}
    target = read_images(save(tmp_path / "a.npz", **{chosen: pixels}, **others))
    assert torch.equal(target.x, channels_first(pixels))
    assert [f"read the array {chosen} of " in note for note in target.notes] == [True] * (len(names) - 1)


WITH_NAN = np.where(noise(2) > 9, np.float32(0.5), np.float32("nan"))


@pytest.mark.parametrize(
    ("content", "found"),
    [
        ({"x": (noise(2) / 127.5 - 1).astype(np.float32)}, r"float32 \(2, 16, 16, 3\) from -1 to 1"),
        ({"x": WITH_NAN}, r"float32 \(2, 16, 16, 3\) with nan or inf"),
        ({"x": noise(2).astype(np.int64)}, r"int64 \(2, 16, 16, 3\) from 0 to 255"),
        ({"x": np.zeros((2, 16, 16), bool)}, r"bool \(2, 16, 16\)"),
        ({"x": np.zeros((0, 16, 16, 3), np.float32)}, r"float32 \(0, 16, 16, 3\)"),
        ({"x": np.array(["a.png"])}, r"<U5 \(1,\)"),
        ({"x": noise(2)[:0]}, r"no image: \(0, 16, 16, 3\)"),
        ({"x": noise(2)[:, :0]}, r"no image: \(2, 0, 16, 3\)"),
        ({"x": noise(2).reshape(2, -1)}, r"uint8 \(2, 768\)"),
        ({"x": np.uint8(3)}, r"uint8 \(\)"),
        ({"x": noise(2)[None]}, r"uint8 \(1, 2, 16, 16, 3\)"),
        ({"x": noise(2, channels=4)}, r"uint8 \(2, 16, 16, 4\)"),
        ({"x": noise(2)[:, :3]}, r"\(2, 3, 16, 3\), where channels may come first or last"),
        ({"x": noise(1)[0]}, r"\(16, 16, 3\), which may be one colour image: images\[None\]"),
        ({"x": noise(3, channels=1)[..., 0]}, r"\(3, 16, 16\), which may be one colour image"),
        ({"x": np.array([noise(1), "a"], dtype=object)}, "Python objects"),
        ({"mu": np.zeros(3), "sigma": np.eye(3)}, "mu, sigma, the statistics of images, and no array called images"),
        ({"fake": noise(2), "real": noise(2)}, "fake, real and no array called images"),
    ],
    ids=lambda value: re.sub(r"\W+", " ", value) if isinstance(value, str) else "",
)
def test_arrays_that_are_no_images_are_refused_with_what_was_found_and_what_is_expected(tmp_path, content, found):
    said = refusal(save(tmp_path / "a.npz", **content))
    assert re.search(f"a.npz holds {found}", said)
    assert "a uint8 array (N, H, W, C), (N, C, H, W) or (N, H, W), C = 1 or 3" in said


def test_files_that_are_no_npz_are_refused_with_what_they_are(tmp_path):
    whole = save(tmp_path / "whole.npz", noise(2)).read_bytes()
    np.save(bare := io.BytesIO(), noise(2))
    assert "a.npz is cut off" in refusal(write(tmp_path / "a.npz", whole[:-30]))
    assert "a.npz is a bare array" in refusal(write(tmp_path / "a.npz", bare.getvalue()))
    assert "a.npz is no npz file" in refusal(write(tmp_path / "a.npz", b"text"))
    assert "a.npz is no npz file" in refusal(write(tmp_path / "a.npz", b""))
    assert "a.npz holds other files, and no array" in refusal(make_zip(tmp_path / "a.npz", {"a.png": png()}))
    assert "a.npz holds nothing and no array" in refusal(make_zip(tmp_path / "a.npz", {}))


def test_damage_anywhere_is_refused_or_harmless(tmp_path):
    pixels = noise(2, size=8)
    whole = save(tmp_path / "a.npz", pixels).read_bytes()
    refused = 0
    for position in range(0, len(whole), 5):
        write(tmp_path / "a.npz", whole[:position] + bytes([whole[position] ^ 4]) + whole[position + 1 :])
        try:
            assert torch.equal(read_images(tmp_path / "a.npz").x, channels_first(pixels))
        except EvaluationError:
            refused += 1
    assert refused > len(whole) / 5 / 2


def test_an_array_that_claims_more_than_it_holds_is_damaged(tmp_path):
    header = (
        np.lib.format.magic(1, 0) + b"v\0" + b"{'descr': '|u1', 'fortran_order': False, 'shape': (9999999, 9999, 99), }"
    )
    with zipfile.ZipFile(tmp_path / "a.npz", "w") as archive:
        archive.writestr("arr_0.npy", header.ljust(128) + b"\n")
    assert "a.npz is damaged (" in refusal(tmp_path / "a.npz")


def test_more_than_memory_holds_is_refused_unread(tmp_path, monkeypatch):
    path = save(tmp_path / "a.npz", noise(100))
    monkeypatch.setattr(npz, "available_bytes", lambda: 100_000)
    assert "a.npz holds 0.0 GiB of images" in refusal(path, ResourceError)
    monkeypatch.setattr(npz, "available_bytes", lambda: 200_000)
    assert len(read_images(path).x) == 100


def test_labels_beside_the_images_do_not_count_as_memory(tmp_path, monkeypatch):
    path = save(tmp_path / "a.npz", noise(10), np.zeros(100_000))
    monkeypatch.setattr(npz, "available_bytes", lambda: 20_000)
    assert len(read_images(path).x) == 10
