"""Published sets, each by a small tree of its layout: images, labels and class names that are known by hand."""

import lmdb
import pytest
import torch

from ganzoo.builtin.datasets.photo_sets import AFHQ, FFHQ, LSUN, CelebA, ImageNet, TinyImageNet
from ganzoo.contracts import Dataset
from ganzoo.errors import DataError
from ganzoo.settings.sections import RunConfig
from ganzoo.zoo.recipes import settle
from support.image_files import BLUE, GREEN, RED, make_folder, make_zip, png, write

COLOURS = {RED: "red", GREEN: "green", BLUE: "blue"}
TENCH, GOLDFISH, SHARK = "n01440764", "n01443537", "n01484850"


def shown(samples):
    """The images in order, each as (colour, name of its class)."""
    pixels = [tuple(x[:, 0, 0].tolist()) for x in samples.x[:]]
    names = [samples.class_names[k] for k in samples.y.tolist()]
    return [(COLOURS[pixel], name) for pixel, name in zip(pixels, names, strict=True)]


def load(kind, path, **options):
    return kind(str(path), image_size=8, **options).load()


# CelebA

FACES = {"000001.jpg": png(RED), "000002.jpg": png(GREEN), "000003.jpg": png(BLUE)}
ATTRIBUTES = """3
5_o_Clock_Shadow Smiling
000001.jpg -1  1
000002.jpg  1 -1
000003.jpg -1 -1
"""
PARTITION = "000001.jpg 0\n000002.jpg 0\n000003.jpg 2\n"


def celeba(root, *, tables=("", ""), images="img_align_celeba", suffix=".txt"):
    write(root / tables[0] / f"list_attr_celeba{suffix}", ATTRIBUTES.encode())
    write(root / tables[1] / f"list_eval_partition{suffix}", PARTITION.encode())
    make_folder(root / images, FACES)
    return root


@pytest.mark.parametrize(
    ("tables", "images"),
    [
        (("", ""), "img_align_celeba"),  # as torchvision has it
        (("Anno", "Eval"), "Img/img_align_celeba"),  # as it is published
        (("", ""), "img_align_celeba/img_align_celeba"),  # as Kaggle has it
    ],
)
def test_celeba_has_the_attribute_of_each_face_and_the_split_of_the_partition(tmp_path, tables, images):
    root = celeba(tmp_path, tables=tables, images=images)
    assert shown(load(CelebA, root)) == [("red", "unlabelled"), ("green", "unlabelled")]
    assert shown(load(CelebA, root, labels="Smiling")) == [("red", "Smiling"), ("green", "not Smiling")]
    assert shown(load(CelebA, root, labels="5_o_Clock_Shadow")) == [
        ("red", "not 5_o_Clock_Shadow"), ("green", "5_o_Clock_Shadow"),
    ]  # fmt: skip
    assert load(CelebA, root, labels="Smiling").class_names == ("Smiling", "not Smiling")
    assert shown(load(CelebA, root, split="test")) == [("blue", "unlabelled")]
    assert shown(CelebA(str(root), image_size=8).held_out().load()) == [("blue", "unlabelled")]


def test_celeba_reads_the_published_zip_and_the_tables_of_kaggle(tmp_path):
    make_zip(tmp_path / "img_align_celeba.zip", {f"img_align_celeba/{name}": data for name, data in FACES.items()})
    rows = "image_id,Male,Young\n000001.jpg,1,-1\n000002.jpg,-1,1\n000003.jpg,1,1\n"
    (tmp_path / "list_attr_celeba.csv").write_text(rows)
    (tmp_path / "list_eval_partition.csv").write_text("image_id,partition\n000001.jpg,1\n000002.jpg,0\n000003.jpg,0\n")
    expected = [("green", "not Male"), ("blue", "Male")]
    assert shown(load(CelebA, tmp_path, labels="Male")) == expected
    assert shown(load(CelebA, tmp_path / "img_align_celeba.zip", labels="Male")) == expected


def test_celeba_without_a_partition_is_read_whole_and_says_so(tmp_path):
    root = celeba(tmp_path)
    (root / "list_eval_partition.txt").unlink()
    samples = load(CelebA, root)
    assert len(samples) == 3 and "all images are read" in " ".join(samples.notes)
    assert CelebA(str(root)).held_out() is None
    with pytest.raises(DataError, match=r"list_eval_partition\.txt is not there"):
        load(CelebA, root, split="train")


@pytest.mark.parametrize(
    ("name", "text", "what"),
    [
        ("list_attr_celeba.txt", ATTRIBUTES.replace("000002.jpg  1 -1\n", ""), "cut short: 2 rows of 3"),
        ("list_attr_celeba.txt", ATTRIBUTES.replace("000002.jpg  1 -1", "000002.jpg  1"), "cannot be read"),
        ("list_attr_celeba.txt", ATTRIBUTES.replace(" -1\n000003", "  7\n000003"), "cannot be read"),
        ("list_attr_celeba.txt", ATTRIBUTES.replace("000002", "000009"), "says nothing about 000002.jpg"),
        ("list_eval_partition.txt", PARTITION.replace("000002", "000009"), "says nothing about 000002.jpg"),
        ("list_eval_partition.txt", PARTITION.replace("02.jpg 0", "02.jpg 3"), "cannot be read"),
    ],
)
def test_a_table_of_celeba_that_is_damaged_is_refused(tmp_path, name, text, what):
    (celeba(tmp_path) / name).write_text(text)
    with pytest.raises(DataError, match=what):
        load(CelebA, tmp_path, labels="Smiling")


def test_an_attribute_that_celeba_lacks_is_refused_with_those_that_it_has(tmp_path):
    with pytest.raises(DataError, match="no attribute 'smiling'") as caught:
        load(CelebA, celeba(tmp_path), labels="smiling")
    assert caught.value.what.endswith("it has 5_o_Clock_Shadow, Smiling")
    assert caught.value.hint == "--set dataset.labels=Smiling"


# LSUN


def fill(path, *images):
    path.mkdir(parents=True)
    with lmdb.open(str(path), map_size=2**20) as database, database.begin(write=True) as transaction:
        for i, data in enumerate(images):
            transaction.put(f"{i:040x}".encode(), data)


def test_the_databases_of_lsun_are_categories_and_splits(tmp_path):
    fill(tmp_path / "bedroom_train_lmdb", png(RED), png(GREEN))
    fill(tmp_path / "dining_room_train_lmdb", png(BLUE))
    fill(tmp_path / "bedroom_val_lmdb", png(BLUE))
    fill(tmp_path / "test_lmdb", png(RED))
    assert shown(load(LSUN, tmp_path)) == [("red", "bedroom"), ("green", "bedroom"), ("blue", "dining_room")]
    assert shown(load(LSUN, tmp_path, split="val")) == [("blue", "bedroom")]
    assert shown(load(LSUN, tmp_path / "bedroom_train_lmdb")) == [("red", "bedroom"), ("green", "bedroom")]
    assert shown(LSUN(str(tmp_path), image_size=8).held_out().load()) == [("blue", "bedroom")]
    assert shown(load(LSUN, tmp_path, split="test", labels="none")) == [("red", "unlabelled")]
    with pytest.raises(DataError, match="never published"):
        load(LSUN, tmp_path, split="test")
    with pytest.raises(DataError, match="no database of LSUN"):
        load(LSUN, tmp_path / "nowhere")


# ImageNet and Tiny ImageNet

TRAIN = {f"train/{SHARK}/a.JPEG": png(BLUE), f"train/{TENCH}/b.JPEG": png(RED), f"train/{GOLDFISH}/c.JPEG": png(GREEN)}
NUMBERED = [("red", TENCH), ("green", GOLDFISH), ("blue", SHARK)]


def test_the_classes_of_imagenet_are_its_synsets_in_their_order(tmp_path):
    make_folder(tmp_path, TRAIN | {f"val/{GOLDFISH}/v.JPEG": png(BLUE)})
    samples = load(ImageNet, tmp_path)
    assert shown(samples) == NUMBERED and samples.y.tolist() == [0, 1, 2]
    assert shown(load(ImageNet, tmp_path, split="val")) == [("blue", GOLDFISH)]
    assert shown(load(ImageNet, tmp_path / "train")) == NUMBERED
    assert load(ImageNet, tmp_path, labels="none").class_names == ("unlabelled",)


def test_the_validation_images_of_kaggle_have_the_synsets_of_its_table(tmp_path):
    root = tmp_path / "ILSVRC" / "Data" / "CLS-LOC"
    flat = {f"val/ILSVRC2012_val_0000000{i}.JPEG": png(colour) for i, colour in ((1, RED), (2, GREEN))}
    make_folder(root, TRAIN | flat | {"test/ILSVRC2012_test_00000001.JPEG": png(RED)})
    rows = f"ImageId,PredictionString\nILSVRC2012_val_00000002,{TENCH} 1 2 3 4 {TENCH} 5 6 7 8 \n"
    (tmp_path / "LOC_val_solution.csv").write_text(rows + f"ILSVRC2012_val_00000001,{SHARK} 85 1 499 272 \n")
    (tmp_path / "LOC_synset_mapping.txt").write_text(f"{TENCH} tench, Tinca tinca\n{SHARK} great white shark, shark\n")
    held_out = ImageNet(str(tmp_path), image_size=8).held_out()
    assert shown(held_out.load()) == [("red", f"{SHARK} great white shark"), ("green", f"{TENCH} tench")]
    assert load(ImageNet, tmp_path).class_names == (f"{TENCH} tench", GOLDFISH, f"{SHARK} great white shark")
    with pytest.raises(DataError, match="never published"):
        load(ImageNet, tmp_path, split="test")


def test_validation_images_without_synsets_are_refused_and_not_read_as_one_class(tmp_path):
    make_folder(tmp_path, TRAIN | {"val/ILSVRC2012_val_00000001.JPEG": png(RED)})
    with pytest.raises(DataError, match="images lie in no folder of a synset") as caught:
        load(ImageNet, tmp_path, split="val")
    assert "LOC_val_solution.csv" in caught.value.hint
    (tmp_path / "LOC_val_solution.csv").write_text("ImageId,PredictionString\n")
    with pytest.raises(DataError, match="says nothing about ILSVRC2012_val_00000001"):
        load(ImageNet, tmp_path, split="val")
    make_folder(tmp_path, {"train/photos/a.JPEG": png(RED)})
    with pytest.raises(DataError, match=r"photos/a\.JPEG"):
        load(ImageNet, tmp_path)


@pytest.fixture
def tiny(tmp_path):
    root = tmp_path / "tiny-imagenet-200"
    images = {f"train/{synset}/images/{synset}_0.JPEG": png(c) for synset, c in ((SHARK, BLUE), (TENCH, RED))}
    make_folder(root, images | {f"train/{TENCH}/{TENCH}_boxes.txt": b"n01440764_0.JPEG\t0\t10\t63\t58\n"})
    make_folder(root, {f"val/images/val_{i}.JPEG": png(c) for i, c in ((0, GREEN), (1, RED), (10, BLUE))})
    rows = [f"val_{i}.JPEG\t{synset}\t0\t32\t44\t62\n" for i, synset in ((0, SHARK), (1, TENCH), (10, SHARK))]
    write(root / "val" / "val_annotations.txt", "".join(rows).encode())
    write(root / "words.txt", f"n00001740\tentity\n{TENCH}\ttench, Tinca tinca\n{SHARK}\tgreat white shark\n".encode())
    return root


def test_the_validation_images_of_tiny_imagenet_have_the_synsets_of_their_annotations(tiny):
    names = (f"{TENCH} tench", f"{SHARK} great white shark")
    train, val = load(TinyImageNet, tiny), load(TinyImageNet, tiny, split="val")
    assert train.class_names == val.class_names == names
    assert shown(train) == [("red", names[0]), ("blue", names[1])]
    assert shown(val) == [("green", names[1]), ("red", names[0]), ("blue", names[1])]
    assert val.y.tolist() == [1, 0, 1]


def test_a_damaged_annotation_of_tiny_imagenet_is_refused(tiny):
    (tiny / "val" / "val_annotations.txt").write_text("val_0.JPEG\t0\t0\n")
    with pytest.raises(DataError, match="names no synset"):
        load(TinyImageNet, tiny, split="val")


# AFHQ and FFHQ

ANIMALS = {"train/dog/1.png": png(GREEN), "train/cat/1.png": png(RED), "train/wild/1.png": png(BLUE)}
THREE = [("red", "cat"), ("green", "dog"), ("blue", "wild")]


@pytest.mark.parametrize(("around", "other"), [("afhq/", "val"), ("", "test")])
def test_afhq_is_read_from_the_zips_of_both_versions(tmp_path, around, other):
    members = ANIMALS | {f"{other}/cat/2.png": png(BLUE)}
    path = make_zip(tmp_path / "afhq.zip", {around + name: data for name, data in members.items()})
    samples = load(AFHQ, path)
    assert shown(samples) == THREE and samples.class_names == AFHQ.classes
    assert shown(AFHQ(str(path), image_size=8).held_out().load()) == [("blue", "cat")]
    assert shown(load(AFHQ, make_folder(tmp_path / "afhq", members))) == THREE
    assert load(AFHQ, path, labels="none").class_names == ("unlabelled",)


def test_animals_that_afhq_does_not_have_are_refused(tmp_path):
    with pytest.raises(DataError, match="here are horse"):
        load(AFHQ, make_zip(tmp_path / "a.zip", ANIMALS | {"train/horse/1.png": png(RED)}))


@pytest.mark.parametrize("name", ["{folder:05}/{number:05}.png", "{folder:05}/img{number:08}.png"])
def test_the_folders_of_ffhq_are_no_classes_and_its_numbers_are_the_split(tmp_path, name):
    faces = {0: RED, 59_999: GREEN, 60_000: BLUE}
    members = {name.format(folder=n // 1000 * 1000, number=n): png(colour) for n, colour in faces.items()}
    path = make_zip(tmp_path / "ffhq.zip", members)
    everything = [("red", "unlabelled"), ("green", "unlabelled"), ("blue", "unlabelled")]
    assert shown(load(FFHQ, path)) == everything and FFHQ(str(path)).held_out() is None
    assert shown(load(FFHQ, path, split="train")) == everything[:2]
    assert shown(FFHQ(str(path), image_size=8, split="train").held_out().load()) == everything[2:]


def test_two_sizes_of_ffhq_and_other_names_are_refused(tmp_path):
    sizes = {f"{folder}/00000/00001.png": png() for folder in ("images1024x1024", "thumbnails128x128")}
    with pytest.raises(DataError, match="of several sizes"):
        load(FFHQ, make_folder(tmp_path / "two", sizes))
    for name in ("me.png", "00000/70000.png"):
        with pytest.raises(DataError, match="no image of FFHQ"):
            load(FFHQ, make_zip(tmp_path / "a.zip", {name: png()}))


# What they have in common


def test_a_cached_set_has_the_same_pixels_and_labels(tmp_path, monkeypatch):
    monkeypatch.setenv("GANZOO_CACHE", str(tmp_path / "cache"))
    make_folder(tmp_path / "imagenet", TRAIN)
    one, other = (load(ImageNet, tmp_path / "imagenet", cache=cache) for cache in (False, True))
    assert torch.equal(one.x[:], other.x[:]) and torch.equal(one.y, other.y)


@pytest.mark.parametrize(("kind", "size"), [(CelebA, 64), (LSUN, 64), (ImageNet, 128), (TinyImageNet, 64), (AFHQ, 256)])
def test_each_suggests_a_size_and_an_extractor(kind: type[Dataset], size):
    assert (kind("here").image_size, kind.default_features) == (size, "inception")


@pytest.mark.parametrize(("name", "samples"), [("celeba", 50_000), ("tiny-imagenet", 10_000), ("digits", 2_000)])
def test_each_suggests_how_many_images_are_scored(name, samples):
    run: RunConfig = settle(flags={"dataset.name": name}).run
    assert run.eval.samples == samples
