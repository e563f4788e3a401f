"""Plugins that pip installed and that are broken, rude or at odds: each is named, and harms nothing else."""

import json
import os
import random
import shutil
import signal
import sys
import warnings
from pathlib import Path

import numpy as np
import pytest
import torch

from ganzoo.builtin.losses import Wasserstein
from ganzoo.errors import PluginError
from ganzoo.settings.sections import Choice
from ganzoo.zoo import guard
from support.broken_plugins import BROKEN, CHANGED, NAMES, REMARKED, process, remarks
from support.runs import TINY, assert_equal_runs, ganzoo

# Everything broken at once


@pytest.mark.fault("23 broken plugins are installed", "help answers at once and imports none", "F51", "F62")
def test_help_answers_at_once_whatever_is_installed(site):
    result = process(site, "--help")
    assert "--override" in result.stdout
    assert result.stderr == "" and "hi\n" not in result.stdout  # not one was imported


@pytest.mark.fault(
    "plugins fail at import, exit, print to stdout or misspell a hook",
    "one line each on stderr, and `list --json` is valid and whole",
    "F51",
    "F52",
    "F53",
    "F61",
)
def test_every_fault_is_one_line_and_the_list_is_whole(site):
    result = process(site, "list", "--json")
    rows = {(row["kind"], row["name"]): row["plugin"] for row in json.loads(result.stdout)}
    for name in ("good", "loud", "slow", "state", "twin"):
        assert ("loss", name) in rows
    assert ("loss", "x") not in rows and rows["loss", "wgan"] == "losses" and rows["model", "dcgan"] == "models"
    assert remarks(result) >= REMARKED
    assert "hi\n" in result.stderr and "hello\n" in result.stderr


@pytest.mark.fault(
    "plugins with a wrong signature, a misspelt hook, a newer API, a stale entry point or damaged metadata",
    "each is listed as broken with its reason",
    "F54",
    "F55",
    "F59",
    "F60",
    "F64",
)
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


@pytest.mark.fault("a run beside broken and rude plugins", "its bits are those of a run without them", "F63")
@pytest.mark.full
def test_a_run_beside_them_trains_what_it_trains_without_them(site, tmp_path):
    words = ["run", *TINY, "--steps=2", "--no-scores", "--set=train.log_every=1", "--out"]
    beside = process(site, *words, tmp_path / "beside")
    alone = process(site, "--no-plugin", "all", *words, tmp_path / "alone")
    assert remarks(beside) >= REMARKED and remarks(alone) == set()
    assert_equal_runs(tmp_path / "beside", tmp_path / "alone")


# One at a time


def test_an_installed_plugin_is_used_like_a_built_in(loaded):
    assert loaded("ganzoo-good").create("loss", Choice("good", {"by": 2.5})).by == 2.5


@pytest.mark.fault(
    "a plugin changes the default type, threads, seeds, signals, folder and environment",
    "all is put back, and a remark names what was changed",
    "F63",
)
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


@pytest.mark.fault(
    "a plugin breaks after it has registered a part", "nothing of it is left, and the others register", "F53"
)
@pytest.mark.parametrize("case", BROKEN)
def test_a_broken_plugin_leaves_nothing_behind(loaded, case):
    zoo = loaded(NAMES[case])
    assert zoo.plugin(NAMES[case]).state == "broken"
    assert {entry.plugin for entry in zoo.all_entries()} <= {plugin.name for plugin in zoo.plugins if plugin.builtin}
    assert zoo.create("loss", Choice("wgan")) == Wasserstein()


@pytest.mark.fault("Ctrl-C while a plugin loads", "the command ends")
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
