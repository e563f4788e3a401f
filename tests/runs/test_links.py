"""Parts of a run folder that are links: nothing is written or deleted where they lead, unless the user allows it."""

import shutil

import pytest

from ganzoo.errors import FolderError
from ganzoo.runs.own_parts import GRID_PARTS, RUN_PARTS, require_own_parts
from ganzoo.runs.run import Run
from support.runs import contents, ganzoo, train


@pytest.fixture(scope="module")
def trained(tmp_path_factory):
    """A run of two steps; tests only copy it."""
    out = tmp_path_factory.mktemp("trained") / "run"
    train(out, "--set", "eval.at_end=false", steps=2)
    return out


@pytest.fixture
def run(trained, tmp_path):
    return shutil.copytree(trained, tmp_path / "run")


def link(run, name):
    """Move a part of a run elsewhere, and leave a link to it."""
    elsewhere = run.parent / "elsewhere"
    elsewhere.mkdir(exist_ok=True)
    target = (run / name).rename(elsewhere / (run / name).name)
    (run / name).symlink_to(target)
    return elsewhere


LINKS = ["checkpoints", "samples", "log.jsonl", "run.lock", "checkpoints/step-00000002.pt", "status.json", "tb"]


@pytest.mark.fault(
    "a part of a stranger's run folder is a link", "exit 10 with --follow-links as the way out, nothing written there"
)
@pytest.mark.parametrize("name", LINKS)
def test_nothing_is_written_where_a_part_of_a_run_leads(run, name):
    elsewhere = link(run, name)
    before = contents(elsewhere)
    said = ganzoo("resume", run, "--steps", 4, code=10).stderr
    assert f"{name} is a link to {elsewhere}" in said and "--follow-links" in said
    assert contents(elsewhere) == before


@pytest.mark.parametrize("command", ["sample", "evaluate", "diagnose"])
def test_commands_that_leave_something_in_a_run_refuse_links_too(run, command):
    elsewhere = link(run, "samples")
    before = contents(elsewhere)
    assert "samples is a link" in ganzoo(command, run, code=10).stderr
    assert contents(elsewhere) == before


def test_links_are_followed_if_the_user_allows_it(run):
    elsewhere = link(run, "checkpoints")
    ganzoo("resume", run, "--steps", 3, "--follow-links")
    assert (elsewhere / "checkpoints" / "step-00000003.pt").is_file()
    with pytest.raises(FolderError, match="is a link"):
        Run(run).resume(steps=4)
    Run(run, follow_links=True).resume(steps=4)


def test_the_run_folder_itself_may_be_a_link(run):
    (run.parent / "linked").symlink_to(run)
    ganzoo("resume", run.parent / "linked", "--steps", 3)


@pytest.mark.fault("checkpoints is a link to a mount that is away", "exit 10 or 5, and no file changes")
def test_a_link_to_a_place_that_is_away_is_named(run):
    shutil.rmtree(link(run, "checkpoints"))
    before = contents(run)
    assert "which is not there" in ganzoo("resume", run, "--steps", 3, code=10).stderr
    assert "which is not there" in ganzoo("resume", run, "--steps", 3, "--follow-links", code=5).stderr
    assert contents(run) == before


def test_parts_of_a_grid_are_no_links_but_its_runs_may_be(tmp_path):
    (tmp_path / "grid" / "cells").mkdir(parents=True)
    (tmp_path / "grid" / "cells" / "one").symlink_to(tmp_path)
    require_own_parts(tmp_path / "grid", GRID_PARTS)
    (tmp_path / "grid" / "grid.json").symlink_to(tmp_path / "none")
    with pytest.raises(FolderError, match=r"grid.json is a link to .*, which is not there"):
        require_own_parts(tmp_path / "grid", GRID_PARTS)
    require_own_parts(tmp_path / "grid", GRID_PARTS, follow_links=True)


def test_the_parts_are_those_that_a_run_has(trained):
    assert {path.name for path in trained.iterdir()} <= RUN_PARTS
