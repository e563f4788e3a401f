"""Errors in the words of Python: what to type next is a keyword or a call, where elsewhere it is a flag."""

from __future__ import annotations

import re
import shlex
from collections.abc import Callable
from functools import wraps
from typing import ParamSpec, TypeVar

from ganzoo.errors import Explained

P = ParamSpec("P")
T = TypeVar("T")

_SWITCHES = {"auto_resume", "download", "cache", "restart", "best", "follow_links"}
"""Flags without a value."""
_NAMES = {"from": "checkpoint", "class": "label", "set": "options", "plugin": "files"}
"""Flag -> parameter of Python, where the names differ."""
_CALLS = {
    "run": "ganzoo.run({})",
    "resume": "ganzoo.Run({}).resume({})",
    "evaluate": "ganzoo.evaluate({})",
    "diagnose": "ganzoo.diagnose({})",
}
"""Command -> call that does the same."""
_COMMAND = re.compile(r"\bganzoo (run|resume|evaluate|diagnose)((?: (?!or\b|and\b)(?:'[^']*'|[^\s,;()'])+)*)")
_ELSEWHERE = re.compile(r"pip |torchrun |ganzoo (?!(?:run|resume|evaluate|diagnose)\b)")
"""Beginning of a command that no call replaces."""
_FLAG = re.compile(r"--([a-z][a-z-]*)(?:[ =]('[^']*'|(?!or\b|and\b)[^\s,;()]+))?")


def in_python(function: Callable[P, T]) -> Callable[P, T]:
    """Let the errors of a function say in the words of Python what to type next."""

    @wraps(function)
    def call(*args: P.args, **kwargs: P.kwargs) -> T:
        try:
            return function(*args, **kwargs)
        except Explained as error:
            error.what, error.hint = name_parameters(error.what), translate(error.hint)
            error.args = (error.what,)
            raise

    return call


def translate(hint: str) -> str:
    """Return a hint with calls for commands and keywords for flags: --steps 5 -> steps=5."""
    ways = hint.split(", or ")
    said = [way if _ELSEWHERE.match(way) else _FLAG.sub(_to_keyword, _COMMAND.sub(_to_call, way)) for way in ways]
    return ", or ".join(said).replace("} options={", ", ").replace("the same command", "the same call")


def name_parameters(text: str) -> str:
    """Return a sentence with parameters for flags: --dataset-path -> dataset_path."""
    return re.sub(r"--([a-z][a-z-]*)", lambda found: _name(found[1]), text)


def _name(flag: str) -> str:
    name = flag.replace("-", "_")
    return _NAMES.get(name, name)


def _to_keyword(found: re.Match[str]) -> str:
    flag, value = found[1], (found[2] or "").strip("'")
    if flag == "no-scores":
        return "scores=False"
    if flag == "set" and "=" in value:
        key, _, setting = value.partition("=")
        return f'options={{"{key}": {_quote(setting)}}}'
    if not value:
        return f"{_name(flag)}=True" if _name(flag) in _SWITCHES else _name(flag)
    return f"{_name(flag)}={_quote(value)}"


def _quote(value: str) -> str:
    """Return a value as Python writes it: numbers as they are, words in quotes."""
    if re.fullmatch(r"[+-]?\d[\d_]*(\.\d*)?(e[+-]?\d+)?|N|True|False", value):
        return value
    return {"true": "True", "false": "False"}.get(value) or f'"{value.strip(chr(34))}"'


def _to_call(found: re.Match[str]) -> str:
    command, rest = found[1], found[2].strip()
    first, flags = rest.partition("--")[0].strip(), "--" + rest.partition("--")[2] if "--" in rest else ""
    keywords = [_to_keyword(flag) for flag in _FLAG.finditer(flags)]
    place = [_quote(" ".join(shlex.split(first)))] if first else []
    if command == "resume":
        return _CALLS[command].format(", ".join(place), ", ".join(keywords))
    return _CALLS[command].format(", ".join([*place, *keywords]))
