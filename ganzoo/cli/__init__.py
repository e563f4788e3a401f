"""The command line: one file per command; each parses, calls one function, prints."""

from __future__ import annotations

import os
import shlex
import signal
import sys
import traceback
import warnings
from collections.abc import Iterator, Sequence
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import Any

import click

from ganzoo import __version__
from ganzoo.cli import failures
from ganzoo.cli.bench import bench
from ganzoo.cli.check import check
from ganzoo.cli.compare import compare
from ganzoo.cli.completion import completion
from ganzoo.cli.config import config
from ganzoo.cli.diagnose import diagnose
from ganzoo.cli.doctor import doctor
from ganzoo.cli.evaluate import evaluate
from ganzoo.cli.explain import explain
from ganzoo.cli.export import export
from ganzoo.cli.flags import PluginChoice
from ganzoo.cli.hints import fit_hint
from ganzoo.cli.list import list_
from ganzoo.cli.mistakes import explain_usage
from ganzoo.cli.new import new
from ganzoo.cli.output import FLAGS as OUTPUT_FLAGS
from ganzoo.cli.output import choices, output_first, output_options, style
from ganzoo.cli.plugin_words import PLUGIN_FLAGS, plugins_first
from ganzoo.cli.plugins import plugins
from ganzoo.cli.push import push
from ganzoo.cli.report import report
from ganzoo.cli.resume import resume
from ganzoo.cli.run import run
from ganzoo.cli.runs import runs
from ganzoo.cli.sample import sample
from ganzoo.cli.show import show
from ganzoo.cli.table import table
from ganzoo.cli.tune import tune
from ganzoo.cli.verify import verify
from ganzoo.cli.words import WORDS, repair
from ganzoo.errors import ConfigError, DamageWarning, Explained, FolderError
from ganzoo.machine.limits import limit_threads
from ganzoo.zoo.installed import tolerate_damage

_EXIT_CODES = """
\b
Exit codes
  0 done    1 a bug in ganzoo    2 usage or settings    3 data
  4 a plugin that was asked for    5 no usable checkpoint    6 diverged
  7 evaluation impossible    8 grid finished with failed cells
  9 disk, memory or device    10 run folder busy or existing
  129, 130, 143 stopped by a signal with a checkpoint written
"""


_DISTRIBUTED = {"run", "resume"}
"""Commands that torchrun may start, which sets LOCAL_RANK and WORLD_SIZE."""


class _Refusal(click.ClickException):
    """An end that ganzoo explains, for click: printed on stderr in three short parts, with its own exit code."""

    def __init__(self, error: Explained, command: click.Command | None) -> None:
        error.hint = fit_hint(error.hint, command, PLUGIN_FLAGS | OUTPUT_FLAGS)
        super().__init__(str(error))
        self.title = style("ganzoo:", "error", sys.stderr)  # now: the choices of the user end with the command
        self.trace = "".join(traceback.format_exception(error)) if choices().verbose else ""
        self.exit_code = error.exit_code  # type: ignore[misc]  # click declares it for the class

    def show(self, file: Any = None) -> None:
        with suppress(OSError):  # nobody may read stderr any more, and the exit code still counts
            click.echo(f"{self.trace}{self.title} {self.message}", err=True, color="\x1b" in self.title or None)


@contextmanager
def _damage_as_notes() -> Iterator[None]:
    """Print each warning of a damaged file once, as a note on stderr; other warnings stay as they are."""
    shown: set[str] = set()

    def show(message: Warning | str, category: type[Warning], *place: Any, **options: Any) -> None:
        if not issubclass(category, DamageWarning):
            others(message, category, *place, **options)
        elif str(message) not in shown:
            shown.add(str(message))
            with suppress(OSError):  # the terminal may be closed
                click.echo(f"note: {message}", err=True)

    with warnings.catch_warnings():
        others, warnings.showwarning = warnings.showwarning, show
        warnings.simplefilter("always", DamageWarning)
        yield


class _Group(click.Group):
    """Group of commands that prints errors of users without a traceback; bugs keep theirs."""

    def parse_args(self, ctx: click.Context, args: list[str]) -> list[str]:
        """Take the choice of plugins, colour and amount of output behind the name of a command too."""
        words = repair(args)
        if words != args and not ctx.resilient_parsing:
            click.echo(f"note: read as ganzoo {shlex.join(words)}", err=True)
        ctx.meta[WORDS] = words
        return super().parse_args(ctx, output_first(plugins_first(words)))

    def make_context(self, info_name: str | None, args: list[str], *more: Any, **options: Any) -> click.Context:
        """Return the context of a command line; `--help` and `--version` write meanwhile."""
        words = repair(args)
        try:
            return super().make_context(info_name, args, *more, **options)
        except click.exceptions.NoArgsIsHelpError:
            raise
        except click.UsageError as error:
            raise _Refusal(explain_usage(error, words, self), None) from error
        except OSError as error:
            if (found := failures.explain(error)) is None:
                raise
            raise _Refusal(found, None) from error

    def invoke(self, ctx: click.Context) -> Any:
        try:
            _require_working_folder()
            with _damage_as_notes():
                return super().invoke(ctx)
        except Explained as error:
            raise _Refusal(error, self.get_command(ctx, ctx.invoked_subcommand or "")) from error
        except click.exceptions.NoArgsIsHelpError:
            raise
        except click.UsageError as error:
            raise _Refusal(explain_usage(error, ctx.meta[WORDS], self), None) from error
        except KeyboardInterrupt:
            raise SystemExit(130) from None
        except BrokenPipeError:  # `ganzoo list | head -1`
            failures.silence()
            raise SystemExit(128 + signal.SIGPIPE) from None
        except BaseException as error:  # SystemExit, too, and what a plugin derives from BaseException
            loaded = ctx.obj.loaded if isinstance(ctx.obj, PluginChoice) else ()
            if (found := failures.explain(error, loaded, ctx.invoked_subcommand or "")) is None:
                raise
            raise _Refusal(found, None) from error


def _require_working_folder() -> None:
    """Raise FolderError where the working folder was deleted: no relative path means anything, nor does torch load."""
    try:
        Path.cwd()
    except OSError as error:
        what = f"the working folder is gone: {error.strerror}"
        raise FolderError(what, where=os.environ.get("PWD", ""), hint="cd ~") from error


@click.group(cls=_Group, epilog=_EXIT_CODES, context_settings={"help_option_names": ["-h", "--help"]})
@click.version_option(__version__, prog_name="ganzoo")
@click.option("--plugin", "files", multiple=True, type=click.Path(path_type=Path), metavar="FILE.py",
              help="Load a plugin from a single file; may be repeated.")  # fmt: skip
@click.option("--no-plugin", "disabled", multiple=True, metavar="NAME",
              help="Leave out an installed plugin, or all; may be repeated.")  # fmt: skip
@click.option("--override", "override", multiple=True, metavar="PLUGIN",
              help="Let a plugin replace components of the same name.")  # fmt: skip
@output_options
@click.pass_context
def cli(ctx: click.Context, files: Sequence[Path], disabled: Sequence[str], override: Sequence[str]) -> None:
    """Train, sample, score and compare GANs: any model x loss x lipschitz x conditioner.

    \b
    ganzoo run --model dcgan --loss wgan --lipschitz gp
    ganzoo run sngan --dataset cifar10 --data-root DIR
    ganzoo run --dataset folder:photos --image-size 64 --dry-run
    ganzoo evaluate runs/NAME --best
    ganzoo compare --loss bce,wgan,hinge --lipschitz none,gp --seeds 0..2
    ganzoo list; ganzoo show lipschitz gp; ganzoo config show sngan
    """
    many = "LOCAL_RANK" in os.environ and os.environ.get("WORLD_SIZE", "1") not in ("0", "1")
    if many and ctx.invoked_subcommand not in _DISTRIBUTED:
        raise ConfigError(
            f"ganzoo {ctx.invoked_subcommand} runs in one process only", hint="the same command without torchrun"
        )
    ctx.obj = PluginChoice(tuple(files), tuple(disabled), tuple(override))


for _command in (
    *(run, resume, sample, evaluate, diagnose, verify, bench, compare, tune, table, report, runs, export, push),
    *(list_, show, explain, config, plugins, new, check, doctor, completion),
):
    cli.add_command(_command)


def _open_closed_streams() -> None:
    """Let what a caller closed, as `>&-` does, lead nowhere: the next file opened would take its place."""
    for number in range(3):
        with suppress(OSError):
            os.fstat(number)
            continue
        os.open(os.devnull, os.O_RDWR)  # takes the lowest number that is free
    for name in ("stdout", "stderr"):
        if getattr(sys, name) is None:
            setattr(sys, name, Path(os.devnull).open("w"))  # noqa: SIM115  # open as long as the process is


def main() -> None:
    """Run the command line; characters that the terminal cannot show are replaced."""
    _open_closed_streams()
    limit_threads()
    for stream in (sys.stdout, sys.stderr):
        if hasattr(stream, "reconfigure"):
            stream.reconfigure(errors="replace")
    if not {"-h", "--help", "--version"} & {*sys.argv}:  # these need no package at all
        tolerate_damage()
    cli()
