"""A run that begins with the weights of another one."""

import json

import pytest
import torch

from ganzoo.runs.run import Run
from support.runs import TINY, ganzoo, train
from support.states import same


@pytest.fixture(scope="module")
def source(tmp_path_factory):
    """A conditional run of four steps; tests only read it."""
    out = tmp_path_factory.mktemp("source") / "run"
    train(out, "--conditioner=cgan", "--no-scores", "--set=train.save_every=2")
    return out


def states(path, step):
    """G, D and the module of G_ema of a checkpoint."""
    state = torch.load(path / "checkpoints" / f"step-{step:08d}.pt", weights_only=True)
    average = {name[7:]: tensor for name, tensor in state["G_ema"].items() if name.startswith("module.")}
    return state["G"], state["D"], average


def begin(tmp_path, source, *words):
    out = tmp_path / "run"
    said = train(out, "--conditioner=cgan", "--no-scores", "--seed=7", f"--init-from={source}", *words, steps=1)
    return states(out, 0), said.stderr, Run(out).manifest["origin"]


def test_both_networks_begin_with_the_newest_weights_and_g_ema_with_those_of_g(source, tmp_path):
    (G, D, average), said, origin = begin(tmp_path, source)
    old_g, old_d, _ = states(source, 4)
    assert same(G, old_g) and same(D, old_d) and same(average, old_g)
    sidecar = json.loads((source / "checkpoints" / "step-00000004.json").read_text())
    assert origin == {
        "run": str(source), "step": 4, "sha256": sidecar["sha256"], "networks": "both", "weights": "raw",
    }  # fmt: skip
    assert f"G begins with {len(G)} of {len(G)} tensors of {source}, step 4" in said


def test_one_network_from_an_earlier_checkpoint_or_its_average(source, tmp_path):
    (G, D, average), _, origin = begin(
        tmp_path, source, "--set=init.networks=g", "--set=init.step=2", "--set=init.weights=ema"
    )
    old_g, old_d, old_average = states(source, 2)
    assert same(G, old_average) and same(average, old_average) and not same(G, old_g)
    assert not same(D, old_d) and origin["step"] == 2


def test_tensors_of_other_shapes_stay_random_and_are_named(source, tmp_path):
    (G, D, _), said, _ = begin(tmp_path, source, "--image-size=16")
    old_g, old_d, _ = states(source, 4)
    for new, old, name in (G, old_g, "G"), (D, old_d, "D"):
        fit = [key for key in new if new[key].shape == old[key].shape]
        assert fit and all(torch.equal(new[key], old[key]) for key in fit) and len(fit) < len(new)
        assert f"{name} begins with {len(fit)} of {len(new)} tensors" in said
    assert "new, since name or shape differ" in said


def test_a_run_of_which_nothing_fits_is_refused(source, tmp_path):
    words = ["--model=dcgan", "--image-size=16", "--set=model.width=2", "--set=optim.batch_size_g=8"]
    words += ["--batch-size=8", "--device=cpu", "--no-scores", "--steps=1", "--out", tmp_path / "run"]
    said = ganzoo("run", *words, f"--init-from={source}", code=2).stderr
    assert "no weight of G has the name and shape" in said and not (tmp_path / "run").exists()
    assert "not a run folder" in ganzoo("run", *words, f"--init-from={tmp_path}", code=5).stderr


def test_a_dry_run_reads_the_weights_too_or_refuses_them(source, tmp_path):
    words = ["run", *TINY, "--conditioner=cgan", "--dry-run"]
    assert "G begins with 5 of 5 tensors" in ganzoo(*words, "--init-from", source).stderr
    assert "this is not a run folder" in ganzoo(*words, "--init-from", tmp_path, code=5).stderr


def test_a_run_without_it_has_no_origin_and_keeps_its_weights(source):
    assert "origin" not in Run(source).manifest and Run(source).config.init.run == ""
