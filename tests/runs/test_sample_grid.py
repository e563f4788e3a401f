"""Grids show all classes of the data, as far as a picture has room."""

import pytest
import torch

from ganzoo.contracts import DataSpec
from ganzoo.runs.pictures import _by_rows
from ganzoo.runs.sample_grid import columns_for, count_cells, fixed_latents
from ganzoo.settings.sections import Choice, RunConfig

RUN = RunConfig(*[Choice("any")] * 5)


@pytest.mark.parametrize(
    ("classes", "columns", "cells"), [(1, 8, 64), (10, 10, 80), (20, 20, 160), (21, 8, 64), (100, 10, 100)]
)
def test_a_grid_during_training_shows_each_class(classes, columns, cells):
    spec = DataSpec((3, 32, 32), classes)
    assert (columns_for(spec), count_cells(spec)) == (columns, cells)
    z, y = fixed_latents(RUN, spec, 7)
    assert len(z) == cells and len(y.unique()) == classes


def test_a_grid_without_room_shows_classes_from_the_first_to_the_last():
    _, y = fixed_latents(RUN, DataSpec((3, 256, 256), 1000), 7)
    assert (len(y), y[0], y[-1] > 980, len(y.unique())) == (64, 0, True, 64)


def test_many_classes_have_a_row_each():
    x = torch.arange(5, dtype=torch.uint8).reshape(5, 1, 1, 1)  # classes 0, 1, 2, 0, 1
    assert _by_rows(x, 3).flatten().tolist() == [0, 3, 1, 4, 2, 255]
