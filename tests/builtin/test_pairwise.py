"""All pairs of rows, a block at a time."""

import pytest
import torch

from ganzoo.builtin.metrics import pairwise
from support.features import draw, features
from support.zoo import ZOO

METRICS = {entry.name: entry.component for entry in ZOO.entries("metric")}


# All pairs, a block at a time


def test_pairs_come_in_small_blocks_and_in_order(monkeypatch):
    monkeypatch.setattr(pairwise, "ENTRIES", 40)
    monkeypatch.setattr(pairwise, "TILE", 6)
    x, y = draw(11, 3, seed=0), draw(17, 3, seed=1)
    blocks = list(pairwise.pairwise(x, y, torch.cdist))
    assert max(block.numel() for _, block in blocks) <= 40
    assert {block.dtype for _, block in blocks} == {torch.float64}
    assert torch.equal(torch.cat([torch.arange(11)[rows] for rows, _ in blocks]), torch.arange(11))
    torch.testing.assert_close(torch.cat([block for _, block in blocks]), torch.cdist(x.double(), y.double()))


@pytest.mark.parametrize("name", ["dc", "kid", "prc"])
def test_scores_do_not_depend_on_the_blocks(name, monkeypatch):
    real, fake = features(draw(50, 30, seed=0)), features(draw(41, 30, seed=1))
    whole = METRICS[name]().compute(real=real, fake=fake)
    monkeypatch.setattr(pairwise, "ENTRIES", 350)
    monkeypatch.setattr(pairwise, "TILE", 13)
    for key, score in METRICS[name]().compute(real=real, fake=fake).items():
        assert score.value == pytest.approx(whole[key].value, rel=1e-9)
