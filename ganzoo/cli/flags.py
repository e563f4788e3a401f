"""Flags for settings, shared by `run`, `compare` and `config`, and the choice of plugins."""

from __future__ import annotations

import os
import sys
from collections.abc import Callable, Collection, Iterator, Mapping, Sequence
from contextlib import contextmanager, redirect_stderr, redirect_stdout, suppress
from dataclasses import dataclass, field
from pathlib import Path
from shlex import quote
from typing import TYPE_CHECKING, Any, TypeVar

import click

from ganzoo.cli.completers import complete_component, complete_recipe, complete_setting, complete_word
from ganzoo.cli.plugin_words import tell_faults
from ganzoo.cli.ranges import Whole
from ganzoo.settings.dataset_paths import PHOTO_SETS
from ganzoo.zoo.names import NAMES

if TYPE_CHECKING:
    from ganzoo.settings.kinds import Kind
    from ganzoo.zoo.catalogue import Zoo

F = TypeVar("F", bound=Callable[..., Any])


@dataclass(frozen=True)
class PluginChoice:
    """Plugins that the command line adds, leaves out, and lets replace components of the same name."""

    files: tuple[Path, ...] = ()
    disabled: tuple[str, ...] = ()
    override: tuple[str, ...] = ()
    loaded: list[Zoo] = field(default_factory=list, repr=False, compare=False)
    """Zoos that `load` returned so far: an error that comes later may be a plugin's."""
    described: list[Zoo] = field(default_factory=list, repr=False, compare=False)
    """Zoos that `describe` returned so far."""

    @property
    def words(self) -> list[str]:
        """Flags for the same choice, with absolute paths."""
        files = [("--plugin", str(path.expanduser().absolute())) for path in self.files]
        named = [("--no-plugin", name) for name in self.disabled] + [("--override", name) for name in self.override]
        return [word for pair in files + named for word in pair]

    @property
    def command(self) -> str:
        """Beginning of a command line that needs the same components."""
        flags = [("--plugin", str(path)) for path in self.files] + [("--override", name) for name in self.override]
        return " ".join(["ganzoo", *(f"{flag} {quote(value)}" for flag, value in flags)])

    def known_names(self, *settings: Mapping[str, Any]) -> Mapping[Kind, Collection[str]]:
        """Return the names of components, by which those that settings name are spelt.

        Plugins are loaded only where one may have a name that does not ship, since that waits seconds for torch.
        Raises ConfigError if no plugin may have it.
        """
        from ganzoo.errors import ConfigError
        from ganzoo.zoo.installed import find_plugins
        from ganzoo.zoo.names import check_names, spell_names

        with suppress(ConfigError):
            for values in settings:
                check_names(values)
            return NAMES
        found = find_plugins(self.disabled)
        if self.files or any(plugin.enabled for plugin in found):
            return self.describe().names
        try:
            for values in settings:
                check_names(spell_names(values))
        except ConfigError as error:
            disabled = f"; disabled: {', '.join(plugin.name for plugin in found)}" if found else ""
            raise ConfigError(error.what, hint=error.hint + disabled) from None
        return NAMES

    def load(self) -> Zoo:
        """Load the zoo once; print one line on stderr for each plugin that is broken or has a remark."""
        from ganzoo.cli.plugin_cache import remember
        from ganzoo.cli.progress import waiting
        from ganzoo.zoo.installed import require_plugins

        if self.loaded:
            return self.loaded[0]
        require_plugins(self.files, self.disabled, self.override)

        with waiting("loading PyTorch"), keeping_stdout():
            from ganzoo.zoo.plugins import load_zoo  # waits for torch

            zoo = load_zoo(files=self.files, disabled=self.disabled, override=self.override)
        for plugin in zoo.registered:
            remember(plugin)
        if not self.described:
            tell_faults(zoo)
        self.loaded.append(zoo)
        return zoo

    def describe(self) -> Zoo:
        """Return the zoo with names, docstrings and options alone, which does not wait for torch.

        It is the whole zoo where a plugin has to be loaded first: a new one, or a broken one.
        """
        from ganzoo.cli.plugin_cache import recall
        from ganzoo.zoo.index import load_index
        from ganzoo.zoo.installed import require_plugins

        if self.loaded or self.described:
            return (self.loaded or self.described)[0]
        require_plugins(self.files, self.disabled, self.override)
        zoo = load_index(recall, files=self.files, disabled=self.disabled, override=self.override)
        if zoo is None:
            return self.load()
        tell_faults(zoo)
        self.described.append(zoo)
        return zoo


@contextmanager
def keeping_stdout() -> Iterator[None]:
    """Redirect stdout to stderr, also for child processes, so that output of plugins is not mixed with results."""
    with redirect_stderr(sys.stderr), redirect_stdout(sys.stderr):
        try:
            kept = os.dup(1)
            os.dup2(2, 1)
        except OSError:  # one of them is closed
            yield
            return
        try:
            yield
        finally:
            os.dup2(kept, 1)
            os.close(kept)


def _listed(kind: Kind) -> str:
    return ", ".join(NAMES[kind])


DATA_OPTIONS = (
    click.option("--image-size", type=Whole(), metavar="PIXELS", help="Resize images to this size."),
    click.option("--data-root", type=click.Path(path_type=Path), metavar="DIR", help="Folder of the datasets."),
    click.option("--download", is_flag=True, default=None, help="Download the dataset if it is absent."),
    click.option("--cache", is_flag=True, default=None, help="Decode a folder or zip once, for all runs."),
)
FEATURES_OPTIONS = (
    click.option(
        "--features",
        metavar="NAME",
        shell_complete=complete_component,
        help=f"{_listed('features')}.  [default: auto, the dataset's]",
    ),
    click.option(
        "--inception-weights",
        type=click.Path(path_type=Path, exists=True, dir_okay=False),
        metavar="FILE",
        help="Weights for --features inception, which this implies.",
    ),
)

DATASET_PATH = click.option(
    "--dataset-path",
    type=click.Path(path_type=Path),
    metavar="PATH",
    help="Where the run's data lie now, if they moved; their content is checked.",
)

FOLLOW_LINKS = click.option(
    "--follow-links", is_flag=True, help="Write and delete where parts of the folder are links, which is refused else."
)
ENGINE = click.option("--engine", metavar="NAME", shell_complete=complete_component, default="local", show_default=True,
                      help="local, ray, or a plugin's.")  # fmt: skip
ADDRESS = click.option("--address", metavar="HOST:PORT", help="Address of the cluster, for --engine ray.")

_FILES = (*PHOTO_SETS, "folder", "zip", "tar", "npz", "npy", "webdataset", "lmdb", "hf")
_OF_FILES = ", ".join(_FILES), ", ".join(f"{name}:PATH" for name in _FILES)
COMPONENT_OPTIONS = (
    click.option("--model", metavar="NAME", shell_complete=complete_component,
                 help=f"{_listed('model')}, or a plugin's.  [default: dcgan]"),
    click.option("--loss", metavar="NAME", shell_complete=complete_component,
                 help=f"{_listed('loss')}.  [default: bce]"),
    click.option(
        "--lipschitz", metavar="NAME", shell_complete=complete_component,
        help=f"{_listed('lipschitz')}, or a sum: sn+gp.  [default: none]"
    ),
    click.option("--conditioner", metavar="NAME", shell_complete=complete_component,
                 help=f"{_listed('conditioner')}.  [default: none]"),
    click.option("--augment", metavar="NAME", shell_complete=complete_component,
                 help=f"{_listed('augment')}.  [default: none]"),
    click.option("--regularizer", metavar="NAME", shell_complete=complete_component,
                 help=f"{_listed('regularizer')}, or a sum: bcr+zcr.  [default: none]"),
    click.option(
        "--dataset",
        metavar="NAME", shell_complete=complete_component,
        help=f"{_listed('dataset').replace(*_OF_FILES)}.  [default: mnist-5k]",
    ),
)  # fmt: skip
OBSERVE = click.option("--observe", "observer", metavar="NAME", multiple=True, shell_complete=complete_component,
                       help=f"Observer that is told what happens: {_listed('observer')}, or a plugin's; "
                       "may be repeated.")  # fmt: skip
TRAIN_OPTIONS = (
    *DATA_OPTIONS,
    click.option("--steps", type=Whole(), metavar="N", help="Generator updates."),
    click.option(
        "--init-from", type=click.Path(path_type=Path), metavar="RUN", help="Begin with the weights of this run."
    ),
    click.option("--lr", type=float, metavar="RATE", help="Learning rate of G and D: optim.lr_g and optim.lr_d."),
    click.option(
        "--optimizer",
        metavar="NAME",
        shell_complete=complete_component,
        help=f"{_listed('optimizer')}.  [default: adam]",
    ),
    click.option("--batch-size", type=Whole(), metavar="N", help="Real samples of a discriminator update."),
    click.option("--device", metavar="NAME", shell_complete=complete_word, help="auto, cpu or cuda.  [default: auto]"),
    click.option(
        "--precision", metavar="NAME", shell_complete=complete_word, help="auto, fp32, tf32 or bf16.  [default: auto]"
    ),
    click.option(
        "--on-nan",
        metavar="stop|rollback",
        shell_complete=complete_word,
        help="At a loss that is not finite, end, or go back to the last "
        "checkpoint with half the rates, at most 3 times.  [default: stop]",
    ),
    click.option(
        "--diagnose",
        type=Whole(),
        is_flag=True,
        flag_value=1000,
        default=None,
        help="Check every 1000 steps for what goes wrong.",
    ),
    click.option("--eval-every", type=Whole(), metavar="N", help="Score every N steps, and keep the best checkpoint."),
    click.option("--samples", type=Whole(), metavar="N", help="Images to score.  [default: 5000; of digits 2000]"),
    *FEATURES_OPTIONS,
    OBSERVE,
    click.option("--no-scores", is_flag=True, default=None, help="Do not score the finished run."),
)
RECIPE_FILE = click.option(
    "--config", "file", type=click.Path(path_type=Path), metavar="FILE", help="A recipe file; the same as RECIPE."
)
_OPTIONS = (
    click.argument("recipe", required=False, shell_complete=complete_recipe),
    RECIPE_FILE,
    *COMPONENT_OPTIONS,
    *TRAIN_OPTIONS,
    click.option("--seed", type=Whole(), metavar="N", help="Seed of all random numbers.  [default: 0]"),
    click.option(
        "--set", "assignments", multiple=True, metavar="SECTION.OPTION=VALUE", shell_complete=complete_setting,
        help="Any other setting, e.g. optim.lr_g=1e-4; may be repeated.",
    ),
)  # fmt: skip


def settings_options(command: F) -> F:
    """Add the flags that `run` and `config` share to a command."""
    return add_options(_OPTIONS)(command)


def add_options(options: Sequence[Callable[[F], F]]) -> Callable[[F], F]:
    """Return a decorator that adds flags to a command, in this order."""

    def add(command: F) -> F:
        for option in reversed(options):
            command = option(command)
        return command

    return add
