"""`ganzoo check`."""

from __future__ import annotations

import json
import sys
from collections.abc import Iterator
from contextlib import redirect_stdout
from dataclasses import asdict, replace
from pathlib import Path
from typing import TYPE_CHECKING

import click

from ganzoo.cli.flags import PluginChoice
from ganzoo.cli.settings import read_assignments

if TYPE_CHECKING:
    from ganzoo.testing.cases import Case, Outcome


@click.command(short_help="Check that a plugin keeps its contracts.")
@click.argument("package")
@click.option("--set", "assignments", multiple=True, metavar="KIND.NAME.OPTION=VALUE",
              help="Option of a component, to make it small; may be repeated.")  # fmt: skip
@click.option("--json", "as_json", is_flag=True, help="One JSON array on stdout.")
@click.pass_obj
def check(plugins: PluginChoice, package: str, assignments: tuple[str, ...], as_json: bool) -> None:
    """Try every promise of the contracts on the components of PACKAGE.

    PACKAGE is what pip installed, an entry point, a module, or a FILE.py; ganzoo
    is what ships. Exit code 4 says that a check failed.

    \b
    ganzoo check ganzoo-foo
    ganzoo check my_model.py --set model.mine.width=8
    """
    from ganzoo.errors import PluginError
    from ganzoo.settings.toml import unflatten
    from ganzoo.testing.cases import list_cases

    options = unflatten(read_assignments(assignments))
    files = (Path(package),) if package.endswith(".py") else ()
    zoo = replace(plugins, files=(*plugins.files, *files)).load()
    cases = list_cases(zoo, package, options)
    outcomes = list(_try_each(cases)) if as_json else list(_show_each(cases))
    if as_json:
        click.echo(json.dumps([asdict(outcome) for outcome in outcomes], indent=2))
    failed = [outcome for outcome in outcomes if outcome.state == "failed"]
    if failed:
        following = sum(outcome.follows != "" for outcome in failed)
        also = f", {following} of them for what an earlier one tells" if following else ""
        what = f"{len(failed)} of {len(outcomes)} checks of {package} failed{also}"
        raise PluginError(what, hint="ganzoo explain contracts")


def _try_each(cases: list[Case]) -> Iterator[Outcome]:
    """Yield the outcome of each check; what a component prints goes to stderr."""
    from ganzoo.testing.cases import try_each

    outcomes = try_each(cases)
    for _ in cases:
        with redirect_stdout(sys.stderr):
            outcome = next(outcomes)
        yield outcome


def _show_each(cases: list[Case]) -> Iterator[Outcome]:
    """Print a row per outcome as soon as it is known, and below a failure its reason."""
    wide, long = max(len(case.component) for case in cases), max(len(case.check) for case in cases)
    click.echo(f"{'component':{wide}}  {'check':{long}}  result")
    for case, outcome in zip(cases, _try_each(cases), strict=True):
        reason = f": {outcome.why}" if outcome.state == "skipped" else ""
        reason = f', follows from "{outcome.follows}"' if outcome.follows else reason
        click.echo(f"{case.component:{wide}}  {case.check:{long}}  {outcome.state}{reason}")
        if outcome.state == "failed" and not outcome.follows:
            click.echo(f"  {outcome.why}")
        yield outcome
