"""The clock: buffers called `progress` hold the share of the run, in eager and in recorded steps."""

from pathlib import Path

import pytest
import torch
from torch import nn

import ganzoo
import support.clocks
from ganzoo.runs import checkpoint
from ganzoo.runs.observer import Observer
from ganzoo.settings.toml import from_tables
from ganzoo.training.clock import find_clocks, set_clocks
from ganzoo.training.compatibility import advise
from ganzoo.training.graphs import captured_updates
from ganzoo.training.loop import advance, train
from ganzoo.training.prepare import prepare
from support.states import same
from support.trainings import Notebook

ZOO = ganzoo.load_zoo(files=[Path(support.clocks.__file__)])


def training(steps=8):
    tables = {
        "model": {"name": "fading"}, "augment": {"name": "noise"}, "dataset": {"name": "gaussians8"},
        "optim": {"batch_size": 4}, "train": {"device": "cpu", "steps": steps, "log_every": 1},
    }  # fmt: skip
    return prepare(from_tables(tables), ZOO, Observer().note)[0]


def clocks(gan):
    return [gan.G.trunk.fade.progress, gan.D.trunk.fade.progress, gan.transform.progress]


def test_each_step_begins_with_the_share_of_the_run_that_is_done():
    fading, found = training(steps=4), []
    places = [clock.data_ptr() for clock in clocks(fading.gan)]
    for _ in range(4):
        advance(fading)
        found.append([float(clock) for clock in clocks(fading.gan)])
    assert found == [[0.0] * 3, [0.25] * 3, [0.5] * 3, [0.75] * 3]
    assert [clock.data_ptr() for clock in clocks(fading.gan)] == places  # where a graph reads them
    assert float(fading.gan.G_ema.module.trunk.fade.progress) == 0.75  # samples are made as G was trained last


def test_recorded_steps_read_the_clock_and_are_the_plain_ones():
    class StandIn:
        """Does at a replay what a graph would have captured."""

        def warm_up(self, work):
            return work()

        def capture(self, work):
            return work

    plain, captured = training(), training()
    captured.updates = captured_updates(captured.gan, pytest.fail, StandIn(), lambda *_: "")
    logs = [Notebook(), Notebook()]
    for each, log in zip((plain, captured), logs, strict=True):
        torch.manual_seed(0)
        train(each, log)
    assert same(plain.state_dict(), captured.state_dict()) and logs[0].records == logs[1].records


def test_a_run_goes_on_at_its_hour_bit_for_bit(tmp_path):
    whole, first, second = training(), training(), training()
    torch.manual_seed(0)
    train(whole, Notebook())
    torch.manual_seed(0)
    train(first, Notebook(stop_after=3, folder=tmp_path))
    second.load_state_dict(checkpoint.load(tmp_path).state)
    train(second, Notebook())
    assert same(whole.state_dict(), second.state_dict())


def test_only_one_number_of_floating_point_is_a_clock_and_others_are_remarked_and_kept():
    layer = nn.Module()
    layer.register_buffer("progress", torch.tensor([3.0]))
    counter = nn.Module()
    counter.register_buffer("progress", torch.tensor(5))
    set_clocks(find_clocks([layer, counter]), 0.5)
    assert layer.progress.tolist() == [3.0] and int(counter.progress) == 5
    fading = training()
    assert "progress" not in "".join(advise(fading.run, fading.gan))
    fading.gan.D.trunk.fade.progress = torch.zeros(1)
    assert "Fade.progress is no clock" in "".join(advise(fading.run, fading.gan))
