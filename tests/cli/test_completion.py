"""Completion by the shell, and help in groups: what a user sees before a command runs."""

import pytest
from click.shell_completion import ShellComplete

from ganzoo.cli import cli
from ganzoo.cli.grouped_help import GROUPS
from ganzoo.zoo.recipes import folder
from support.imports import SLOW, run_watched
from support.runs import ganzoo

COMPLETING = """
import atexit, os, sys
wanted = set(sys.argv.pop(1).split(","))
atexit.register(lambda: print("\\nIMPORTED", *sorted(wanted & set(sys.modules))))
os.environ.update(_GANZOO_COMPLETE="bash_complete", COMP_WORDS=" ".join(["ganzoo", *sys.argv[1:]]), COMP_CWORD="3")
from ganzoo.cli import cli
cli(prog_name="ganzoo")
"""


def complete(*words, incomplete=""):
    """What a shell offers behind these words."""
    found = ShellComplete(cli, {}, "ganzoo", "_GANZOO_COMPLETE").get_completions(list(words), incomplete)
    return [item.value for item in found if item.type == "plain"]


@pytest.mark.parametrize(
    ("words", "incomplete", "offered"),
    [
        ([], "ev", ["evaluate"]),
        (["run", "--loss"], "w", ["wgan"]),
        (["run", "--loss"], "HI", ["hinge"]),
        (["run", "--lipschitz"], "sn+g", ["sn+gp"]),
        (["compare", "--loss"], "bce,wg", ["bce,wgan"]),
        (["evaluate", "x", "--features"], "dig", ["digits-cnn"]),
        (["compare", "--engine"], "l", ["local"]),
        (["run", "--device"], "c", ["cpu", "cuda"]),
        (["run"], "wgan_", ["wgan_gp", "wgan_lp"]),
        (["run", "--set"], "optim.beta", ["optim.beta1=", "optim.beta2=", "optim.beta2_end="]),
        (["run", "--set"], "optim.name=r", ["optim.name=rmsprop"]),
        (["run", "--set"], "eval.memorisation=", ["eval.memorisation=true", "eval.memorisation=false"]),
        (["run", "--set"], "loss.name=h", ["loss.name=hinge"]),
        (["show"], "lip", ["lipschitz"]),
        (["show", "lipschitz"], "r", ["r1", "r1r2"]),
        (["show", "recipe"], "sn", ["sngan"]),
        (["list"], "me", ["metric"]),
        (["explain"], "mode-", ["mode-collapse"]),
        (["explain"], "optim.dec", ["optim.decay_over"]),
        (["table", "x", "--format"], "la", ["latex"]),
        (["config", "show", "--model"], "r", ["resnet"]),
    ],
)
def test_the_shell_offers_what_may_follow(words, incomplete, offered):
    assert complete(*words, incomplete=incomplete) == offered


def test_the_shell_offers_runs(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    (tmp_path / "runs" / "first").mkdir(parents=True)
    (tmp_path / "runs" / "first" / "recipe.toml").touch()
    assert complete("sample", incomplete="@") == ["@best", "@last"]
    assert complete("sample", incomplete="runs/f") == ["runs/first"]


@pytest.mark.parametrize(("shell", "part"), [("bash", "complete -o nosort"), ("zsh", "compdef"), ("fish", "complete ")])
def test_a_script_for_each_shell_asks_ganzoo(shell, part):
    script = ganzoo("completion", shell.upper()).stdout
    assert part in script and "_GANZOO_COMPLETE=" in script


def test_completion_waits_for_no_torch():
    _, imported = run_watched(COMPLETING, SLOW, "run", "--set", "optim.l")
    assert imported["IMPORTED"] == set()


@pytest.mark.parametrize("command", ["run", "compare", "evaluate", "sample", "bench", "table", "resume", "config show"])
def test_long_help_is_in_groups_of_80_columns_that_name_every_option_once(command, monkeypatch):
    monkeypatch.setenv("COLUMNS", "80")
    text = ganzoo(*command.split(), "--help").stdout
    found = cli
    for word in command.split():
        found = found.commands[word]
    lines = text.splitlines()
    titles = [line[:-1] for line in lines if line[:-1] in GROUPS]
    assert len(titles) > 2 and titles[-1] == "Output" and "Other:" not in lines and max(map(len, lines)) <= 80
    options = [param.opts[-1] for param in found.params if param.opts[0].startswith("-") and not param.hidden]
    for option in [*options, "--help"]:
        named = [
            line for line in lines if line.startswith("  -") and option in line.split("  ")[1].replace(",", "").split()
        ]
        assert len(named) == 1, (option, named)


def test_recipes_are_completed_from_the_folder_that_ships():
    assert complete("compare", incomplete="d") == sorted(p.stem for p in folder().glob("d*.toml"))
