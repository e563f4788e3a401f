"""`ganzoo doctor`."""

from __future__ import annotations

import json
import sys
import textwrap
from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING

import click

from ganzoo.cli.flags import PluginChoice, keeping_stdout
from ganzoo.cli.output import Role, style
from ganzoo.errors import EvaluationError
from ganzoo.files import cache_folder

if TYPE_CHECKING:
    from ganzoo.machine.checks import Check
    from ganzoo.zoo.catalogue import Zoo
    from ganzoo.zoo.installed import Plugin

_WIDTH = 80
_ROLES: dict[str, Role] = {"ok": "", "remark": "remark", "broken": "error"}
"""State of a check -> the role of its word."""


@click.command(short_help="Check this machine and what is installed on it.")
@click.option("--json", "as_json", is_flag=True, help="One JSON array on stdout.")
@click.pass_obj
def doctor(choice: PluginChoice, as_json: bool) -> None:
    """Check this machine and what is installed: what works, and what mends the rest.

    Python, the packages that ganzoo requires, torch and torchvision beside each
    other, processor, GPUs, memory, disks, TensorBoard, plugins, and the weights
    of extractors. Exit 1 if something is broken that every run needs.
    """
    found: list[Check] = []
    for check in _check_all(choice):
        found.append(check)
        if not as_json:
            _print(check)
    if as_json:
        click.echo(json.dumps([check.to_json() for check in found], indent=2))
    sys.exit(any(check.state == "broken" for check in found))


def _check_all(choice: PluginChoice) -> Iterator[Check]:
    """Yield what there is to say of the machine and, where torch works, of what is loaded with it."""
    from ganzoo.machine.checks import check_machine

    torch_works = False
    for check in check_machine(Path("runs"), cache_folder("references")):
        torch_works |= check.name == "torch" and check.state == "ok"
        yield check
    if torch_works:
        yield from _check_zoo(choice)


def _check_zoo(choice: PluginChoice) -> Iterator[Check]:
    """Yield what there is to say of each plugin that does not ship, and of the weights of extractors."""
    from ganzoo.zoo.plugins import load_zoo

    with keeping_stdout():
        zoo = load_zoo(files=choice.files, disabled=choice.disabled, override=choice.override)
    yield from (_check_plugin(plugin) for plugin in zoo.plugins if not plugin.builtin)
    yield _check_weights(zoo)


def _check_plugin(plugin: Plugin) -> Check:
    from ganzoo.machine.checks import Check

    if plugin.state == "broken":
        hint = f"ganzoo plugins --traceback {plugin.name} (and without it: ganzoo --no-plugin {plugin.name})"
        return Check(plugin.name, "remark", f"plugin {plugin.version} is broken: {plugin.fault}", hint)
    state = f"imported in {plugin.seconds:.2f} s" if plugin.state == "ok" else plugin.state
    what = "; ".join(filter(None, [f"plugin {plugin.version}, {state}", plugin.remark]))
    return Check(plugin.name, "remark" if plugin.remark else "ok", what)


def _check_weights(zoo: Zoo) -> Check:
    """Return which extractors have their weights here, and which would have to download them."""
    from ganzoo.machine.checks import Check

    places: dict[str, list[str]] = {"there": [], "to be downloaded": [], "unusable without torchvision": []}
    for entry in zoo.entries("features"):
        try:
            path = entry.component().weights_file()
        except EvaluationError:  # torchvision, through which the file is known, cannot be imported
            places["unusable without torchvision"].append(entry.name)
        else:
            places["there" if path is None or path.is_file() else "to be downloaded"].append(entry.name)
    return Check("weights", "ok", "; ".join(f"{place}: {', '.join(names)}" for place, names in places.items() if names))


def _print(check: Check) -> None:
    """Print a check: its state, its name, and below it what to type next."""
    start = f"{check.state:6}  {check.name:11}  "
    lines = textwrap.wrap(check.what, _WIDTH - len(start), break_on_hyphens=False)
    lines = [start + lines[0], *(" " * len(start) + line for line in lines[1:])]
    if check.hint:
        lines += textwrap.wrap(check.hint, _WIDTH, initial_indent=" " * 8 + "try: ", subsequent_indent=" " * 13,
                               break_on_hyphens=False, break_long_words=False)  # fmt: skip
    word = style(check.state, _ROLES[check.state], sys.stdout)
    click.echo("\n".join(lines).replace(check.state, word, 1))
