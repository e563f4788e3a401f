"""A generator on the hub and back, through huggingface_hub and a small server that speaks the hub's interface."""

import sys

import pytest
import torch

import ganzoo
from ganzoo.export import hub
from ganzoo.export.write import write_file
from support.exports import SMALL, make_subject
from support.hub import COMMIT, serving
from support.runs import ganzoo as command
from support.zoo import ZOO

pytest.importorskip("huggingface_hub")


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    """An exported folder, with a file that is not for the hub."""
    place, subject = tmp_path_factory.mktemp("hub"), make_subject(SMALL["mlp"], "cgan")
    write_file(subject, place / "model.safetensors")
    (place / "model.json").write_text(subject.about.to_text())
    (place / "README.md").write_text("---\nlibrary_name: ganzoo\n---\n# test\n")
    (place / "secret.txt").write_text("mine")
    return place


@pytest.fixture
def server(tmp_path, monkeypatch):
    """A hub, and a cache of its own."""
    from huggingface_hub import constants

    monkeypatch.setattr(constants, "HF_HUB_CACHE", str(tmp_path / "cache"))
    monkeypatch.setenv("HF_TOKEN", "hf_test")
    with serving() as (address, kind):
        monkeypatch.setenv("HF_ENDPOINT", address)
        yield kind


def test_a_folder_goes_up_and_its_weights_and_description_come_down(folder, server):
    said = command("push", folder, "me/digits")
    assert said.stdout.strip().endswith("/me/digits")
    assert sorted(path for _, path in server.files) == ["README.md", "model.json", "model.safetensors"]
    server.asked.clear()
    G, own = ganzoo.load("hf:me/digits", zoo=ZOO), ganzoo.load(folder, zoo=ZOO)
    assert torch.equal(G.sample(16, label="7").plain(), own.sample(16, label="7").plain())
    assert not any("README" in path for path in server.asked)
    assert ganzoo.load(f"hf:me/digits@{COMMIT}", zoo=ZOO).about == own.about


def test_what_the_hub_refuses_is_told_in_words(folder, server, tmp_path):
    for name in ("hf:me/absent", "hf:"):
        with pytest.raises(ganzoo.GanzooError) as caught:
            ganzoo.load(name, zoo=ZOO)
        assert caught.value.hint
    assert "no generator in model.json" in command("push", tmp_path, "me/digits", code=5).stderr
    server.files["me/bad", "model.json"] = b"{}"
    server.files["me/bad", "model.safetensors"] = b"\x80\x04pickle"
    with pytest.raises(ganzoo.CheckpointError, match="description of G cannot be read"):
        ganzoo.load("hf:me/bad", zoo=ZOO)


def test_without_its_package_the_hub_names_the_extra(monkeypatch):
    monkeypatch.setitem(sys.modules, "huggingface_hub", None)
    with pytest.raises(ganzoo.ResourceError) as caught:
        hub.fetch("hf:me/digits")
    assert caught.value.hint == "pip install 'ganzoo-torch[hub]'"
