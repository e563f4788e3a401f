"""A part of any dataset, also of a plugin's: options that no dataset writes itself."""

from dataclasses import dataclass

import pytest

from ganzoo.builtin.datasets.digits import Digits
from ganzoo.errors import ConfigError
from ganzoo.runs.folder import RunFolder, read_reports
from ganzoo.settings.merge import Settings
from ganzoo.settings.sections import Choice
from ganzoo.zoo.catalogue import Zoo
from ganzoo.zoo.choices import explain
from ganzoo.zoo.parts import Part, PartOptions
from ganzoo.zoo.recipes import settle
from support.datasets import Stripes
from support.runs import ganzoo, state, train
from support.states import same
from support.zoo import ZOO


def make(name, zoo=ZOO, **options):
    return zoo.create("dataset", Choice(name, options))


def test_a_dataset_without_such_options_is_its_own_class():
    assert make("digits", image_size=8) == Digits(image_size=8)
    assert make("digits", limit=0, classes="", flip=False) == Digits()


def test_classes_are_chosen_before_samples_are_picked():
    samples = make("digits", image_size=8, classes=[3, 5], limit=100).load()
    assert samples.x.shape == (100, 1, 8, 8)
    assert samples.class_names == ("3", "5")
    assert samples.y.bincount().tolist() == [50, 50]
    assert samples.notes == ("2 of 10 classes: 3, 5; 365 of 1,797 images", "100 of 365 images: an even pick")


def test_points_have_parts_and_no_mirror_images():
    assert make("gaussians8", limit=80).load().y.bincount().tolist() == [10] * 8
    with pytest.raises(ConfigError, match="these have shape"):
        make("gaussians8", flip=True).load()


def test_flip_leaves_the_samples_as_they_are():
    flipped, plain = make("digits", flip=True).load(), Digits().load()
    assert flipped.flip and not plain.flip
    assert flipped.digests == plain.digests


def test_what_is_held_out_is_whole_and_of_the_same_classes():
    held_out = make("gaussians8", limit=50, classes=[1, 2]).held_out().load()
    assert (len(held_out), held_out.spec.num_classes) == (2500, 2)


def test_where_nothing_is_held_out_the_pick_leaves_the_rest():
    assert make("digits").held_out() is make("digits", classes=[1]).held_out() is None
    dataset = make("digits", image_size=8, classes=[1], limit=100)
    assert len(dataset.held_out().load()) == 82
    assert dataset.held_out().held_out() is None


@dataclass(frozen=True)
class Limited(Stripes):
    """A dataset whose limit means something else; nobody's invention."""

    limit: int = 5


def plugins():
    zoo = Zoo()
    zoo.add("mine", "register_datasets", "dataset", {"stripes": Stripes, "limited": Limited})
    return zoo


def test_the_dataset_of_a_plugin_has_parts_too():
    samples = make("stripes", plugins(), classes="horizontal", limit=8).load()
    assert samples.y.tolist() == [0] * 8
    assert [o.name for o in plugins().entry("dataset", "stripes").options] == [
        *("image_size", "channels", "limit", "classes", "flip")
    ]


def test_a_datasets_own_option_goes_before_that_of_the_same_name():
    assert make("limited", plugins(), limit=7) == Limited(limit=7)
    assert make("limited", plugins(), classes="vertical") == Part(Limited(), PartOptions(classes="vertical"))


def test_a_misspelt_option_is_refused_with_all_that_there_are():
    with pytest.raises(ConfigError, match=r"Did you mean 'limit'.*image_size, limit, classes, flip"):
        make("digits", limt=3)


@pytest.mark.parametrize("options", [{"limit": -1}, {"classes": 1.5}, {"classes": True}, {"flip": 1}])
def test_values_are_checked(options):
    with pytest.raises(ConfigError, match="is refused"):
        make("digits", **options)


def test_settings_show_them():
    settings = settle(flags={"dataset.name": "digits"}, sets={"dataset.limit": 9})
    rows = {row["setting"]: row["value"] for row in explain(Settings(settings.run, settings.origins), ZOO)}
    assert (rows["dataset.limit"], rows["dataset.classes"], rows["dataset.flip"]) == (9, "", False)


# Runs


def test_a_run_on_a_part_resumes_bit_for_bit_and_is_scored_by_what_it_used(tmp_path):
    words = [
        "--set=dataset.limit=50",
        "--set=dataset.classes=3,5",
        "--set=dataset.flip=true",
        "--set=optim.lr_decay=none",
    ]
    whole, parted = tmp_path / "whole", tmp_path / "parted"
    train(whole, "--dataset=digits", *words)
    train(parted, "--dataset=digits", *words, steps=2)
    ganzoo("resume", parted, "--steps=4")
    assert same(state(whole), state(parted))
    folder = RunFolder(whole)
    data = folder.read_json(folder.manifest)["data"]
    assert (data["count"], data["classes"]) == (50, ["3", "5"])
    reference = read_reports(folder)[-1]["protocol"]["reference"]
    assert (reference["count"], reference["options"]["limit"]) == (50, 50)
