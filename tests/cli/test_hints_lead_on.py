"""Hints typed as they stand: what the first way out of a refusal says is typed, and that refusal is gone."""

import re
import shlex
import zipfile

import pytest

from ganzoo.cli.hints import split_hint
from support.image_files import png
from support.runs import TINY, ganzoo, train

TRY = [*TINY, "--dry-run", "--no-scores"]
POINTS = [word for word in TRY if not word.startswith("--image-size")]
FILLED = {"PATH": "images", "OTHER_FOLDER": "new"}
"""Values for the words in capitals that stand for something of the user's own."""

REFUSALS = [
    # command, words, exit code, and a part of what is to be typed
    ("run", [*TRY, "--loss", "wgna"], 2, "ganzoo list loss"),
    ("run", [*TRY, "sngna"], 2, "ganzoo list recipe"),
    ("run", [*TRY, "--set", "optm.lr_g=1e-3"], 2, "ganzoo config show"),
    ("run", [*TRY, "--set", "lr_g=1e-3"], 2, "--set optim.lr_g=1e-3"),
    ("run", [*TRY, "--set", "eval.metrics=fdi"], 2, "ganzoo list metric"),
    ("run", [*TRY, "--set", "train.freeze=nothing.*"], 2, "train.freeze"),
    ("run", [*TRY, "--lipschitz", "sn+clip"], 2, "--lipschitz sn"),
    ("run", [*TRY, "--precision", "tf32"], 2, "--precision fp32"),
    ("run", [*TRY, "--conditioner", "cgan", "--dataset", "folder:images"], 3, "--conditioner none"),
    ("run", [*TRY, "--dataset", "folder:nowhere"], 3, "--dataset folder:PATH"),
    ("run", [*TRY, "--dataset", "folder:some.zip"], 3, "some.zip"),
    ("run", [*TRY, "--dataset", "folder:damaged"], 3, "--set dataset.bad_images=skip"),
    ("run", [*TRY, "--dataset", "zip:my photos"], 3, "my photos'"),
    ("run", [*TRY, "--dataset", "npz:my photos"], 3, "my photos'"),
    ("run", [*TRY, "--dataset", "tar:some.zip"], 3, "--dataset zip:"),
    ("run", [*TRY, "--dataset", "folder:images", "--set", "dataset.limit=99"], 2, "--set dataset.limit=3"),
    ("run", [*TRY, "--dataset", "folder:images", "--set", "dataset.labels=l.csv"], 3, "dataset.labels=none"),
    ("run", [*TRY, "--dataset", "folder:images", "--set", "dataset.split=train"], 3, "dataset.split=auto"),
    ("run", [*POINTS, "--dataset", "gaussians8", "--set", "dataset.flip=true"], 2, "dataset.flip=false"),
    ("run", [*TRY, "--plugin", "own.txt"], 4, "--plugin"),
    ("resume", ["a run", "--from", "best", "--out", "x", "--steps", "3"], 5, "--from 2"),
    ("resume", ["a run", "--from", "1", "--out", "y", "--steps", "3"], 5, "--from"),
    ("resume", ["a run", "--out", "z"], 5, "--steps 4"),
    ("resume", ["a run", "--set", "optim.lr_g=1e-3", "--steps", "3"], 2, "ganzoo resume 'a run'"),
    ("resume", ["moved", "--steps", "3"], 3, "--dataset-path PATH"),
    ("sample", ["a run", "--step", "9"], 5, "--step 2"),
    ("sample", ["classes", "--class", "eleven"], 2, "--class 'class 0'"),
    ("sample", ["a run", "-o", "x.gif2"], 2, "-o x.png"),
    ("sample", ["a run", "-o", "x", "--training"], 2, "-o x.gif"),
    ("sample", ["a run", "-o", "images", "--folder"], 10, "-o OTHER_FOLDER"),
    ("evaluate", ["a run", "--step", "9", "--samples", "32"], 5, "--step 2"),
    ("evaluate", ["a run", "--samples", "32", "--metrics", "fid-infinity"], 7, "--samples 512"),
    (
        "evaluate",
        ["a run", "--samples", "32", "--reference", "no.npz", "--dataset", "digits"],
        2,
        "leave out --reference",
    ),
    ("evaluate", ["images"], 2, "--dataset digits"),
    ("evaluate", ["images", "--dataset", "digits", "--samples", "9"], 7, "--samples 3"),
    pytest.param("diagnose", ["a run", "--step", "9"], 5, "--step 2", marks=pytest.mark.full),
    ("compare", ["--dry-run", "--seeds", "a"], 2, "--seeds 0..2"),
    ("compare", ["--dry-run", "--set", "train.seed=1,2"], 2, "--seeds 1,2"),
    ("compare", ["--dry-run", "--set", "loss.name=wgan,bce"], 2, "--loss wgan,bce"),
    ("compare", ["--dry-run", "--set", "eval.metrics=fid,is"], 2, "fid,is"),
    ("compare", ["--dry-run", "--budget", "x=1"], 2, "--budget images="),
    ("table", ["a run", "--group-by", "nope"], 2, "--group-by model"),
    ("table", ["a run", "--only", "loss=wgan"], 2, "--only loss=bce"),
    ("config", ["show", "nowhere.toml"], 2, "ganzoo list recipe"),
    ("config", ["show", "--loss", "wgna"], 2, "ganzoo list loss"),
    ("show", ["recipe", "nope"], 2, "ganzoo list recipe"),
    ("show", ["loss", "nope"], 2, "ganzoo list loss"),
    ("resume", ["a run", "--steps", "1"], 2, "--steps 4"),  # last, since it goes on with the run
]


@pytest.fixture(scope="module")
def work(tmp_path_factory):
    """A folder with images in several forms, and with runs of two steps."""
    work = tmp_path_factory.mktemp("work")
    for name in ("images", "my photos", "damaged", "labelled/class 0", "labelled/class 1", "here"):
        (work / name).mkdir(parents=True)
        for shade in range(3):
            (work / name / f"{shade}.png").write_bytes(png(60 * shade, mode="L"))
    (work / "damaged" / "3.png").write_bytes(b"no image")
    with zipfile.ZipFile(work / "some.zip", "w") as archive:
        archive.writestr("0.png", png(mode="L", colour=0))
    (work / "my_loss.py").write_text("import ganzoo\n\n@ganzoo.hookimpl\ndef register_losses():\n    return {}\n")
    short = ["--no-scores", "--batch-size=2", "--set=optim.batch_size_g=2"]
    train(work / "a run", *short, steps=2)
    train(work / "classes", *short, "--conditioner=cgan", f"--dataset=folder:{work / 'labelled'}", steps=2)
    train(work / "moved", *short, f"--dataset=folder:{work / 'here'}", steps=2)
    (work / "here").rename(work / "images there")
    return work


def words_of(alternative, typed):
    """The words to type next: a whole command, or those typed with the flags of a hint in place of the same ones."""
    if alternative.startswith("leave out "):
        return without(alternative.split()[2:], "", typed)
    words, _, remark = alternative.partition(" (")
    words = [re.sub(r"[A-Z_]{4,}$", lambda hole: FILLED[hole[0]], word) for word in shlex.split(words)]
    if words[0] == "ganzoo":
        return words[1:]
    given = {words[0], *re.findall(r"--[a-z-]+", remark if remark.startswith("in place of") else "")}
    return [*without(given, words[1] if words[0] == "--set" else "", typed), *words]


def without(flags, value, typed):
    """The words typed but some flags with their values; of `--set VALUE` those that set the same option."""
    kept = list(typed)
    for index, word in reversed(list(enumerate(typed))):
        alike = word != "--set" or not value or same_option(typed[index + 1], value)
        if word in flags and alike:
            del kept[index : index + 2]
    return kept


def same_option(one, other):
    return one.partition("=")[0].rpartition(".")[2] == other.partition("=")[0].rpartition(".")[2]


@pytest.mark.parametrize(("command", "words", "code", "way_out"), REFUSALS, ids=lambda part: str(part)[-40:])
def test_the_first_hint_typed_as_it_stands_leads_on(work, monkeypatch, command, words, code, way_out):
    monkeypatch.chdir(work)
    refusal = ganzoo(command, *words, code=code).stderr
    hint = refusal.partition("\n  try:   ")[2].strip()
    assert hint and way_out in hint, refusal
    first = split_hint(hint)[0]
    assert first.startswith(("ganzoo ", "-", "leave out ")), hint
    ganzoo(*words_of(first, [command, *words]))
