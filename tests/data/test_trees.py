"""A tree of images reads the same from a folder, a zip and a tar archive."""

import pytest
import torch

from ganzoo.errors import DataError
from support.image_files import BLUE, GREEN, RED, TREES, load_tar, load_zip, make_tar, png

COLOURS = {"a": RED, "b": GREEN, "c": BLUE}


@pytest.fixture(params=TREES)
def read(request, tmp_path):
    """Return a function that writes a tree of files and loads it."""
    write, load = TREES[request.param]
    return lambda members, **options: load(write(tmp_path / f"tree.{request.param}", members), **options)


def test_class_folders_are_classes_and_colours_stay_with_them(read):
    samples = read({"b/2.png": png(GREEN), "a/1.png": png(RED), "c/": b"", "__MACOSX/a/._1.png": b"junk"})
    assert (samples.class_names, samples.y.tolist()) == (("a", "b"), [0, 1])
    assert samples.x[:, :, 0, 0].tolist() == [list(RED), list(GREEN)]
    assert samples.notes == ("class c has no images",)


@pytest.mark.parametrize("around", ["data/", "data/flowers/", "./data/", "data/a b/"])
def test_folders_around_the_class_folders_are_no_classes(read, around):
    members = {f"{around}b/2.png": png(GREEN), f"{around}a/1.png": png(RED), f"{around}c/": b""}
    samples = read(members | {"__MACOSX/data/a/._1.png": b"junk", "data/readme.txt": b"x"})
    assert (samples.class_names, samples.y.tolist()) == (("a", "b"), [0, 1])
    assert samples.notes == ("ignored, no images: data/readme.txt", "class c has no images")


def test_classes_at_different_depths_are_not_unwrapped(read):
    assert read({"a/deep/1.png": png(), "b/1.png": png()}).class_names == ("a", "b")


def test_names_with_backslashes_are_paths(read):
    samples = read({"data\\a\\1.png": png(RED), "data\\b\\2.png": png(GREEN)})
    assert (samples.class_names, samples.y.tolist()) == (("a", "b"), [0, 1])


@pytest.mark.parametrize("name", ["12:30:00.png", "2024-01-01 12:30/a.png", "ab:/x.png", "a..b.png"])
def test_a_colon_or_dots_in_a_name_lead_nowhere(read, name):
    assert len(read({name: png()})) == 1


def test_upper_case_suffixes_and_trailing_spaces_are_those_of_images(read):
    assert read({"a.PNG": png(), "b.Png": png(), "c.png ": png()}).notes == ()


def test_files_without_a_suffix_are_read_by_their_content(read):
    members = {"a/1f3a": png(RED), "a/scan.0001": png(), "b/photo.png_large": png(GREEN)}
    samples = read({**members, "README": b"words", "a/x.npy": png()})
    assert (len(samples), samples.y.tolist()) == (3, [0, 0, 1])
    assert samples.notes == ("ignored, no images: README, a/x.npy",)


def test_one_name_in_two_spellings_of_unicode_is_one_class(read):
    samples = read({"cafe\u0301/1.png": png(), "caf\u00e9/2.png": png(), "tea /3.png": png()})
    assert samples.class_names == ("caf\u00e9", "tea")
    assert samples.notes == ("folders that are one class: 'cafe\u0301', 'caf\u00e9'",)


def test_whole_numbers_are_classes_in_the_order_of_numbers(read):
    members = {f"{k}/{k}.png": png((k, k, k)) for k in range(12)}
    samples = read(members)
    assert samples.class_names == tuple(map(str, range(12)))
    assert torch.equal(samples.y, samples.x[:, 0, 0, 0].long())


@pytest.mark.parametrize(
    ("folders", "order"),
    [
        (["10", "9", "x"], ("10", "9", "x")),
        (["10", "-2", "9"], ("-2", "10", "9")),
        (["02", "1", "10"], ("1", "02", "10")),
        (["01", "1", "2"], ("01", "1", "2")),
        (["\u0663", "10", "9"], ("10", "9", "\u0663")),  # an Arabic digit
    ],
)
def test_other_names_are_sorted_as_text(read, folders, order):
    assert read({f"{name}/a.png": png() for name in folders}).class_names == order


# Splits


def test_train_is_read_beside_val_and_says_so(read):
    members = {"train/a/1.png": png(RED), "train/b/2.png": png(GREEN), "val/a/3.png": png(BLUE), "val/b/4.png": png()}
    samples = read(members)
    assert (samples.class_names, len(samples)) == (("a", "b"), 2)
    assert samples.x[:, :, 0, 0].tolist() == [list(RED), list(GREEN)]
    assert samples.notes == ("train/ is read, and val is not; --set dataset.split=val reads another split",)


def test_a_split_is_chosen_by_its_option(tmp_path):
    for kind, (write, load) in TREES.items():
        members = {"d/Training/1.png": png(RED), "d/test/2.png": png(GREEN), "d/valid/3.png": png(BLUE)}
        tree = write(tmp_path / f"tree.{kind}", members)
        assert load(tree, split="val").x[0, :, 0, 0].tolist() == list(BLUE)
        assert load(tree, split="test").x[0, :, 0, 0].tolist() == list(GREEN)


def test_a_cache_keeps_the_splits_of_one_archive_apart(tmp_path, place):
    for kind, (write, load) in TREES.items():
        tree = write(tmp_path / f"tree.{kind}", {"train/1.png": png(RED), "val/2.png": png(GREEN)})
        for split, colour in [("train", RED), ("val", GREEN), ("train", RED)]:
            assert load(tree, split=split, cache=True).x[0, :, 0, 0].tolist() == list(colour)


def test_the_other_split_is_held_out(tmp_path):
    from ganzoo.builtin.datasets.own_images import Folder

    write, _ = TREES["folder"]
    tree = str(write(tmp_path / "tree", {"train/1.png": png(RED), "val/2.png": png(GREEN), "test/3.png": png(BLUE)}))
    assert Folder(tree, image_size=8).held_out().load().x[0, :, 0, 0].tolist() == list(GREEN)
    assert Folder(tree, image_size=8, split="val").held_out().split == "test"
    assert Folder(str(tmp_path / "tree/train")).held_out() is None


def test_a_split_that_is_not_there_is_refused_with_one_that_is(tmp_path):
    write, load = TREES["folder"]
    tree = write(tmp_path / "tree", {"val/1.png": png(), "test/2.png": png()})
    with pytest.raises(DataError, match="has no split 'train'") as caught:
        load(tree)
    assert caught.value.hint == "--set dataset.split=val"
    with pytest.raises(DataError, match=r"has no splits(.|\n)*no folders"):
        load(tree / "val", split="val")


# Archives alone


@pytest.mark.fault(
    "an archive has entries with .., absolute paths or drive letters", "exit 3, and nothing is written", "F78"
)
@pytest.mark.parametrize("kind", ["zip", "tar"])
@pytest.mark.parametrize("name", ["../x.png", "/etc/x.png", "a/../../x.png", "..\\x.png", "C:/x.png", "c:\\x.png"])
def test_entries_that_escape_are_refused(tmp_path, kind, name):
    write, load = TREES[kind]
    tree = write(tmp_path / f"a.{kind}", {"ok.png": png(), name: png()})
    with pytest.raises(DataError, match="archive entry escapes target"):
        load(tree)


def test_a_repeated_entry_counts_once_as_after_unpacking(tmp_path):
    for members in ({"./a.png": png(RED), "a.png": png(GREEN)}, {"c\\a.png": png(RED), "c/a.png": png(GREEN)}):
        samples = load_tar(make_tar(tmp_path / "a.tar", members))
        assert samples.x[:, :, 0, 0].tolist() == [list(GREEN)]
        name = next(reversed(members))
        assert samples.notes == (f"entries that are repeated, of which the last counts: {name}",)


def test_names_in_utf_8_are_read_as_such_also_without_the_flag(tmp_path):
    import zipfile

    def write(encode):
        with zipfile.ZipFile(tmp_path / "a.zip", "w") as archive:
            archive.writestr(encode("caf\u00e9/1.png"), png())
        return load_zip(tmp_path / "a.zip").class_names

    assert write(str) == ("caf\u00e9",)
    flagged = write(lambda name: name)
    data = bytearray((tmp_path / "a.zip").read_bytes())
    for start, offset in ((b"PK\3\4", 6), (b"PK\1\2", 8)):
        place = data.index(start) + offset + 1
        data[place] &= ~8  # bit 11: the name is in UTF-8
    (tmp_path / "a.zip").write_bytes(data)
    assert load_zip(tmp_path / "a.zip").class_names == flagged == ("caf\u00e9",)
