"""Files of numpy: which arrays are the images and the labels, and files that are read piece by piece."""

import numpy as np
import pytest
import torch

from ganzoo.builtin.datasets.arrays import Npy, Npz
from ganzoo.data.array_files import read_npy, read_npz
from ganzoo.errors import DataError
from support.image_sets import channels_first, noise

PIXELS = noise(6, size=8)
Y = np.array([0, 1, 1, 0, 2, 2])


def save(path, **arrays):
    np.savez(path / "a.npz", **arrays)
    return path / "a.npz"


@pytest.mark.parametrize(
    ("images", "labels"),
    [
        *[("images", "labels"), ("arr_0", "arr_1"), ("x_train", "y_train"), ("X", "y"), ("samples", "label")],
        *[("train_images", "train_labels"), ("data", "targets"), ("pictures", "y")],
    ],
)
def test_usual_names_are_found_beside_others(tmp_path, images, labels):
    others = {"ids": np.arange(6), "y_test": Y[:2], "mean": np.zeros(3)}
    x, y, names, notes = read_npz(save(tmp_path, **{images: PIXELS, labels: Y}, **others))
    assert torch.equal(x, channels_first(PIXELS))
    assert (y.tolist(), names) == (Y.tolist(), ("0", "1", "2"))
    assert any(f"labels of 3 classes are those of {labels}" in note for note in notes)


def test_the_training_part_is_meant_where_there_are_several(tmp_path):
    path = save(tmp_path, x_train=PIXELS[:4], y_train=Y[:4], x_test=PIXELS[4:], y_test=Y[4:])
    assert len(read_npz(path).x) == 4
    test = read_npz(path, key="x_test")
    assert (len(test.x), test.class_names) == (2, ("2",))


def test_several_arrays_that_may_be_meant_are_named_with_the_option_that_chooses(tmp_path):
    path = save(tmp_path, images=PIXELS, x=PIXELS[:5])
    with pytest.raises(DataError, match=r"may be the images: images \(6, 8, 8, 3\), x \(5, 8, 8, 3\)") as caught:
        read_npz(path)
    assert caught.value.hint == "--set dataset.key=images"
    assert len(read_npz(path, key="x").x) == 5
    path = save(tmp_path, pictures=PIXELS, y=Y, label=Y)
    with pytest.raises(DataError, match="may be the labels: y, label") as caught:
        read_npz(path)
    assert caught.value.hint == "--set dataset.labels=y"
    assert read_npz(path, labels="label").class_names == ("0", "1", "2")
    assert read_npz(path, labels="none").class_names == ("unlabelled",)


def test_a_name_that_is_not_there_is_refused_with_those_that_are(tmp_path):
    path = save(tmp_path, images=PIXELS)
    for option in ("key", "labels"):
        with pytest.raises(DataError, match="no array 'foo'") as caught:
            read_npz(path, **{option: "foo"})
        assert (caught.value.where, caught.value.hint) == ("it has images", f"--set dataset.{option}=images")


def test_what_only_looks_like_labels_is_noted_and_refused_where_it_was_named(tmp_path):
    path = save(tmp_path, arr_0=PIXELS, arr_1=np.zeros((6, 128)))
    _, y, names, notes = read_npz(path)
    assert (y.tolist(), names) == ([0] * 6, ("unlabelled",))
    assert notes[1].startswith("images without labels: arr_1 holds float64 (6, 128)")
    with pytest.raises(DataError, match="no labels of 6 images"):
        read_npz(save(tmp_path, arr_0=PIXELS, arr_1=np.zeros((5, 128))), labels="arr_1")


def test_pickled_objects_are_not_read(tmp_path):
    path = save(tmp_path, images=PIXELS, y=np.array([{}] * 6, dtype=object))
    with pytest.raises(DataError, match="holds Python objects"):
        read_npz(path)


def test_bytes_of_an_npy_file_stay_in_it(tmp_path):
    np.save(tmp_path / "images.npy", PIXELS)
    np.save(tmp_path / "labels.npy", Y)
    x, y, _, _ = read_npy(tmp_path / "images.npy")
    assert torch.equal(x, channels_first(PIXELS)) and y.tolist() == Y.tolist()
    other = np.load(tmp_path / "images.npy", mmap_mode="r+")
    other[0, 0, 0] = [1, 2, 3]  # what changes in the file changes here: it is not read at once
    other.flush()
    assert x[0, :, 0, 0].tolist() == [1, 2, 3]


def test_labels_of_an_npy_file_lie_beside_it_or_elsewhere(tmp_path):
    np.save(tmp_path / "x.npy", PIXELS)
    np.save(tmp_path / "z.npy", Y)
    (tmp_path / "deep").mkdir()
    np.save(tmp_path / "deep/z.npy", Y[::-1])
    assert read_npy(tmp_path / "x.npy").class_names == ("unlabelled",)
    assert read_npy(tmp_path / "x.npy", labels="z.npy").y.tolist() == Y.tolist()
    assert read_npy(tmp_path / "x.npy", labels=str(tmp_path / "deep/z.npy")).y.tolist() == Y[::-1].tolist()
    with pytest.raises(DataError, match=r"cannot read .*no\.npy"):
        read_npy(tmp_path / "x.npy", labels="no.npy")
    np.save(tmp_path / "y.npy", Y)
    assert read_npy(tmp_path / "x.npy").class_names == ("0", "1", "2")
    assert read_npy(tmp_path / "x.npy", labels="none").class_names == ("unlabelled",)


# Datasets


def test_images_keep_their_size_unless_another_is_asked_for(tmp_path):
    path = save(tmp_path, images=noise(3, size=20))
    assert Npz(str(path)).load().x.shape == (3, 3, 20, 20)
    assert Npz(str(path), image_size=8).load().x.shape == (3, 3, 8, 8)


@pytest.mark.parametrize(("height", "width"), [(20, 16), (4, 4), (8, 4)])
def test_other_shapes_are_refused_until_a_size_is_asked_for(tmp_path, height, width):
    path = save(tmp_path, images=np.resize(PIXELS, (2, height, width, 3)))
    with pytest.raises(DataError, match=f"images of {width}x{height} pixels") as caught:
        Npz(str(path)).load()
    size = int(caught.value.hint.split()[1].rstrip(","))
    assert Npz(str(path), image_size=size).load().x.shape == (2, 3, size, size)
    with pytest.raises(DataError):
        Npz(str(path), image_size=5).load()


def test_npy_and_npz_of_one_set_are_the_same_samples(tmp_path):
    np.save(tmp_path / "x.npy", PIXELS)
    np.save(tmp_path / "y.npy", Y)
    one, other = Npy(str(tmp_path / "x.npy")).load(), Npz(str(save(tmp_path, x=PIXELS, y=Y))).load()
    assert one.digests == other.digests


@pytest.mark.parametrize("kind", [Npz, Npy])
def test_what_is_no_such_file_is_refused(tmp_path, kind):
    (tmp_path / "a.npz").write_bytes(b"text")
    for path, words in ((tmp_path, "cannot read"), (tmp_path / "no", "cannot read"), (tmp_path / "a.npz", "is no np")):
        with pytest.raises(DataError, match=words):
            kind(str(path)).load()


def test_floats_are_read_as_numbers_and_labels_as_vectors_if_asked(tmp_path):
    x = np.linspace(-1, 1, 6 * 5 * 4, dtype=np.float64).reshape(6, 5, 4)
    angle = np.linspace(0, 1, 12).reshape(6, 2)
    path = save(tmp_path, x=x, angle=angle)
    samples = Npz(str(path), labels="angle", numbers=True).load()
    assert samples.x.dtype == samples.y.dtype == torch.float32
    assert np.array_equal(samples.x.numpy(), x.astype(np.float32)) and samples.spec.label_shape == (2,)
    assert np.array_equal(samples.y.numpy(), angle.astype(np.float32)) and not samples.spec.images
    assert Npz(str(path), numbers=True).load().y.tolist() == [0] * 6  # no labels by a usual name
    np.save(tmp_path / "x.npy", x.astype(np.float32))
    assert torch.equal(Npy(str(tmp_path / "x.npy"), numbers=True).load().x, samples.x)


@pytest.mark.parametrize(
    ("x", "said"),
    [
        (PIXELS, "takes floats"),
        (np.array([[0.0, 1.5]]), "lies in .-1, 1."),
        (np.array([[0.0, np.nan]]), "with nan or inf"),
        (np.zeros(4), "takes floats"),
    ],
)
def test_what_is_no_set_of_numbers_is_refused(tmp_path, x, said):
    with pytest.raises(DataError, match=said):
        Npz(str(save(tmp_path, x=x)), numbers=True).load()


def test_vectors_that_nobody_asked_for_are_a_note_as_before(tmp_path):
    samples = Npz(str(save(tmp_path, x=PIXELS, y=np.linspace(0, 1, 12).reshape(6, 2)))).load()
    assert samples.y.dtype == torch.int64 and "images without labels" in " ".join(samples.notes)
