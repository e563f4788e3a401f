"""`ganzoo doctor`, with installations that are broken in one way each."""

import json
import os

import pytest

from ganzoo.machine import checks
from ganzoo.machine.probes import Probe
from support.runs import ENVIRONMENT, ganzoo, spawn

FACTS = {
    "version": "2.13.0",
    "threads": 2,
    "capability": "AVX2",
    "bf16": False,
    "cuda": [],
    "mps": False,
    "build": None,
}
BROKEN = Probe({}, "RuntimeError: operator torchvision::nms does not exist", 1.0)


@pytest.fixture
def found(monkeypatch):
    """Results of the imports, by library; a test changes them."""
    probes = dict.fromkeys(("torch", "torchvision", "tensorboard"), Probe(FACTS, "", 2.0))
    monkeypatch.setattr(checks, "probe", probes.__getitem__)
    return probes


def test_where_all_is_well_the_exit_code_is_0_and_each_line_fits_into_80_columns(found):
    said = ganzoo("doctor").stdout
    assert "ok      torch        2.13.0, imported in 2.0 s\n" in said
    assert "to be downloaded: clip, dinov2," in " ".join(said.split())
    assert max(map(len, said.splitlines())) <= 80


def test_a_broken_torchvision_is_named_with_the_command_that_mends_it(found):
    found["torchvision"] = BROKEN
    said = ganzoo("doctor", code=1).stdout
    assert "broken  torchvision  does not work beside torch 2.13.0: RuntimeError:" in said
    assert "        try: python -m pip install --force-reinstall torch torchvision\n" in said


def test_without_torch_no_plugin_is_loaded(found):
    found["torch"] = Probe({}, "the library libcudart.so.12 is missing", 1.0)
    rows = {row["name"]: row for row in json.loads(ganzoo("doctor", "--json", code=1).stdout)}
    assert rows["torch"] == {
        "name": "torch", "state": "broken", "what": "the library libcudart.so.12 is missing",
        "hint": "python -m pip install --force-reinstall torch torchvision",
    }  # fmt: skip
    assert not {"torchvision", "weights"} & rows.keys()


def test_weights_that_are_there_are_told_from_those_to_be_downloaded(found, tmp_path, monkeypatch):
    (tmp_path / "w.pth").write_bytes(b"")
    monkeypatch.setenv("GANZOO_INCEPTION_WEIGHTS", str(tmp_path / "w.pth"))
    (row,) = (row for row in json.loads(ganzoo("doctor", "--json").stdout) if row["name"] == "weights")
    there, absent = row["what"].split("; ")
    assert "inception" in there and "digits-cnn" in there and "vgg16" in absent


@pytest.mark.full
def test_a_broken_torchvision_and_a_broken_plugin_are_named_each_with_its_reason(tmp_path):
    """Real packages, and a real process."""
    libraries, info = tmp_path / "libraries", tmp_path / "libraries" / "ganzoo_bad-1.0.dist-info"
    for folder in (libraries / "torchvision", info):
        folder.mkdir(parents=True)
    broken = "raise OSError('libjpeg.so.8: cannot open shared object file: No such file or directory')"
    (libraries / "torchvision" / "__init__.py").write_text(broken)
    (libraries / "ganzoo_bad.py").write_text("1 / 0\n")
    (info / "METADATA").write_text("Metadata-Version: 2.1\nName: ganzoo-bad\nVersion: 1.0\n")
    (info / "entry_points.txt").write_text("[ganzoo]\nganzoo-bad = ganzoo_bad\n")
    environment = ENVIRONMENT | {"PYTHONPATH": f"{libraries}{os.pathsep}{os.environ.get('PYTHONPATH', '')}"}
    process = spawn("doctor", "--json", env=environment)
    rows = {row["name"]: row for row in json.loads(process.communicate(timeout=120)[0])}
    assert process.returncode == 1
    assert rows["torchvision"]["what"].endswith("the library libjpeg.so.8 is missing")
    assert rows["ganzoo-bad"]["state"] == "remark" and "division by zero" in rows["ganzoo-bad"]["what"]
    assert rows["weights"]["state"] == "ok"
