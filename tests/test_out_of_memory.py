"""Memory that ends: every way in which that is said becomes one error, with what needs less."""

import errno
import re
import resource
import subprocess
import sys
from dataclasses import replace

import pytest
import torch
from numpy._core._exceptions import _ArrayMemoryError

from ganzoo.builtin.datasets.digits import Digits
from ganzoo.errors import ResourceError, is_out_of_memory
from ganzoo.evaluation.evaluator import Evaluator
from ganzoo.runs import start
from ganzoo.settings.sections import Choice
from ganzoo.settings.toml import from_tables
from ganzoo.training import dry_run
from ganzoo.training.prepare import explain_memory
from ganzoo.zoo.loading import load_dataset
from support.runs import ENVIRONMENT, TINY, ganzoo, train


@pytest.mark.parametrize(
    "error",
    [
        MemoryError(),
        _ArrayMemoryError((1 << 40,), "float64"),
        torch.OutOfMemoryError("CUDA out of memory. Tried to allocate 2.00 GiB"),
        RuntimeError("[enforce fail] . DefaultCPUAllocator: can't allocate memory: you tried to allocate 4 bytes"),
        RuntimeError("could not create a primitive"),
        RuntimeError("std::bad_alloc"),
        OSError(errno.ENOMEM, "Cannot allocate memory"),
    ],
)
def test_every_way_to_say_that_memory_ended_is_known(error):
    assert is_out_of_memory(error)


def test_other_errors_are_not_taken_for_it():
    for error in (RuntimeError("shape mismatch"), OSError(errno.ENOSPC, "full"), ValueError("can't allocate memory")):
        assert not is_out_of_memory(error)
        with pytest.raises(type(error)), explain_memory(from_tables({"dataset": {"name": "digits"}})):
            raise error


@pytest.mark.parametrize(
    ("batch", "batch_g", "accumulate", "hint"),
    [
        (64, 0, 1, "--set optim.batch_size=32, or --set optim.accumulate=2"),
        (64, 128, 2, "--set optim.batch_size_g=64, or --set optim.accumulate=4"),
        (64, 128, 1, "--set optim.batch_size_g=64, or --set optim.accumulate=2"),
        (1_000_000, 0, 1, "--set optim.batch_size=1024"),
        (1, 0, 1, "a smaller model (ganzoo show model dcgan)"),
    ],
)
def test_a_smaller_batch_is_the_way_out_of_training(batch, batch_g, accumulate, hint):
    run = from_tables({"dataset": {"name": "digits"}})
    run = replace(run, optim=replace(run.optim, batch_size=batch, batch_size_g=batch_g, accumulate=accumulate))
    with pytest.raises(ResourceError, match="out of memory") as caught, explain_memory(run):
        raise MemoryError
    assert caught.value.hint == hint


def no_memory(*args, **options):
    raise RuntimeError("DefaultCPUAllocator: can't allocate memory: you tried to allocate 10 bytes")


@pytest.mark.fault("memory ends while data are loaded", "exit 9 names --cache or smaller images where they help", "F92")
@pytest.mark.parametrize(
    ("options", "hint"),
    [
        ({}, "--cache (decodes into a file, of which memory holds a part), or a machine with more memory"),
        ({"cache": True, "image_size": 64}, "--image-size 32, or a machine with more memory"),
    ],
)
def test_data_that_do_not_fit_name_what_needs_less(zoo, tmp_path, monkeypatch, options, hint):
    folder = zoo.entry("dataset", "folder").component
    monkeypatch.setattr(folder, "load", no_memory)
    with pytest.raises(ResourceError, match="out of memory") as caught:
        load_dataset(Choice("folder", {"path": str(tmp_path), **options}), zoo)
    assert caught.value.hint == hint and "tried to allocate" in caught.value.where


@pytest.mark.fault("memory ends in a command", "exit 9 names what needs less", "F92")
def test_commands_end_with_one_error_when_memory_does(tmp_path, monkeypatch):
    train(tmp_path / "run", "--no-scores", steps=1)
    with monkeypatch.context() as patched:
        patched.setattr(Evaluator, "score", no_memory)
        assert "try:   --batch-size 16, or --samples 1000\n" in ganzoo("evaluate", tmp_path / "run", code=9).stderr
    with monkeypatch.context() as patched:
        patched.setattr("ganzoo.runs.pictures.gather_samples", no_memory)
        assert "try:   -n 16, or --folder" in ganzoo("sample", tmp_path / "run", code=9).stderr
    with monkeypatch.context() as patched:
        patched.setattr(Digits, "load", no_memory)
        for words in (["diagnose", tmp_path / "run"], ["bench", *TINY], ["run", *TINY, "--dry-run"]):
            assert "ganzoo: out of memory\n" in ganzoo(*words, code=9).stderr
    with monkeypatch.context() as patched:
        patched.setattr(start, "measure_costs", no_memory)
        patched.setattr(dry_run, "measure_costs", no_memory)
        for words in (["--out", tmp_path / "new"], ["--dry-run"]):
            assert "--set optim.batch_size=4" in ganzoo("run", *TINY, *words, code=9).stderr
    assert not (tmp_path / "new").exists()


@pytest.mark.full
@pytest.mark.fault("a batch of a million under a limit on memory", "exit 9 names a smaller batch, which trains", "F92")
def test_the_batch_that_an_error_names_trains_under_the_same_limit(tmp_path):
    def limited(*words):
        words = [sys.executable, "-m", "ganzoo", "run", *TINY, "--steps=1", "--no-scores", *words]
        limit = lambda: resource.setrlimit(resource.RLIMIT_AS, (4 << 30, 4 << 30))  # noqa: E731
        return subprocess.run(words, env=ENVIRONMENT, capture_output=True, text=True, preexec_fn=limit, cwd=tmp_path)

    tried = limited("--set=optim.batch_size=1000000", "--set=model.width=1024", "--out=large")
    assert tried.returncode == 9 and "Traceback" not in tried.stderr
    smaller = re.search(r"--set optim.batch_size=\d+", tried.stderr)[0].split()
    assert limited(*smaller, "--set=model.width=1024", "--out=small").returncode == 0
