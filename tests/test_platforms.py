"""Systems that this machine is not: what Windows lacks may be absent, and Apple's GPU is refused in words."""

import pytest
import torch

from ganzoo.training import costs
from support.lives import run_program
from support.runs import TINY, ganzoo


def test_without_what_windows_lacks_ganzoo_is_imported_lists_and_shows():
    said = run_program("support.other_system", timeout=120)
    assert "Usage:" in said and "wgan" in said and "optim.lr_g" in said


@pytest.mark.full
def test_without_what_windows_lacks_every_module_is_imported():
    run_program("support.other_system", "all", timeout=280)


def test_where_the_system_does_not_tell_its_memory_there_is_no_number(monkeypatch):
    monkeypatch.setattr(costs, "_TELLS_MEMORY", False)
    assert costs.peak_memory_mb(torch.device("cpu")) is None


@pytest.mark.parametrize(("system", "megabytes"), [("linux", 2048.0), ("darwin", 2.0)])
def test_peak_memory_is_counted_in_kib_on_linux_and_in_bytes_on_macos(monkeypatch, system, megabytes):
    usage = type("Usage", (), {"ru_maxrss": 2 * 2**20})
    monkeypatch.setattr(costs.resource, "getrusage", lambda who: usage)
    monkeypatch.setattr(costs.sys, "platform", system)
    assert costs.peak_memory_mb(torch.device("cpu")) == megabytes


def test_the_gpu_of_apple_is_refused_with_what_to_type(tmp_path):
    result = ganzoo("run", *TINY, "--device=mps", "--out", tmp_path / "run", code=2)
    assert "mps" in result.stderr and "train.device=cpu" in result.stderr
    assert not (tmp_path / "run").exists()


def test_on_a_mac_the_device_is_the_cpu_even_if_its_gpu_is_there(monkeypatch):
    from ganzoo.training.device import choose_device

    monkeypatch.setattr(torch.backends.mps, "is_available", lambda: True)
    monkeypatch.setattr(torch.cuda, "is_available", lambda: False)
    assert choose_device("auto", "fp32").torch_device == torch.device("cpu")
