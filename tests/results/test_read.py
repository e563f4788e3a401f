"""Run folders and grids become values, wherever they lie and however they ended."""

import json
import os
import subprocess
import sys

import pytest

from ganzoo.errors import CheckpointError, ConfigError
from ganzoo.files import append, read_last_record, read_records
from ganzoo.results.comparison import make_table
from ganzoo.results.provenance import read_provenance
from ganzoo.results.read import find_grid, read_results
from ganzoo.results.report import write_report
from support.made_runs import make_report, write_grid, write_run
from support.runs import ganzoo

CELLS = {
    "bce-0": ("bce", 0, "complete", 10.0),
    "bce-1": ("bce", 1, "diverged", None),
    "bce-2": ("bce", 2, "running", None),
    "wgan-0": ("wgan", 0, "missing", None),
    "wgan-1": ("wgan", 1, "failed", None),
    "gp-0": ("gp", 0, "refused", None),
}


def states(results):
    return {result.name: (result.state, result.reason) for result in results}


def test_a_run_is_read_with_its_scores_and_costs(tmp_path):
    reports = [make_report(1.5), make_report(1.0, "best")]
    (result,) = read_results([write_run(tmp_path / "one", seed=3, loss="wgan", reports=reports)])
    assert (result.name, result.path, result.seed, result.state, result.reason) == (
        *("one", tmp_path / "one", 3, "complete", ""),
    )
    assert result.settings["loss.name"] == "wgan"
    assert list(result.reports) == reports
    # of the last whole record of the log: step 10, 640 images, 90 s; the torn line after it does not count
    assert (result.images, result.seconds, result.flops) == (640, 90.0, 1e7)
    assert (result.parameters, result.memory_mb, result.grid) == (1_500, 100.0, None)


def test_an_older_run_has_no_costs(tmp_path):
    (result,) = read_results([write_run(tmp_path / "one", cost=False)])
    assert (result.flops, result.parameters, result.images) == (None, None, 640)


def test_runs_are_found_however_deep_and_once(tmp_path):
    for name in ("a", "deep/er/b", "deep/c"):
        write_run(tmp_path / "runs" / name)
    (tmp_path / "runs" / "notes").mkdir()
    found = read_results([tmp_path / "runs", tmp_path / "runs" / "a"])
    assert [result.name for result in found] == ["runs/a", "runs/deep/c", "runs/deep/er/b"]
    assert [result.name for result in read_results([tmp_path / "runs"])] == ["a", "deep/c", "deep/er/b"]


def test_names_are_as_they_were_typed(tmp_path, monkeypatch):
    write_run(tmp_path / "runs" / "a")
    monkeypatch.chdir(tmp_path)
    (result,) = read_results([(tmp_path / "runs").relative_to(tmp_path)])
    assert (result.name, str(result.path)) == ("a", "runs/a")


def test_a_run_that_did_not_end_well_says_how_far_it_came(tmp_path):
    write_run(tmp_path / "runs" / "a", state="diverged")
    (write_run(tmp_path / "runs" / "b") / "status.json").unlink()
    assert states(read_results([tmp_path / "runs"])) == {
        "a": ("diverged", "step 10 of 10"),
        "b": ("interrupted", "step 0 of 10"),
    }


def test_every_cell_of_a_grid_is_a_result(tmp_path):
    results = read_results([write_grid(tmp_path / "grid", CELLS)])
    assert states(results) == {
        "bce-0": ("complete", ""),
        "bce-1": ("diverged", "exit 1"),
        "bce-2": ("running", "step 10 of 10"),
        "wgan-0": ("missing", "not run yet"),
        "wgan-1": ("failed", "exit 4"),
        "gp-0": ("refused", "does not fit"),
    }
    assert [result.path is not None for result in results] == [True, True, True, False, False, False]
    assert results[5].axes == {"model.name": "mlp", "loss.name": "gp"}
    assert results[5].value("loss.name") == "gp"
    assert find_grid(results) == tmp_path / "grid"


def test_the_last_attempt_of_a_cell_counts(tmp_path):
    grid = write_grid(tmp_path / "grid", CELLS)
    append(grid / "cells.jsonl", {"cell": "bce-1", "state": "complete", "reason": ""})
    assert states(read_results([grid]))["bce-1"] == ("complete", "")


@pytest.mark.parametrize(
    ("state", "time", "shown"),
    [
        ("interrupted", "2026-01-01T00:00:09+00:00", ("interrupted", "step 4 of 10")),  # and no ending was written
        ("running", "2026-01-01T00:30:00+00:00", ("running", "step 4 of 10")),
    ],
)
def test_a_cell_whose_grid_was_ended_says_how_far_it_came(tmp_path, state, time, shown):
    grid = write_grid(tmp_path / "grid", {"bce-0": ("bce", 0, "running", None)})
    status = {"state": state, "step": 4, "steps": 10, "time": time}
    (grid / "cells" / "bce-0" / "status.json").write_text(json.dumps(status))
    assert states(read_results([grid]))["bce-0"] == shown


def test_a_cell_that_runs_again_is_running_and_one_that_failed_while_it_ran_has_failed(tmp_path):
    grid = write_grid(tmp_path / "grid", {"bce-0": ("bce", 0, "complete", None)})
    append(grid / "cells.jsonl", {"cell": "bce-0", "state": "failed", "reason": "why", "ended": "2026-01-01T00:10:00"})
    for time, state in (("2026-01-01T00:09:00", "failed"), ("2026-01-01T00:11:00", "running")):
        status = {"state": "running", "step": 4, "steps": 10, "time": time}
        (grid / "cells" / "bce-0" / "status.json").write_text(json.dumps(status))
        assert states(read_results([grid]))["bce-0"][0] == state


def test_a_grid_among_runs_is_no_grid_of_them_all(tmp_path):
    write_grid(tmp_path / "grid", CELLS)
    write_run(tmp_path / "single")
    results = read_results([tmp_path])
    assert [result.name for result in results][-2:] == ["grid/gp-0", "single"]
    assert find_grid(results) is None


def test_the_origin_of_a_grid_sums_its_attempts(tmp_path):
    grid = write_grid(tmp_path / "grid", CELLS)
    origin = read_provenance(grid, read_results([grid]))
    # three attempts of 30 s that ended at minutes 0, 1 and 4
    assert (origin.seconds, origin.elapsed, origin.cells) == (90.0, 270.0, 6)
    assert origin.commands == (("ganzoo", "compare", "--loss", "bce,wgan"),)
    assert origin.states["diverged"] == 1
    assert origin.machines == ("Z80; 2 cores; Linux; cpu None, None, threads 1; Python 3.12, torch 2",)


def test_a_grid_that_has_not_begun_has_no_time(tmp_path):
    grid = write_grid(tmp_path / "grid", {"wgan-0": ("wgan", 0, "missing", None)})
    assert read_provenance(grid, read_results([grid])).elapsed is None


@pytest.mark.parametrize("place", ["empty", "absent"])
def test_a_place_without_runs_is_named(tmp_path, place):
    (tmp_path / "empty").mkdir()
    with pytest.raises(CheckpointError, match="this is not a run folder") as caught:
        read_results([tmp_path / place])
    assert caught.value.where == str(tmp_path / place)


def test_a_damaged_recipe_is_named(tmp_path):
    path = write_run(tmp_path / "one", 1.0) / "recipe.toml"
    path.write_text("[optim]\nlr = 1")
    with pytest.raises(ConfigError) as caught:
        read_results([tmp_path])
    assert caught.value.where == str(path)


@pytest.mark.fault("one run of many has no recipe that can be read", "the others are compared, and a remark names it")
def test_a_run_without_settings_keeps_no_other_from_the_table(tmp_path):
    for name, loss in (("a", "bce"), ("b", "wgan"), ("c", "bce")):
        write_run(tmp_path / name, 1.0, loss=loss)
    (tmp_path / "c" / "recipe.toml").write_bytes(b"\0" * 100)
    table = make_table(read_results([tmp_path]))
    assert [row.axes for row in table.rows] == [{"loss.name": "bce"}, {"loss.name": "wgan"}]
    (remark,) = [note for note in table.notes if "c is left out" in note]
    assert str(tmp_path / "c" / "recipe.toml") in remark


@pytest.mark.parametrize("content", [b"", b'{"st', bytes(60), b"[]", b'{"reports": 1}', b"\xff\xfe{}"])
@pytest.mark.parametrize("file", ["status.json", "manifest.json", "scores.json"])
@pytest.mark.fault("a JSON file of one run is damaged", "the run is in the table, and a remark names the file")
def test_a_run_with_a_damaged_file_is_in_the_table_with_a_remark(tmp_path, file, content):
    path = write_run(tmp_path / "one", 1.0) / file
    whole = path.read_bytes()
    path.write_bytes(whole[: len(whole) // 2] if content.startswith(b'{"st') else content)
    if file != "scores.json" and content.startswith(b'{"reports'):
        path.write_bytes(b'{"step": "x", "command": 3}')
    (result,) = read_results([tmp_path])
    assert (result.state, result.path) == ("complete", tmp_path / "one")
    assert len(result.reports) == (file != "scores.json")
    assert (result.manifest is None) == (file == "manifest.json")
    (remark,) = result.remarks
    assert remark.startswith(f"{path}: {file} cannot be read: ")


def test_a_recipe_of_any_layout_is_read(tmp_path):
    path = write_run(tmp_path / "one", loss="wgan")
    recipe = (path / "recipe.toml").read_text()
    lines = (
        '[lipschitz]\nname = "sn+gp"',
        "[lipschitz.gp]\nweight = 2.0",
        "[model]\nname = 'mlp'\nwidths = [\n[1],\n[2]]",
    )
    sections = {line.split("]")[0] for line in lines}
    kept = [part for part in recipe.split("\n\n") if part.split("]")[0] not in sections]
    (path / "recipe.toml").write_text("\n\n".join([*kept, *lines]))
    (result,) = read_results([path])
    assert result.settings["lipschitz.gp.weight"] == 2.0
    assert (result.settings["model.widths"], result.settings["loss.name"]) == ([[1], [2]], "wgan")


@pytest.mark.fault("a log of many megabytes", "its last record is found without reading the others")
def test_the_last_record_is_found_in_a_long_file(tmp_path):
    for step in range(3_000):
        append(tmp_path / "log.jsonl", {"step": step, "text": "x" * 50})
    assert read_last_record(tmp_path / "log.jsonl") == read_records(tmp_path / "log.jsonl")[-1]
    assert read_last_record(tmp_path / "absent") == {}


def test_reading_does_not_wait_for_torch(tmp_path):
    write_run(tmp_path / "one", 1.0)
    code = (
        "import sys; from pathlib import Path; from ganzoo.results.read import read_results\n"
        "from ganzoo.results.comparison import make_table; from ganzoo.results.tables import render\n"
        "render(make_table(read_results([Path(sys.argv[1])])), 'text')\n"
        "print(sorted({'torch', 'scipy', 'numpy'} & set(sys.modules)))"
    )
    shown = subprocess.run([sys.executable, "-c", code, tmp_path], capture_output=True, text=True, check=True)
    assert shown.stdout.strip() == "[]"


def test_folders_may_be_text_or_paths_one_or_several(tmp_path):
    write_run(tmp_path / "one", 1.0)
    write_run(tmp_path / "two", 2.0, seed=1)
    for asked in (tmp_path, str(tmp_path), [str(tmp_path)], [tmp_path / "one", str(tmp_path / "two")]):
        assert [result.name for result in read_results(asked)] == ["one", "two"]
    page = write_report(str(tmp_path), str(tmp_path / "new" / "page.html"))
    assert page == tmp_path / "new" / "page.html"
    size = page.stat().st_size
    assert write_report(read_results(tmp_path), page).stat().st_size == size


def test_a_run_that_went_back_to_a_checkpoint_says_so_in_its_table(tmp_path):
    write_run(tmp_path / "one", 1.0)
    rollbacks = [{"diverged": 7, "step": 5, "what": "d/adversarial is nan"}] * 2
    (tmp_path / "one" / "rollbacks.json").write_text(json.dumps({"rollbacks": rollbacks}))
    (note,) = [note for note in make_table(read_results(tmp_path)).notes if "diverged" in note]
    assert "one diverged and went back to a checkpoint 2 times" in note
    assert "1/4 of those in its recipe" in note


@pytest.mark.fault(
    "the name of a run is bytes that are no text", "a report and a table show a question mark there", "F91"
)
def test_a_name_that_is_no_text_does_not_end_a_report_or_a_table(tmp_path):
    write_run(tmp_path / os.fsdecode(b"odd\xff"), 1.0)
    page = write_report(tmp_path, tmp_path / "page.html").read_text(encoding="utf-8")
    assert "odd?" in page
    ganzoo("table", tmp_path, "-o", tmp_path / "table.html")
    assert ">odd</td>" in (tmp_path / "table.html").read_text(encoding="utf-8")
