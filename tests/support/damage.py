"""Ways to damage the files of a run, each with the file whose verdict it changes and a word of that."""

import json
import os

import pytest

from support.checkpoints import flip_bit, sidecar_file, state_file


def newest(run):
    return max((run / "checkpoints").glob("step-*.pt"))


def cut(path, count=20):
    path.write_bytes(path.read_bytes()[:-count])


def edit(path, **values):
    path.write_text(json.dumps(json.loads(path.read_text()) | values))


def spoil_line(path, number=0):
    lines = path.read_bytes().splitlines(keepends=True)
    lines[number] = b"\0" * 10 + b"\n"
    path.write_bytes(b"".join(lines))


def forget_sidecars(run):
    for path in (run / "checkpoints").glob("step-*.json"):
        path.unlink()


def events(run):
    return next((run / "tb").glob("*tfevents*"))


MENDED = {
    "an empty status": (lambda run: (run / "status.json").write_bytes(b""), "status.json", "empty"),
    "no status": (lambda run: (run / "status.json").unlink(), "status.json", "missing"),
    "a status of zeros": (lambda run: (run / "status.json").write_bytes(b"\0" * 90), "status.json", "nothing"),
    "a status too far": (lambda run: edit(run / "status.json", step=99), "status.json", "newest whole"),
    "no recipe": (lambda run: (run / "recipe.toml").unlink(), "recipe.toml", "missing"),
    "half a recipe": (lambda run: cut(run / "recipe.toml", 400), "recipe.toml", ""),
    "a damaged line of the log": (lambda run: spoil_line(run / "log.jsonl"), "log.jsonl", "line 1"),
    "a damaged evaluation": (lambda run: spoil_line(run / "evaluations.jsonl"), "evaluations.jsonl", "line 1"),
    "scores of another shape": (lambda run: (run / "scores.json").write_text("[]"), "scores.json", "object"),
    "a checkpoint cut short": (lambda run: cut(newest(run)), "checkpoints/step-00000006.pt", "expected"),
    "a flipped bit of a state": (lambda run: flip_bit(newest(run)), "checkpoints/step-00000006.pt", "sha256"),
    "a checkpoint of nothing": (lambda run: newest(run).write_bytes(b""), "checkpoints/step-00000006.pt", "size 0"),
    "a sidecar of nothing": (
        lambda run: sidecar_file(run / "checkpoints", 6).write_bytes(b""), "checkpoints/step-00000006.pt", "sidecar",
    ),
    "no sidecars": (forget_sidecars, "checkpoints/step-00000006.pt", "no sidecar"),
    "a state that is gone": (
        lambda run: state_file(run / "checkpoints", 4).unlink(), "checkpoints/step-00000004.pt", "cannot be read",
    ),
    "no latest.json": (lambda run: (run / "checkpoints/latest.json").unlink(), "checkpoints/latest.json", "missing"),
    "a latest.json of another step": (
        lambda run: edit(run / "checkpoints/latest.json", step=5), "checkpoints/latest.json", "step 5",
    ),
    "an empty best.json": (
        lambda run: (run / "checkpoints/best.json").write_bytes(b""), "checkpoints/best.json", "no step",
    ),
    "a picture cut short": (lambda run: cut(run / "samples/step-000006.png"), "samples/step-000006.png", ""),
    "a bit of an event flipped": (lambda run: flip_bit(events(run)), "tb/", "CRC"),
}  # fmt: skip
"""Damage that a repair mends -> how it is done, the file that is damaged then, and a word of what is said."""


def link_out(run, name):
    """Move a part of a run elsewhere, and leave a link to it."""
    elsewhere = run.with_name("elsewhere")
    (run / name).rename(elsewhere)
    (run / name).symlink_to(elsewhere)


def in_place_of(path, make):
    path.unlink()
    make(path)


def link_to_zeros(path):
    path.symlink_to("/dev/zero")


def make_huge(path):
    with path.open("wb") as file:
        file.truncate(1 << 42)


HOSTILE = {
    "checkpoints elsewhere": (lambda run: link_out(run, "checkpoints"), "checkpoints", "a link to"),
    "samples elsewhere": (lambda run: link_out(run, "samples"), "samples", "a link to"),
    "a status elsewhere": (lambda run: link_out(run, "status.json"), "status.json", "a link"),
    "a pipe for a status": (lambda run: in_place_of(run / "status.json", os.mkfifo), "status.json", "a pipe"),
    "a pipe for a log": (lambda run: in_place_of(run / "log.jsonl", os.mkfifo), "log.jsonl", "a pipe"),
    "a pipe for a state": (lambda run: in_place_of(newest(run), os.mkfifo), "checkpoints/step-00000006.pt", "a pipe"),
    "a pipe for a picture": (
        lambda run: in_place_of(run / "samples/closest.png", os.mkfifo), "samples/closest.png", "a pipe",
    ),
    "scores of 4 TB": (lambda run: make_huge(run / "scores.json"), "scores.json", "more than"),
    "a checkpoint of 4 TB": (lambda run: make_huge(newest(run)), "checkpoints/step-00000006.pt", "expected"),
    "scores of many levels": (
        lambda run: (run / "scores.json").write_text("[" * 100_000), "scores.json", "levels",
    ),
    "a picture of many pixels": (
        lambda run: (run / "samples/closest.png").write_bytes(huge_png()), "samples/closest.png", "too many pixels",
    ),
    "a device for a recipe": (
        lambda run: in_place_of(run / "recipe.toml", link_to_zeros), "recipe.toml", "a link",
    ),
}  # fmt: skip
"""What a stranger may leave in a folder -> how it is done, the file, and a word of what is said."""

ALIKE = ("no status", "a status of zeros", "half a recipe", "a damaged evaluation", "a checkpoint of nothing")
ALIKE += ("a state that is gone", "no latest.json", "samples elsewhere", "a pipe for a log", "a checkpoint of 4 TB")
"""Those that others are like, for the full suite."""


def cases(damages):
    """Parameters of a test: the damage, the file and the word."""
    return [
        pytest.param(*how, id=what, marks=[pytest.mark.full] if what in ALIKE else []) for what, how in damages.items()
    ]


def huge_png():
    """A small file that says it is a picture of 13,000 x 13,000."""
    import struct
    import zlib

    def chunk(kind, data):
        return struct.pack(">I", len(data)) + kind + data + struct.pack(">I", zlib.crc32(kind + data))

    header = struct.pack(">IIBBBBB", 13_000, 13_000, 8, 2, 0, 0, 0)
    data = zlib.compress(bytes(1000))
    return b"\x89PNG\r\n\x1a\n" + chunk(b"IHDR", header) + chunk(b"IDAT", data) + chunk(b"IEND", b"")
