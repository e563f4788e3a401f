"""The catalogue: what a plugin may register, what is refused, and a broken plugin that breaks nothing else."""

import inspect
import json
import re
import sys
from dataclasses import dataclass, is_dataclass

import pytest
from click.testing import CliRunner
from conftest import ZOO

from ganzoo.builtin.losses import Wasserstein
from ganzoo.cli import cli
from ganzoo.config import ALL_KINDS, Choice
from ganzoo.errors import ConfigError, PluginError
from ganzoo.zoo import CONTRACTS, Zoo, load_zoo

ENTRIES = ZOO.all_entries()
NEUTRAL = {
    ("model", "mlp"),
    ("lipschitz", "none"),
    ("conditioner", "none"),
    ("dataset", "folder"),
    ("dataset", "zip"),
    ("engine", "local"),
}  # nobody's invention


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
        ({"mine": CONTRACTS["loss"][1]}, "is not a dataclass"),
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


def test_two_plugins_with_one_name_are_both_named_in_the_error():
    zoo = offer({"mine": Mine})
    with pytest.raises(PluginError, match="'mine' is registered by 'mine' and by 'other'"):
        zoo.add("other", "register_losses", "loss", {"mine": Mine})


def test_an_unknown_component_suggests_the_nearest():
    with pytest.raises(ConfigError, match="Did you mean 'hinge'"):
        ZOO.create("loss", Choice("hing"))


@pytest.mark.parametrize("entry", ENTRIES, ids=lambda entry: f"{entry.kind}-{entry.name}")
def test_component_is_a_frozen_dataclass_with_a_sentence_of_help(entry):
    assert is_dataclass(entry.component) and entry.component.__dataclass_params__.frozen
    assert re.match(r"[A-Z0-9].*[.:]", entry.summary)


@pytest.mark.parametrize("entry", ENTRIES, ids=lambda entry: f"{entry.kind}-{entry.name}")
def test_component_cites_its_source(entry):
    cited = re.search(r"arXiv:\d{4}\.\d{4,5}|doi:|https?://", inspect.getdoc(entry.component))
    assert cited or (entry.kind, entry.name) in NEUTRAL


def test_every_kind_has_the_components_that_were_promised():
    names = {kind: {entry.name for entry in ZOO.entries(kind)} for kind in ALL_KINDS}
    assert names == {
        "model": {"mlp", "dcgan", "resnet"},
        "loss": {"bce", "minimax", "lsgan", "wgan", "hinge"},
        "lipschitz": {"none", "clip", "gp", "lp", "dragan", "r1", "r1r2", "sn"},
        "conditioner": {"none", "cgan", "projection", "acgan"},
        "dataset": {
            *("digits", "mnist", "fashion-mnist", "cifar10", "cifar100", "svhn", "stl10"),
            *("folder", "zip"),
        },
        "features": {"digits-cnn", "photos-cnn", "inception", "dinov2", "clip", "vgg16"},
        "metric": {"fid", "fid-infinity", "is", "kid", "prc", "dc"},
        "engine": {"local", "ray"},
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


@pytest.fixture
def install(tmp_path, monkeypatch):
    """Install a plugin as pip would leave it: a module and a dist-info folder on the path."""
    monkeypatch.syspath_prepend(str(tmp_path))

    def installer(name: str, source: str) -> None:
        (tmp_path / f"{name}.py").write_text(source)
        info = tmp_path / f"{name}-0.3.dist-info"
        info.mkdir()
        (info / "METADATA").write_text(f"Metadata-Version: 2.1\nName: {name}\nVersion: 0.3\n")
        (info / "entry_points.txt").write_text(f"[ganzoo]\n{name} = {name}\n")
        monkeypatch.delitem(sys.modules, name, raising=False)

    return installer


def state(zoo, name):
    return next(plugin for plugin in zoo.plugins if plugin.name == name)


def test_an_installed_plugin_appears_like_a_built_in(install):
    install("good_plugin", GOOD)
    zoo = load_zoo()
    assert zoo.create("loss", Choice("shifted", {"by": 2.5})).by == 2.5
    assert (state(zoo, "good_plugin").state, state(zoo, "good_plugin").version) == ("ok", "0.3")


@pytest.mark.parametrize(
    ("source", "fault"),
    [
        ("import nope_nope", "ModuleNotFoundError"),
        ("raise SystemExit(3)", "SystemExit"),
        (GOOD.replace("register_losses", "regsiter_losses"), "regsiter_losses"),
        (GOOD.replace("def register_losses()", "def register_losses(extra)"), "extra"),
        (GOOD.replace('"shifted"', '"wgan"'), "registered by 'losses' and by 'bad_plugin'"),
        (GOOD.replace("return {", "raise ValueError({").replace("Shifted}", "Shifted})"), "ValueError"),
    ],
    ids=["import", "exit", "misspelt-hook", "signature", "duplicate", "hook-raises"],
)
def test_a_broken_plugin_is_reported_and_breaks_nothing_else(install, source, fault):
    install("bad_plugin", source)
    zoo = load_zoo()
    assert state(zoo, "bad_plugin").state == "broken" and fault in state(zoo, "bad_plugin").fault
    assert zoo.create("loss", Choice("wgan")) == Wasserstein()
    assert "shifted" not in {entry.name for entry in zoo.entries("loss")}


def test_what_a_plugin_prints_at_import_stays_out_of_the_results(install):
    install("loud_plugin", 'print("hi")\n' + GOOD)
    result = CliRunner().invoke(cli, ["list", "loss", "--json"])
    assert "shifted" in {row["name"] for row in json.loads(result.stdout)}
    assert result.stderr == "hi\n"


def test_asking_for_what_a_broken_plugin_may_offer_names_the_plugin(install):
    install("bad_plugin", "import nope_nope")
    with pytest.raises(PluginError, match="bad_plugin"):
        load_zoo().create("loss", Choice("shifted"))


@pytest.mark.parametrize("way", ["argument", "environment"])
def test_a_disabled_plugin_is_absent_and_never_imported(install, monkeypatch, way):
    install("bad_plugin", "raise SystemExit(3)")
    if way == "environment":
        monkeypatch.setenv("GANZOO_DISABLE_PLUGINS", "bad_plugin")
    zoo = load_zoo(disabled=["bad_plugin"] if way == "argument" else [])
    assert state(zoo, "bad_plugin").state == "disabled"
    assert "bad_plugin" not in sys.modules


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
