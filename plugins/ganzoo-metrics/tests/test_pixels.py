"""Pixels as features."""

import pytest
import torch
from ganzoo_metrics import Pixels
from ganzoo_metrics.pixels import as_images

import ganzoo

EXTRACT = Pixels().load(torch.device("cpu")).extract


@pytest.mark.parametrize("channels", [1, 3])
def test_a_row_holds_the_image(channels):
    x = torch.randint(256, (2, channels, 32, 32), dtype=torch.uint8)
    assert torch.equal(as_images(EXTRACT(x).rows), x / 127.5 - 1)


def test_other_sizes_are_resized():
    assert EXTRACT(torch.full((2, 1, 28, 40), 255, dtype=torch.uint8)).rows.sum().item() == pytest.approx(2 * 1024)


def test_other_channels_are_refused():
    with pytest.raises(ganzoo.EvaluationError, match="4 channels"):
        EXTRACT(torch.zeros(2, 4, 32, 32, dtype=torch.uint8))
