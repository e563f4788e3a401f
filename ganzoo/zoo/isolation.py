"""One plugin's error is its own: it is caught and recorded, and what it changed for others is put back."""

from __future__ import annotations

import os
import time
import traceback
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from ganzoo.errors import GanzooError, PluginError
from ganzoo.zoo.guard import unchanged
from ganzoo.zoo.installed import Plugin


@contextmanager
def isolate(plugin: Plugin) -> Iterator[None]:
    """Put back the global state that the plugin changes meanwhile; note on the plugin what that was, and the time."""
    start = time.perf_counter()
    with unchanged() as changed:
        yield
    if changed:
        plugin.remark = f"changed, and put back: {', '.join(changed)}"
    plugin.seconds = round(time.perf_counter() - start, 3)


@contextmanager
def catch_plugin_errors(plugin: Plugin) -> Iterator[None]:
    """Catch whatever importing a plugin or calling its hooks raises, even SystemExit: it is broken, and brings nothing.

    With GANZOO_STRICT_PLUGINS=1 the error is raised instead, for the author of the plugin.
    """
    try:
        yield
    except KeyboardInterrupt:  # the user's, not the plugin's
        raise
    except BaseException as error:
        if os.environ.get("GANZOO_STRICT_PLUGINS") == "1":
            _raise_to_author(plugin, error)
        plugin.state, plugin.fault = "broken", describe_error(error)
        plugin.traceback = "".join(traceback.format_exception(error))
        plugin.offered = {}


def _raise_to_author(plugin: Plugin, error: BaseException) -> None:
    if isinstance(error, Exception):
        raise error
    raise PluginError(describe_error(error), where=plugin.name) from error  # SystemExit would end without a word


@contextmanager
def report_file_errors(what: str, path: Path) -> Iterator[None]:
    """Raise whatever a single plugin file raises as PluginError: `what`, then the error, and the file."""
    try:
        yield
    except PluginError as error:
        raise PluginError(error.what, where=str(path), hint=error.hint) from error
    except KeyboardInterrupt:  # the user's, not the plugin's
        raise
    except BaseException as error:
        raise PluginError(f"{what}: {describe_error(error)}", where=str(path)) from error


@contextmanager
def name_hook(hook: str) -> Iterator[None]:
    """Add the name of the hook to an error that it raises."""
    try:
        yield
    except PluginError:  # ours, which names it already
        raise
    except BaseException as error:
        error.add_note(f"in {hook}")
        raise


def describe_error(error: BaseException) -> str:
    """Return an error in one line: its type, its message, and the hook that raised it."""
    try:
        text = error.what if isinstance(error, GanzooError) else f"{type(error).__name__}: {error}"
    except Exception:  # the error class is a plugin's, and its __str__ may fail
        text = f"{type(error).__name__}, which does not say more"
    notes = [f"({note})" for note in getattr(error, "__notes__", ())]
    return " ".join([*text.split(), *notes])
