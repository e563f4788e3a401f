"""What is saved comes back exactly, and what must not be saved is refused."""

import hashlib
import json
import os
import random
import warnings
from collections import OrderedDict
from pathlib import Path
from types import MappingProxyType

import numpy as np
import pytest
import torch

from ganzoo.errors import CheckpointError, DivergedError
from ganzoo.runs.checkpoint import SCHEMA, available_steps, load, mark_best, save
from support.checkpoints import assert_is_state_of, flip_bit, names, save_steps, sidecar_file, state_file, state_of

# Round trip


def test_state_comes_back_exactly(tmp_path):
    weights = OrderedDict({"trunk.0.weight": torch.randn(3, 4), "steps": torch.tensor(7)})
    state = {
        "G": weights,
        "half": torch.randn(5).to(torch.bfloat16),
        "optimiser": {"param_groups": [{"lr": 1e-4, "betas": (0.5, 0.999), "foreach": None}]},
        "rng": torch.get_rng_state(),
        "python_rng": random.Random(0).getstate(),
        "nested": [1, "two", 3.0, (4, None, True), float("inf")],
    }
    save(tmp_path, 500, state)
    loaded = load(tmp_path)
    assert (loaded.step, loaded.warnings) == (500, ())
    assert torch.equal(loaded.state["G"].pop("trunk.0.weight"), weights.pop("trunk.0.weight"))
    assert torch.equal(loaded.state.pop("half"), state.pop("half"))
    assert torch.equal(loaded.state.pop("rng"), state.pop("rng"))
    assert loaded.state == state


def test_optimiser_resumes_bit_identically(tmp_path):
    def train(network, optimiser, steps):
        for step in range(steps):
            optimiser.zero_grad()
            network(torch.full((2, 3), float(step))).square().sum().backward()
            optimiser.step()

    def make():
        network = torch.nn.Linear(3, 1)
        return network, torch.optim.Adam(network.parameters(), 0.1)

    network, optimiser = make()
    train(network, optimiser, 5)
    save(tmp_path, 5, {"G": network.state_dict(), "opt_g": optimiser.state_dict()})
    resumed, resumed_optimiser = make()
    state = load(tmp_path).state
    resumed.load_state_dict(state["G"])
    resumed_optimiser.load_state_dict(state["opt_g"])
    train(network, optimiser, 5)
    train(resumed, resumed_optimiser, 5)
    assert torch.equal(network.weight, resumed.weight)


def test_files_are_named_and_described_as_documented(tmp_path):
    path = save(tmp_path, 500, state_of(500))
    assert path == tmp_path / "step-00000500.pt"
    assert names(tmp_path) == ["latest.json", "step-00000500.json", "step-00000500.pt"]
    sidecar = json.loads(sidecar_file(tmp_path, 500).read_text())
    data = path.read_bytes()
    assert sidecar == {
        "schema": SCHEMA,
        "step": 500,
        "file": "step-00000500.pt",
        "bytes": len(data),
        "sha256": hashlib.sha256(data).hexdigest(),
        "torch": torch.__version__,
    }


def test_read_only_state_is_saved_into_a_new_folder(tmp_path):
    folder = tmp_path / "run" / "checkpoints"
    save(folder, 1, MappingProxyType(state_of(1)))
    assert_is_state_of(1, load(folder).state)


@pytest.mark.fault("a checkpoint is saved and loaded between two draws", "no random state changes", "F20")
def test_saving_and_loading_leave_the_random_states_alone(tmp_path):
    torch.manual_seed(0)
    before = torch.get_rng_state(), random.getstate(), np.random.get_state()[1].tolist()
    save(tmp_path, 1, state_of(1))
    load(tmp_path)
    after = torch.get_rng_state(), random.getstate(), np.random.get_state()[1].tolist()
    assert torch.equal(after[0], before[0])
    assert after[1:] == before[1:]


@pytest.mark.fault("weights change right after a save", "the checkpoint holds those of the save", "F27")
def test_changing_a_tensor_after_saving_does_not_change_the_checkpoint(tmp_path):
    state = state_of(3)
    save(tmp_path, 3, state)
    state["G"]["weight"].add_(1)
    assert_is_state_of(3, load(tmp_path).state)


@pytest.mark.fault("a folder of checkpoints is moved", "it loads, and no file holds a path", "F28")
def test_folder_that_has_moved_still_loads(tmp_path):
    old, new = tmp_path / "old", tmp_path / "a new home"
    save_steps(old, 10, 20)
    mark_best(old, 10, 1.0)
    old.rename(new)
    assert load(new).step == 20
    assert not any(bytes(tmp_path) in path.read_bytes() for path in new.iterdir())


def test_tensors_of_a_gpu_load_on_a_machine_without_one(tmp_path, monkeypatch):
    monkeypatch.setattr("torch.serialization.location_tag", lambda storage: "cuda:0")
    save(tmp_path, 1, state_of(1))
    monkeypatch.undo()
    assert b"cuda:0" in state_file(tmp_path, 1).read_bytes()
    assert load(tmp_path).state["G"]["weight"].device.type == "cpu"


def test_saving_a_step_again_replaces_it(tmp_path):
    save(tmp_path, 5, {"attempt": 1})
    save(tmp_path, 5, {"attempt": 2})
    assert load(tmp_path)[:3] == (5, {"attempt": 2}, ())
    assert names(tmp_path) == ["latest.json", "step-00000005.json", "step-00000005.pt"]


@pytest.mark.fault("a step is saved again and killed at each rename", "one state or the other is whole")
@pytest.mark.parametrize("renames", range(4))
def test_save_of_a_step_again_that_is_killed_leaves_one_state_or_the_other(tmp_path, monkeypatch, renames):
    save(tmp_path, 5, {"attempt": "first"})
    for attempt in ("second", "longer third"):  # killed twice, at the same point
        left = [None] * renames

        def die_after(source, target, left=left, replace=os.replace):
            if not left:
                raise KeyboardInterrupt
            left.pop()
            replace(source, target)

        monkeypatch.setattr(os, "replace", die_after)
        with pytest.raises(KeyboardInterrupt):
            save(tmp_path, 5, {"attempt": attempt})
        monkeypatch.undo()
        assert available_steps(tmp_path) == [5]
    assert load(tmp_path)[:3] == (5, {"attempt": "first" if renames < 2 else "longer third"}, ())


# States that must not be saved


@pytest.mark.fault(
    "a weight is nan or infinite when the state is to be saved",
    "exit 6 with the name of the tensor, and the checkpoint before is kept",
    "F42",
)
@pytest.mark.parametrize("poison", [float("nan"), float("inf")])
@pytest.mark.parametrize("kind", [torch.float32, torch.bfloat16, torch.complex64])
def test_state_that_is_not_finite_is_refused_and_the_previous_one_kept(tmp_path, poison, kind):
    save_steps(tmp_path, 50)
    before = names(tmp_path)
    weight = torch.ones(4, dtype=kind)
    weight[2] = poison
    state = state_of(60) | {"G": OrderedDict({"trunk.0.weight": weight})}
    with pytest.raises(DivergedError, match=r"^G\.trunk\.0\.weight is not finite: .* step 60 not saved"):
        save(tmp_path, 60, state)
    assert names(tmp_path) == before
    assert load(tmp_path).step == 50


def test_tensor_that_is_not_finite_is_found_in_lists(tmp_path):
    state = {"optimiser": [{"exp_avg": torch.ones(2)}, (torch.full((), float("nan")),)]}
    with pytest.raises(DivergedError, match=r"^optimiser\.1\.0 is not finite"):
        save(tmp_path, 1, state)


@pytest.mark.fault("a plugin's state holds what could not be loaded again", "the save is refused with its place")
@pytest.mark.parametrize("content", [np.float64(1), np.ones(2), Path("x")], ids=["scalar", "array", "path"])
def test_state_that_could_not_be_restored_is_not_saved(tmp_path, content):
    with pytest.raises(CheckpointError, match=r"the state holds .* step 60 not saved"):
        save(tmp_path, 60, {"plugin": content})
    assert names(tmp_path) == []


# Kills


def test_nothing_is_printed_or_warned(tmp_path, capfd):
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        save_steps(tmp_path, 10, 20, 30, 40, 50)
        flip_bit(state_file(tmp_path, 50))
        load(tmp_path)
    assert capfd.readouterr() == ("", "")
