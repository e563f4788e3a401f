"""Grids show all classes of the data, as far as a picture has room."""

import pytest
import torch

from ganzoo.contracts import DataSpec
from ganzoo.data.samples import Samples
from ganzoo.runs.pictures import _by_rows
from ganzoo.runs.sample_grid import columns_for, count_cells, fixed_latents, pick_reals
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


def test_real_images_stand_below_generated_ones_each_class_in_its_column():
    y = torch.tensor([2, 0, 1, 0, 2, 0])
    x = (10 * y + torch.arange(6)).to(torch.uint8).reshape(6, 1, 1, 1)
    reals = pick_reals(Samples(x, y, ("a", "b", "c"))).x.flatten().tolist()
    assert [value // 10 for value in reals[:3]] == [0, 1, 2]  # a row of all classes
    assert (reals[3] // 10, reals[4], reals[5] // 10) == (0, 255, 2)  # b has only one image
    assert reals[0] != reals[3]


@pytest.mark.parametrize("count", [5, 40])
def test_of_unlabelled_images_the_rows_have_as_many_as_there_are(count):
    x = torch.arange(count, dtype=torch.uint8).reshape(count, 1, 1, 1)
    reals = pick_reals(Samples(x, torch.zeros(count, dtype=torch.int64), ("all",)))
    assert len(reals.x) == min(count, 16) == len(reals.x.unique())
