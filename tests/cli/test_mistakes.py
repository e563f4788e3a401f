"""What new users type: the words of other packages, of web pages and of a shell, each with what to type instead."""

import shlex

import pytest

from ganzoo.cli import cli
from ganzoo.cli.hints import accepted_flags
from ganzoo.cli.peers import COMMANDS, find_flags
from ganzoo.cli.words import repair
from support.runs import ganzoo

MISTAKES = [
    # what is typed, a part of what is said, and how the hint begins
    # commands
    ("train --loss wgan", "no command is named 'train'", "ganzoo run --loss wgan"),
    ("fit", "no command is named 'fit'", "ganzoo run"),
    ("eval @last", "no command is named 'eval'", "ganzoo evaluate @last"),
    ("Run --loss wgan", "no command is named 'Run'", "ganzoo run --loss wgan"),
    ("generate @last", "no command", "ganzoo sample @last"),
    ("plot runs", "no command", "ganzoo report runs"),
    ("ls", "no command", "ganzoo list"),
    ("help", "no command", "ganzoo --help"),
    ("help run", "no command", "ganzoo run --help"),
    ("version", "no command", "ganzoo --version"),
    ("rnu", "no command", "ganzoo run"),
    ("gp", "no command", "ganzoo show lipschitz gp"),
    ("WGAN-GP", "no command", "ganzoo run wgan_gp"),
    ("my.toml", "no command", "ganzoo run my.toml"),
    ("config shw", "no command", "ganzoo config show"),
    ("--loss wgan", "there is no option --loss", "ganzoo run --loss wgan"),
    ("--verison", "there is no option --verison", "--version"),
    # options
    ("run --lr-g 1e-3", "run: there is no option --lr-g", "--set optim.lr_g=1e-3"),
    ("run --batch 32", "there is no option --batch", "--batch-size 32"),
    ("run --batch_size=32", "there is no option", "--batch-size 32"),
    ("run --epochs 10", "there is no option", "--steps 10000 (an epoch is"),
    ("run --gpu 0", "there is no option", "--device cuda"),
    ("run --output 'my run'", "there is no option", "--out 'my run'"),
    ("run --img-size 32", "there is no option", "--image-size 32"),
    ("run --n-critic 5", "there is no option", "--set optim.n_critic=5"),
    ("run --lambda 10", "there is no option", "--set lipschitz.weight=10"),
    ("run --z-dim 64", "there is no option", "--set model.z_dim=64"),
    ("run --workers 4", "there is no option", "--set dataset.workers=4"),
    ("run --dataset-dir /d", "there is no option", "--data-root /d"),
    ("run --save-every 10", "there is no option", "--set train.save_every=10"),
    ("run --seeds 3 --loss wgan", "there is no option --seeds", "ganzoo compare --seeds 3 --loss wgan"),
    ("compare --seed 3", "there is no option --seed", "--seeds 3"),
    ("run --modle mlp", "there is no option --modle", "--model mlp"),
    ("evaluate @last --metric fid", "there is no option", "--metrics fid"),
    # values
    ("run --steps 0", "train.steps: 0 is refused: must be at least 1", "--set train.steps=20000"),
    ("run --batch-size -3", "optim.batch_size: -3 is refused: must be at least 1", "--set optim.batch_size=64"),
    ("run --set optim.beta1=2", "2 is refused: must be at least 0 and below 1", "--set optim.beta1=0.5"),
    ("compare --jobs 0", "compare: --jobs: 0 is refused: must be at least 1", "--jobs 1"),
    ("compare --cell-timeout 0", "0.0 is refused: must be above 0", "--cell-timeout 1"),
    ("sample . --scale 99", "99 is refused: must be at least 1 and at most 64", "--scale 64"),
    ("run --image-size 32x32", "'32x32' is not a whole number", "--image-size 32"),
    ("run -b 32", "there is no option -b", "--batch-size 32"),
    ("run -b32", "there is no option -b", "--batch-size 32"),
    ("run loss wgan", "a component is chosen by a flag", "ganzoo run --loss wgan"),
    ("run --loss 'bce wgan'", "a run has one loss", "ganzoo compare --loss bce,wgan"),
    ("run --loss 'bce|wgan'", "a run has one loss", "ganzoo compare --loss bce,wgan"),
    ("compare --budget steps:1000", "is not a unit and an amount", "--budget steps=1000"),
    ("run --steps ten", "run: --steps: 'ten' is not a whole number", "ganzoo run --help"),
    ("run --steps 10,000", "'10,000' is not a whole number", "--steps 10000"),
    ("run --batch-size 64,128", "'64,128' is not a whole number", "ganzoo run --help"),
    ("run -loss wgan", "there is no option -loss", "ganzoo run --loss wgan"),
    ("run loss=wgan", "a component is chosen by a flag", "--loss wgan"),
    ("run --set OPTIM.LR-G=-1", "optim.lr_g: -1 is refused", ""),
    ("run --steps", "run: --steps needs a value", "--steps N"),
    ("run --loss", "--loss needs a value", "--loss bce"),
    ("run --json=3", "--json takes no value", "--json"),
    ("run --lr fast", "'fast' is not a number", "ganzoo run --help"),
    ("run --seed 0,1,2", "'0,1,2' is not a whole number", "ganzoo compare --seeds 0,1,2"),
    ("compare --seeds 0-2", "neither a number of seeds", "--seeds 0..2"),
    ("table runs --format latx", "table: --format 'latx' is none of text, md", "--format latex"),
    ("list lss", "list: KIND 'lss' is none of model, loss", "ganzoo list loss"),
    # arguments
    ("sample", "sample: RUN is missing", "ganzoo sample @last"),
    ("table", "table: RUNS is missing", "ganzoo table runs/"),
    ("show loss", "show loss needs the name of one", "ganzoo show loss bce"),
    ("run wgan gp", "run: one word too many: gp", "ganzoo run wgan --lipschitz gp"),
    ("run wgan_gp sngan", "one word too many: sngan", "ganzoo compare wgan_gp sngan"),
    ("run -- --loss wgan", "nothing behind -- is an option", "ganzoo run --loss wgan"),
    ("compare --loss bce wgan", "commas between them", "ganzoo compare --loss bce,wgan"),
    ("compare --loss bce hinge --seeds 0 1 2", "commas", "ganzoo compare --loss bce,hinge --seeds 0,1,2"),
    ("compare --lipschitz gp, sn", "commas between them", "ganzoo compare --lipschitz gp,sn"),
    ("compare --set optim.lr_g=1e-4 2e-4", "commas between them", "ganzoo compare --set optim.lr_g=1e-4,2e-4"),
    # names
    ("run --lipschitz gp,sn", "'gp,sn' are several names", "--lipschitz gp+sn (their sum); ganzoo compare --lipschitz"),
    ("run --loss bce,wgan", "a run has one loss", "ganzoo compare --loss bce,wgan"),
    ("run mnist", "it is the dataset mnist", "--dataset mnist"),
    ("run GP", "it is the Lipschitz enforcer gp", "--lipschitz gp"),
    ("run photos", "there are data of this name", "--dataset photos"),
    ("run a_run", "it is a run", "ganzoo resume a_run"),
    ("show nothing", "nothing is named 'nothing'", "ganzoo list"),
    # settings
    ("run --set lr=1", "is not section.option=value", "--lr 1"),
    ("run --set loss=wgan", "is not section.option=value", "--loss wgan"),
    ("run --set steps=10", "is not section.option=value", "--set train.steps=10"),
    ("run --set optim.lr_g:1e-4", "is not section.option=value", "--set optim.lr_g=1e-4"),
    ("run --set optim.lr=1e-3", "optim.lr: no such option", "--set optim.lr_g=0.001"),
    ("run --set optim.lr_g=1e-4,2e-4", "is refused", "ganzoo compare --set optim.lr_g=1e-4,2e-4"),
    ("run --device gpu", "train.device: 'gpu' is refused", "--set train.device=cuda"),
    ("run --precision fp16", "is refused", "--set train.precision=bf16"),
    ("run --config a.toml sngan", "both name a recipe", "leave out --config"),
]


@pytest.fixture
def work(tmp_path, monkeypatch):
    """A working folder with images, and a folder that looks like a run."""
    monkeypatch.chdir(tmp_path)
    for name in ("photos", "a_run", "runs"):
        (tmp_path / name).mkdir()
    (tmp_path / "a_run" / "recipe.toml").touch()
    return tmp_path


@pytest.mark.parametrize(("typed", "said", "hint"), MISTAKES, ids=[case[0] for case in MISTAKES])
def test_a_mistake_is_told_in_one_style_with_what_to_type_instead(work, typed, said, hint):
    words = shlex.split(typed)
    shown = ganzoo(*words, code=2).stderr
    what, _, way_out = shown.partition("\n  try:   ")
    assert what.startswith("ganzoo: ") and said in what and way_out.startswith(hint), shown
    assert "Usage:" not in shown and "Error:" not in shown and shown.count("\n") <= 3


@pytest.mark.parametrize(
    ("typed", "said", "hint"),
    [
        (r"C:\photos\cats", "is a path of Windows", "--dataset folder:/mnt/c/photos/cats (under WSL)"),
        ("./nowhere", "there is no ./nowhere", "--dataset folder:PATH"),
        ("images.rar", "there is no images.rar", "--dataset folder:PATH"),
        ("here.rar", "no dataset reads here.rar", "--dataset folder:PATH (unpack it there)"),
    ],
)
def test_a_path_that_no_dataset_reads_is_named(work, typed, said, hint):
    (work / "here.rar").touch()
    what, _, way_out = ganzoo("run", "--dataset", typed, code=3).stderr.partition("\n  try:   ")
    assert said in what and way_out.startswith(hint)


@pytest.mark.parametrize(
    ("typed", "read"),
    [
        (["run", "\u2013loss", "wgan"], ["run", "--loss", "wgan"]),
        (["run", "\u2014loss=wgan"], ["run", "--loss=wgan"]),
        (["sample", "x", "\u2212n", "8"], ["sample", "x", "-n", "8"]),
        (["run", "--set", "\u201coptim.lr_g=1e-4\u201d"], ["run", "--set", "optim.lr_g=1e-4"]),
        (["run", "--dataset", "\u201cmy", "photos\u201d"], ["run", "--dataset", "my photos"]),
        (["run", "--set", "optim.lr_g", "=", "1e-4"], ["run", "--set", "optim.lr_g=1e-4"]),
        (["run", "--set", "optim.lr_g=", "1e-4"], ["run", "--set", "optim.lr_g=1e-4"]),
        (["run", "--set", "optim.lr_g", "=1e-4"], ["run", "--set", "optim.lr_g=1e-4"]),
        (["run", "--set", "optim.lr_g", "1e-4"], ["run", "--set", "optim.lr_g=1e-4"]),
        (["run", "--loss", "=", "wgan"], ["run", "--loss=wgan"]),
        (["run", "--loss wgan"], ["run", "--loss", "wgan"]),
        (["run", "--loss\u00a0", "wgan"], ["run", "--loss", "wgan"]),
    ],
)
def test_words_of_a_web_page_are_read_as_they_were_meant(typed, read):
    assert repair(typed) == read and repair(read) == read


@pytest.mark.parametrize(
    "words",
    [
        ["run", "--set", "eval.reference="],
        ["run", "--set", "dataset.classes=cat, dog", "--set", "x"],
        ["run", "--dataset", "folder:\u201codd"],
        ["sample", "x", "--class", "\u2013"],
        ["run", "--", "--set", "a.b", "=", "1"],
        ["run", "--set", "optim.lr_g=-1e-4", "sngan"],
        ["new", "plugin", "ganzoo-x", "--kind", "loss"],
    ],
)
def test_words_that_mean_what_they_say_stay(words):
    assert repair(words) == words


def test_what_was_read_in_another_way_is_said(work):
    shown = ganzoo("config", "show", "\u2013loss", "wgan", "--json").stderr
    assert shown == "note: read as ganzoo config show --loss wgan --json\n"


def test_the_words_of_other_packages_lead_to_commands_and_flags_that_exist():
    for command in COMMANDS:
        group, found = cli, None
        for word in command.split():
            found = group.commands.get(word) if not word.startswith("--") else word
            group = found
        assert found, command
    flags = {flag for word in ("bs", "lambda", "ema", "gpu", "latent-dim") for flag in find_flags(f"--{word}", "1")}
    assert {flag.split()[0] for flag in flags} <= accepted_flags(cli)


def test_one_learning_rate_is_that_of_both_networks_and_whole_numbers_are_read_as_people_write_them(work):
    (work / "mine.toml").write_text('[loss]\nname = "WGAN"\n[train]\nsteps = 2e3\n')
    words = ["--config", "mine.toml", "--lr", "1e-3", "--batch-size", "1k", "--samples", "1e3", "--device", "CPU"]
    rows = {row.split()[0]: row.split()[1:3] for row in ganzoo("config", "show", *words).stdout.splitlines()[1:]}
    assert rows["optim.lr_g"] == rows["optim.lr_d"] == ["0.001", "flag"]
    assert (rows["optim.batch_size"], rows["eval.samples"]) == (["1000", "flag"], ["1000", "flag"])
    assert (rows["loss.name"][0], rows["train.steps"], rows["train.device"][0]) == ("wgan", ["2000", "recipe"], "cpu")


def test_show_finds_the_kind_of_a_name_and_takes_kinds_in_the_plural():
    assert ganzoo("show", "gp").stdout == ganzoo("show", "lipschitz", "wgan-gp").stdout
    assert ganzoo("show", "GP", "Enforcers").stdout == ganzoo("show", "lipschitz", "gp").stdout
    both = ganzoo("show", "gaussians8").stdout
    assert "dataset gaussians8" in both and "features gaussians8" in both
    assert ganzoo("list", "Losses").stdout == ganzoo("list", "loss").stdout
