"""Plugins that pip installed and that are broken, rude or at odds: each is named, and harms nothing else."""

import json
import os
import random
import re
import shutil
import signal
import subprocess
import sys
import warnings
from importlib.metadata import Distribution
from pathlib import Path

import numpy as np
import pytest
import torch

from ganzoo.builtin.losses import Wasserstein
from ganzoo.cli.flags import PluginChoice
from ganzoo.errors import ConfigError, PluginError
from ganzoo.runs.folder import RunFolder
from ganzoo.settings.sections import Choice
from ganzoo.zoo import guard
from ganzoo.zoo.installed import Plugin, find_plugins, tolerate_damage
from ganzoo.zoo.names import KNOWN, unknown
from ganzoo.zoo.plugins import load_zoo
from support.packages import make_wheel, pip_install
from support.runs import ENVIRONMENT, TINY, assert_equal_runs, ganzoo


def source(name, *, top="", hook="register_losses", end=""):
    """A module that registers one loss of this name."""
    return f'''{top}
from dataclasses import dataclass
import ganzoo
from ganzoo.builtin.losses import Wasserstein

@dataclass(frozen=True)
class Mine(Wasserstein):
    """A loss. doi:10.0/none."""
    by: float = 1.0

@ganzoo.hookimpl
def {hook}:
    return {{"{name}": Mine}}
{end}
'''.replace(f"def {hook}:", f"def {hook if '(' in hook else hook + '()'}:")


SECOND_HOOK = """
@ganzoo.hookimpl
def register_metrics():
    return {"half": Mine}
"""
STATE = """
import gc, locale, logging, multiprocessing, os, random, signal, socket, sys, warnings
import numpy, torch
torch.set_default_dtype(torch.float64)
torch.set_default_device("meta")
torch.use_deterministic_algorithms(True)
torch.set_float32_matmul_precision("high")
torch.backends.cudnn.benchmark = True
torch.set_grad_enabled(False)
torch.autograd.set_detect_anomaly(True)
torch.set_num_threads(torch.get_num_threads() + 1)
torch.manual_seed(5), numpy.random.seed(5), random.seed(5)
numpy.seterr(all="raise")
warnings.simplefilter("ignore")
warnings.showwarning = print
logging.getLogger().setLevel(1)
logging.getLogger().addHandler(logging.NullHandler())
logging.disable(50)
os.chdir("/")
signal.signal(signal.SIGINT, signal.SIG_IGN)
os.environ["HOME"] = "/nowhere"
os.environ["GANZOO_CACHE"] = "/nowhere"
os.environ["GANZOO_STRICT_PLUGINS"] = "1"
os.environ["OF_A_LIBRARY"] = "stays"
sys.path.insert(0, "/nowhere")
sys.excepthook = print
sys.setrecursionlimit(5000)
gc.disable()
locale.setlocale(locale.LC_ALL, "C.UTF-8" if locale.setlocale(locale.LC_ALL) == "C" else "C")
socket.setdefaulttimeout(1)
multiprocessing.set_start_method("spawn", force=True)
"""
CHANGED = (
    "torch's default device, torch's default dtype, torch's deterministic flags, cuDNN's benchmark flag, "
    "torch's float32 precision, torch's gradient mode, torch's anomaly mode, torch's number of threads, "
    "the random state of torch, the random state of numpy, the random state of python, numpy's floating-point errors, "
    "the warnings filters, warnings.showwarning, the root logger's level, the root logger's handlers, "
    "what logging disables, the working folder, the signal handlers, environment variables, sys.path, sys.excepthook, "
    "the recursion limit, the garbage collector, the locale, the default timeout of sockets, how processes are started"
)
BROKEN = {
    "import": (source("x", top="import nope_nope"), "ModuleNotFoundError: No module named 'nope_nope'"),
    "exit": (source("x", top="raise SystemExit(3)"), "SystemExit: 3"),
    "stop": ("class Stop(BaseException): pass\nraise Stop('no')", "Stop: no"),
    "mute": ("class Mute(Exception):\n    __str__ = None\nraise Mute", "Mute, which does not say more"),
    "syntax": ("syntax error here", "SyntaxError: invalid syntax (ganzoo_syntax.py, line 1)"),
    "signature": (source("x", hook="register_losses(extra)"), "hook register_losses takes (), not (extra)"),
    "raises": (
        source("x", hook="register_losses(a=1 / 1)", end="").replace(
            "return", "raise ValueError('a\\n b')\n    return"
        ),
        "ValueError: a b (in register_losses)",
    ),
    "misspelt": (
        source("x", hook="regsiter_losses"),
        "no hook is named 'regsiter_losses'. Did you mean 'register_losses'?",
    ),
    "unmarked": (
        source("x").replace("@ganzoo.hookimpl", ""),
        "hook register_losses is not marked: put @ganzoo.hookimpl above it",
    ),
    "listed": (source("x").replace('{"x": Mine}', "[Mine]"), "register_losses must return {name: class}, not [<class"),
    "object": (
        source("x").replace(": Mine}", ": Mine()}"),
        "loss 'x' is an object, not a class: register Mine without parentheses",
    ),
    "contract": (
        source("x", end=SECOND_HOOK),
        "metric 'half' does not subclass ganzoo.Metric",
    ),
    "abstract": (
        source("x").replace("Wasserstein)", "ganzoo.AdversarialLoss)"),
        "loss 'x' does not implement discriminator_loss, generator_loss",
    ),
    "named": (source("x+y"), "loss 'x+y' is no name: letters, digits, - and _"),
    "options": (
        source("x").replace("by: float = 1.0", "by: 'Nope' = 1.0"),
        "loss 'x' has options that cannot be read: NameError: name 'Nope' is not defined",
    ),
    "unchecked": (
        source("x").replace("by: float = 1.0", "by: object.__class__.__class__.mro = 1.0"),
        "loss 'x' has options that cannot be read: ",
    ),
    "newer": (source("x", end="GANZOO_API = 99"), "needs ganzoo plugin API 99, this is 1"),
    "odd": (source("x", end="GANZOO_API = 'two'"), "GANZOO_API is 'two', not a whole number"),
    "stale": (source("x"), "ModuleNotFoundError: No module named 'ganzoo_stale'"),
    "nowhere": (source("x"), "its entry point '!' is no module"),
    "attribute": (source("x"), "AttributeError: module 'ganzoo_attribute' has no attribute 'nope'"),
    "empty": (source("x"), "its METADATA is damaged: install it again"),
    "malformed": (source("x"), "its entry_points.txt is damaged: install it again"),
}
ODD_POINTS = {"nowhere": "!", "attribute": "ganzoo_attribute:nope"}
SOUND = {
    "ganzoo-good": source("good"),
    "ganzoo-loud": source("loud", top="import os; print('hi'); os.system('echo hello')"),
    "ganzoo-slow": source("slow", top="import time; time.sleep(0.5)"),
    "ganzoo-state": source("state", top=STATE),
    "ganzoo-twin-a": source("twin"),
    "ganzoo-twin-b": source(
        "twin", end="register_losses = ganzoo.hookimpl(lambda: {'twin': Mine, 'wgan': Mine, 'b': Mine})"
    ),
}
NAMES = {case: f"ganzoo-{case}" for case in BROKEN} | {
    "empty": "point-empty"
}  # of its entry point, for want of its own


@pytest.fixture(scope="module")
def site(tmp_path_factory):
    """A folder with everything above installed, and then partly damaged, as disks and hands do it."""
    wheels, site = tmp_path_factory.mktemp("wheels"), tmp_path_factory.mktemp("site")
    broken = [
        make_wheel(wheels, f"ganzoo-{case}", text, {f"point-{case}": f"ganzoo_{case}"})
        for case, (text, _) in BROKEN.items()
    ]
    sound = [make_wheel(wheels, name, text) for name, text in SOUND.items()]
    several = make_wheel(wheels, "ganzoo-two", source("two"), {"one": "ganzoo_two", "other": "ganzoo_nope"})
    pip_install(site, *broken, *sound, several)
    (site / "ganzoo_stale.py").unlink()
    (site / "ganzoo_empty-0.3.dist-info" / "METADATA").write_text("")
    (site / "ganzoo_malformed-0.3.dist-info" / "entry_points.txt").write_text("[ganzoo]\nnonsense\n")
    for case, value in ODD_POINTS.items():
        (site / f"ganzoo_{case}-0.3.dist-info" / "entry_points.txt").write_text(f"[ganzoo]\npoint-{case} = {value}\n")
    return site


@pytest.fixture
def installed(site, monkeypatch):
    """All of it is on the path of this process, as if that had begun with the command line."""
    monkeypatch.delenv("GANZOO_DISABLE_PLUGINS")
    monkeypatch.setattr(Distribution, "entry_points", Distribution.entry_points)  # put back in the end
    tolerate_damage()
    monkeypatch.syspath_prepend(str(site))
    return site


@pytest.fixture
def loaded(installed, monkeypatch):
    """Load the zoo with the installed plugins of these names alone, in this process."""

    def load(*names, **choice):
        everything = {plugin.name for plugin in find_plugins()}
        for module in [name for name in sys.modules if name.startswith("ganzoo_")]:
            monkeypatch.delitem(sys.modules, module)
        return load_zoo(disabled=everything - set(names), **choice)

    return load


def process(site, *words, code=0, **variables):
    """A command in a process of its own, to which all of it is installed; returns what it said."""
    command = [sys.executable, "-m", "ganzoo", *map(str, words)]
    environment = ENVIRONMENT | {"PYTHONPATH": str(site)} | variables
    result = subprocess.run(command, env=environment, capture_output=True, text=True)
    assert result.returncode == code, result.stderr
    return result


def remarks(result):
    """Lines on stderr that are about plugins, by plugin."""
    lines = re.findall(r"^ganzoo: plugin (\S+) .*$", result.stderr, re.MULTILINE)
    assert len(lines) == len(set(lines))
    return set(lines)


REMARKED = {*NAMES.values()} | {"ganzoo-state", "ganzoo-twin-b", "ganzoo-two:other"}

# Everything broken at once


def test_help_answers_at_once_whatever_is_installed(site):
    result = process(site, "--help")
    assert "--override" in result.stdout
    assert result.stderr == "" and "hi\n" not in result.stdout  # not one was imported


def test_every_fault_is_one_line_and_the_list_is_whole(site):
    result = process(site, "list", "--json")
    rows = {(row["kind"], row["name"]): row["plugin"] for row in json.loads(result.stdout)}
    for name in ("good", "loud", "slow", "state", "twin"):
        assert ("loss", name) in rows
    assert ("loss", "x") not in rows and rows["loss", "wgan"] == "losses" and rows["model", "dcgan"] == "models"
    assert remarks(result) >= REMARKED
    assert "hi\n" in result.stderr and "hello\n" in result.stderr


def test_the_table_of_plugins_says_of_each_what_became_of_it(site):
    rows = {row["name"]: row for row in json.loads(process(site, "plugins", "--json").stdout)}
    for case, (_, fault) in BROKEN.items():
        row = rows[NAMES[case]]
        assert row["state"] == "broken" and row["fault"].startswith(fault), case
    assert rows["ganzoo-state"]["remark"] == f"changed, and put back: {CHANGED}"
    assert rows["ganzoo-good"] | {"seconds": 0} == {
        "name": "ganzoo-good", "version": "0.3", "state": "ok", "fault": "", "remark": "", "seconds": 0,
        "hooks": ["register_losses"], "components": ["loss good"],
        "aliases": ["ganzoo_good"], "builtin": False,
    }  # fmt: skip
    assert rows["ganzoo-slow"]["seconds"] >= 0.5 > rows["ganzoo-good"]["seconds"]
    assert rows["ganzoo-contract"]["hooks"] == ["register_losses", "register_metrics"]
    assert (rows["ganzoo-two:one"]["state"], rows["ganzoo-two:other"]["state"]) == ("ok", "broken")
    assert (rows["point-empty"]["version"], rows["ganzoo-malformed"]["version"]) == ("", "0.3")


def test_a_run_beside_them_trains_what_it_trains_without_them(site, tmp_path):
    words = ["run", *TINY, "--steps=2", "--no-scores", "--set=train.log_every=1", "--out"]
    beside = process(site, *words, tmp_path / "beside")
    alone = process(site, "--no-plugin", "all", *words, tmp_path / "alone")
    assert remarks(beside) >= REMARKED and remarks(alone) == set()
    assert_equal_runs(tmp_path / "beside", tmp_path / "alone")


# One at a time


def test_an_installed_plugin_is_used_like_a_built_in(loaded):
    assert loaded("ganzoo-good").create("loss", Choice("good", {"by": 2.5})).by == 2.5


def test_what_a_plugin_changes_is_as_before(loaded, monkeypatch):
    monkeypatch.setenv("HOME", "/home")
    rules, path, folder, handler = list(warnings.filters), list(sys.path), Path.cwd(), signal.getsignal(signal.SIGINT)
    generators = torch.get_rng_state(), np.random.get_state()[1].copy(), random.getstate()
    threads, cache = torch.get_num_threads(), os.environ["GANZOO_CACHE"]
    plugin = loaded("ganzoo-state").plugin("ganzoo-state")
    assert plugin.state == "ok" and plugin.remark == f"changed, and put back: {CHANGED}"
    assert torch.get_default_dtype() == torch.float32 and torch.empty(1).device.type == "cpu"
    assert not torch.are_deterministic_algorithms_enabled() and torch.is_grad_enabled()
    assert (torch.get_num_threads(), Path.cwd(), signal.getsignal(signal.SIGINT)) == (threads, folder, handler)
    assert torch.equal(torch.get_rng_state(), generators[0]) and random.getstate() == generators[2]
    assert np.array_equal(np.random.get_state()[1], generators[1])
    assert (os.environ["HOME"], os.environ["GANZOO_CACHE"]) == ("/home", cache)
    assert os.environ.pop("OF_A_LIBRARY") == "stays" and "GANZOO_STRICT_PLUGINS" not in os.environ
    assert sys.path == [*path, "/nowhere"] and warnings.filters[-len(rules) :] == rules
    assert ("ignore", None, Warning, None, 0) not in warnings.filters
    sys.path.remove("/nowhere")


@pytest.mark.parametrize("state", guard._STATES, ids=lambda state: state.name)
def test_every_state_can_be_written_as_it_was_read(state):
    before = state.read()
    state.write(before)
    assert state.read() == before


def test_a_filter_for_one_message_may_stay_and_one_for_all_may_not():
    with warnings.catch_warnings():
        with guard.unchanged() as changed:
            warnings.filterwarnings("ignore", message="of a library")
        assert changed == [] and warnings.filters[0][1].pattern == "of a library"
        with guard.unchanged() as changed:
            warnings.filterwarnings("ignore", category=UserWarning)
        assert changed == ["the warnings filters"] and warnings.filters[0][1].pattern == "of a library"


@pytest.mark.parametrize("case", BROKEN)
def test_a_broken_plugin_leaves_nothing_behind(loaded, case):
    zoo = loaded(NAMES[case])
    assert zoo.plugin(NAMES[case]).state == "broken"
    assert {entry.plugin for entry in zoo.all_entries()} <= {plugin.name for plugin in zoo.plugins[:9]}
    assert zoo.create("loss", Choice("wgan")) == Wasserstein()


def test_ctrl_c_while_a_plugin_loads_ends_the_command(loaded, site, monkeypatch):
    (site / "ganzoo_good.py").rename(site / "kept.py")
    (site / "ganzoo_good.py").write_text("raise KeyboardInterrupt")
    try:
        with pytest.raises(KeyboardInterrupt):
            loaded("ganzoo-good")
    finally:
        shutil.move(site / "kept.py", site / "ganzoo_good.py")


@pytest.mark.parametrize(
    ("case", "error", "said"),
    [("raises", ValueError, "a\n b"), ("import", ModuleNotFoundError, "nope"), ("exit", PluginError, "SystemExit: 3")],
)
def test_an_author_may_have_the_error_itself(loaded, monkeypatch, case, error, said):
    monkeypatch.setenv("GANZOO_STRICT_PLUGINS", "1")
    with pytest.raises(error, match=said):
        loaded(f"ganzoo-{case}")


def test_the_traceback_of_a_broken_plugin_is_shown_where_it_is_asked_for(installed):
    shown = ganzoo("plugins", "--traceback", "ganzoo-raises")
    assert "Traceback (most recent call last)" in shown.stdout and "ganzoo_raises.py" in shown.stdout
    assert shown.stdout.endswith("in register_losses\n")
    assert ganzoo("plugins", "--traceback", "Ganzoo_Good").stdout == "ganzoo-good 0.3: ok\n"
    wrong = ganzoo("plugins", "--traceback", "ganzoo-godo", code=2)
    assert "no plugin is named 'ganzoo-godo'. Did you mean 'ganzoo-good'?" in wrong.stderr
    table = ganzoo("plugins").stdout.splitlines()
    assert max(map(len, table)) <= 80 and any(line.startswith("ganzoo-malformed") for line in table)


# What is asked for


def only(monkeypatch, *names):
    """Disable all plugins but these, as a user does who types a command after it."""
    others = {plugin.name for plugin in find_plugins()} - set(names)
    monkeypatch.setenv("GANZOO_DISABLE_PLUGINS", ",".join(others))


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
    assert error.what == f"no {kind} is named {name!r}; the package {package} provides it"
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
