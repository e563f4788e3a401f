"""Plugin packages, most of them broken in one way each, and commands beside them."""

import re
import subprocess
import sys

from ganzoo.zoo.installed import find_plugins
from support.runs import ENVIRONMENT


def source(name, *, top="", hook="register_losses", end=""):
    """A module that registers one loss of this name."""
    return f'''{top}
from dataclasses import dataclass
import ganzoo
from ganzoo.builtin.losses import Wasserstein

@dataclass(frozen=True)
class Mine(Wasserstein):
    """A loss. doi:10.0/none."""
    by: float = 1.0

@ganzoo.hookimpl
def {hook}:
    return {{"{name}": Mine}}
{end}
'''.replace(f"def {hook}:", f"def {hook if '(' in hook else hook + '()'}:")


SECOND_HOOK = """
@ganzoo.hookimpl
def register_metrics():
    return {"half": Mine}
"""
STATE = """
import gc, locale, logging, multiprocessing, os, random, signal, socket, sys, warnings
import numpy, torch
torch.set_default_dtype(torch.float64)
torch.set_default_device("meta")
torch.use_deterministic_algorithms(True)
torch.set_float32_matmul_precision("high")
torch.backends.cudnn.benchmark = True
torch.set_grad_enabled(False)
torch.autograd.set_detect_anomaly(True)
torch.set_num_threads(torch.get_num_threads() + 1)
torch.manual_seed(5), numpy.random.seed(5), random.seed(5)
numpy.seterr(all="raise")
warnings.simplefilter("ignore")
warnings.showwarning = print
logging.getLogger().setLevel(1)
logging.getLogger().addHandler(logging.NullHandler())
logging.disable(50)
os.chdir("/")
signal.signal(signal.SIGINT, signal.SIG_IGN)
os.environ["HOME"] = "/nowhere"
os.environ["GANZOO_CACHE"] = "/nowhere"
os.environ["GANZOO_STRICT_PLUGINS"] = "1"
os.environ["OF_A_LIBRARY"] = "stays"
sys.path.insert(0, "/nowhere")
sys.excepthook = print
sys.setrecursionlimit(5000)
gc.disable()
locale.setlocale(locale.LC_ALL, "C.UTF-8" if locale.setlocale(locale.LC_ALL) == "C" else "C")
socket.setdefaulttimeout(1)
multiprocessing.set_start_method("spawn", force=True)
"""
CHANGED = (
    "torch's default device, torch's default dtype, torch's deterministic flags, cuDNN's benchmark flag, "
    "torch's float32 precision, torch's gradient mode, torch's anomaly mode, torch's number of threads, "
    "the random state of torch, the random state of numpy, the random state of python, numpy's floating-point errors, "
    "the warnings filters, warnings.showwarning, the root logger's level, the root logger's handlers, "
    "what logging disables, the working folder, the signal handlers, environment variables, sys.path, sys.excepthook, "
    "the recursion limit, the garbage collector, the locale, the default timeout of sockets, how processes are started"
)
BROKEN = {
    "import": (source("x", top="import nope_nope"), "ModuleNotFoundError: No module named 'nope_nope'"),
    "exit": (source("x", top="raise SystemExit(3)"), "SystemExit: 3"),
    "stop": ("class Stop(BaseException): pass\nraise Stop('no')", "Stop: no"),
    "mute": ("class Mute(Exception):\n    __str__ = None\nraise Mute", "Mute, which does not say more"),
    "syntax": ("syntax error here", "SyntaxError: invalid syntax (ganzoo_syntax.py, line 1)"),
    "signature": (source("x", hook="register_losses(extra)"), "hook register_losses takes (), not (extra)"),
    "raises": (
        source("x", hook="register_losses(a=1 / 1)", end="").replace(
            "return", "raise ValueError('a\\n b')\n    return"
        ),
        "ValueError: a b (in register_losses)",
    ),
    "misspelt": (
        source("x", hook="regsiter_losses"),
        "no hook is named 'regsiter_losses'. Did you mean 'register_losses'?",
    ),
    "unmarked": (
        source("x").replace("@ganzoo.hookimpl", ""),
        "hook register_losses is not marked: put @ganzoo.hookimpl above it",
    ),
    "listed": (source("x").replace('{"x": Mine}', "[Mine]"), "register_losses must return {name: class}, not [<class"),
    "object": (
        source("x").replace(": Mine}", ": Mine()}"),
        "loss 'x' is an object, not a class: register Mine without parentheses",
    ),
    "contract": (
        source("x", end=SECOND_HOOK),
        "metric 'half' does not subclass ganzoo.Metric",
    ),
    "abstract": (
        source("x").replace("Wasserstein)", "ganzoo.AdversarialLoss)"),
        "loss 'x' does not implement discriminator_loss, generator_loss",
    ),
    "named": (source("x+y"), "loss 'x+y' is not a name: use letters, digits, - and _"),
    "options": (
        source("x").replace("by: float = 1.0", "by: 'Nope' = 1.0"),
        "loss 'x' has options that cannot be read: NameError: name 'Nope' is not defined",
    ),
    "unchecked": (
        source("x").replace("by: float = 1.0", "by: object.__class__.__class__.mro = 1.0"),
        "loss 'x' has options that cannot be read: ",
    ),
    "newer": (source("x", end="GANZOO_API = 99"), "needs ganzoo plugin API 99, this is 1"),
    "odd": (source("x", end="GANZOO_API = 'two'"), "GANZOO_API is 'two', not a whole number"),
    "stale": (source("x"), "ModuleNotFoundError: No module named 'ganzoo_stale'"),
    "nowhere": (source("x"), "its entry point '!' is not a module"),
    "attribute": (source("x"), "AttributeError: module 'ganzoo_attribute' has no attribute 'nope'"),
    "empty": (source("x"), "its METADATA is damaged: install it again"),
    "malformed": (source("x"), "its entry_points.txt is damaged: install it again"),
}
ODD_POINTS = {"nowhere": "!", "attribute": "ganzoo_attribute:nope"}
SOUND = {
    "ganzoo-good": source("good"),
    "ganzoo-loud": source("loud", top="import os; print('hi'); os.system('echo hello')"),
    "ganzoo-slow": source("slow", top="import time; time.sleep(0.5)"),
    "ganzoo-state": source("state", top=STATE),
    "ganzoo-twin-a": source("twin"),
    "ganzoo-twin-b": source(
        "twin", end="register_losses = ganzoo.hookimpl(lambda: {'twin': Mine, 'wgan': Mine, 'b': Mine})"
    ),
}
NAMES = {case: f"ganzoo-{case}" for case in BROKEN} | {
    "empty": "point-empty"
}  # of its entry point, for want of its own


def process(site, *words, code=0, **variables):
    """A command in a process of its own, to which all of it is installed; returns what it said."""
    command = [sys.executable, "-m", "ganzoo", *map(str, words)]
    environment = ENVIRONMENT | {"PYTHONPATH": str(site)} | variables
    result = subprocess.run(command, env=environment, capture_output=True, text=True)
    assert result.returncode == code, result.stderr
    return result


def remarks(result):
    """Lines on stderr that are about plugins, by plugin."""
    lines = re.findall(r"^(?:ganzoo|note): plugin (\S+) .*$", result.stderr, re.MULTILINE)
    assert len(lines) == len(set(lines))
    return set(lines)


REMARKED = {*NAMES.values()} | {"ganzoo-state", "ganzoo-twin-b", "ganzoo-two:other"}


def only(monkeypatch, *names):
    """Disable all plugins but these, as a user does who types a command after it."""
    others = {plugin.name for plugin in find_plugins()} - set(names)
    monkeypatch.setenv("GANZOO_DISABLE_PLUGINS", ",".join(others))
