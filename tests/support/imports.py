"""Commands in processes that say which modules they imported."""

import subprocess
import sys

from support.runs import ENVIRONMENT

SLOW = {"torch", "numpy", "rich", "tensorboard", "plotly", "jinja2", "matplotlib", "scipy"}


AT_END = """
import atexit, sys
wanted = set(sys.argv.pop(1).split(","))
atexit.register(lambda: print("IMPORTED", *sorted(wanted & set(sys.modules))))
from ganzoo.cli import main
main()
"""


def run_watched(code, modules, *words, exit_code=0):
    """Run a command in a process of its own; returns what it said, and which of `modules` it had imported."""
    command = [sys.executable, "-c", code, ",".join(modules), *map(str, words)]
    environment = ENVIRONMENT | {"GANZOO_DISABLE_PLUGINS": "all"}  # a plugin might bring what is no name without it
    result = subprocess.run(command, env=environment, capture_output=True, text=True)
    assert result.returncode == exit_code, result.stderr
    lines = {line.split()[0]: set(line.split()[1:]) for line in result.stdout.splitlines() if line}
    return result.stderr, lines
