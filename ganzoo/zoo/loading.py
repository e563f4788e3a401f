"""Plugins are imported and their hooks called, each under its own guard: what one does wrong is its fault alone."""

from __future__ import annotations

import importlib.util
import inspect
import os
import re
import sys
import time
import traceback
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field, is_dataclass, replace
from pathlib import Path
from types import ModuleType
from typing import Any

import pluggy

from ganzoo import contracts
from ganzoo.errors import GanzooError, PluginError
from ganzoo.hookspecs import API_VERSION
from ganzoo.settings.kinds import Kind
from ganzoo.settings.options import check_schema, did_you_mean
from ganzoo.zoo.guard import unchanged
from ganzoo.zoo.names import Installed, answers

CONTRACTS: dict[Kind, tuple[str, type]] = {
    "model": ("register_models", contracts.Model),
    "loss": ("register_losses", contracts.AdversarialLoss),
    "lipschitz": ("register_lipschitz", contracts.LipschitzEnforcer),
    "conditioner": ("register_conditioners", contracts.Conditioner),
    "augment": ("register_augmentations", contracts.Augmentation),
    "dataset": ("register_datasets", contracts.Dataset),
    "features": ("register_features", contracts.FeatureExtractor),
    "metric": ("register_metrics", contracts.Metric),
    "engine": ("register_engines", contracts.Engine),
}
HOOKS: dict[str, Kind] = {hook: kind for kind, (hook, _) in CONTRACTS.items()}


@dataclass(frozen=True)
class Plugin:
    """One plugin and what became of it."""

    name: str
    version: str = ""
    state: str = "ok"
    """ok, broken or disabled."""
    fault: str = ""
    """Why it is broken; empty otherwise."""
    remark: str = ""
    """What else a user should know: what it changed and was put back, which of its names were taken."""
    hooks: tuple[str, ...] = ()
    """Those that it implements."""
    components: tuple[str, ...] = ()
    """ "loss hinge", as they are known; of a broken plugin those that it would have had."""
    seconds: float = 0.0
    """To import it and to call its hooks."""
    aliases: tuple[str, ...] = ()
    """Other names that mean it: of its distribution, of its entry point."""
    builtin: bool = False
    """Whether it ships; all that do answer to "ganzoo", and nothing else does."""
    traceback: str = field(default="", repr=False)
    """Of what broke it."""

    def answers_to(self, name: str) -> bool:
        """Whether a user who types this name means it."""
        return self.builtin if name == "ganzoo" else answers(name, (self.name, self.tag, *self.aliases))

    @property
    def label(self) -> str:
        """Name and version."""
        return f"{self.name} {self.version}".rstrip()

    @property
    def tag(self) -> str:
        """What stands behind the @ of its components: no character that flags and recipes read as something else."""
        tag = re.sub(r"[^A-Za-z0-9_/-]", "-", self.name.removesuffix(".py").replace(":", "/"))
        return "ganzoo-plugin" if tag == "ganzoo" else tag  # what ships has that name


@dataclass
class Loaded:
    """What one plugin brought."""

    plugin: Plugin
    offered: dict[Kind, dict[str, type]] = field(default_factory=dict)


def load_builtin(module: ModuleType) -> Loaded:
    """Call the hooks of a module that ships. Raises PluginError."""
    loaded = Loaded(Plugin(module.__name__.rpartition(".")[2], builtin=True))
    _call_hooks(loaded, module)
    return loaded


def load_installed(found: Installed) -> Loaded:
    """Import an installed plugin and call its hooks; one that is broken brings its fault and nothing else.

    With GANZOO_STRICT_PLUGINS=1 what broke it is raised, for its author.
    """
    loaded = Loaded(Plugin(found.name, found.version, aliases=found.aliases))
    if not found.enabled or found.point is None or found.fault:
        state = "broken" if found.enabled else "disabled"
        loaded.plugin = replace(loaded.plugin, state=state, fault=found.fault * found.enabled)
        return loaded
    start = time.perf_counter()
    with _collecting_remarks(loaded):
        try:
            subject = found.point.load()
            _check_version(sys.modules[found.point.module])
            _call_hooks(loaded, subject)
        except KeyboardInterrupt:
            raise
        except BaseException as error:  # a plugin may even call sys.exit
            _refuse(loaded, error)
    loaded.plugin = replace(loaded.plugin, seconds=round(time.perf_counter() - start, 3))
    return loaded


def _refuse(loaded: Loaded, error: BaseException) -> None:
    """Take back what a plugin brought, and keep why."""
    if os.environ.get("GANZOO_STRICT_PLUGINS") == "1":
        if isinstance(error, Exception):
            raise error
        raise PluginError(describe_error(error), where=loaded.plugin.name) from error  # SystemExit would say nothing
    trace = "".join(traceback.format_exception(error))
    loaded.plugin = replace(loaded.plugin, state="broken", fault=describe_error(error), traceback=trace)
    loaded.offered = {}


def load_file(path: Path) -> Loaded:
    """Import and register a single file. Raises PluginError, whatever the file raises: it was asked for."""
    loaded = Loaded(Plugin(path.name, aliases=(path.stem,)))
    start = time.perf_counter()
    with _collecting_remarks(loaded):
        module = _import_file(path)
        try:
            _check_version(module)
            _call_hooks(loaded, module)
        except PluginError as error:
            raise PluginError(error.what, where=str(path), hint=error.hint) from error
        except (Exception, SystemExit) as error:
            raise PluginError(f"a hook of the plugin fails: {describe_error(error)}", where=str(path)) from error
    loaded.plugin = replace(loaded.plugin, seconds=round(time.perf_counter() - start, 3))
    return loaded


def _import_file(path: Path) -> ModuleType:
    """Import a plugin that is a single file. Raises PluginError."""
    name = f"ganzoo_file_{path.stem}"  # the prefix keeps a plugin json.py from standing in for the library's
    spec = importlib.util.spec_from_file_location(name, path)
    if spec is None or spec.loader is None or not path.is_file():
        raise PluginError("--plugin takes a Python file", where=str(path), hint="--plugin my_loss.py")
    module = importlib.util.module_from_spec(spec)
    sys.modules[name] = module  # where dataclasses and type hints look their module up
    try:
        spec.loader.exec_module(module)
    except (Exception, SystemExit) as error:
        del sys.modules[name]
        raise PluginError(f"the plugin does not import: {describe_error(error)}", where=str(path)) from error
    return module


@contextmanager
def _collecting_remarks(loaded: Loaded) -> Iterator[None]:
    """Put back what the plugin changes meanwhile, and say so."""
    with unchanged() as changed:
        yield
    if changed:
        loaded.plugin = replace(loaded.plugin, remark=f"changed, and put back: {', '.join(changed)}")


def _check_version(module: ModuleType) -> None:
    """Raise PluginError if a plugin needs a newer ganzoo than this."""
    needed = getattr(module, "GANZOO_API", API_VERSION)
    if type(needed) is not int:
        raise PluginError(f"GANZOO_API is {needed!r}, not a whole number")
    if needed > API_VERSION:
        raise PluginError(f"needs ganzoo plugin API {needed}, this is {API_VERSION}", hint="a newer ganzoo-torch")


def _call_hooks(loaded: Loaded, subject: object) -> None:
    """Call every hook of a module; take what they return. Raises PluginError if it breaks a contract."""
    hooks = find_hooks(subject)
    loaded.plugin = replace(loaded.plugin, hooks=tuple(hook for hook, _ in hooks))
    for hook, function in hooks:
        with _naming(hook):
            _take(loaded, HOOKS[hook], hook, function())


@contextmanager
def _naming(hook: str) -> Iterator[None]:
    """Add to an error which hook it came from."""
    try:
        yield
    except PluginError:  # says so
        raise
    except BaseException as error:
        error.add_note(f"in {hook}")
        raise


def _take(loaded: Loaded, kind: Kind, hook: str, offered: Any) -> None:
    """Keep what a hook returned, and its names before the check: they tell what a broken plugin would have had."""
    if isinstance(offered, Mapping):
        names = tuple(f"{kind} {name}" for name in offered)
        loaded.plugin = replace(loaded.plugin, components=loaded.plugin.components + names)
    check_offer(kind, hook, offered)
    loaded.offered.setdefault(kind, {}).update(offered)


def find_hooks(subject: object) -> list[tuple[str, Callable[[], Any]]]:
    """Return the hooks that a module implements, in the order of the kinds, each with its function.

    Raises PluginError for a hook that is unknown, unmarked, or takes arguments.
    """
    manager = pluggy.PluginManager("ganzoo")
    found: list[tuple[str, Callable[[], Any]]] = []
    for name in dir(subject):
        marks = manager.parse_hookimpl_opts(subject, name)
        if marks is None:
            _check_unmarked(subject, name)
            continue
        hook = marks.get("specname") or name
        if hook in HOOKS:
            found.append((hook, _check_signature(hook, getattr(subject, name))))
        elif not marks.get("optionalhook"):
            raise PluginError(f"no hook is named {hook!r}.{did_you_mean(hook, HOOKS)}", hint=", ".join(HOOKS))
    return sorted(found, key=lambda hook: list(HOOKS).index(hook[0]))


def _check_unmarked(subject: object, name: str) -> None:
    """Raise PluginError for a hook that would never be called."""
    if name in HOOKS and inspect.isroutine(getattr(subject, name)):
        raise PluginError(f"hook {name} is not marked: put @ganzoo.hookimpl above it")


def _check_signature(hook: str, function: Callable[[], Any]) -> Callable[[], Any]:
    """Raise PluginError for a hook that needs arguments: nothing is passed to it."""
    parameters = inspect.signature(function).parameters.values()
    needed = [p.name for p in parameters if p.default is p.empty and p.kind not in (p.VAR_POSITIONAL, p.VAR_KEYWORD)]
    if needed:
        raise PluginError(f"hook {hook} takes (), not ({', '.join(needed)})")
    return function


def check_offer(kind: Kind, hook: str, offered: Any) -> None:
    """Raise PluginError unless a hook returned {name: class}, and each class keeps the contract of its kind."""
    if not isinstance(offered, Mapping):
        raise PluginError(f"{hook} must return {{name: class}}, not {offered!r}")
    for name, component in offered.items():
        if not isinstance(name, str) or not name.replace("-", "a").replace("_", "a").isalnum():
            raise PluginError(f"{kind} {name!r} is no name: letters, digits, - and _")
        if fault := _find_fault(component, CONTRACTS[kind][1]):
            raise PluginError(f"{kind} {name!r} {fault}")


def _find_fault(component: Any, contract: type) -> str:
    """Why this object cannot be a component of this kind; empty if it can."""
    if not isinstance(component, type):
        return f"is an object, not a class: register {type(component).__name__} without parentheses"
    if not issubclass(component, contract):
        return f"does not subclass ganzoo.{contract.__name__}"
    if not is_dataclass(component) or not component.__dataclass_params__.frozen:  # type: ignore[attr-defined]
        return "is not a frozen dataclass: add @dataclass(frozen=True)"
    if missing := sorted(getattr(component, "__abstractmethods__", ())):
        return f"does not implement {', '.join(missing)}"
    for name, method in vars(contract).items():
        if inspect.isfunction(method) and not _takes(getattr(component, name), method):
            return f"has {name}{inspect.signature(getattr(component, name))}: write {_signature(name, method)}"
    try:
        check_schema(component)
    except Exception as error:  # annotations are code, and may raise anything
        return f"has options that cannot be read: {describe_error(error)}"
    return ""


def _takes(method: Any, promised: Callable[..., Any]) -> bool:
    """Whether a method can be called as its contract says: by position, by keyword, and without what has a default."""
    given = list(inspect.signature(promised).parameters.values())
    by_position = [p.name for p in given if p.kind is not p.KEYWORD_ONLY]
    by_keyword = {p.name: p.default for p in given if p.kind is p.KEYWORD_ONLY}
    try:
        inspect.signature(method).bind(*by_position, **by_keyword)
        inspect.signature(method).bind(*by_position, **{k: v for k, v in by_keyword.items() if v is inspect._empty})
    except TypeError:
        return False
    return True


def _signature(name: str, method: Callable[..., Any]) -> str:
    """A method's head as its contract has it, without types: "generator_loss(self, *, fake, real=None)"."""
    signature = inspect.signature(method)
    bare = [p.replace(annotation=p.empty) for p in signature.parameters.values()]
    return f"def {name}{signature.replace(parameters=bare, return_annotation=signature.empty)}"


def describe_error(error: BaseException) -> str:
    """Return an error in one line: its type, its message, and in which hook it was raised."""
    try:
        said = error.what if isinstance(error, GanzooError) else f"{type(error).__name__}: {error}"
    except Exception:  # a plugin's own class may fail to word itself
        said = f"{type(error).__name__}, which does not say more"
    return " ".join([*said.split(), *(f"({note})" for note in getattr(error, "__notes__", ()))])
