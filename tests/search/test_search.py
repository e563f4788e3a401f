"""The life of a search: what is tried, pruned and written down, and how it goes on after a kill."""

import json
import math
from dataclasses import replace

import pytest
from click.testing import CliRunner

from ganzoo.cells import Ending
from ganzoo.cli import cli
from ganzoo.contracts import Engine
from ganzoo.errors import ConfigError, FolderError, RunInterrupted
from ganzoo.files import read_records
from ganzoo.grid.config import GridConfig
from ganzoo.grid.records import read_plan
from ganzoo.grid.run import Policy
from ganzoo.results.read import read_results
from ganzoo.runs.folder import RunFolder
from ganzoo.search.config import SearchConfig
from ganzoo.search.results import read_search, write_results
from ganzoo.search.run import SearchObserver, run_search
from ganzoo.search.space import parse_space
from ganzoo.settings.toml import from_tables, unflatten
from support.made_runs import FD, make_report

SPACE = parse_space(["optim.lr_g=1e-5..1e-2:log", "optim.lr_d=1e-5..1e-2:log"])
AXES = {"model": ["mlp"], "dataset": ["gaussians8"], **{key: list(values.ends) for key, values in SPACE.items()}}
STEPS = 20
SEARCH = SearchConfig(SPACE, GridConfig(AXES, (0, 1), {"train.steps": STEPS}, evals=2), trials=9)


class Formula(Engine):
    """Trains nothing: the score is how far both rates are from 1e-3, in powers of ten, plus a tenth of the seed."""

    def __init__(self, killed_after=math.inf, states=None):
        self.given, self.killed_after, self.states = [], killed_after, states or {}

    def run(self, cells):
        for cell in cells:
            if len(self.given) >= self.killed_after:
                raise RunInterrupted("killed", signal=15)
            self.given.append(cell.name)
            yield cell, Ending(self.states.get(cell.name) or self.train(cell), "as told", seconds=1.0)

    def train(self, cell):
        settings = read_plan(cell.folder.parents[1]).cells[cell.name].settings
        score = distance(settings) + settings["train.seed"] / 10
        folder = RunFolder(cell.folder)
        cell.folder.mkdir(parents=True, exist_ok=True)
        folder.write_recipe(from_tables(unflatten(settings)))
        record = {"images": 1, "name": FD, "low": None, "high": None, "selection": score}
        lines = [{**record, "step": step, "value": score + 1 - step / STEPS} for step in range(10, STEPS + 1, 10)]
        folder.evaluations.write_text("".join(json.dumps(line) + "\n" for line in lines))
        folder.write_json(folder.scores, {"reports": [make_report(score)]})
        return "complete"


def distance(settings):
    return sum(abs(math.log10(float(settings[key])) + 3) for key in SPACE)


@pytest.fixture(scope="module")
def whole(zoo, tmp_path_factory):
    """A search that nothing disturbed: its engine, its folder and its results."""
    path, engine = tmp_path_factory.mktemp("search"), Formula()
    return engine, path, conduct(zoo, path, engine)


def conduct(zoo, path, engine, search=SEARCH):
    run_search(search, zoo, engine, path, SearchObserver(), policy=Policy())
    return read_search(path)


def test_the_best_trial_comes_first_with_the_mean_of_its_seeds(whole):
    found = whole[2]
    complete = [trial for trial in found.trials if trial.state == "complete"]
    assert len(found.trials) == 9 and found.metric == FD
    assert [trial.value for trial in complete] == sorted(trial.value for trial in complete)
    for trial in complete:
        assert trial.value == pytest.approx(distance(trial.settings) + 0.05)  # the mean of 0 and 0.1
        assert trial.scores["1"] - trial.scores["0"] == pytest.approx(0.1)
    assert found.importances.keys() == SPACE.keys() and sum(found.importances.values()) == pytest.approx(1)


def test_a_trial_worse_than_the_median_at_a_step_is_pruned_without_a_number(whole):
    found = whole[2]
    pruned = [trial for trial in found.trials if trial.state == "pruned"]
    for trial in pruned:
        before = [other for other in found.trials if other.number < trial.number and other.state == "complete"]
        scores = sorted(distance(other.settings) for other in before)
        middle = (scores[(len(scores) - 1) // 2] + scores[len(scores) // 2]) / 2
        assert len(before) >= 5 and distance(trial.settings) > middle
        assert trial.value is None and trial.reason.startswith("pruned at step 10, with ")
    assert pruned


def test_a_search_that_is_killed_goes_on_as_one_that_was_not(zoo, tmp_path, whole):
    few = replace(SEARCH, trials=3)
    with pytest.raises(RunInterrupted):
        conduct(zoo, tmp_path, first := Formula(killed_after=3), few)
    assert [trial.state for trial in read_search(tmp_path).trials] == ["complete", "running"]
    found = conduct(zoo, tmp_path, second := Formula(), few)
    assert found.trials == [trial for trial in whole[2].trials if trial.number < few.trials]
    assert first.given + second.given == whole[0].given[: 2 * few.trials]
    conduct(zoo, tmp_path, again := Formula(), few)
    assert again.given == []


@pytest.mark.full
def test_more_trials_go_on_and_another_space_is_refused(zoo, tmp_path):
    few = replace(SEARCH, trials=1)
    before = conduct(zoo, tmp_path, Formula(), few)
    after = conduct(zoo, tmp_path, Formula(), replace(few, trials=2))
    assert {trial.number: trial for trial in after.trials}.items() >= {t.number: t for t in before.trials}.items()
    assert len(after.trials) == 2
    other = replace(few, space=SPACE | parse_space(["optim.lr_g=1e-4..1e-2:log"]))
    with pytest.raises(FolderError, match="the search here is another one: space"):
        conduct(zoo, tmp_path, Formula(), other)


@pytest.mark.parametrize(
    "state", ["diverged", *(pytest.param(s, marks=pytest.mark.full) for s in ("failed", "timeout"))]
)
def test_a_trial_of_which_one_run_fails_has_a_reason_and_no_number(zoo, tmp_path, state):
    found = conduct(zoo, tmp_path, Formula(states={"trial-0-s1": state}), replace(SEARCH, trials=2))
    (trial,) = [trial for trial in found.trials if trial.number == 0]
    assert (trial.state, trial.reason, trial.value) == (state, "seed 1: as told", None)
    assert found.best.number == 1 and found.trials[-1] == trial


@pytest.mark.full
def test_equal_settings_are_trained_once(zoo, tmp_path):
    space = parse_space(["loss=bce,hinge"])
    axes = {"model": ["mlp"], "dataset": ["gaussians8"], "loss": ["bce", "hinge"]}
    flags = {"train.steps": STEPS, "optim.lr_g": 1e-3, "optim.lr_d": 1e-3}
    search = SearchConfig(space, GridConfig(axes, (0,), flags, evals=5), trials=4)
    found = conduct(zoo, tmp_path, engine := Formula(), search)
    assert len(engine.given) == 2 and len(found.trials) == 4
    assert {trial.reason for trial in found.trials} >= {"", "as trial 0"}


def test_an_option_that_does_not_exist_is_refused_before_anything_is_written(zoo, tmp_path):
    space = parse_space(["optim.lr_x=1e-4..1e-2"])
    axes = {"model": ["mlp"], "dataset": ["gaussians8"], "optim.lr_x": ["0.0001", "0.01"]}
    with pytest.raises(ConfigError, match="lr_x"):
        conduct(zoo, tmp_path / "search", Formula(), replace(SEARCH, space=space, grid=GridConfig(axes)))
    assert not (tmp_path / "search").exists()


def test_the_folder_is_that_of_a_grid_with_a_table_and_a_picture(whole):
    _, path, found = whole
    table, picture = write_results(path, found)
    head, first = table.read_text().splitlines()[:2]
    assert head == f"trial,{FD},optim.lr_g,optim.lr_d,state,reason"
    assert first.startswith(f"{found.best.number},{found.best.value},")
    assert picture.read_bytes().startswith(b"\x89PNG")
    cells = {result.name: result for result in read_results([path])}
    assert cells[f"trial-{found.best.number}-s0"].value("optim.lr_g") == float(found.best.settings["optim.lr_g"])
    assert len(read_records(path / "cells.jsonl")) == 18


def test_the_command_line_asks_for_one_value_of_what_is_not_searched():
    words = ["tune", "--model=mlp", "--loss=bce,wgan", "--dataset=gaussians8", "--tune=optim.lr_g=1e-5..1e-2:log"]
    result = CliRunner().invoke(cli, words)
    assert result.exit_code == 2 and "--tune loss=bce,wgan" in result.output
    assert CliRunner().invoke(cli, ["tune", "--model=mlp"]).exit_code == 2
