"""Names as people type them: any case, - or _, other words of the field; and what is then recorded."""

import pytest

from ganzoo.builtin.losses import Hinge
from ganzoo.errors import ConfigError
from ganzoo.grid.config import GridConfig
from ganzoo.settings.kinds import ALL_KINDS, KIND_INFO
from ganzoo.settings.numbers import read_number, read_truth, read_whole
from ganzoo.settings.sections import Choice
from ganzoo.settings.spelling import fold
from ganzoo.zoo.aliases import ALIASES, METHODS, part_of_method
from ganzoo.zoo.catalogue import Zoo
from ganzoo.zoo.choices import complete
from ganzoo.zoo.names import NAMES, check_names, spell_name, spell_names
from ganzoo.zoo.recipes import find_recipe, settle
from support.zoo import ZOO


@pytest.mark.parametrize("kind", ALL_KINDS)
def test_every_name_is_found_in_any_case_and_with_other_signs_between_its_parts(kind):
    for name in NAMES[kind]:
        for typed in (name, name.upper(), name.title(), name.replace("-", "_"), name.replace("-", "")):
            assert spell_name(kind, typed, NAMES[kind]) == name


@pytest.mark.parametrize(
    ("kind", "typed", "name"),
    [
        ("loss", "WGAN", "wgan"),
        ("dataset", "CIFAR-10", "cifar10"),
        ("dataset", "FashionMNIST", "fashion-mnist"),
        ("lipschitz", "SN+GP", "sn+gp"),
        ("lipschitz", "spectral-norm + Gradient_Penalty", "sn+gp"),
        ("lipschitz", "R1+R2", "r1r2"),
        ("loss", "Non-Saturating", "bce"),
        ("metric", "FID, precision", "fid,prc"),
        ("loss", "BCE@ganzoo", "bce@ganzoo"),
        ("loss", "wgna", "wgna"),
    ],
)
def test_a_typed_name_means_a_known_one(kind, typed, name):
    assert spell_name(kind, typed, NAMES[kind]) == name


def test_the_exact_name_of_a_plugin_goes_before_a_name_that_differs_in_case():
    known = {kind: (*NAMES[kind], "WGAN", "Spectral") for kind in ALL_KINDS}
    assert spell_names({"loss.name": "WGAN", "lipschitz.name": "Spectral"}, known) == {
        "loss.name": "WGAN", "lipschitz.name": "Spectral",
    }  # fmt: skip
    assert spell_name("loss", "Wgan", known["loss"]) == "Wgan"  # one of two, so neither
    zoo = Zoo()
    zoo.add("mine", "register_losses", "loss", {"Hinge": Hinge, "hinge": Hinge})
    assert [zoo.entry("loss", name).name for name in ("Hinge", "hinge")] == ["Hinge", "hinge"]
    with pytest.raises(ConfigError, match="no loss is named 'HINGE'"):
        zoo.entry("loss", "HINGE")


@pytest.mark.parametrize("kind", ALIASES)
def test_other_words_mean_components_and_are_no_names_themselves(kind):
    names = {fold(name) for name in NAMES[kind]}
    words = [fold(word) for word in ALIASES[kind]]
    assert len({*words}) == len(words) and not names & {*words} and {*ALIASES[kind].values()} <= {*NAMES[kind]}
    assert not {*words} & {fold(word) for word in METHODS}


@pytest.mark.parametrize(
    ("kind", "word", "said", "hint"),
    [
        ("loss", "wgan-gp", "a loss with an enforcer", "--loss wgan --lipschitz gp;"),
        ("lipschitz", "WGAN_GP", "a loss with an enforcer", "--loss wgan --lipschitz gp;"),
        ("loss", "vanilla", "one of two losses", "--loss bce (non-saturating), or --loss minimax"),
        ("loss", "gp", "it is a Lipschitz enforcer", "--lipschitz gp;"),
        ("model", "hinge", "it is a loss", "--loss hinge;"),
        ("loss", "ada", "it is an augmentation", "--augment ada;"),
        ("metric", "dcgan", "it is a model", "--model dcgan;"),
        ("model", "R3GAN", "the package ganzoo-r3gan provides it", "pip install"),
    ],
)
def test_a_word_that_is_no_component_of_a_kind_is_refused_with_what_to_type(kind, word, said, hint):
    key = "eval.metrics" if kind == "metric" else f"{kind}.name"
    with pytest.raises(ConfigError) as caught:
        check_names(spell_names({key: word}))
    assert said in caught.value.what and hint in caught.value.hint


def test_the_words_of_whole_methods_say_flags_that_exist():
    for word, flags in METHODS.items():
        pairs = [(flag, word) for flag, word in zip(flags.split(), flags.split()[1:], strict=False) if flag[:2] == "--"]
        assert all(name in KIND_INFO[flag[2:]].names for flag, name in pairs), word
    assert (part_of_method("lipschitz", "wgan-gp"), part_of_method("loss", "vanilla")) == ("gp", "")


def test_what_is_recorded_has_the_known_names_and_the_values_of_their_types():
    flags = {"loss.name": "WGAN", "lipschitz.name": "Gradient-Penalty", "dataset.name": "DIGITS", "model.name": "MLP"}
    sets = {"model.width": 1e2, "lipschitz.weight": "2.", "train.device": "CPU", "train.steps": "10k"}
    run = complete(settle(flags=flags, sets=sets | {"train.precision": "FP32", "dataset.flip": "False"}), ZOO).run
    assert (run.title, run.optim.n_critic, run.train.steps) == ("mlp-wgan-gp_digits", 5, 10_000)
    assert (run.train.device, run.train.precision) == ("cpu", "fp32")
    assert (run.model.options["width"], run.lipschitz.options["weight"]) == (100, 2.0)
    assert type(run.model.options["width"]) is int and run.dataset.options["flip"] is False
    sum_ = complete(settle(flags={"lipschitz.name": "SN+GP"}, sets={"lipschitz.sn.power_iterations": 2.0}), ZOO).run
    assert sum_.lipschitz == Choice("sn+gp", {"sn": {"power_iterations": 2}})


def test_recipes_are_found_in_any_case_and_with_either_sign():
    assert {find_recipe(name).name for name in ("wgan_gp", "wgan-gp", "WGAN-GP", "wgangp")} == {"wgan_gp"}


def test_a_grid_is_the_same_however_its_names_are_typed(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    (tmp_path / "photos").mkdir()
    typed = GridConfig({"recipe": ["WGAN-GP"], "loss": ["BCE", "Wasserstein"], "dataset": ["photos", "./MNIST:1"]})
    spelt = typed.spelt(NAMES)
    assert spelt.axes["recipe"] == ["wgan_gp"] and spelt.axes["loss"] == ["bce", "wgan"]
    assert spelt.axes["dataset"] == [f"folder:{tmp_path}/photos", "./MNIST:1"]
    assert spelt.spelt(NAMES) == spelt


def test_a_folder_or_an_archive_by_its_bare_name_is_a_dataset_unless_a_dataset_has_that_name(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    for name in ("photos", "mnist"):
        (tmp_path / name).mkdir()
    for name in ("p.zip", "p.tar.gz", "p.npz"):
        (tmp_path / name).touch()
    readers = {"photos": "folder", "p.zip": "zip", "p.tar.gz": "tar", "p.npz": "npz"}
    for name, reader in readers.items():
        assert spell_names({"dataset.name": name}) == {"dataset.name": reader, "dataset.path": str(tmp_path / name)}
    assert spell_names({"dataset.name": "MNIST"}) == {"dataset.name": "mnist"}


@pytest.mark.parametrize(
    ("text", "number"),
    [
        ("10_000", 10_000), ("1e4", 10_000), ("1E4", 10_000), ("10k", 10_000), ("1.5K", 1500), ("0.5M", 500_000),
        ("-8", -8), ("10.0", 10), ("10.5", None), ("1e-4", None), ("1.55e1", None), ("2m", None), ("1_", None),
        ("ten", None), ("", None), ("1" * 50, int("1" * 50)), ("1e" + "9" * 50, None), ("inf", None), ("٣", None),
    ],
)  # fmt: skip
def test_a_whole_number_is_read_as_people_write_it(text, number):
    assert read_whole(text) == number


def test_numbers_and_truth_are_read_as_people_write_them():
    assert [read_number(text) for text in (".5", "5.", "1E-4", "nan", "1,5")] == [0.5, 5.0, 1e-4, None, None]
    assert [read_truth(text) for text in ("True", "OFF", "yes", "1")] == [True, False, True, None]
