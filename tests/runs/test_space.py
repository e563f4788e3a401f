"""Room for a run before it begins: on its disk, in its name, and in the environment that starts it."""

import shlex
import subprocess
from pathlib import Path
from types import SimpleNamespace

import pytest

from ganzoo.errors import ConfigError
from ganzoo.runs import space
from ganzoo.runs.paths import quote_path
from ganzoo.training.ranks import SINGLE, read_ranks
from support.runs import ganzoo, train


@pytest.mark.fault("the disk has too little room for the checkpoints", "exit 9 says so before training", "F15")
def test_a_run_whose_checkpoints_do_not_fit_is_refused_before_it_trains(tmp_path, monkeypatch):
    monkeypatch.setattr(space.shutil, "disk_usage", lambda path: SimpleNamespace(free=20_000))
    said = train(tmp_path / "run", "--no-scores", code=9).stderr
    assert "the checkpoints need about 0.1 MB, and 0.0 MB are free" in said and "--out OTHER_FOLDER" in said
    assert not (tmp_path / "run").exists()
    monkeypatch.setattr(space.shutil, "disk_usage", lambda path: SimpleNamespace(free=0))  # unknown
    train(tmp_path / "run", "--no-scores", steps=1)


@pytest.mark.fault("--out has more characters than a name may have", "exit 10 says so")
def test_a_name_that_is_too_long_is_refused(tmp_path):
    assert "the name of a file or folder is too long" in train(tmp_path / ("a" * 300), code=10).stderr
    assert "too long" in ganzoo("sample", tmp_path / ("a" * 300), code=10).stderr


@pytest.mark.parametrize("name", ["-dash", "a b", "it's", 'q"q', "x\ny", "x\udcff\udcfey", "é", "back\\slash\n"])
def test_a_path_that_is_quoted_is_typed_as_it_stands(name):
    words = ["bash", "-c", f"printf %s {quote_path(Path(name))}"]
    printed = subprocess.run(words, capture_output=True, check=True).stdout
    assert printed.removeprefix(b"./") == name.encode("utf-8", "surrogateescape")
    if name == "a b":
        assert quote_path(Path(name)) == shlex.quote(name)


@pytest.mark.fault("RANK, WORLD_SIZE or LOCAL_RANK are no numbers", "exit 2 names them")
@pytest.mark.parametrize(
    ("rank", "size", "local"), [("0", "abc", "0"), ("x", "2", "0"), ("0", "-1", "0"), ("5", "2", "0")]
)
def test_an_environment_that_torchrun_does_not_make_is_refused(monkeypatch, rank, size, local):
    for name, value in {"RANK": rank, "WORLD_SIZE": size, "LOCAL_RANK": local}.items():
        monkeypatch.setenv(name, value)
    with pytest.raises(ConfigError, match=f"WORLD_SIZE={size}"):
        read_ranks()
    monkeypatch.delenv("RANK")
    assert read_ranks() == SINGLE
