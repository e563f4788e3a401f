"""`ganzoo.load`: the same images as the run, from a run, a file and a folder; and no code of a stranger."""

import json
import os
import pickle
import subprocess
import sys

import pytest
import torch
from safetensors.torch import load_file, save_file

import ganzoo
from support.runs import ganzoo as command
from support.zoo import ZOO

SETTINGS = {"optim.batch_size": 8, "model.width": 8, "model.depth": 1, "dataset.image_size": 8}


@pytest.fixture(scope="module")
def run(tmp_path_factory):
    """A run of two steps whose generator knows ten classes."""
    out = tmp_path_factory.mktemp("load") / "run"
    return ganzoo.run(model="mlp", conditioner="cgan", steps=2, scores=False, options=SETTINGS, out=out, zoo=ZOO)


@pytest.fixture(scope="module")
def exported(run, tmp_path_factory):
    """What the command writes of it: a file and a folder."""
    place = tmp_path_factory.mktemp("exported")
    said = command("export", run.path, "-o", place / "g.safetensors")
    assert said.stdout == f"{place / 'g.safetensors'}\n"
    assert "step 2; the largest difference from the run, over 64 latents, is 0 " in said.stderr
    command("export", run.path, place / "folder")
    return place


@pytest.mark.parametrize("name", ["g.safetensors", "folder", ""])
def test_it_draws_the_same_64_images_as_the_run(name, run, exported):
    G = ganzoo.load(exported / name if name else run.path, zoo=ZOO)
    images, own = G.sample(64), run.samples(64)
    assert torch.equal(images.plain(), own.plain())
    assert torch.equal(images.labels, own.labels)
    assert torch.equal(G.sample(20, seed=3, truncation=0.5).plain(), run.samples(20, seed=3, truncation=0.5).plain())
    assert repr(G) == "LoadedGenerator(run, step 2: z of 64, 10 classes -> 1 x 8 x 8)"


def test_classes_are_named_by_their_names(run, exported):
    G = ganzoo.load(exported / "g.safetensors", zoo=ZOO)
    z = torch.randn(5, G.z_dim)
    own, _ = run.generator()
    assert torch.equal(G(z, y="7"), own(z, y="7"))
    assert torch.equal(G.sample(6, label=["7", 1]).plain(), run.samples(6, label=["7", 1]).plain())
    assert G.sample(3, label="7").labels.tolist() == [7, 7, 7]
    with pytest.raises(ganzoo.ConfigError, match="class 'eleven' is not in") as caught:
        G.sample(3, label="eleven")
    assert caught.value.hint.startswith("label='0'")
    with pytest.raises(ganzoo.ConfigError, match="is to be named"):
        G(z)
    with pytest.raises(ganzoo.ConfigError, match="0 samples asked for"):
        G.sample(0)


def test_the_description_says_what_the_file_is_and_names_no_folder_of_this_machine(run, exported, tmp_path):
    text = (exported / "folder" / "model.json").read_text()
    about = json.loads(text)
    assert about["data"]["licence"] == "CC-BY-SA-3.0"
    assert about["data"]["source"] == "doi:10.1109/5.726791"
    assert about["outputs"]["x"]["range"] == [-1, 1]
    assert about["inputs"]["y"] == {"shape": ["N"], "dtype": "int64", "range": [0, 9]}
    assert about["classes"] == list("0123456789")
    assert str(tmp_path.parent) not in text
    assert sorted(path.name for path in (exported / "folder").iterdir()) == ["model.json", "model.safetensors"]


@pytest.mark.full
def test_a_fresh_process_draws_the_same_images(run, exported, tmp_path):
    code = (
        "import ganzoo, torch\n"
        f"torch.save(ganzoo.load({str(exported / 'folder')!r}).sample(64).plain(), {str(tmp_path / 'x.pt')!r})"
    )
    subprocess.run([sys.executable, "-c", code], check=True)
    assert torch.equal(torch.load(tmp_path / "x.pt"), run.samples(64).plain())


# What is no generator


def change(folder, into, **values):
    """A copy of a folder whose model.json has other values."""
    into.mkdir()
    about = json.loads((folder / "model.json").read_text())
    (into / "model.json").write_text(json.dumps(about | values))
    save_file(load_file(folder / "model.safetensors"), into / "model.safetensors")
    return into


def test_a_description_that_does_not_fit_is_refused(exported, tmp_path):
    folder = exported / "folder"
    wider = {"model": {"name": "mlp", "width": 9, "depth": 1}, "conditioner": {"name": "cgan"}}
    cases = {
        "newer": ({"format": 99}, "written by a newer ganzoo"),
        "other": ({"z_dim": "many"}, "description of G cannot be read: z_dim"),
        "empty": ({"z_dim": 0}, "description of G cannot be read"),
        "wider": ({"generator": wider}, "weights do not fit the description"),
    }
    for name, (values, what) in cases.items():
        with pytest.raises(ganzoo.CheckpointError, match=what):
            ganzoo.load(change(folder, tmp_path / name, **values), zoo=ZOO)
    absent = {"kind": "model", "name": "mlp", "plugin": "ganzoo-absent", "version": "1.0"}
    with pytest.raises(ganzoo.PluginError, match="needs plugin ganzoo-absent") as caught:
        ganzoo.load(change(folder, tmp_path / "plugin", components=[absent]), zoo=ZOO)
    assert "pip install ganzoo-absent" in caught.value.hint


class _Code:
    def __reduce__(self):
        return os.mkdir, ("ran",)


def test_nothing_of_a_strangers_file_is_run(exported, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    folder = change(exported / "folder", tmp_path / "bad")
    (folder / "model.safetensors").write_bytes(pickle.dumps(_Code()))
    (tmp_path / "g.safetensors").write_bytes(pickle.dumps(_Code()))
    os.mkfifo(tmp_path / "pipe.safetensors")
    save_file({"a": torch.zeros(1)}, tmp_path / "other.safetensors")
    for name in ("bad", "g.safetensors", "pipe.safetensors", "other.safetensors", "absent.safetensors"):
        with pytest.raises(ganzoo.CheckpointError) as caught:
            ganzoo.load(tmp_path / name, zoo=ZOO)
        assert caught.value.hint
    assert not (tmp_path / "ran").exists()


def test_a_file_for_other_programs_is_named_as_one(tmp_path):
    (tmp_path / "g.onnx").touch()
    with pytest.raises(ganzoo.CheckpointError, match="for programs without ganzoo") as caught:
        ganzoo.load(tmp_path / "g.onnx", zoo=ZOO)
    assert "onnxruntime.InferenceSession" in caught.value.hint
    with pytest.raises(ganzoo.CheckpointError, match="neither a run nor an exported generator"):
        ganzoo.load(tmp_path, zoo=ZOO)
