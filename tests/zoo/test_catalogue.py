"""The catalogue: what a plugin may register, what is refused, and a broken plugin that breaks nothing else."""

import re
from dataclasses import dataclass, make_dataclass

import pytest
import torch

from ganzoo.builtin.losses import Hinge, Wasserstein
from ganzoo.errors import ConfigError, PluginError
from ganzoo.runs.manifest import check_plugins
from ganzoo.runs.records import Component, Manifest
from ganzoo.settings.kinds import ALL_KINDS
from ganzoo.settings.options import PositiveFloat
from ganzoo.settings.sections import Choice
from ganzoo.zoo.catalogue import Zoo
from ganzoo.zoo.checks import CONTRACTS
from ganzoo.zoo.plugins import load_zoo
from support.zoo import ZOO


def offer(loss):
    zoo = Zoo()
    zoo.add("mine", "register_losses", "loss", loss)
    return zoo


@dataclass(frozen=True)
class Mine(Wasserstein):
    """A loss of mine."""


def test_a_registered_class_is_created_by_name():
    assert offer({"mine": Mine}).create("loss", Choice("mine")) == Mine()


@pytest.mark.parametrize(
    ("offered", "words"),
    [
        ([Mine], "must return {name: class}"),
        ({"mine": Mine()}, "without parentheses"),
        ({"mine": dict}, "does not subclass ganzoo.AdversarialLoss"),
        ({"mine": CONTRACTS["loss"][1]}, "is not a frozen dataclass"),
    ],
)
def test_what_breaks_the_contract_is_refused_in_words(offered, words):
    with pytest.raises(PluginError, match=re.escape(words)):
        offer(offered)


def test_missing_methods_are_named():
    @dataclass(frozen=True)
    class Half(CONTRACTS["loss"][1]):
        def generator_loss(self, *, fake, real=None):
            return fake.mean()

    with pytest.raises(PluginError, match="does not implement discriminator_loss"):
        offer({"half": Half})


def test_of_two_plugins_with_one_name_both_are_named_in_a_remark():
    zoo = offer({"mine": Mine})
    zoo.add("other", "register_losses", "loss", {"mine": Mine})
    assert zoo.plugin("other").remark == "loss 'mine' is that of mine already; this one is 'mine@other'"
    assert zoo.entry("loss", "mine@other").plugin == "other" != zoo.entry("loss", "mine").plugin


def test_a_plugin_that_brings_a_name_twice_is_refused_where_both_would_have_one_address():
    zoo = offer({"mine": Mine})
    zoo.add("other", "register_losses", "loss", {"mine": Mine})
    with pytest.raises(PluginError, match="loss 'mine@other' is there twice: two plugins have one name"):
        zoo.add("other", "register_losses", "loss", {"mine": Mine})


def test_a_sum_names_each_component_once_by_whatever_name():
    with pytest.raises(ConfigError, match="names a part twice"):
        ZOO.create_parts("lipschitz", Choice("gp+gp@ganzoo"))
    assert len(ZOO.create_parts("lipschitz", Choice("sn+gp@ganzoo", {"gp@ganzoo": {"weight": 2.0}}))) == 2


def test_an_unknown_component_suggests_the_nearest():
    with pytest.raises(ConfigError, match="Did you mean 'hinge'"):
        ZOO.create("loss", Choice("hing"))


def test_every_kind_has_the_components_that_were_promised():
    names = {kind: {entry.name for entry in ZOO.entries(kind)} for kind in ALL_KINDS}
    assert names == {
        "model": {"mlp", "dcgan", "resnet"},
        "loss": {"bce", "minimax", "lsgan", "wgan", "hinge"},
        "lipschitz": {"none", "clip", "gp", "lp", "dragan", "r1", "r1r2", "sn"},
        "conditioner": {"none", "cgan", "projection", "acgan"},
        "augment": {"none", "diffaug", "ada"},
        "regularizer": {"none", "lecam", "bcr", "zcr"},
        "optimizer": {"adam", "adamw", "rmsprop", "sgd", "lion", "optimistic-adam"},
        "schedule": {"none", "linear", "cosine"},
        "dataset": {
            *("mnist-5k", "digits", "mnist", "fashion-mnist", "cifar10", "cifar100", "svhn", "stl10"),
            *("celeba", "lsun", "imagenet", "tiny-imagenet", "afhq", "ffhq"),
            *(
                "folder",
                "zip",
                "tar",
                "npz",
                "npy",
                "webdataset",
                "lmdb",
                "hf",
                "gaussians8",
                "gaussians25",
                "swissroll",
                "stacked-digits",
            ),
        },
        "features": {
            *("digits-cnn", "photos-cnn", "inception", "dinov2", "clip", "vgg16"),
            *("points", "gaussians8", "gaussians25", "stacked-digits"),
        },
        "metric": {"fid", "fid-infinity", "is", "kid", "prc", "dc", "modes", "w1", "intra-fid", "prc-per-class"},
        "engine": {"local", "ray"},
        "observer": {"csv"},
    }


GOOD = """
from dataclasses import dataclass
import ganzoo

@dataclass(frozen=True)
class Shifted(ganzoo.AdversarialLoss):
    "Shift every logit. doi:10.0/none."
    by: float = 1.0
    def discriminator_loss(self, *, real, fake):
        return (fake - real).mean() + self.by
    def generator_loss(self, *, fake, real=None):
        return -fake.mean()

@ganzoo.hookimpl
def register_losses():
    return {"shifted": Shifted}
"""


def test_a_single_file_is_a_plugin(tmp_path):
    path = tmp_path / "my_loss.py"
    path.write_text(GOOD)
    assert load_zoo(files=[path]).entry("loss", "shifted").plugin == "my_loss.py"


@pytest.mark.parametrize("source", ["import nope_nope", "syntax error here"])
def test_a_broken_single_file_is_an_error_since_it_was_asked_for(tmp_path, source):
    path = tmp_path / "my_loss.py"
    path.write_text(source)
    with pytest.raises(PluginError, match="does not import"):
        load_zoo(files=[path])


def test_a_single_file_that_does_not_exist_is_an_error(tmp_path):
    with pytest.raises(PluginError, match="takes a Python file"):
        load_zoo(files=[tmp_path / "nope.py"])


def with_default(hint, default):
    """A loss with one option, of this type and with this default."""
    return make_dataclass("Optional", [("t", hint, default)], bases=(Wasserstein,), frozen=True)


@pytest.mark.parametrize(
    ("hint", "default", "words"),
    [
        (float, "1.0", "t: its default '1.0' is refused"),
        (dict, None, "t: its default None is not a bool, int, float, str or a list of those"),
        (PositiveFloat, -1.0, "t: its default -1.0 is refused: must be above 0"),
        (int, True, "t: its default True is refused"),
    ],
)
def test_a_default_that_a_user_could_not_write_is_refused(hint, default, words):
    with pytest.raises(PluginError, match=re.escape(words)):
        offer({"optional": with_default(hint, default)})
    assert offer({"optional": with_default(float, 2.0)}).create("loss", Choice("optional")).t == 2.0


@pytest.mark.parametrize("head", ["def generator_loss(self, fake)", "def generator_loss(self, *, fake, real)"])
def test_a_method_that_cannot_be_called_as_the_contract_says_is_refused_with_the_right_one(head):
    scope = {}
    exec(f"{head}: return 0", scope)  # a head cannot be a value

    @dataclass(frozen=True)
    class Bad(Wasserstein):
        """A loss."""

        generator_loss = scope["generator_loss"]

    with pytest.raises(PluginError, match=re.escape("write def generator_loss(self, *, fake, real=None)")):
        offer({"bad": Bad})


HINGE = """
from dataclasses import dataclass
import ganzoo
from ganzoo.builtin.losses import Hinge

@dataclass(frozen=True)
class Mine(Hinge):
    "Mine; nobody's invention."

@ganzoo.hookimpl
def register_losses():
    return {"hinge": Mine}
"""


@pytest.mark.parametrize("stem", ["losses", "ganzoo"])
def test_a_file_that_is_called_like_what_ships_does_not_pass_for_it(tmp_path, stem):
    (path := tmp_path / f"{stem}.py").write_text(HINGE)
    zoo = load_zoo(files=[path], disabled=["all"])
    assert zoo.create("loss", Choice("hinge@ganzoo")) == zoo.create("loss", Choice("hinge")) == Hinge()


def test_a_run_with_a_shipped_component_is_not_resumed_with_that_of_a_file_of_the_same_name(tmp_path):
    (path := tmp_path / "losses.py").write_text(HINGE)
    zoo = load_zoo(files=[path], disabled=["all"], override=["losses.py"])
    began = Manifest(components=(Component("loss", "hinge", "losses"),))
    with pytest.raises(PluginError, match="from plugin losses, but here it comes from losses"):
        check_plugins(began, zoo)


def test_what_ships_cannot_be_what_replaces(tmp_path):
    with pytest.raises(PluginError, match="losses ships with ganzoo"):
        load_zoo(disabled=["all"], override=["losses"])


def test_a_file_with_a_plus_in_its_name_has_an_address_that_sums_can_be_written_with(tmp_path):
    (path := tmp_path / "a+b.py").write_text(HINGE)
    assert load_zoo(files=[path], disabled=["all"]).entry("loss", "hinge@a-b").plugin == "a+b.py"


def test_a_plugin_that_sets_precision_in_the_new_way_is_put_right_and_harms_nobody(tmp_path):
    (path := tmp_path / "tf32.py").write_text(
        "import torch\ntorch.backends.cuda.matmul.fp32_precision = 'tf32'\n" + HINGE
    )
    before = torch.backends.cuda.matmul.fp32_precision
    (plugin,) = [p for p in load_zoo(files=[path], disabled=["all"]).plugins if p.name == "tf32.py"]
    assert "torch's float32 precision" in plugin.remark
    assert torch.backends.cuda.matmul.fp32_precision == before
