"""Every file of a run, damaged in every way: no command ends in a traceback, and each names the file."""

import json
import os
import shutil

import pytest
from click.testing import CliRunner

from ganzoo.cli import cli
from support.checkout import ROOT
from support.runs import assert_typable

OBJECTS = ("status.json", "manifest.json", "scores.json", "diagnosis.json")
LINES = ("log.jsonl", "evaluations.jsonl")
SIDECARS = ("checkpoints/latest.json", "checkpoints/best.json", "checkpoints/step-00000006.json")
FILES = (*OBJECTS, *LINES, *SIDECARS, "recipe.toml")


def cut(path):
    data = path.read_bytes()
    path.write_bytes(data[: len(data) // 2])


def retype(path):
    """Replace each value by one of another type."""
    values = [json.loads(line) for line in path.read_text().splitlines()] if path.suffix == ".jsonl" else None
    wrong = {str: 3, int: "x", float: [], list: {"a": 1}, dict: [1], type(None): True, bool: "no"}
    if values is None:
        path.write_text(json.dumps({key: wrong[type(v)] for key, v in json.loads(path.read_text()).items()}))
    else:
        path.write_text("".join(json.dumps({k: wrong[type(v)] for k, v in r.items()}) + "\n" for r in values))


def replace(path, make):
    path.unlink()
    make(path)


def enlarge(path):
    os.truncate(path, 3 << 30)  # without blocks


DAMAGE = {
    "empty": lambda path: path.write_bytes(b""),
    "half": cut,
    "zeros": lambda path: path.write_bytes(bytes(path.stat().st_size)),
    "list": lambda path: path.write_text("[]\n"),
    "text": lambda path: path.write_text('"x"\n'),
    "keys": lambda path: path.write_text("{}\n"),
    "nan": lambda path: path.write_text('{"step": NaN, "state": Infinity}\n'),
    "deep": lambda path: path.write_text("[" * 100_000 + "\n"),
    "digits": lambda path: path.write_text('{"step": ' + "9" * 5_000 + "}\n"),
    "bytes": lambda path: path.write_bytes(b"\xff\xfe\x00{\n"),
    "types": retype,
    "pipe": lambda path: replace(path, os.mkfifo),
    "folder": lambda path: replace(path, os.mkdir),
    "huge": enlarge,
}
NO_SILENCE = {
    "resume": {"status.json", "manifest.json", "scores.json", *LINES},
    "sample": {"manifest.json"},
    "evaluate": {"manifest.json", "scores.json"},
    "diagnose": {"status.json", "manifest.json", *LINES},
    "table": {"status.json", "manifest.json", "scores.json"},
    "report": {"status.json", "manifest.json", "scores.json", "diagnosis.json", *LINES},
}
"""Command -> the files that it reads, so that it has to name them."""
UNSEEN = {(file, damage) for file in LINES for damage in ("empty", "half")}
"""Damage that looks like what a killed process leaves."""
OTHERS = {"recipe.toml": (0, 2, 5)}


def words(command, run):
    extra = {"resume": ["--steps", 8], "sample": ["-n", 4], "report": ["-o", run.parent / "report.html"]}
    return [command, run, *extra.get(command, [])]


@pytest.fixture
def run(tmp_path):
    run = shutil.copytree(ROOT / "tests" / "support" / "old_run" / "run", tmp_path / "run")
    (run / "diagnosis.json").write_text('{"step": 6, "findings": [], "notes": []}')
    return run


def check(run, command, file, damage):
    """Damage a file and run a command: it ends with a documented code, and says which file was damaged."""
    if damage == "types" and file == "recipe.toml":
        return
    DAMAGE[damage](run / file)
    said = [str(word) for word in words(command, run)]
    result = CliRunner().invoke(cli, said, catch_exceptions=False)
    output = result.output + (
        (run.parent / "report.html").read_text() if command == "report" and result.exit_code == 0 else ""
    )
    assert result.exit_code in OTHERS.get(file, (0, 5)), output
    assert_typable(said, result.stderr)
    if result.exit_code or (file in NO_SILENCE[command] and (file, damage) not in UNSEEN):
        assert file in output, output


@pytest.mark.fault("a file of a run is damaged in any of 14 ways", "a table is made, or refused, and names the file")
@pytest.mark.parametrize("damage", DAMAGE)
def test_a_table_names_what_is_damaged(run, tmp_path, damage):
    for number, file in enumerate(FILES):
        check(shutil.copytree(run, tmp_path / str(number) / "run"), "table", file, damage)


@pytest.mark.parametrize(
    ("command", "file", "damage"),
    [
        ("resume", "manifest.json", "half"),
        ("sample", "manifest.json", "types"),
        ("sample", "checkpoints/latest.json", "list"),
        ("evaluate", "scores.json", "keys"),
        ("report", "diagnosis.json", "deep"),
    ],
)
@pytest.mark.fault("a file of a run is damaged", "each command ends with a documented code, and names the file")
def test_a_command_names_what_is_damaged(run, command, file, damage):
    check(run, command, file, damage)


@pytest.mark.full
@pytest.mark.timeout(600)
@pytest.mark.parametrize("command", NO_SILENCE)
@pytest.mark.parametrize("damage", DAMAGE)
@pytest.mark.fault("every file of a run is damaged in every way", "no command ends in a traceback")
def test_no_damage_of_any_file_is_a_traceback(run, tmp_path, command, damage):
    for number, file in enumerate(FILES):
        check(shutil.copytree(run, tmp_path / str(number) / "run"), command, file, damage)


@pytest.mark.fault("a line in the middle of log.jsonl is damaged", "resume sets it aside, names it, and keeps the rest")
def test_a_damaged_line_of_the_log_costs_itself_alone(run):
    lines = (run / "log.jsonl").read_bytes().splitlines(keepends=True)
    (run / "log.jsonl").write_bytes(b"".join([*lines[:2], b'{"step": 3, "ima\n', *lines[3:]]))
    result = CliRunner().invoke(cli, ["resume", str(run), "--steps", "7"], catch_exceptions=False)
    assert result.exit_code == 0, result.output
    steps = [json.loads(line)["step"] for line in (run / "log.jsonl").read_text().splitlines()]
    assert steps == [1, 2, 4, 5, 6, 7]
    assert (run / "log.jsonl.damaged").read_bytes() == b'{"step": 3, "ima\n'
    assert "log.jsonl: line 3 is damaged" in result.stderr


@pytest.mark.fault("status.json is replaced by a folder while training", "the run goes on, and the folder is set aside")
def test_a_status_that_is_damaged_does_not_end_the_run(run):
    (run / "log.jsonl").write_bytes((run / "log.jsonl").read_bytes() + b"garbage\n")
    (run / "status.json").unlink()
    (run / "status.json" / "inside").mkdir(parents=True)
    result = CliRunner().invoke(cli, ["resume", str(run), "--steps", "7"], catch_exceptions=False)
    assert result.exit_code == 0, result.output
    assert json.loads((run / "status.json").read_text())["state"] == "complete"
    assert (run / "status.json.damaged" / "inside").is_dir()
