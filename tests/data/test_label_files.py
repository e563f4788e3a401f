"""Labels that lie in a file beside the images."""

import json

import pytest

from ganzoo.data.label_files import parse_labels
from ganzoo.errors import DataError
from support.image_files import TREES, load, make_folder, png

FLAT = {f"{i}.png": png((40 * i, 0, 0)) for i in range(4)}
PAIRS = [["0.png", 1], ["1.png", 0], ["2.png", 1], ["3.png", 0]]
ROWS = [("0.png", "cat"), ("1.png", "dog"), ("2.png", "cat"), ("3.png", "dog")]


def lines(*rows, sep=","):
    return "\n".join(sep.join(map(str, row)) for row in rows).encode()


def records(rows, file="file_name", label="label"):
    return "\n".join(json.dumps({file: name, label: value}) for name, value in rows).encode()


@pytest.mark.parametrize("kind", TREES)
@pytest.mark.parametrize("around", ["", "data/"])
def test_shards_of_stylegan_are_no_classes_and_its_labels_are(tmp_path, kind, around):
    names = [f"{i // 2:05}/img{i}.png" for i in range(6)]
    members = {around + name: png((40 * i, 0, 0)) for i, name in enumerate(names)}
    members[f"{around}dataset.json"] = json.dumps({"labels": [[name, i % 3] for i, name in enumerate(names)]}).encode()
    write, read = TREES[kind]
    samples = read(write(tmp_path / f"tree.{kind}", members))
    assert (samples.class_names, samples.y.tolist()) == (("0", "1", "2"), [0, 1, 2, 0, 1, 2])
    assert samples.notes == (f"labels are those of {around}dataset.json: 3 classes",)


def test_shards_without_labels_are_one_class_where_the_file_says_so(tmp_path):
    shards = {f"{i // 2:05}/img{i}.png": png() for i in range(4)}
    samples = load(make_folder(tmp_path / "a", shards | {"dataset.json": b'{"labels": null}'}))
    assert (samples.class_names, samples.notes) == (("unlabelled",), ("dataset.json holds no labels: not read",))
    classes = {f"{name}/{i}.png": png() for i, name in enumerate("ab")}
    assert load(make_folder(tmp_path / "b", classes | {"dataset.json": b'{"labels": null}'})).class_names == ("a", "b")


def test_folders_that_look_like_shards_are_named(tmp_path, monkeypatch):
    monkeypatch.setattr("ganzoo.data.classes.SHARD", 2)
    samples = load(make_folder(tmp_path, {f"{i // 2:05}/{i}.png": png() for i in range(5)}))
    assert samples.class_names == ("00000", "00001", "00002")
    assert samples.notes[0].endswith("parts of one set; --set dataset.labels=none reads them as one class")
    assert load(tmp_path, labels="none").class_names == ("unlabelled",)


@pytest.mark.parametrize(
    ("name", "content"),
    [
        ("dataset.json", json.dumps({"labels": PAIRS}).encode()),
        ("dataset.json", json.dumps({"labels": dict(PAIRS)}).encode()),
        ("labels.json", json.dumps(PAIRS).encode()),
        ("labels.json", json.dumps(dict(PAIRS)).encode()),
        ("metadata.json", json.dumps([{"image": name, "class": k} for name, k in PAIRS]).encode()),
        ("metadata.jsonl", records(PAIRS)),
        ("labels.jsonl", records(PAIRS, "path", "class")),
        ("metadata.csv", lines(("file_name", "label"), *PAIRS)),
        ("Labels.CSV", lines(("id", "Class", "Filename"), *[(9, k, name) for name, k in PAIRS])),
        ("labels.csv", b"\xef\xbb\xbf" + lines(("file", "label"), *PAIRS)),
        ("labels.csv", lines(*PAIRS)),
        ("labels.csv", lines(("file", "label"), *PAIRS, sep=";")),
        ("labels.tsv", lines(("file", "label"), *PAIRS, sep="\t")),
        ("labels.csv", lines(("file", "label"), *[(f" ./{name} ", f" {k} ") for name, k in PAIRS])),
        ("labels.csv", lines(("file", "label"), *[(name[:-4], k) for name, k in PAIRS])),
        ("labels.csv", lines(("file", "label"), *[("photos\\" + name, k) for name, k in PAIRS])),
    ],
)
def test_a_file_beside_flat_images_gives_their_labels(tmp_path, name, content):
    samples = load(make_folder(tmp_path, FLAT | {name: content}))
    assert (samples.class_names, samples.y.tolist()) == (("0", "1"), [1, 0, 1, 0])
    assert len(samples.notes) == 1
    assert name in samples.notes[0] and samples.notes[0].endswith(": 2 classes")


def test_images_in_a_folder_beside_the_file_are_found_by_path_or_name(tmp_path):
    for number, prefix in enumerate(["images/", ""]):
        members = {f"images/{name}": data for name, data in FLAT.items()}
        rows = [(prefix + name, label) for name, label in ROWS]
        tree = make_folder(tmp_path / str(number), members | {"labels.csv": lines(("file", "label"), *rows)})
        assert load(tree).class_names == ("cat", "dog")


def test_each_split_has_its_own_file(tmp_path):
    members = {f"{split}/{name}": data for split in ("train", "test") for name, data in FLAT.items()}
    members["train/metadata.csv"] = lines(("file_name", "label"), *ROWS)
    samples = load(make_folder(tmp_path, members | {"test/metadata.csv": lines(("file_name", "text"), ("0.png", "x"))}))
    assert samples.y.tolist() == [0, 1, 0, 1]
    assert samples.notes[1] == "labels are the column label of train/metadata.csv: 2 classes"


def test_one_file_labels_a_split_though_the_other_has_no_labels(tmp_path):
    members = {f"{split}/{i}{split}.png": png() for split in ("train", "test") for i in range(2)}
    rows = [("train/0train.png", "a"), ("train/1train.png", "b")]
    samples = load(make_folder(tmp_path, members | {"labels.csv": lines(("file", "label"), *rows)}))
    assert samples.class_names == ("a", "b")


def test_numbers_are_classes_in_their_order_and_a_gap_is_noted(tmp_path):
    rows = [("0.png", 10), ("1.png", 9), ("2.png", 7), ("3.png", 10)]
    samples = load(make_folder(tmp_path, FLAT | {"labels.csv": lines(("file", "label"), *rows)}))
    assert (samples.class_names, samples.y.tolist()) == (("7", "9", "10"), [2, 1, 0, 2])
    assert samples.notes[-1] == "class 8 has no images"


def test_a_table_without_labels_is_named_and_changes_nothing(tmp_path):
    content = lines(("file_name", "text"), ("0.png", "a cat"))
    samples = load(make_folder(tmp_path, FLAT | {"metadata.csv": content}))
    assert samples.class_names == ("unlabelled",)
    assert samples.notes == ("metadata.csv has no columns file_name and label (it has file_name, text): not read",)


# Contradictions


def refusal(tmp_path, members, **options):
    with pytest.raises(DataError) as caught:
        load(make_folder(tmp_path, members), **options)
    assert caught.value.hint.startswith("--set dataset.labels=")
    name, value = caught.value.hint.removeprefix("--set dataset.").split("=")
    assert len(load(tmp_path, **(options | {name: value}))) > 0  # the hint leads on
    return str(caught.value)


def test_an_image_without_a_label_is_refused(tmp_path):
    text = refusal(tmp_path, FLAT | {"labels.csv": lines(("file", "label"), *ROWS[:3])})
    assert "1 of 4 images have no label in labels.csv: 3.png" in text


def test_a_label_without_an_image_is_refused_and_passed_over_when_the_file_is_named(tmp_path):
    text = refusal(tmp_path, FLAT | {"labels.csv": lines(("file", "label"), *ROWS, ("9.png", "cat"))})
    assert "labels.csv has labels of 1 images that are not there: 9.png" in text
    assert load(tmp_path, labels="labels.csv").y.tolist() == [0, 1, 0, 1]


def test_two_files_are_refused_and_one_can_be_named(tmp_path):
    other = json.dumps({"labels": PAIRS}).encode()
    text = refusal(tmp_path, FLAT | {"labels.csv": lines(("file", "label"), *ROWS), "dataset.json": other})
    assert "2 files give labels: dataset.json, labels.csv" in text
    assert load(tmp_path, labels="labels.csv").class_names == ("cat", "dog")


@pytest.mark.parametrize("label", [[0.5, 1], [1], 0.5, 1.0, {"a": 1}])
def test_what_is_no_class_is_refused(tmp_path, label):
    text = refusal(tmp_path, FLAT | {"dataset.json": json.dumps({"labels": [["0.png", label]]}).encode()})
    assert "the label of 0.png is" in text and "not a class" in text


@pytest.mark.parametrize("label", ["0.5", "1.", "-.5", "1.0e3"])
def test_fractions_in_tables_are_no_classes(label):
    with pytest.raises(DataError, match="is the fraction"):
        parse_labels("labels.csv", lines(("file", "label"), ("a.png", label)))


def test_an_image_with_two_labels_is_refused(tmp_path):
    text = refusal(tmp_path, FLAT | {"labels.csv": lines(("file", "label"), *ROWS, ("0.png", "dog"))})
    assert "labels.csv has two labels of 0.png: cat and dog" in text


@pytest.mark.parametrize(
    ("labels", "agree"),
    [
        (["a", "a", "b", "b"], True),
        (["0", "0", "1", "1"], True),  # another name of the same classes
        (["b", "b", "a", "a"], False),
        (["a", "b", "b", "b"], False),
        (["a", "a", "a", "a"], False),
    ],
)
def test_class_folders_must_agree_with_the_file(tmp_path, labels, agree):
    names = ["a/0.png", "a/1.png", "b/2.png", "b/3.png"]
    members = {name: png() for name in names}
    rows = zip(names, labels, strict=True)
    members["labels.csv"] = lines(("file", "label"), *rows)
    if agree:
        assert load(make_folder(tmp_path, members)).y.tolist() == [0, 0, 1, 1]
        return
    assert "the class folders and labels.csv disagree" in refusal(tmp_path, members)
    assert load(tmp_path, labels="folders").y.tolist() == [0, 0, 1, 1]


@pytest.mark.parametrize(("name", "content"), [("dataset.json", b"{"), ("labels.csv", b"\xff\xfe\x00")])
def test_a_damaged_file_is_refused(tmp_path, name, content):
    assert f"{name} cannot be read" in refusal(tmp_path, FLAT | {name: content})


def test_a_file_that_is_not_there_is_refused(tmp_path):
    assert "no file 'x.csv' with labels" in refusal(tmp_path, FLAT, labels="x.csv")


def test_labels_are_not_images_that_evaluate_ignores(tmp_path):
    from ganzoo.evaluation.image_sets import read_images

    tree = make_folder(tmp_path, FLAT | {"metadata.csv": b"x", "words.txt": b"x"})
    assert read_images(tree).notes == ("ignored, no images: words.txt",)
