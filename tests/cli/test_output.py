"""Colour and amount of output: --color, -q and -v on every command, NO_COLOR and FORCE_COLOR."""

import sys
from types import SimpleNamespace

import click
import pytest

from ganzoo.audit.findings import Finding
from ganzoo.cli.diagnose import show
from ganzoo.cli.output import Output, choices, output_first
from support.runs import ganzoo

RED = "\x1b[31m\x1b[1mganzoo:"


@pytest.fixture(autouse=True)
def plain(monkeypatch):
    for name in ("NO_COLOR", "FORCE_COLOR"):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setenv("TERM", "xterm-256color")


@pytest.mark.parametrize(
    ("typed", "read"),
    [
        (["run", "--loss", "wgan", "-q"], ["-q", "run", "--loss", "wgan"]),
        (["table", "--color", "never", "runs"], ["--color", "never", "table", "runs"]),
        (["table", "runs", "--color=always", "-v"], ["--color=always", "-v", "table", "runs"]),
        (["show", "loss", "--", "-q"], ["show", "loss", "--", "-q"]),
        (["run", "--color"], ["--color", "run"]),
    ],
)
def test_the_options_may_stand_behind_the_name_of_a_command(typed, read):
    assert output_first(typed) == read


@pytest.mark.parametrize(
    "words", [["--color", "always", "show", "loss", "wgna"], ["show", "loss", "wgna", "--color=always"]]
)
def test_an_error_is_red_where_the_user_wants_colour(words):
    assert ganzoo(*words, code=2).stderr.startswith(RED)


def test_an_error_has_no_code_in_a_pipe():
    assert ganzoo("show", "loss", "wgna", code=2).stderr.startswith("ganzoo: ")


@pytest.mark.parametrize(
    ("variables", "color", "expected"),
    [
        ({}, "auto", False),
        ({"FORCE_COLOR": "1"}, "auto", True),
        ({"FORCE_COLOR": "1", "NO_COLOR": "1"}, "auto", False),
        ({"FORCE_COLOR": "1", "TERM": "dumb"}, "auto", False),
        ({"NO_COLOR": ""}, "always", True),
        ({"NO_COLOR": "1"}, "always", True),
        ({"FORCE_COLOR": "1"}, "never", False),
    ],
)
def test_the_flag_goes_before_the_environment(monkeypatch, variables, color, expected):
    for name, value in variables.items():
        monkeypatch.setenv(name, value)
    assert Output(color).has_color(sys.stderr) is expected


def test_verbose_says_where_an_error_arose_and_quiet_contradicts_it():
    said = ganzoo("show", "loss", "wgna", "-v", code=2).stderr
    assert "Traceback (most recent call last)" in said and "\nganzoo: no loss" in said
    assert "Traceback" not in ganzoo("show", "loss", "wgna", code=2).stderr
    ganzoo("list", "-q", "-v", code=2)


def test_without_a_command_the_choices_are_the_defaults():
    assert click.get_current_context(silent=True) is None and choices() == Output("auto", quiet=False, verbose=False)


def test_an_alarm_is_red_and_a_remark_yellow_where_there_is_colour():
    findings = (Finding("collapse", "alarm", "all alike"), Finding("slope", "remark", "steep"))
    diagnosis = SimpleNamespace(run="a", step=3, findings=findings, alarms=findings[:1], notes=())
    with click.Context(click.Command("diagnose")) as context:
        context.meta["ganzoo.output"] = Output("always")
        said = show(diagnosis)
        assert "\x1b[31m\x1b[1mALARM\x1b[0m  collapse" in said and "\x1b[33m\x1b[1mREMARK\x1b[0m  slope" in said
        context.meta["ganzoo.output"] = Output("never")
        assert "\nALARM  collapse" in show(diagnosis) and "\x1b" not in show(diagnosis)
