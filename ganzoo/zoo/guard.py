"""Global state that importing a plugin must not change: read before, compared and put back after."""

from __future__ import annotations

import gc
import locale
import logging
import multiprocessing
import os
import random
import signal
import socket
import sys
import warnings
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from functools import partial
from typing import Any

import numpy as np
import torch


def _as_before(before: Any, now: Any) -> Any:
    """Return the state from before the import, whatever it is now."""
    return before


@dataclass(frozen=True)
class _State:
    """One piece of global state, with the functions that read and write it."""

    name: str
    read: Callable[[], Any]
    write: Callable[[Any], object]
    wanted: Callable[[Any, Any], Any] = _as_before
    """Function (before, now) -> the state that is allowed after the import."""


def _attribute(name: str, owner: Any, attribute: str) -> _State:
    return _State(name, partial(getattr, owner, attribute), partial(setattr, owner, attribute))


def _read_torch() -> list[int]:
    return torch.get_rng_state().tolist()


def _write_torch(state: Sequence[int]) -> None:
    torch.set_rng_state(torch.tensor(state, dtype=torch.uint8, device="cpu"))


def _read_cuda() -> list[list[int]]:
    """Return the random state of every GPU; [] if CUDA is not initialised, since asking would initialise it."""
    begun = torch.cuda.is_initialized()  # type: ignore[no-untyped-call]
    return [state.tolist() for state in torch.cuda.get_rng_state_all()] if begun else []


def _write_cuda(states: Sequence[Sequence[int]]) -> None:
    for device, state in enumerate(states):
        torch.cuda.set_rng_state(torch.tensor(state, dtype=torch.uint8, device="cpu"), device)


def _read_numpy() -> tuple[Any, ...]:
    name, keys, *rest = np.random.get_state()
    return (name, np.asarray(keys).tolist(), *rest)


def _write_default_device(device: torch.device) -> None:
    torch.set_default_device(None if device.type == "cpu" else device)  # None means the CPU, at no cost per call


def _read_signals() -> dict[signal.Signals, Any]:
    return {number: signal.getsignal(number) for number in signal.valid_signals()}


def _write_signals(handlers: Mapping[signal.Signals, Any]) -> None:
    for number, handler in handlers.items():
        if handler is not None and handler != signal.getsignal(number):  # None: not set from Python
            signal.signal(number, handler)


def _read_folder() -> str:
    try:
        return os.getcwd()  # noqa: PTH109  # a string, as chdir takes
    except FileNotFoundError:
        return ""


def _write_folder(path: str) -> None:
    with suppress(OSError):  # it may be gone
        os.chdir(path)


_STEERING = ("GANZOO_", "CUDA_VISIBLE_DEVICES", "OMP_NUM_THREADS")
"""Prefixes of the variables that decide how a run goes, also in the processes of a grid's cells."""


def _keep_variables(before: Mapping[str, str], now: Mapping[str, str]) -> dict[str, str]:
    """Allow new variables, by which libraries talk to each other, but none that steers a run."""
    return {key: value for key, value in now.items() if not key.startswith(_STEERING)} | dict(before)


def _write_variables(variables: Mapping[str, str]) -> None:
    for key in os.environ.keys() - variables.keys():
        del os.environ[key]
    os.environ.update(variables)


def _keep_path(before: Sequence[str], now: Sequence[str]) -> list[str]:
    """Allow new folders at the end: a plugin finds what it imports later, and hides no module of others."""
    return [*before, *(folder for folder in now if folder not in before)]


def _keep_filters(before: Sequence[Any], now: Sequence[Any]) -> list[Any]:
    """Allow new filters for one message, one module, or a category that is not Python's own."""
    narrow = [rule for rule in now if rule[1] or rule[3] or rule[2].__module__ != "builtins"]
    return [*(rule for rule in narrow if rule not in before), *before]


def _write_filters(rules: Sequence[Any]) -> None:
    warnings.resetwarnings()  # also forgets which warnings were shown
    warnings.filters[:] = rules  # type: ignore[index]  # a list, whatever its stub says


def _handlers() -> list[logging.Handler]:
    return list(logging.getLogger().handlers)


def _write_handlers(handlers: Sequence[logging.Handler]) -> None:
    logging.getLogger().handlers[:] = handlers


_STATES = (
    _State("torch's default device", torch.get_default_device, _write_default_device),
    _State("torch's default dtype", torch.get_default_dtype, torch.set_default_dtype),
    _State("torch's deterministic flags", torch.get_deterministic_debug_mode, torch.set_deterministic_debug_mode),
    _attribute("torch's deterministic flags", torch.backends.cudnn, "deterministic"),
    _attribute("cuDNN's benchmark flag", torch.backends.cudnn, "benchmark"),
    _attribute("torch's float32 precision", torch.backends.cuda.matmul, "fp32_precision"),
    _attribute("torch's float32 precision", torch.backends.cudnn.conv, "fp32_precision"),  # type: ignore[attr-defined]
    _State("torch's gradient mode", torch.is_grad_enabled, torch.set_grad_enabled),
    _State("torch's anomaly mode", torch.is_anomaly_enabled, torch.set_anomaly_enabled),
    _State("torch's number of threads", torch.get_num_threads, torch.set_num_threads),
    _State("the random state of torch", _read_torch, _write_torch),
    _State("the random state of torch", _read_cuda, _write_cuda),
    _State("the random state of numpy", _read_numpy, np.random.set_state),
    _State("the random state of python", random.getstate, random.setstate),
    _State("numpy's floating-point errors", np.geterr, lambda kinds: np.seterr(**kinds)),
    _State("the warnings filters", lambda: list(warnings.filters), _write_filters, _keep_filters),
    _attribute("warnings.showwarning", warnings, "showwarning"),
    _State("the root logger's level", lambda: logging.getLogger().level, logging.getLogger().setLevel),
    _State("the root logger's handlers", _handlers, _write_handlers),
    _attribute("what logging disables", logging.getLogger().manager, "disable"),
    _State("the working folder", _read_folder, _write_folder),
    _State("the signal handlers", _read_signals, _write_signals),
    _State("environment variables", lambda: dict(os.environ), _write_variables, _keep_variables),
    _State("sys.path", lambda: list(sys.path), partial(sys.path.__setitem__, slice(None)), _keep_path),
    _attribute("sys.excepthook", sys, "excepthook"),
    _State("the recursion limit", sys.getrecursionlimit, sys.setrecursionlimit),
    _State("the garbage collector", gc.isenabled, lambda enabled: gc.enable() if enabled else gc.disable()),
    _State("the locale", lambda: locale.setlocale(locale.LC_ALL), lambda name: locale.setlocale(locale.LC_ALL, name)),
    _State("the default timeout of sockets", socket.getdefaulttimeout, socket.setdefaulttimeout),
    _State(
        "how processes are started",
        partial(multiprocessing.get_start_method, allow_none=True),
        partial(multiprocessing.set_start_method, force=True),
    ),
)


@contextmanager
def unchanged() -> Iterator[list[str]]:
    """Put back the global state that was changed meanwhile; the list that it yields then names each change.

    A function that was replaced inside another module (`torch.load = ...`) is not noticed.
    """
    changed: list[str] = []
    before = [_read(state) for state in _STATES]
    try:
        yield changed
    finally:
        for state, value in zip(_STATES, before, strict=True):
            if _put_back(state, value) and state.name not in changed:
                changed.append(state.name)


_UNREADABLE = object()
"""Stands for a state that cannot be read: torch refuses to read some flags once they were set in another way."""


def _read(state: _State) -> Any:
    try:
        return state.read()
    except Exception:  # whatever a library raises about its own state
        return _UNREADABLE


def _put_back(state: _State, before: Any) -> bool:
    """Restore one state if it changed; return whether it had."""
    now = _read(state)
    if before is _UNREADABLE or now == before:
        return False
    wanted = state.wanted(before, now)
    if now == wanted:
        return False
    state.write(wanted)
    return True
