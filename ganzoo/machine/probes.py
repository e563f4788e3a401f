"""Imports of libraries in an interpreter of their own: one that crashes or hangs while it loads ends alone."""

from __future__ import annotations

import json
import re
import subprocess
import sys
import time
from typing import Any, Literal, NamedTuple

PATIENCE = 120.0
"""Seconds after which an import is given up."""
_CODES = {
    "torch": """
import torch
cuda = [torch.cuda.get_device_properties(n) for n in range(torch.cuda.device_count())]
found = {
    "version": torch.__version__, "build": torch.version.cuda, "threads": torch.get_num_threads(),
    "capability": torch.backends.cpu.get_cpu_capability(), "mps": torch.backends.mps.is_available(),
    "bf16": bool(torch.cpu._is_amx_tile_supported() or torch.cpu._is_avx512_bf16_supported()),
    "cuda": [{"name": device.name, "bytes": device.total_memory} for device in cuda],
}
""",
    "torchvision": """
import torch, torchvision
torchvision.ops.nms(torch.zeros(1, 4), torch.zeros(1), 0.5)
found = {"version": torchvision.__version__}
""",
    "tensorboard": """
import tensorboard
from torch.utils.tensorboard import SummaryWriter
found = {"version": tensorboard.__version__}
""",
}
_MARK = "ganzoo found: "
_ABSENT = re.compile(r"([\w.+-]+\.so[.\d]*): cannot open shared object file")


class Probe(NamedTuple):
    """Result of an import."""

    found: dict[str, Any]
    """Facts about the library; empty if it cannot be imported."""
    error: str
    """Reason in one line why it cannot be imported; empty if it can."""
    seconds: float


def probe(name: Literal["torch", "torchvision", "tensorboard"]) -> Probe:
    """Import a library in a process of its own, use it, and return what is found."""
    code = f"{_CODES[name]}\nimport json\nprint({_MARK!r} + json.dumps(found))"
    start = time.monotonic()
    try:
        done = subprocess.run(  # noqa: S603  # no shell, and the code is ours
            [sys.executable, "-c", code], capture_output=True, text=True, errors="replace", timeout=PATIENCE
        )
    except subprocess.TimeoutExpired:
        return Probe({}, f"its import takes longer than {PATIENCE:.0f} s", PATIENCE)
    lines = [line for line in done.stdout.splitlines() if line.startswith(_MARK)]
    seconds = time.monotonic() - start
    if done.returncode == 0 and lines:
        return Probe(json.loads(lines[-1].removeprefix(_MARK)), "", seconds)
    return Probe({}, explain(done.stderr, done.returncode), seconds)


def explain(stderr: str, code: int) -> str:
    """Return the reason for a failed import in one line, by what it wrote on stderr and its exit code."""
    if absent := _ABSENT.search(stderr):
        return f"the library {absent[1]} is missing"
    if code < 0:
        return f"its import ends with signal {-code}"
    lines = [line.strip() for line in stderr.splitlines() if line.strip()]
    return lines[-1][:200] if lines else f"its import ends with exit code {code}"
