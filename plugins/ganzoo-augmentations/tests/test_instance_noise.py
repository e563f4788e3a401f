"""Instance noise: its deviation, and how it fades."""

import pytest
import torch
from ganzoo_augmentations import InstanceNoise

import ganzoo


@pytest.mark.parametrize(("done", "std"), [(0.0, 0.5), (0.25, 0.25), (0.5, 0.0), (0.9, 0.0)])
def test_its_deviation_falls_linearly_and_stays_0(done, std):
    transform = InstanceNoise(over=0.5).transform(ganzoo.DataSpec((2,)))
    transform.progress.fill_(done)
    torch.manual_seed(0)
    x = torch.full((20_000, 2), 0.3)
    e = transform(x) - x
    assert e.std().item() == pytest.approx(std, rel=0.02)
    assert e.mean().item() == pytest.approx(0, abs=0.02)


def test_above_1_some_is_left_at_the_end():
    transform = InstanceNoise(std=1.0, over=2.0).transform(ganzoo.DataSpec((2,)))
    transform.progress.fill_(1.0)
    torch.manual_seed(0)
    assert transform(torch.zeros(20_000, 2)).std().item() == pytest.approx(0.5, rel=0.02)
