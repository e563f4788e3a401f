"""Checks of a machine, each with one thing that is wrong."""

import errno
import shutil
import sys
import tempfile
from collections import namedtuple
from importlib import metadata
from pathlib import Path

import pytest
from packaging.requirements import Requirement

from ganzoo.machine import checks
from ganzoo.machine.probes import Probe, explain, probe

WORKS = Probe({"version": "2.13.0"}, "", 2.0)
FOUND = {"threads": 2, "capability": "AVX2", "bf16": False, "cuda": [], "mps": False, "build": None}


@pytest.fixture
def fake(tmp_path, monkeypatch):
    """Put a package before those that are installed, with this source."""

    def put(name, source):
        (tmp_path / name).mkdir()
        (tmp_path / name / "__init__.py").write_text(source)
        monkeypatch.setenv("PYTHONPATH", str(tmp_path))

    return put


def test_a_library_that_kills_its_process_while_it_loads_ends_alone(fake):
    fake("tensorboard", "import os, signal\nos.kill(os.getpid(), signal.SIGSEGV)")
    assert probe("tensorboard").error == "its import ends with signal 11"


def test_a_library_that_never_loads_is_given_up(fake, monkeypatch):
    monkeypatch.setattr("ganzoo.machine.probes.PATIENCE", 1.0)
    fake("tensorboard", "import time\ntime.sleep(60)")
    assert probe("tensorboard").error == "its import takes longer than 1 s"


@pytest.mark.parametrize(
    ("stderr", "code", "said"),
    [
        ("Traceback\nOSError: libcudart.so.12: cannot open shared object file: No such file or directory\n", 1,
         "the library libcudart.so.12 is missing"),
        ("Traceback\n  File x\nRuntimeError: operator torchvision::nms does not exist\n\n", 1,
         "RuntimeError: operator torchvision::nms does not exist"),
        ("", 3, "its import ends with exit code 3"),
    ],
)  # fmt: skip
def test_the_reason_of_a_failed_import_is_one_line(stderr, code, said):
    assert explain(stderr, code) == said


def test_a_torchvision_for_another_torch_is_broken_and_both_are_installed_anew():
    check = checks.check_torchvision(Probe({}, "RuntimeError: operator torchvision::nms does not exist", 1.0), WORKS)
    assert (check.state, check.hint) == ("broken", "python -m pip install --force-reinstall torch torchvision")
    assert check.what == "does not work beside torch 2.13.0: RuntimeError: operator torchvision::nms does not exist"


@pytest.mark.parametrize(
    ("installed", "state", "what"),
    [("2.19", "broken", "2.19 is installed, >=2.20 is needed"), ("2.20.1", "ok", "2.20.1"), ("3.0rc1", "ok", "3.0rc1")],
)
def test_a_package_is_installed_in_a_version_that_fits_or_is_broken(installed, state, what, monkeypatch):
    monkeypatch.setattr(checks, "version", lambda name: installed)
    check = checks.check_package(Requirement("tensorboard>=2.20"))
    assert (check.state, check.what) == (state, what)
    assert check.hint == ("python -m pip install 'tensorboard>=2.20'" if state == "broken" else "")


def test_an_absent_package_is_named_with_the_command_that_installs_it(monkeypatch):
    monkeypatch.setattr(checks, "requires", lambda name: ["no-such-package>=2", "numpy>=2", "ray; extra == 'ray'"])
    (check,) = checks.check_packages()
    assert (check.name, check.state) == ("no-such-package", "broken")
    assert check.hint == "python -m pip install 'no-such-package>=2'"


def test_a_checkout_that_is_not_installed_is_a_remark(monkeypatch):
    def absent(name):
        raise metadata.PackageNotFoundError(name)

    monkeypatch.setattr(checks, "requires", absent)
    assert [check.state for check in checks.check_packages()] == ["remark"]


def test_all_packages_that_ganzoo_requires_are_here():
    assert [check.state for check in checks.check_packages()] == ["ok"]


def test_a_python_that_is_too_old_is_broken(monkeypatch):
    monkeypatch.setattr(sys, "version_info", (3, 10, 4, "final", 0))
    check = checks.check_python()
    assert check.state == "broken" and check.what.startswith("Python 3.10.4")


def test_gpus_are_named_with_their_memory():
    cards = [{"name": "NVIDIA H200", "bytes": 141 * 2**30}, {"name": "NVIDIA L4", "bytes": 24 * 2**30}]
    assert checks.check_devices(FOUND | {"cuda": cards}).what == "cpu; NVIDIA H200, 141 GiB; NVIDIA L4, 24 GiB"


@pytest.mark.parametrize(("build", "said"), [(None, "built without CUDA"), ("13.0", "built for CUDA 13.0")])
def test_a_gpu_that_torch_cannot_use_is_a_remark(build, said, monkeypatch):
    monkeypatch.setattr(Path, "exists", lambda path: str(path) == "/dev/nvidia0")
    check = checks.check_devices(FOUND | {"build": build})
    assert check.state == "remark" and said in check.what and "nvidia-smi" in check.hint


def full(**options):
    raise OSError(errno.ENOSPC, "No space left on device")


def test_a_disk_that_takes_no_file_is_broken_for_runs_and_a_remark_for_the_cache(tmp_path, monkeypatch):
    monkeypatch.setattr(tempfile, "TemporaryFile", full)
    found = {check.name: check for check in checks.check_disks(tmp_path / "runs", tmp_path)}
    assert {name: check.state for name, check in found.items()} == {
        "runs": "broken", "cache": "remark", "temporary": "broken",
    }  # fmt: skip
    assert found["runs"].what == f"{tmp_path} cannot be written: No space left on device"
    assert found["runs"].hint == "--out DIR (on another disk)"


def test_a_disk_with_less_than_a_gibibyte_is_a_remark(tmp_path, monkeypatch):
    usage = namedtuple("usage", "free")
    for free, state in ((2**30 - 1, "remark"), (2**30, "ok")):
        monkeypatch.setattr(shutil, "disk_usage", lambda path, free=free: usage(free))
        assert checks.check_disk("runs", tmp_path, needed=True, hint="").state == state


def test_a_test_of_a_disk_leaves_nothing_behind(tmp_path):
    assert checks.check_disk("runs", tmp_path / "runs" / "a", needed=True, hint="").state == "ok"
    assert list(tmp_path.iterdir()) == []


def test_little_memory_is_a_remark():
    assert [checks.check_memory(free).state for free in (2**31 - 1, 2**31)] == ["remark", "ok"]
