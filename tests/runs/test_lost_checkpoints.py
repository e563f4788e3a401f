"""A run that has trained and has lost its checkpoints: it never begins again by itself, and nothing of it changes."""

import json
import shutil

import pytest

from ganzoo.errors import CheckpointError, ConfigError, ResourceError
from ganzoo.runs import checkpoint, checkpoint_files
from ganzoo.runs.folder import RunFolder
from ganzoo.runs.run import Run
from support.runs import assert_equal_runs, contents, ganzoo, train


@pytest.fixture(scope="module")
def trained(tmp_path_factory):
    """A run of four steps with the checkpoints 2, 3 and 4; tests only copy it."""
    out = tmp_path_factory.mktemp("trained") / "run"
    train(out, "--set", "train.save_every=1", "--set", "train.log_every=1", "--set", "eval.at_end=false", steps=4)
    return out


@pytest.fixture
def run(trained, tmp_path):
    return shutil.copytree(trained, tmp_path / "run")


def remove(folder, *patterns):
    for path in [path for pattern in patterns for path in folder.glob(pattern)]:
        shutil.rmtree(path) if path.is_dir() else path.unlink()


LOSSES = {
    "the folder": (["checkpoints"], "the folder checkpoints is missing"),
    "all files": (["checkpoints/*"], "the folder checkpoints is empty"),
    "all but the pointer": (["checkpoints/step-*"], "the folder checkpoints has only latest.json"),
    "sidecars": (["checkpoints/*.json"], r"the sidecars (.json) of step-00000002.pt, step-00000003.pt, step-00000004"),
    "the folder and the status": (["checkpoints", "status.json"], "the folder checkpoints is missing"),
    "the folder and the log": (["checkpoints", "log.jsonl"], "the folder checkpoints is missing"),
    "all but states": (["checkpoints/*.json", "*.json", "*.jsonl", "samples", "tb"], "manifest.json is missing"),
    "the manifest": (["manifest.json"], "manifest.json is missing"),
}


@pytest.mark.fault(
    "the checkpoints of a trained run, or their sidecars, or its manifest are gone",
    "resume exits with 5, names what is missing and the way to begin anew, and changes no file",
)
@pytest.mark.parametrize(("patterns", "missing"), LOSSES.values(), ids=LOSSES)
def test_a_run_without_checkpoints_never_begins_again_by_itself(run, patterns, missing):
    remove(run, *patterns)
    before = contents(run)
    said = ganzoo("resume", run, "--steps", 6, code=5).stderr
    assert missing in said and "--restart" in said and "Traceback" not in said
    assert contents(run) == before


@pytest.mark.parametrize("kept", ["status.json", "log.jsonl", "samples", "checkpoints"])
def test_each_trace_of_training_alone_is_enough(run, kept):
    remove(run, *(name for name in ("status.json", "log.jsonl", "samples", "checkpoints") if name != kept))
    remove(run, "checkpoints/*.json")
    with pytest.raises(CheckpointError, match=f"the run has trained.*no checkpoint(.|\n)*{kept}"):
        Run(run).resume(steps=6)


def test_a_run_begins_anew_if_asked_and_keeps_all_that_it_had(run, trained):
    remove(run, "checkpoints/*.json")
    before = {path: data for path, (data, _) in contents(run).items()}
    assert "discarded/1" in ganzoo("resume", run, "--restart").stderr
    assert_equal_runs(run, trained)
    assert {p.name: p.read_bytes() for p in run.glob("checkpoints/*")} == {
        p.name: p.read_bytes() for p in trained.glob("checkpoints/*")
    }
    after = {path: data for path, (data, _) in contents(run / "discarded" / "1").items()}
    stays = {path for path in before if path.name in ("recipe.toml", "manifest.json")}
    assert after == {path: data for path, data in before.items() if path not in stays}
    ganzoo("resume", run, "--restart")
    assert len(list((run / "discarded").iterdir())) == 2


def test_a_run_without_manifest_begins_anew_with_a_new_one(run):
    remove(run, "manifest.json")
    ganzoo("resume", run, "--restart", "--steps", 1)
    assert json.loads((run / "manifest.json").read_text())["data"]["count"] == 1797
    ganzoo("resume", run, "--steps", 2)


@pytest.mark.parametrize("words", [["--from", "2"], ["--out", "other"]])
def test_a_restart_is_in_the_own_folder_and_from_no_checkpoint(run, words):
    assert "begins anew in its own folder" in ganzoo("resume", run, "--restart", *words, code=2).stderr
    with pytest.raises(ConfigError):
        Run(run).resume(restart=True, checkpoint=2)


@pytest.mark.fault(
    "the sidecar of the newest checkpoint is gone",
    "the one before is used, and the state without sidecar is set aside and not overwritten",
)
def test_a_state_that_has_lost_its_sidecar_is_named_and_set_aside(run):
    lost = run / "checkpoints" / "step-00000004.pt"
    data = lost.read_bytes()
    lost.with_suffix(".json").unlink()
    assert "checkpoint step 4 has lost its sidecar; using step 3" in ganzoo("resume", run, "--steps", 6).stderr
    assert lost.with_name(f"{lost.name}.corrupt").read_bytes() == data


@pytest.mark.fault(
    "all checkpoints are damaged, and the run is resumed twice", "both times exit 5, and no file changes", "F06"
)
def test_damaged_checkpoints_stay_where_they_are_if_none_can_be_used(run):
    for path in run.glob("checkpoints/*.pt"):
        path.write_bytes(b"")
    before = contents(run)
    for _ in range(2):
        assert "no usable checkpoint" in ganzoo("resume", run, "--steps", 6, code=5).stderr
    assert contents(run) == before


@pytest.mark.fault("the data differ, and the newest checkpoint is damaged", "exit 5, and no file changes")
def test_nothing_is_moved_before_the_data_are_checked(run):
    manifest = json.loads((run / "manifest.json").read_text())
    manifest["data"]["sha256"] = "0" * 64
    (run / "manifest.json").write_text(json.dumps(manifest))
    (run / "checkpoints" / "step-00000004.pt").write_bytes(b"")
    (run / "checkpoints" / ".step-00000004.pt.tmp-1-ab").touch()
    before = contents(run)
    assert "the dataset differs" in ganzoo("resume", run, "--steps", 6, code=5).stderr
    assert contents(run) == before


@pytest.mark.fault(
    "reading the checkpoints fails, as on a mount that is away", "exit 9, no file changes, and the run goes on later"
)
@pytest.mark.parametrize("part", ["folder", "sidecar", "state"])
def test_a_disk_that_is_away_is_no_damage(run, monkeypatch, part):
    def fail(path, *args):
        if part == "folder" or path.suffix == {"sidecar": ".json", "state": ".pt"}[part]:
            raise OSError(5, "Input/output error", str(path))
        return honest(path, *args)

    before = contents(run)
    name = "iterdir" if part == "folder" else "open_regular"
    owner = type(run) if part == "folder" else checkpoint_files
    honest = getattr(owner, name)
    with monkeypatch.context() as patch:
        patch.setattr(owner, name, fail)
        with pytest.raises(ResourceError, match="cannot be read now: Input/output error"):
            Run(run).resume(steps=6)
    assert contents(run) == before
    Run(run).resume(steps=6)


def test_a_run_killed_during_its_first_save_begins_at_step_0(run, trained):
    state = (run / "checkpoints" / "step-00000002.pt").read_bytes()
    remove(run, "checkpoints/*", "samples", "tb")
    (run / "checkpoints" / "step-00000000.pt").write_bytes(state)
    (run / "checkpoints" / ".step-00000000.json.tmp-1-ab").touch()
    (run / "log.jsonl").write_text("")
    RunFolder(run).write_status("running", 0, 4)
    ganzoo("resume", run)
    assert_equal_runs(run, trained)


def test_equal_states_make_equal_files(tmp_path):
    one, other = "".join(["no", "ne"]), "".join(["non", "e"])
    assert one is not other
    shared = [1]
    checkpoint.save(tmp_path / "a", 1, {"names": [one, one], "lists": [shared, shared]})
    checkpoint.save(tmp_path / "b", 1, {"names": [one, other], "lists": [[1], [1]]})
    first, second = ((tmp_path / name / "step-00000001.pt").read_bytes() for name in "ab")
    assert first == second
