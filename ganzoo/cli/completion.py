"""`ganzoo completion`: a script by which the shell completes commands, flags, names, runs and settings."""

from __future__ import annotations

import click
from click.shell_completion import get_completion_class

from ganzoo.cli.ranges import one_of

VARIABLE = "_GANZOO_COMPLETE"
"""Variable of the environment by which the script asks for completions."""


@click.command(short_help="Print a script for completion by the shell.")
@click.argument("shell", type=one_of("bash", "zsh", "fish"))
@click.pass_context
def completion(ctx: click.Context, shell: str) -> None:
    """Print the script by which SHELL (bash, zsh or fish) completes what is typed.

    \b
    eval "$(ganzoo completion bash)"          (in ~/.bashrc)
    eval "$(ganzoo completion zsh)"           (in ~/.zshrc, behind compinit)
    ganzoo completion fish > ~/.config/fish/completions/ganzoo.fish

    It completes commands, flags, names of components and recipes, runs with
    @last and @best, kinds, topics, and the settings of --set.
    """
    script = get_completion_class(shell)
    assert script is not None  # click has all three
    click.echo(script(ctx.find_root().command, {}, "ganzoo", VARIABLE).source())
