"""A cell's files on a storage: what is fetched is what was stored, and a kill between any two files can be resumed."""

import shutil
from pathlib import Path

import pytest

from ganzoo.builtin.engines.storage import CellStorage
from ganzoo.cells import Cell, execute
from ganzoo.errors import ConfigError, PluginError
from ganzoo.runs.new_folder import require_free
from support.runs import TINY, contents, ganzoo, log, state
from support.states import same

WORDS = [*TINY, "--no-scores", "--set=train.save_every=2", "--set=train.log_every=1", "--set=train.keep_last=1"]


@pytest.fixture(scope="module")
def stages(tmp_path_factory):
    """A run folder after 4 and after 8 steps; only the last checkpoint is kept."""
    place = tmp_path_factory.mktemp("stages")
    ganzoo("run", *WORDS, "--steps", 4, "--out", place / "run")
    shutil.copytree(place / "run", place / "4")
    ganzoo("resume", place / "run", "--steps", 8)
    return place / "4", place / "run"


def make_cell(place):
    return Cell("a", (), (), place / "cells" / "a", place / "logs" / "a.log")


def put(cell, stage):
    """Let the cell's folder here be at this stage, with a log of its process."""
    shutil.rmtree(cell.folder, ignore_errors=True)
    shutil.copytree(stage, cell.folder)
    cell.log.parent.mkdir(parents=True, exist_ok=True)
    cell.log.write_text(f"{stage}\n")


@pytest.mark.parametrize("scheme", ["file", "memory"])
def test_what_is_fetched_is_what_was_stored(tmp_path, stages, scheme):
    url = f"{scheme}://{tmp_path}/storage" if scheme == "file" else f"memory://{tmp_path.name}"
    here, there = make_cell(tmp_path / "here"), make_cell(tmp_path / "there")
    files, other = CellStorage(url, here), CellStorage(url, there)
    other.download()
    assert not there.folder.exists() and files.read_state() == ""
    for stage in stages:
        put(here, stage)
        (here.folder / ".log.jsonl.tmp-1").touch()
        files.upload()
        other.download()
        assert {name: data for name, (data, _) in contents(there.folder).items()} == {
            name: data for name, (data, _) in contents(stage).items()
        }
        assert there.log.read_text() == f"{stage}\n"
    assert files.read_state() == "complete"
    files.delete()
    other.download()
    assert contents(there.folder) == {} and files.read_state() == "" and not there.log.exists()


def test_only_what_changed_is_stored_again(tmp_path, stages, monkeypatch):
    cell = make_cell(tmp_path)
    put(cell, stages[0])
    files = CellStorage(f"memory://{tmp_path.name}", cell)
    files.upload()
    stored = []
    store = CellStorage._store
    monkeypatch.setattr(
        CellStorage, "_store", lambda self, name, stamp: (stored.append(name), store(self, name, stamp))
    )
    (cell.folder / "log.jsonl").write_text("")
    files.upload()
    assert stored == ["cells/a/log.jsonl"]


class Killed(BaseException):
    """Stands for the death of the worker."""


def kill_after(monkeypatch, count):
    """Let the worker die once it has written or deleted so many files."""
    done = [0]

    def limit(method):
        def limited(self, *words):
            if done[0] == count:
                raise Killed
            done[0] += 1
            return method(self, *words)

        return limited

    monkeypatch.setattr(CellStorage, "_store", limit(CellStorage._store))
    monkeypatch.setattr(CellStorage, "_remove", limit(CellStorage._remove))


def test_a_worker_killed_between_any_two_files_leaves_what_can_be_resumed(tmp_path, stages):
    kills = 0
    while True:
        place = tmp_path / str(kills)
        here, there = make_cell(place / "here"), make_cell(place / "there")
        files = CellStorage((place / "storage").as_uri(), here)
        put(here, stages[0])
        files.upload()
        put(here, stages[1])
        with pytest.MonkeyPatch.context() as monkeypatch:
            kill_after(monkeypatch, kills)
            try:
                files.upload()
                break
            except Killed:
                kills += 1
        CellStorage((place / "storage").as_uri(), there).download()
        ganzoo("resume", there.folder, "--steps", 8)
        assert same(state(there.folder), state(stages[1]))
        assert log(there.folder) == log(stages[1])
    assert kills > 10


def test_a_kill_before_the_recipe_is_stored_leaves_no_run_and_the_cell_begins_anew(tmp_path, stages):
    here, there = make_cell(tmp_path / "here"), make_cell(tmp_path / "there")
    put(here, stages[0])
    files = CellStorage((tmp_path / "storage").as_uri(), here)
    files._store("cells/a/manifest.json", (0, 0))
    CellStorage((tmp_path / "storage").as_uri(), there).download()
    assert [path.name for path in there.folder.iterdir()] == ["manifest.json"]
    python = Path(shutil.which("true"))
    ending = execute(Cell("a", (str(python),), (), there.folder, there.log), {})
    assert ending.state == "complete"
    require_free(there.folder)


def test_a_file_that_vanishes_while_it_is_stored_is_passed_over(tmp_path, stages):
    cell = make_cell(tmp_path / "here")
    put(cell, stages[0])
    files = CellStorage((tmp_path / "storage").as_uri(), cell)
    files._store("cells/a/checkpoints/step-00000099.pt", (0, 0))
    files.upload()
    assert not list((tmp_path / "storage").rglob("step-00000099*"))


@pytest.mark.parametrize(("url", "error"), [("nonsense://here", ConfigError), ("dropbox://bucket/grid", PluginError)])
def test_a_storage_that_cannot_be_opened_is_refused_in_words(tmp_path, url, error):
    with pytest.raises(error, match=r"^storage "):
        CellStorage(url, make_cell(tmp_path))
