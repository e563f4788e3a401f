"""`ganzoo verify`: what is whole, what is damaged, what a repair makes of it, and that the run then goes on exactly."""

import errno
import json
import os
import shutil

import pytest
import torch

from ganzoo.errors import CheckpointError, FolderError
from ganzoo.files import read_records
from ganzoo.results.read import read_results
from ganzoo.runs import checkpoint
from ganzoo.runs.folder import RunFolder
from ganzoo.runs.log import rewind
from ganzoo.runs.records import read_last_log_record
from ganzoo.runs.repair import repair_run
from ganzoo.runs.verify import verify_run
from support.checkpoints import flip_bit, sidecar_file, state_file
from support.damage import HOSTILE, MENDED, cases, cut, edit, events, link_out, newest
from support.runs import assert_equal_runs, contents, ganzoo, train

CADENCES = ["--set=train.save_every=2", "--set=train.log_every=2", "--set=train.sample_every=3", "--eval-every=2"]


@pytest.fixture(scope="module")
def trained(tmp_path_factory):
    run = tmp_path_factory.mktemp("verify") / "run"
    train(run, *CADENCES, steps=6)
    return run


@pytest.fixture
def run(trained, tmp_path):
    return shutil.copytree(trained, tmp_path / "run")


def not_whole(run, *states):
    return [verdict for verdict in verify_run(run) if verdict.state in (states or ("damaged", "remark"))]


def damaged(run):
    return not_whole(run, "damaged")


def test_every_file_of_a_run_has_a_verdict_and_nothing_is_written(run):
    before = contents(run)
    verdicts = verify_run(run)
    assert {verdict.state for verdict in verdicts} == {"whole"}
    sidecars = {path.relative_to(run).as_posix() for path in (run / "checkpoints").glob("step-*.json")}
    assert {verdict.name for verdict in verdicts} == {path.as_posix() for path in before} - sidecars
    assert contents(run) == before
    assert repair_run(run) == []
    assert contents(run) == before


@pytest.mark.parametrize(("damage", "name", "word"), cases(MENDED))
@pytest.mark.fault("a file of a run is damaged", "verify names it, --repair mends it, and the old file stays beside")
def test_damage_is_named_and_mended_once(run, damage, name, word):
    before = contents(run)
    damage(run)
    found = damaged(run)
    assert any(verdict.name.startswith(name) and word in verdict.what for verdict in found), found
    assert any(name.startswith(repair.name) or repair.name.startswith(name[:-3]) for repair in repair_run(run))
    assert damaged(run) == []
    mended = contents(run)
    assert repair_run(run) == []
    assert contents(run) == mended
    kept = {data for data, _ in mended.values()}  # whatever was whole is still there, under one name or another
    lost = [path for path, (data, _) in before.items() if data not in kept and not _is_what_was_damaged(path, name)]
    assert lost == []


def _is_what_was_damaged(path, name):
    pointers = ("checkpoints/latest.json", "status.json", "checkpoints/best.json")
    stem = name.removesuffix(".pt")
    return path.as_posix().startswith(stem) or path.as_posix() in pointers or path.suffix == ".json"


@pytest.mark.parametrize(("damage", "name", "word"), cases(HOSTILE))
@pytest.mark.fault(
    "a folder of a stranger holds links, pipes and endless files", "verify names each, and neither follows nor waits"
)
def test_what_is_no_file_is_named_and_neither_followed_nor_waited_for(run, damage, name, word):
    damage(run)
    found = damaged(run)
    assert any(verdict.name == name and word in verdict.what for verdict in found), found
    elsewhere = run.with_name("elsewhere")
    outside = contents(elsewhere) if elsewhere.is_dir() else None
    if any(path.is_symlink() for path in run.iterdir()):
        with pytest.raises(FolderError, match="is a link to"):
            repair_run(run)
    else:
        repair_run(run)
    assert outside is None or contents(elsewhere) == outside


def test_links_are_followed_if_the_user_says_so(run):
    link_out(run, "checkpoints")
    flip_bit(newest(run))
    assert "--follow-links" in ganzoo("verify", run, "--repair", code=10).stderr
    ganzoo("verify", run, "--repair", "--follow-links")
    assert (run.with_name("elsewhere") / "step-00000006.pt.corrupt").exists()


@pytest.mark.parametrize(
    "damage",
    [
        pytest.param(lambda run: flip_bit(newest(run)), marks=pytest.mark.full),
        pytest.param(lambda run: [p.unlink() for p in (run / "checkpoints").glob("*.json")], marks=pytest.mark.full),
        lambda run: [(run / "recipe.toml").unlink(), cut(run / "log.jsonl"), cut(newest(run))],
    ],
    ids=["the newest state", "all sidecars", "recipe, log and newest state"],
)
@pytest.mark.fault("files of a run are damaged, and repaired", "it goes on to the bits of the undisturbed run", "F03")
def test_a_repaired_run_goes_on_bit_exactly(run, trained, damage):
    damage(run)
    ganzoo("verify", run, code=5)
    ganzoo("verify", run, "--repair")
    ganzoo("verify", run)
    ganzoo("resume", run)
    assert_equal_runs(run, trained)


def test_a_sidecar_is_not_made_for_bits_that_were_flipped(run):
    state = newest(run)
    state.with_suffix(".json").unlink()
    data = bytearray(state.read_bytes())
    at = data.index(b"opt_g") + len(data) // 2  # within a tensor, which torch loads without a look at its CRC
    data[at] ^= 1
    state.write_bytes(data)
    repair_run(run)
    assert state.with_name(f"{state.name}.corrupt").exists()
    assert checkpoint.available_steps(run / "checkpoints")[-1] == 4


def test_a_checkpoint_of_another_recipe_is_named_and_stays(run):
    recipe = run / "recipe.toml"
    recipe.write_text(recipe.read_text().replace("width = 16", "width = 8"))
    found = damaged(run)
    assert {verdict.what for verdict in found if verdict.name.endswith(".pt")} == {
        "of another run: the settings differ from the run's: model.width 16 -> 8"
    }
    repair_run(run)
    assert len(list((run / "checkpoints").glob("step-*.pt"))) == 3
    assert "cannot be repaired" in ganzoo("verify", run, "--repair", code=5).stderr


def test_weights_that_are_not_finite_are_no_checkpoint(run):
    state = checkpoint.load(run / "checkpoints").state
    next(tensor for _, tensor in checkpoint.list_tensors(state["G"]))[:] = torch.inf
    path, sidecar = state_file(run / "checkpoints", 6), sidecar_file(run / "checkpoints", 6)
    torch.save(state, path)
    sidecar.unlink()
    (run / "status.json").unlink()
    assert [repair.what for repair in repair_run(run) if repair.name.endswith(".pt")] == [
        "set aside as step-00000006.pt.corrupt: no sidecar, and G.trunk.body.0.weight is not finite"
    ]
    assert json.loads((run / "status.json").read_text())["step"] == 4


def test_what_a_kill_leaves_is_a_remark_and_no_damage(run):
    (run / ".scores.json.tmp-1-ab").write_bytes(b"{")
    sidecar_file(run / "checkpoints", 6).unlink()
    (run / "checkpoints/latest.json").write_bytes(sidecar_file(run / "checkpoints", 4).read_bytes())
    edit(run / "status.json", step=4, state="running")
    with (run / "log.jsonl").open("a") as file:
        file.write('{"step": 8')
    cut(events(run), 3)
    remarks = {verdict.name: verdict.what for verdict in not_whole(run)}
    assert {verdict.name for verdict in damaged(run)} == set()
    assert remarks.keys() >= {".scores.json.tmp-1-ab", "checkpoints/step-00000006.pt", "log.jsonl"}
    assert "cut short" in remarks["log.jsonl"]
    repair_run(run)
    assert [path.name for path in run.rglob("*.tmp-*")] == []
    assert checkpoint.available_steps(run / "checkpoints")[-1] == 6


def test_lost_records_are_told_and_the_run_can_go_on(run):
    (run / "log.jsonl").write_bytes(b"")
    said = ganzoo("verify", run, "--repair").stdout
    assert "damaged   log.jsonl: ends at step 0, but the newest checkpoint is of step 6: records are lost" in said
    assert "damaged: log.jsonl" in ganzoo("verify", run, code=5).stderr


def test_a_run_without_a_whole_checkpoint_or_manifest_cannot_be_repaired(run):
    for path in (run / "checkpoints").glob("step-*.pt"):
        flip_bit(path)
    (run / "manifest.json").write_bytes(b"{}{")
    said = ganzoo("verify", run, "--repair", code=5)
    assert "cannot be repaired: manifest.json" in said.stderr
    assert "none is whole, but the run has trained 6 steps" in said.stdout
    assert json.loads((run / "status.json").read_text())["step"] == 6  # lest it begin again at step 0


def test_a_run_in_use_is_read_with_a_remark_and_not_repaired(run):
    with RunFolder(run).claim():
        assert [verdict.name for verdict in not_whole(run)] == ["run.lock"]
        with pytest.raises(FolderError, match="in use"):
            repair_run(run)


def test_a_folder_that_is_no_run_is_refused(tmp_path):
    with pytest.raises(CheckpointError, match="this is not a run folder"):
        verify_run(tmp_path)
    assert list(tmp_path.iterdir()) == []


def test_the_answer_as_json(run):
    flip_bit(newest(run))
    answer = json.loads(ganzoo("verify", run, "--json", code=5).stdout)
    assert answer["whole"] is False
    (bad,) = [file for file in answer["files"] if file["name"].endswith(".pt") and file["state"] == "damaged"]
    assert bad == {
        "name": "checkpoints/step-00000006.pt", "state": "damaged", "what": "sha256 mismatch", "is_needed": False,
    }  # fmt: skip
    repaired = json.loads(ganzoo("verify", run, "--repair", "--json").stdout)
    assert repaired["whole"] is True
    assert repaired["repairs"][0]["name"] == "checkpoints/step-00000006.pt"


@pytest.mark.parametrize("name", ["log.jsonl", "checkpoints/step-00000006.pt", "recipe.toml"])
@pytest.mark.fault("a disk gives errors while a run is repaired", "what may be whole is named, and stays where it is")
def test_what_cannot_be_read_now_stays_where_it_is(run, monkeypatch, name):
    before, opened = set(contents(run)), os.open

    def fail(path, *args, **options):
        if str(path) == str(run / name):
            raise OSError(errno.EIO, "Input/output error", str(path))
        return opened(path, *args, **options)

    with monkeypatch.context() as patch:
        patch.setattr("os.open", fail)
        assert any(verdict.name == name and "nput/output error" in verdict.what for verdict in damaged(run))
        repair_run(run)
    assert set(contents(run)) == before
    assert damaged(run) == []


def _edit_log(run, change):
    lines = [json.loads(line) for line in (run / "log.jsonl").read_text().splitlines()]
    (run / "log.jsonl").write_text("".join(json.dumps(record) + "\n" for record in change(lines)))
    return lines


@pytest.mark.parametrize("change", [lambda lines: lines[::-1], lambda lines: [*lines, *lines]])
@pytest.mark.fault("lines of a log are doubled or out of order", "--repair and resume put them in order of their steps")
def test_a_log_is_put_in_order(run, change):
    lines = _edit_log(run, change)
    assert [verdict.what for verdict in damaged(run)] == ["its steps do not grow from line to line"]
    assert [repair.what for repair in repair_run(run)] == ["put in the order of its steps"]
    assert damaged(run) == [] and read_records(run / "log.jsonl") == lines
    _edit_log(run, change)
    assert rewind(run / "log.jsonl", 4) == [line for line in lines if line["step"] <= 4]


@pytest.mark.fault("two lines of a log say otherwise of one step", "the later one counts, the other is set aside")
def test_of_two_lines_of_a_step_the_later_counts(run):
    lines = _edit_log(run, lambda lines: [lines[0] | {"seconds": 99.0}, *lines])
    repair_run(run)
    assert read_records(run / "log.jsonl") == lines
    assert json.loads((run / "log.jsonl.damaged").read_text())["seconds"] == 99.0


@pytest.mark.parametrize(("key", "value"), [("step", -5), ("images", -1), ("seconds", -1e300)])
@pytest.mark.fault("steps, images or seconds of a log are negative", "the line is damaged, and no table shows it")
def test_negative_counts_are_damage(run, key, value):
    lines = _edit_log(run, lambda lines: [*lines[:-1], lines[-1] | {key: value}])
    assert read_last_log_record(run) == lines[-2]
    assert any("not 0 or more" in verdict.what for verdict in damaged(run))


@pytest.mark.fault("an editor writes a byte order mark into JSON files", "they are read as before")
def test_a_byte_order_mark_is_no_damage(run):
    for name in ("status.json", "manifest.json", "scores.json", "log.jsonl", "recipe.toml"):
        (run / name).write_bytes(b"\xef\xbb\xbf" + (run / name).read_bytes())
    assert damaged(run) == []


@pytest.mark.fault("a log goes on after the end of its run", "a table says that its costs are not those of the run")
def test_a_log_beyond_the_end_is_told(run):
    _edit_log(run, lambda lines: [*lines, lines[-1] | {"step": 90, "images": 720}])
    (result,) = read_results(run)
    assert [remark for remark in result.remarks if "ends at step 90, after the end of the run" in remark]


@pytest.mark.fault("a checkpoint is that of another run", "exit 5 before it is sampled or scored, with what differs")
def test_a_checkpoint_of_another_run_is_not_scored(run):
    recipe = run / "recipe.toml"
    recipe.write_text(recipe.read_text().replace("seed = 0", "seed = 5", 1))
    before = contents(run)
    for command in ("sample", "evaluate"):
        said = ganzoo(command, run, code=5).stderr
        assert "is of another run: the settings differ from the run's: train.seed 0 -> 5" in said
        assert f"ganzoo verify {run}" in said
    assert contents(run) == before


def test_a_best_checkpoint_that_was_kept_from_another_run_is_whole(run, tmp_path):
    best = checkpoint.best_step(run / "checkpoints")
    start = max(checkpoint.available_steps(run / "checkpoints"))
    words = ["--set=optim.lr_g=1e-9", "--set=optim.lr_d=1e-9", "--steps=8"]
    ganzoo("resume", run, f"--from={start}", *words, f"--out={tmp_path / 'other'}")
    assert best in checkpoint.available_steps(tmp_path / "other" / "checkpoints")
    assert damaged(tmp_path / "other") == []
