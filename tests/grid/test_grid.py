"""A grid's life: what runs and what need not, what is written down, what is refused."""

import json
import os
import shutil
import signal
import subprocess
import time
from dataclasses import replace

import pytest

from ganzoo.cells import Ending
from ganzoo.contracts import Engine
from ganzoo.errors import FolderError, RunInterrupted
from ganzoo.files import read_records
from ganzoo.grid.config import Budget, GridConfig, default_folder
from ganzoo.grid.folder import GridFolder
from ganzoo.grid.plan import plan
from ganzoo.grid.records import read_plan
from ganzoo.grid.run import GridObserver, Policy, run_grid
from ganzoo.runs.folder import RunFolder
from ganzoo.settings.toml import from_tables, unflatten
from support.runs import ENVIRONMENT, TINY, assert_equal_runs, ganzoo, spawn, wait_for

REQUEST = GridConfig({"model": ["mlp"], "loss": ["bce", "wgan"]}, seeds=(0, 1))
NAMES = ["mlp-bce-s0", "mlp-wgan-s0", "mlp-bce-s1", "mlp-wgan-s1"]


class Scripted(Engine):
    """Ends cells as it was told, makes their folders, and remembers which it was given."""

    def __init__(self, **states):
        self.states, self.given = states, []

    def run(self, cells):
        for cell in cells:
            self.given.append(cell.name)
            make_run(cell.folder)
            state = self.states.get(cell.name.replace("-", "_"), "complete")
            yield cell, Ending(state, "" if state == "complete" else "as told", seconds=1.0)


class Recipes(Engine):
    """Ends cells, and remembers who observes them by the recipes that are there."""

    def run(self, cells):
        self.observed = {cell.name: RunFolder(cell.folder).read_recipe().train.observe for cell in cells}
        yield from ((cell, Ending("complete")) for cell in cells)


def make_run(folder):
    """The run of a cell, as far as a grid looks at it: its recipe, and the file of its scores."""
    plan = read_plan(folder.parents[1])
    folder.mkdir(parents=True, exist_ok=True)
    RunFolder(folder).write_recipe(from_tables(unflatten(plan.cells[folder.name].settings)))
    (folder / "scores.json").write_text('{"reports": []}')


def conduct(zoo, path, engine, request=REQUEST, **policy):
    return run_grid(request, zoo, engine, path, GridObserver(), policy=Policy(**policy))


def test_a_grid_runs_each_cell_once_and_a_second_time_nothing(zoo, tmp_path):
    engine = Scripted()
    assert conduct(zoo, tmp_path, engine) == dict.fromkeys(NAMES, "complete")
    assert conduct(zoo, tmp_path, engine) == dict.fromkeys(NAMES, "complete")
    assert engine.given == NAMES
    assert [record["cell"] for record in read_records(tmp_path / "cells.jsonl")] == NAMES


def test_more_seeds_run_only_what_they_add(zoo, tmp_path):
    conduct(zoo, tmp_path, Scripted(), GridConfig(REQUEST.axes, seeds=(0,)))
    engine = Scripted()
    conduct(zoo, tmp_path, engine)
    assert engine.given == NAMES[2:]
    plan = GridFolder(tmp_path).read_plan()
    assert (plan.seeds, list(plan.cells)) == ((0, 1), NAMES)


def test_observers_are_no_part_of_a_grid_and_a_cell_that_goes_on_takes_those_of_the_command(zoo, tmp_path):
    watched = replace(REQUEST, flags={"train.observe": "csv"})
    assert default_folder(watched) == default_folder(REQUEST)
    assert default_folder(replace(REQUEST, flags={"train.steps": 5})) != default_folder(REQUEST)
    conduct(zoo, tmp_path, Scripted(mlp_bce_s1="interrupted"))
    (asked,) = [cell for cell in plan(watched, zoo) if cell.name == "mlp-bce-s1"]
    assert 'train.observe="csv"' in asked.arguments
    conduct(zoo, tmp_path, engine := Recipes(), watched)
    assert engine.observed == {"mlp-bce-s1": "csv"}
    assert RunFolder(GridFolder(tmp_path).run_folder("mlp-wgan-s1")).read_recipe().train.observe == ""


@pytest.mark.fault("cells failed, diverged or ran out of time", "they stay results until --retry")
def test_failures_are_results_until_they_are_to_be_tried_again(zoo, tmp_path):
    states = {"mlp_bce_s0": "failed", "mlp_wgan_s0": "diverged", "mlp_bce_s1": "timeout", "mlp_wgan_s1": "refused"}
    first = conduct(zoo, tmp_path, Scripted(**states))
    assert first == {name.replace("_", "-"): state for name, state in states.items()}
    assert conduct(zoo, tmp_path, unchanged := Scripted()) == first
    assert unchanged.given == []
    second = conduct(zoo, tmp_path, failed := Scripted(), retry=["failed"])
    assert failed.given == ["mlp-bce-s0", "mlp-bce-s1", "mlp-wgan-s1"]
    assert [name for name, state in second.items() if state != "complete"] == ["mlp-wgan-s0"]
    third = conduct(zoo, tmp_path, diverged := Scripted(), retry=["failed", "diverged"])
    assert diverged.given == ["mlp-wgan-s0"]
    assert set(third.values()) == {"complete"}


def test_what_diverged_begins_anew_and_what_it_left_is_kept(zoo, tmp_path):
    grid = GridFolder(tmp_path)
    for number in (1, 2):
        conduct(zoo, tmp_path, Scripted(mlp_bce_s0="diverged"), retry=["diverged"])
        (grid.run_folder("mlp-bce-s0") / "trace").write_text(str(number))
    conduct(zoo, tmp_path, Scripted(), retry=["diverged"])
    assert not (grid.run_folder("mlp-bce-s0") / "trace").exists()
    traces = sorted((tmp_path / "discarded").rglob("trace"))
    assert [trace.read_text() for trace in traces] == ["1", "2"]


def test_a_cell_that_was_interrupted_is_still_missing(zoo, tmp_path):
    conduct(zoo, tmp_path, Scripted(mlp_bce_s1="interrupted"))
    engine = Scripted()
    conduct(zoo, tmp_path, engine)
    assert engine.given == ["mlp-bce-s1"]


def test_refused_combinations_are_in_the_file_and_never_run(zoo, tmp_path):
    engine = Scripted()
    conduct(zoo, tmp_path, engine, GridConfig({"model": ["mlp"], "lipschitz": ["gp", "gp+gp"]}))
    cells = read_plan(tmp_path).cells
    assert engine.given == ["mlp-gp-s0"]
    assert "names a part twice" in cells["mlp-gp+gp-s0"].refused
    assert cells["mlp-gp-s0"].settings["lipschitz.name"] == "gp"


@pytest.mark.fault("the last line of cells.jsonl is torn", "its cell alone runs again")
def test_a_torn_last_line_costs_its_cell_alone(zoo, tmp_path):
    conduct(zoo, tmp_path, Scripted())
    path = tmp_path / "cells.jsonl"
    path.write_text(path.read_text()[:-20])
    engine = Scripted()
    conduct(zoo, tmp_path, engine)
    assert engine.given == NAMES[3:]
    assert [record["cell"] for record in read_records(path)] == NAMES


def test_a_measured_budget_is_measured_once(zoo, tmp_path):
    small = {"dataset.image_size": 8, "model.width": 16}
    request = GridConfig({"model": ["mlp"]}, flags=small, budget=Budget("seconds", 3.0))
    conduct(zoo, tmp_path, Scripted(), request)
    plan = json.loads((tmp_path / "grid.json").read_text())
    plan["cells"]["mlp-s0"]["settings"]["train.steps"] = 4321  # as a faster machine would have measured
    (tmp_path / "grid.json").write_text(json.dumps(plan))
    shutil.rmtree(tmp_path / "cells")
    more = replace(request, seeds=(0, 1))
    conduct(zoo, tmp_path, Scripted(), more)
    cells = read_plan(tmp_path).cells
    assert {cell.settings["train.steps"] for cell in cells.values()} == {4321}


def test_a_measured_grid_takes_more_values_and_keeps_its_refusals(zoo, tmp_path):
    small = {"dataset.image_size": 8, "model.width": 16}
    axes = {"model": ["mlp"], "lipschitz": ["none", "sn+clip"]}
    request = GridConfig(axes, flags=small, budget=Budget("flops", 1e9))
    conduct(zoo, tmp_path, Scripted(), request)
    again = replace(request, axes=axes | {"lipschitz": ["none", "sn+clip", "gp"]})
    assert conduct(zoo, tmp_path, engine := Scripted(), again)["mlp-sn+clip-s0"] == "refused"
    assert engine.given == ["mlp-gp-s0"]


@pytest.mark.fault("a kill during a retry", "the cell is missing, and goes on")
def test_a_kill_during_a_retry_leaves_the_cell_missing(zoo, tmp_path):
    class Killed(Scripted):
        def run(self, cells):
            (cells[0].folder / "half").mkdir(parents=True)
            raise KeyboardInterrupt
            yield

    conduct(zoo, tmp_path, Scripted(mlp_bce_s0="diverged", mlp_wgan_s0="failed"))
    with pytest.raises(KeyboardInterrupt):
        conduct(zoo, tmp_path, Killed(), retry=["diverged", "failed"])
    states = conduct(zoo, tmp_path, engine := Scripted())
    assert (engine.given, set(states.values())) == (["mlp-bce-s0", "mlp-wgan-s0"], {"complete"})
    assert (tmp_path / "cells" / "mlp-bce-s0" / "half").is_dir()  # gone on with, not moved away


def test_what_an_engine_leaves_out_is_missing(zoo, tmp_path):
    class Lazy(Scripted):
        def run(self, cells):
            yield from super().run(cells[:1])

    assert list(conduct(zoo, tmp_path, Lazy()).values()) == ["complete", *["missing"] * 3]


def test_a_folder_of_other_things_does_not_become_a_grid(zoo, tmp_path):
    (tmp_path / "run").mkdir()
    with pytest.raises(FolderError, match="the folder holds no grid"):
        conduct(zoo, tmp_path, Scripted())


def test_every_command_that_made_a_grid_is_kept(zoo, tmp_path, monkeypatch):
    for words in (["a"], ["a"], ["b"]):
        monkeypatch.setattr("sys.argv", ["ganzoo", "compare", *words])
        conduct(zoo, tmp_path, Scripted())
    assert read_plan(tmp_path).commands == (("ganzoo", "compare", "a"), ("ganzoo", "compare", "b"))


@pytest.mark.fault("a grid is begun again with other axes or settings", "exit 10 with what differs")
def test_other_axes_and_other_settings_need_another_folder(zoo, tmp_path):
    conduct(zoo, tmp_path, Scripted())
    with pytest.raises(FolderError, match=r"the grid here has the axes model.name, loss.name, not model.name"):
        conduct(zoo, tmp_path, Scripted(), GridConfig({"model": ["mlp"]}))
    for other in ({"flags": {"train.steps": 9}}, {"sets": {"optim.beta1": 0.1}}, {"evals": 3}):
        with pytest.raises(FolderError, match=r"the grid here has other settings: \S+ (None|0) -> "):
            conduct(zoo, tmp_path, Scripted(), GridConfig(REQUEST.axes, seeds=(2,), **other))
    with pytest.raises(FolderError, match=r"other settings: --budget none -> steps=9"):
        conduct(zoo, tmp_path, Scripted(), GridConfig(REQUEST.axes, seeds=(2,), budget=Budget("steps", 9)))
    ganzoo("run", *TINY, "--steps", 1, "--no-scores", "--out", tmp_path / "cells" / "mlp-bce-s2")
    with pytest.raises(FolderError, match=r"cell mlp-bce-s2 was made with other settings: .*optim.batch_size 8 -> 32"):
        conduct(zoo, tmp_path, Scripted(), GridConfig(REQUEST.axes, seeds=(2,)))


@pytest.mark.fault("a second process works on one grid", "exit 10", "F88")
def test_a_grid_is_one_process_at_a_time(zoo, tmp_path):
    with GridFolder(tmp_path).claim(), pytest.raises(FolderError, match="another process works on this grid"):
        conduct(zoo, tmp_path, Scripted())


@pytest.mark.fault("SIGTERM to a grid", "the engine is closed, exit 143, and ended cells are kept", "F36")
def test_a_signal_stops_the_engine_and_is_named(zoo, tmp_path):
    class Stopped(Scripted):
        closed = False

        def run(self, cells):
            try:
                yield cells[0], Ending("complete")
                os.kill(os.getpid(), signal.SIGTERM)
                time.sleep(10)
            finally:
                self.closed = True

    engine, before = Stopped(), signal.getsignal(signal.SIGTERM)
    with pytest.raises(RunInterrupted, match="stopped by signal 15") as stop:
        conduct(zoo, tmp_path, engine)
    assert (engine.closed, stop.value.exit_code, signal.getsignal(signal.SIGTERM)) == (True, 143, before)
    assert list(GridFolder(tmp_path).read_endings()) == ["mlp-bce-s0"]


# Real processes

SCORED = ["--samples", 40, "--set", 'eval.metrics="fid"', "--evals", 2]
WORDS = ["--model=mlp", "--loss=bce,wgan", "--seeds=0..1", "--steps=120", "--jobs=2"]
GRID = ["compare", *TINY[1:], "--set=train.save_every=10", *WORDS, *SCORED]


def scores_of(path, cells):
    """The scores of every cell: all that a table is made of, but times."""
    reports = {cell: json.loads((path / "cells" / cell / "scores.json").read_text())["reports"] for cell in cells}
    return {cell: [(r["checkpoint"], r["scores"], r["protocol"]) for r in found] for cell, found in reports.items()}


def alive(path):
    """Processes that still work on the grid's runs."""
    listed = subprocess.run(["ps", "-eo", "args"], capture_output=True, text=True, check=True).stdout
    return [line for line in listed.splitlines() if str(path) in line]


@pytest.mark.fault(
    "kill -9 of a grid's parent",
    "no cell outlives it, and the same command ends in the same scores and runs nothing twice",
    "F36",
)
@pytest.mark.full
@pytest.mark.timeout(600)
@pytest.mark.parametrize(("enforcers", "ended"), [(["none"], 1), (["none", "clip"], 3)])
def test_a_grid_whose_parent_is_killed_goes_on_to_the_same_scores_and_runs_nothing_twice(tmp_path, enforcers, ended):
    killed, whole = tmp_path / "killed", tmp_path / "whole"
    words = [*GRID, f"--lipschitz={','.join(enforcers)}"]
    cells = [f"mlp-{loss}-{name}-digits-s{seed}" for seed in (0, 1) for loss in ("bce", "wgan") for name in enforcers]
    process = spawn(*words, "--out", killed, env=ENVIRONMENT)
    wait_for(lambda: len(read_records(killed / "cells.jsonl")) >= ended, process, 200)
    process.kill()
    process.communicate()
    deadline = time.monotonic() + 30
    while alive(killed):
        assert time.monotonic() < deadline, "a cell outlives its grid"
        time.sleep(0.1)
    before = [record["cell"] for record in read_records(killed / "cells.jsonl")]

    again = spawn(*words, "--out", killed, env=ENVIRONMENT)
    _, said = again.communicate(timeout=500)
    assert again.returncode == 0, said
    for cell in cells:  # undisturbed, and each from the recipe that its run wrote
        ganzoo("run", killed / "cells" / cell / "recipe.toml", "--out", whole / "cells" / cell)

    assert len(before) < len(cells)
    recorded = [record["cell"] for record in read_records(killed / "cells.jsonl")]
    assert (recorded[: len(before)], sorted(recorded)) == (before, sorted(cells))
    assert scores_of(killed, cells) == scores_of(whole, cells)
    for cell in cells:
        assert_equal_runs(killed / "cells" / cell, whole / "cells" / cell)
    begun = [(killed / "logs" / f"{cell}.log").read_text().count(" seed ") for cell in before]
    assert begun == [1] * len(before)


FAULTY = '''"""Losses that go wrong, each in its own way."""

import ctypes
import time
from dataclasses import dataclass

from ganzoo import hookimpl
from ganzoo.builtin.losses import NonSaturating


@dataclass(frozen=True)
class Diverging(NonSaturating):
    """Not a number."""

    def generator_loss(self, *, fake, real=None):
        return super().generator_loss(fake=fake) * float("nan")


@dataclass(frozen=True)
class Crashing(NonSaturating):
    """Reads address 0."""

    def generator_loss(self, *, fake, real=None):
        return ctypes.string_at(0)


@dataclass(frozen=True)
class Hanging(NonSaturating):
    """Never returns."""

    def generator_loss(self, *, fake, real=None):
        time.sleep(10_000)


@hookimpl
def register_losses():
    return {"diverging": Diverging, "crashing": Crashing, "hanging": Hanging}
'''


@pytest.mark.fault("losses that diverge, crash or hang", "three rows with their reasons, exit 8", "F35", "F37", "F38")
@pytest.mark.full
@pytest.mark.timeout(300)
def test_cells_that_diverge_crash_or_hang_are_three_honest_rows(tmp_path):
    (tmp_path / "faulty.py").write_text(FAULTY)
    words = ["compare", *TINY, "--loss=bce,diverging,crashing,hanging", "--seeds=0", "--steps=4", "--no-scores"]
    words += ["--evals=0", "--cell-timeout=40", "--jobs=2", "--out", tmp_path / "grid"]
    process = spawn("--plugin", tmp_path / "faulty.py", *words)
    _, said = process.communicate(timeout=250)
    assert process.returncode == 8, said
    endings = GridFolder(tmp_path / "grid").read_endings()
    states = {cell.split("-")[1]: (record.state, record.exit) for cell, record in endings.items()}
    assert states["bce"] == ("complete", 0)
    assert states["diverging"] == ("diverged", 6)
    assert states["crashing"] == ("failed", -signal.SIGSEGV)
    assert states["hanging"] == ("timeout", -signal.SIGABRT)
    reasons = {cell.split("-")[1]: record.reason for cell, record in endings.items()}
    assert "is nan" in reasons["diverging"]
    assert "SIGSEGV" in reasons["crashing"]
    assert "still running after 40 s" in reasons["hanging"]
    logs = tmp_path / "grid" / "logs"
    assert "faulty.py" in (logs / "mlp-crashing-none-digits-s0.log").read_text()  # where, by faulthandler
    assert "faulty.py" in (logs / "mlp-hanging-none-digits-s0.log").read_text()
