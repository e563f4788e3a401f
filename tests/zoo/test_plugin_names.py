"""Plugins and their components by name: which is meant, disabled, overridden, or in no plugin that loads."""

import sys
from pathlib import Path

import pytest

from ganzoo.builtin.losses import Wasserstein
from ganzoo.cli.flags import PluginChoice
from ganzoo.errors import ConfigError, PluginError
from ganzoo.runs.folder import RunFolder
from ganzoo.settings.sections import Choice
from ganzoo.zoo.installed import Plugin, find_plugins
from ganzoo.zoo.names import KNOWN, title, unknown
from ganzoo.zoo.plugins import load_zoo
from support.broken_plugins import only
from support.packages import make_wheel, pip_install
from support.runs import TINY, ganzoo

# What is asked for


@pytest.mark.fault("a component of a broken plugin is asked for", "exit 4 with that plugin and its reason")
def test_a_part_of_a_broken_plugin_is_an_error_that_names_it_alone(loaded):
    zoo = loaded("ganzoo-contract", "ganzoo-import", "ganzoo-stop")
    with pytest.raises(PluginError, match=r"ganzoo-contract .* ganzoo-import .* ganzoo-stop"):
        zoo.entry("loss", "unheard-of")  # any of them may have it
    with pytest.raises(PluginError) as caught:
        zoo.entry("metric", "half")
    fault = "failed to load: metric 'half' does not subclass ganzoo.Metric"
    assert caught.value.what == f"no metric is named 'half'; ganzoo-contract 0.3, which may provide it, {fault}"
    assert caught.value.hint == "ganzoo plugins --traceback ganzoo-contract" and caught.value.exit_code == 4
    with pytest.raises(PluginError, match=r"ganzoo-stop 0.3, which may provide it, failed to load: Stop: no"):
        zoo.entry("loss", "stop")
    with pytest.raises(PluginError, match=r"ganzoo-import 0.3, which may"):
        zoo.entry("loss", "any@ganzoo-import")
    with pytest.raises(ConfigError, match="Did you mean 'hinge'"):
        zoo.entry("loss", "hing")


def test_a_part_of_a_disabled_plugin_is_an_error_that_says_so(loaded):
    with pytest.raises(ConfigError, match=r"ganzoo-good 0.3, which may provide it, is disabled") as caught:
        loaded("ganzoo-twin-a").entry("loss", "good")
    assert "--no-plugin" in caught.value.hint


@pytest.mark.parametrize("name", ["ganzoo-exit", "Ganzoo_Exit", "point-exit", "all", "1"])
def test_a_plugin_is_disabled_by_the_name_of_its_distribution_or_of_its_entry_point(installed, monkeypatch, name):
    for plugins in (
        find_plugins([name]),
        monkeypatch.setenv("GANZOO_DISABLE_PLUGINS", f"nope, {name}") or find_plugins(),
    ):
        enabled = {plugin.name: plugin.enabled for plugin in plugins}
        assert not enabled["ganzoo-exit"] and enabled["ganzoo-good"] == (name not in ("all", "1"))


def test_a_plugin_that_is_not_installed_cannot_be_disabled(loaded):
    with pytest.raises(ConfigError, match=r"no plugin is named 'ganzoo-godo'\. Did you mean 'ganzoo-good'\?"):
        load_zoo(disabled=["ganzoo-godo"])


# One name, two plugins


@pytest.mark.fault(
    "two plugins bring one name, or that of a built-in",
    "the second is name@plugin, and a remark names both",
    "F56",
    "F57",
)
def test_of_two_with_one_name_the_second_keeps_what_is_its_own(loaded):
    zoo = loaded("ganzoo-twin-a", "ganzoo-twin-b")
    assert zoo.entry("loss", "twin").plugin == "ganzoo-twin-a"
    assert zoo.entry("loss", "wgan").plugin == "losses"
    theirs = {entry.name for entry in zoo.entries("loss") if entry.plugin == "ganzoo-twin-b"}
    assert theirs == {"twin@ganzoo-twin-b", "wgan@ganzoo-twin-b", "b"}
    assert zoo.plugin("ganzoo-twin-b").remark == (
        "loss 'twin' is that of ganzoo-twin-a 0.3 already; this one is 'twin@ganzoo-twin-b'; "
        "loss 'wgan' is built in already; this one is 'wgan@ganzoo-twin-b'"
    )


@pytest.mark.parametrize(
    ("name", "plugin"),
    [
        ("twin@ganzoo-twin-a", "ganzoo-twin-a"),
        ("twin@ganzoo_twin_b", "ganzoo-twin-b"),
        ("b@ganzoo-twin-b", "ganzoo-twin-b"),
        ("wgan@ganzoo", "losses"),
        ("wgan@ganzoo-twin-b", "ganzoo-twin-b"),
    ],
)
def test_every_component_is_known_as_name_at_plugin(loaded, name, plugin):
    assert loaded("ganzoo-twin-a", "ganzoo-twin-b").entry("loss", name).plugin == plugin


def test_a_plugin_that_may_override_takes_the_name(loaded):
    zoo = loaded("ganzoo-twin-a", "ganzoo-twin-b", override=["ganzoo-twin-b"])
    assert {zoo.entry("loss", name).plugin for name in ("twin", "wgan", "b")} == {"ganzoo-twin-b"}
    assert zoo.entry("loss", "wgan@ganzoo").component is Wasserstein
    assert zoo.entry("loss", "twin@ganzoo-twin-a").plugin == "ganzoo-twin-a"
    assert zoo.plugin("ganzoo-twin-b").remark == ""
    assert zoo.plugin("losses").components.count("loss wgan@ganzoo") == 1


def test_only_a_plugin_that_is_there_may_override(loaded):
    with pytest.raises(ConfigError, match=r"no plugin is named 'ganzoo-twin-c'. Did you mean"):
        loaded("ganzoo-twin-a", override=["ganzoo-twin-c"])
    with pytest.raises(PluginError, match=r"--override: ganzoo-twin-b 0.3 is disabled"):
        loaded("ganzoo-twin-a", override=["ganzoo-twin-b"])


@pytest.mark.fault(
    "a run with --override is resumed without it", "exit 4 with the flag, and the manifest records the override", "F57"
)
def test_a_run_of_an_overridden_name_goes_on_with_the_same_plugin_only(installed, site, monkeypatch, tmp_path):
    only(monkeypatch, "ganzoo-twin-b")
    run = tmp_path / "run"
    said = ganzoo("--override", "ganzoo-twin-b", "run", *TINY, "--loss=wgan", "--steps=1", "--no-scores", "--out", run)
    assert f"ganzoo --override ganzoo-twin-b resume {run}" in said.stdout
    manifest = RunFolder(run).read_json(RunFolder(run).manifest)
    assert manifest["override"] == ["ganzoo-twin-b"]
    assert {"kind": "loss", "name": "wgan", "plugin": "ganzoo-twin-b", "version": "0.3"} in manifest["components"]
    refused = ganzoo("resume", run, "--steps=2", code=4).stderr
    assert "loss 'wgan' of the run came from plugin ganzoo-twin-b, but here it comes from losses" in refused
    assert "ganzoo --override ganzoo-twin-b" in refused
    assert "came from plugin ganzoo-twin-b" in ganzoo("sample", run, code=4).stderr
    ganzoo("--override", "ganzoo-twin-b", "resume", run, "--steps=2")
    (site / "ganzoo_twin_b-0.3.dist-info").rename(site / "ganzoo_twin_b-0.4.dist-info")
    metadata = site / "ganzoo_twin_b-0.4.dist-info" / "METADATA"
    metadata.write_text(metadata.read_text().replace("Version: 0.3", "Version: 0.4"))
    try:
        newer = ganzoo("--override", "ganzoo-twin-b", "resume", run, "--steps=3")
        assert "maybe not bit-exact: loss 'wgan' began with ganzoo-twin-b 0.3, this is 0.4" in newer.stderr
    finally:
        metadata.write_text(metadata.read_text().replace("Version: 0.4", "Version: 0.3"))
        metadata.parent.rename(site / "ganzoo_twin_b-0.3.dist-info")
    refused = ganzoo("--no-plugin", "ganzoo-twin-b", "resume", run, "--steps=4", code=4).stderr
    assert "loss 'wgan' needs plugin ganzoo-twin-b 0.3, which is disabled" in refused


def test_a_name_at_a_plugin_trains_and_is_in_folder_and_recipe(installed, monkeypatch, tmp_path):
    only(monkeypatch, "ganzoo-twin-a", "ganzoo-twin-b")
    monkeypatch.chdir(tmp_path)
    words = ["--loss=twin@ganzoo-twin-b", "--set=loss.by=3.0", "--steps=1", "--no-scores"]
    ganzoo("run", *TINY, *words)
    (run,) = Path("runs").iterdir()
    assert run.name.startswith("mlp-twin-ganzoo-twin-b-none_digits_s0_")
    assert RunFolder(run).read_recipe().loss == Choice("twin@ganzoo-twin-b", {"by": 3.0})
    ganzoo("resume", run, "--steps=2")
    assert "twin@ganzoo-twin-b" in ganzoo("table", run).stdout


# Names that are known


@pytest.mark.parametrize(
    ("kind", "name", "package"), [(k, n, p) for k, names in KNOWN.items() for n, p in names.items()]
)
def test_a_component_of_a_known_package_says_which(kind, name, package):
    error = unknown(kind, name, ["dcgan"])
    assert error.what == f"no {title(kind)} is named {name!r}; the package {package} provides it"
    assert error.exit_code == 2 and error.hint == f"in a checkout of ganzoo: pip install ./plugins/{package}"


def test_a_known_package_that_is_installed_and_broken_says_why(tmp_path, monkeypatch):
    monkeypatch.delenv("GANZOO_DISABLE_PLUGINS")
    monkeypatch.delitem(sys.modules, "ganzoo_r3gan", raising=False)
    pip_install(tmp_path / "site", make_wheel(tmp_path, "ganzoo-r3gan", "import nope_nope"))
    monkeypatch.syspath_prepend(str(tmp_path / "site"))
    with pytest.raises(PluginError, match=r"ganzoo-r3gan 0.3, which may provide it, failed to load: ModuleNotFound"):
        load_zoo().entry("model", "r3gan")
    with pytest.raises(ConfigError, match=r"ganzoo-r3gan 0.3, which may provide it, is disabled"):
        load_zoo(disabled=["ganzoo-r3gan"]).entry("loss", "rpgan")


def test_the_choice_of_plugins_is_handed_on_as_words_of_a_command_line():
    choice = PluginChoice((Path("/my loss.py"),), ("ganzoo-a",), ("ganzoo-b",))
    words = ["--plugin", "/my loss.py", "--no-plugin", "ganzoo-a", "--override", "ganzoo-b"]
    assert choice.words == words
    assert choice.command == "ganzoo --plugin '/my loss.py' --override ganzoo-b"


def test_what_stands_behind_the_at_has_no_character_that_a_flag_or_a_recipe_reads():
    assert Plugin("my.loss.py").tag == "my-loss" and Plugin("ganzoo-two:one").tag == "ganzoo-two/one"
