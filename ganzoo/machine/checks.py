"""Checks of this machine and of what is installed on it: each says what it found, and what to type if it is broken."""

from __future__ import annotations

import shutil
import sys
import sysconfig
import tempfile
from collections.abc import Iterator
from dataclasses import asdict, dataclass
from importlib.metadata import PackageNotFoundError, requires, version
from pathlib import Path
from typing import Any, Literal

from packaging.requirements import Requirement

from ganzoo.machine.limits import available_bytes, count_cores
from ganzoo.machine.probes import Probe, probe

DISTRIBUTION = "ganzoo-torch"
OLDEST_PYTHON = (3, 11)
LITTLE_DISK, LITTLE_MEMORY = 2**30, 2 * 2**30
"""Free bytes below which a check remarks on it: of a run with its checkpoints, and of a run with its data."""
REINSTALL = "python -m pip install --force-reinstall torch torchvision"


@dataclass(frozen=True)
class Check:
    """Result of a check."""

    name: str
    state: Literal["ok", "remark", "broken"]
    """"broken": something that every run needs does not work; "remark": something else does not."""
    what: str
    hint: str = ""
    """Advice on what to type next; empty if all is well."""

    def to_json(self) -> dict[str, str]:
        """Return the fields by name."""
        return asdict(self)


def check_machine(runs: Path, cache: Path | None) -> Iterator[Check]:
    """Yield the result of each check as soon as it is there; `runs` and `cache` are folders that ganzoo writes to."""
    yield check_python()
    yield from check_packages()
    torch = probe("torch")
    yield check_torch(torch)
    if not torch.error:
        yield check_torchvision(probe("torchvision"), torch)
        yield check_processor(torch.found)
        yield check_devices(torch.found)
        yield check_tensorboard(probe("tensorboard"))
    yield check_memory(available_bytes())
    yield from check_disks(runs, cache)


def check_python() -> Check:
    """Return whether the interpreter is new enough and of 64 bits."""
    found = f"Python {'.'.join(map(str, sys.version_info[:3]))}, {sysconfig.get_platform()}"
    if sys.version_info < OLDEST_PYTHON or sys.maxsize < 2**32:
        return Check("python", "broken", f"{found}; 3.11 or newer of 64 bits is needed", "python3.12 -m venv .venv")
    return Check("python", "ok", f"{found}, {sys.prefix}")


def check_packages() -> Iterator[Check]:
    """Yield what is wrong with the packages that ganzoo requires, or one result that says that all are there."""
    try:
        needed = [Requirement(text) for text in requires(DISTRIBUTION) or ()]
    except PackageNotFoundError:
        yield Check(
            "packages", "remark", f"{DISTRIBUTION} is not installed, only importable", "python -m pip install ."
        )
        return
    found = [check_package(one) for one in needed if one.marker is None or one.marker.evaluate({"extra": ""})]
    wrong = [check for check in found if check.state != "ok"]
    yield from wrong or [Check("packages", "ok", f"{len(found)} packages that ganzoo requires are there")]


def check_package(requirement: Requirement) -> Check:
    """Return whether a package is installed in a version that fits."""
    hint = f"python -m pip install '{requirement.name}{requirement.specifier}'"
    try:
        installed = version(requirement.name)
    except PackageNotFoundError:
        return Check(requirement.name, "broken", "is not installed", hint)
    if not requirement.specifier.contains(installed, prereleases=True):
        return Check(requirement.name, "broken", f"{installed} is installed, {requirement.specifier} is needed", hint)
    return Check(requirement.name, "ok", installed)


def check_torch(torch: Probe) -> Check:
    """Return whether torch can be imported."""
    if torch.error:
        return Check("torch", "broken", torch.error, REINSTALL)
    return Check("torch", "ok", f"{torch.found['version']}, imported in {torch.seconds:.1f} s")


def check_torchvision(torchvision: Probe, torch: Probe) -> Check:
    """Return whether torchvision works beside this torch: each is built for one version of the other."""
    if torchvision.error:
        what = f"does not work beside torch {torch.found['version']}: {torchvision.error}"
        return Check("torchvision", "broken", what, REINSTALL)
    return Check("torchvision", "ok", f"{torchvision.found['version']}, imported in {torchvision.seconds:.1f} s")


def check_processor(found: dict[str, Any]) -> Check:
    """Return what the processor can do."""
    bf16 = "bf16 arithmetic" if found["bf16"] else "no bf16 arithmetic"
    what = f"{count_cores()} cores that may be used, {found['threads']} threads of torch, {found['capability']}, {bf16}"
    return Check("processor", "ok", what)


def check_devices(found: dict[str, Any]) -> Check:
    """Return which devices torch can use; a GPU that it cannot use is worth a remark."""
    names = [f"{device['name']}, {device['bytes'] / 2**30:.0f} GiB" for device in found["cuda"]]
    names += ["Apple's GPU (mps), which ganzoo does not use"] if found["mps"] else []
    if names:
        return Check("devices", "ok", f"cpu; {'; '.join(names)}")
    if Path("/dev/nvidia0").exists():
        build = f"for CUDA {found['build']}" if found["build"] else "without CUDA"
        what = f"there is a GPU of NVIDIA, but this torch, built {build}, cannot use it"
        return Check("devices", "remark", what, "nvidia-smi (the driver), then " + REINSTALL)
    return Check("devices", "ok", "cpu; no GPU")


def check_tensorboard(tensorboard: Probe) -> Check:
    """Return whether events can be written for TensorBoard."""
    if tensorboard.error:
        hint = "python -m pip install --force-reinstall tensorboard"
        return Check("tensorboard", "broken", tensorboard.error, hint)
    return Check("tensorboard", "ok", tensorboard.found["version"])


def check_memory(free: int) -> Check:
    """Return how much memory is free, in bytes."""
    if free < LITTLE_MEMORY:
        return Check("memory", "remark", f"{free / 2**30:.1f} GiB free: little", "--batch-size 16 (and close programs)")
    return Check("memory", "ok", f"{free / 2**30:.1f} GiB free" if free < sys.maxsize else "unknown")


def check_disks(runs: Path, cache: Path | None) -> Iterator[Check]:
    """Yield whether the folders that ganzoo writes to take a file: runs, the caches, temporary files."""
    yield check_disk("runs", runs, needed=True, hint="--out DIR (on another disk)")
    if cache is None:
        yield Check("cache", "remark", "there is no home directory, so nothing is kept for later", "GANZOO_CACHE=DIR")
    else:
        yield check_disk("cache", cache, needed=False, hint="GANZOO_CACHE=DIR (on another disk)")
    yield check_disk("temporary", Path(tempfile.gettempdir()), needed=True, hint="TMPDIR=DIR (on another disk)")


def check_disk(name: str, folder: Path, *, needed: bool, hint: str) -> Check:
    """Return whether a file can be written to a folder, or to the nearest one above it that there is."""
    there = next(path for path in (folder.absolute(), *folder.absolute().parents) if path.is_dir())
    try:
        with tempfile.TemporaryFile(dir=there) as file:
            file.write(bytes(2**16))
            file.flush()
        free = shutil.disk_usage(there).free
    except OSError as error:
        return Check(name, "broken" if needed else "remark", f"{there} cannot be written: {error.strerror}", hint)
    what = f"{there}: {free / 2**30:.1f} GiB free"
    return Check(name, "ok", what) if free >= LITTLE_DISK else Check(name, "remark", f"{what}: little", hint)
