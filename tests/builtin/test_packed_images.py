"""Shards, databases and parquet files: the samples that a folder of the same images gives, and what is refused."""

import itertools
import json
import sys

import pytest
import torch

from ganzoo.builtin.datasets.packed_images import HuggingFace, Lmdb, WebDataset
from ganzoo.data.shards import expand_braces, split_key
from ganzoo.errors import DataError
from ganzoo.machine import limits
from support.image_files import BLUE, GREEN, RED, load, make_folder, make_tar, png

IMAGES = {"cat": [png(RED), png(GREEN)], "dog": [png(BLUE)]}
FOLDER = {f"{name}/{i}.png": data for name, images in IMAGES.items() for i, data in enumerate(images)}


@pytest.fixture
def folder(tmp_path):
    return load(make_folder(tmp_path / "folder", FOLDER))


def same(samples, folder):
    return (
        torch.equal(samples.x[:], folder.x[:])
        and samples.y.tolist() == folder.y.tolist()
        and samples.class_names == folder.class_names
    )


# WebDataset


def shards(path, **labels):
    """Two shards: two cats, then a dog."""
    for shard, (name, images) in enumerate(IMAGES.items()):
        members = {}
        for i, data in enumerate(images):
            members |= {f"deep/{i:04}.png": data} | {
                f"deep/{i:04}.{kind}": label(name) for kind, label in labels.items()
            }
        make_tar(path / f"train-{shard:03}.tar", members)
    return path


@pytest.mark.parametrize("pattern", ["train-{000..001}.tar", "train-*.tar", "train-{000,001}.tar", ""])
def test_shards_are_one_set_with_the_classes_of_their_labels(tmp_path, folder, pattern):
    shards(tmp_path, cls=lambda name: name.encode() + b"\n")
    samples = WebDataset(str(tmp_path / pattern), image_size=8).load()
    assert same(samples, folder)
    assert "labels are those of cls.json: 2 classes" in samples.notes
    assert WebDataset(str(tmp_path / pattern), image_size=8, labels="none").load().class_names == ("unlabelled",)


def test_labels_may_be_in_json_files(tmp_path, folder):
    shards(tmp_path, json=lambda name: json.dumps({"label": name, "caption": "a"}).encode())
    assert same(WebDataset(str(tmp_path), image_size=8).load(), folder)


def test_numbers_of_classes_are_sorted_as_numbers(tmp_path):
    members = {f"{i}.{kind}": data for i in (2, 10, 1) for kind, data in (("png", png()), ("cls", str(i).encode()))}
    samples = WebDataset(str(make_tar(tmp_path / "a.tar", members)), image_size=8).load()
    assert (samples.class_names, samples.y.tolist()) == (("1", "2", "10"), [1, 2, 0])


def test_samples_without_labels_are_one_class_whatever_their_folders(tmp_path):
    assert WebDataset(str(shards(tmp_path)), image_size=8).load().class_names == ("unlabelled",)


def test_braces_and_keys_are_those_of_webdataset():
    assert [*expand_braces("a{08..10}b{x,y}")] == ["a08bx", "a08by", "a09bx", "a09by", "a10bx", "a10by"]
    assert split_key("a.b/0001.seg.PNG") == ("a.b/0001", "seg.png")


def test_a_missing_shard_two_images_of_a_sample_and_a_missing_label_are_refused(tmp_path):
    shards(tmp_path, cls=lambda name: name.encode())
    with pytest.raises(DataError, match="1 of 3 shards are not there") as caught:
        WebDataset(str(tmp_path / "train-{000..002}.tar")).load()
    assert caught.value.where.endswith("train-002.tar")
    make_tar(tmp_path / "two.tar", {"1.png": png(), "1.jpg": png()})
    with pytest.raises(DataError, match="several images: png, jpg"):
        WebDataset(str(tmp_path / "two.tar")).load()
    make_tar(tmp_path / "some.tar", {"1.png": png(), "1.cls": b"0", "2.png": png()})
    with pytest.raises(DataError, match="label"):
        WebDataset(str(tmp_path / "some.tar")).load()


# LMDB


def fill(path, items, subdir=True):
    lmdb = pytest.importorskip("lmdb")
    with lmdb.open(str(path), subdir=subdir, map_size=2**20) as database, database.begin(write=True) as transaction:
        for key, value in items.items():
            transaction.put(key.encode(), value)
    return path


def test_each_database_of_a_folder_is_a_class(tmp_path, folder):
    (tmp_path / "databases").mkdir()
    for name, images in IMAGES.items():
        fill(tmp_path / "databases" / name, {f"{i:x}": data for i, data in enumerate(images)} | {"length": b"2"})
    assert same(Lmdb(str(tmp_path / "databases"), image_size=8).load(), folder)
    assert Lmdb(str(tmp_path / "databases/dog"), image_size=8).load().class_names == ("unlabelled",)


def test_the_largest_of_several_sizes_is_read(tmp_path):
    sizes = {f"{size}-{i:05}": png(RED, (size, size)) for size in (8, 16, 128) for i in range(3)}
    samples = Lmdb(str(fill(tmp_path / "a.lmdb", sizes, subdir=False)), image_size=128).load()
    assert len(samples) == 3
    assert samples.notes == ("a.lmdb: of the sizes 8, 16, 128, the largest is read",)


# Parquet


def parquet(path, images, features=None, rows_per_group=2, **columns):
    pa = pytest.importorskip("pyarrow")
    from pyarrow import parquet

    table = pa.table({"image": [{"bytes": data, "path": None} for data in images], **columns})
    if features:
        table = table.replace_schema_metadata({"huggingface": json.dumps({"info": {"features": features}})})
    path.parent.mkdir(parents=True, exist_ok=True)
    parquet.write_table(table, path, row_group_size=rows_per_group)
    return path


ALL = [data for images in IMAGES.values() for data in images]
FEATURES = {"image": {"_type": "Image"}, "label": {"names": ["cat", "dog"], "_type": "ClassLabel"}}


def test_classes_have_the_names_that_the_schema_gives(tmp_path, folder):
    parquet(tmp_path / "data/train-00000-of-00002.parquet", ALL[:2], FEATURES, label=[0, 0])
    parquet(tmp_path / "data/train-00001-of-00002.parquet", ALL[2:], FEATURES, label=[1])
    parquet(tmp_path / "data/test-00000-of-00001.parquet", ALL[1:], FEATURES, label=[0, 1])
    dataset = HuggingFace(str(tmp_path / "data"), image_size=8)
    assert same(dataset.load(), folder)
    assert len(dataset.held_out().load()) == 2
    assert "labels are those of label.json: 2 classes" in dataset.load().notes


def test_of_two_columns_of_labels_one_is_chosen(tmp_path):
    fine = {"names": ["a", "b", "c"], "_type": "ClassLabel"}
    features = {"img": {"_type": "Image"}, "fine_label": fine, "coarse_label": FEATURES["label"]}
    path = parquet(tmp_path / "a.parquet", ALL, fine_label=[2, 0, 1], coarse_label=[0, 0, 1], features=features)
    path = parquet(
        path, ALL, features | {"image": {"_type": "Image"}, "img": 0}, fine_label=[2, 0, 1], coarse_label=[0, 0, 1]
    )
    with pytest.raises(DataError, match="2 files give labels") as caught:
        HuggingFace(str(path)).load()
    assert caught.value.hint == "--set dataset.labels=fine_label.json"
    samples = HuggingFace(str(path), image_size=8, labels="fine_label.json").load()
    assert (samples.class_names, samples.y.tolist()) == (("a", "b", "c"), [2, 0, 1])


def test_files_without_such_a_schema_are_read_too(tmp_path):
    samples = HuggingFace(str(parquet(tmp_path / "a.parquet", ALL, label=[5, 5, 7])), image_size=8).load()
    assert (samples.class_names, samples.y.tolist()) == (("5", "7"), [0, 0, 1])


# All


@pytest.mark.parametrize("kind", [WebDataset, Lmdb, HuggingFace])
def test_processes_that_stream_read_what_one_process_reads(tmp_path, monkeypatch, kind):
    images = [png((i * 20, 0, 0)) for i in range(9)]
    if kind is WebDataset:
        path = make_tar(tmp_path / "a.tar", {f"{i}.png": data for i, data in enumerate(images)})
    elif kind is Lmdb:
        path = fill(tmp_path / "a", {str(i): data for i, data in enumerate(images)})
    else:
        path = parquet(tmp_path / "a.parquet", images)
    monkeypatch.setattr(limits, "available_bytes", lambda: 1000)
    stream = kind(str(path), image_size=8, workers=2).load().x.stream(itertools.cycle([8, 0, 3]))
    levels = torch.cat([next(stream)[:, 0, 0, 0] for _ in range(3)])
    stream.close()
    assert levels.tolist() == [[160, 0, 60][i % 3] for i in range(len(levels))]


@pytest.mark.parametrize("kind", [WebDataset, Lmdb, HuggingFace])
def test_what_is_no_such_file_is_refused(tmp_path, kind):
    (tmp_path / "a.tar").write_bytes(b"text" * 300)
    (tmp_path / "a.parquet").write_bytes(b"text")
    (tmp_path / "a.lmdb").write_bytes(b"text")
    for path in ("no", "a.tar", "a.parquet", "a.lmdb"):
        with pytest.raises(DataError):
            kind(str(tmp_path / path)).load()


@pytest.mark.parametrize(("kind", "package", "extra"), [(Lmdb, "lmdb", "lmdb"), (HuggingFace, "pyarrow", "parquet")])
def test_a_package_that_is_absent_is_named_with_the_extra_that_installs_it(tmp_path, monkeypatch, kind, package, extra):
    for name in ("lmdb", "pyarrow", "pyarrow.parquet"):
        monkeypatch.setitem(sys.modules, name, None)
    (tmp_path / "data.mdb").touch()
    (tmp_path / "a.parquet").touch()
    with pytest.raises(DataError, match=f"needs the package {package}") as caught:
        kind(str(tmp_path)).load()
    assert caught.value.hint == f"pip install 'ganzoo-torch[{extra}]'"
