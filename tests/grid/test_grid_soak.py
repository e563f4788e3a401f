"""Kills of a grid's cells and of its parent, at random moments."""

import pytest

from support.lives import chosen, random_seed, run_program

HOUR = 3600


@pytest.mark.soak
@pytest.mark.timeout(10 * HOUR)
@pytest.mark.fault(
    "cells of a grid and its parent are killed at 40 random moments",
    "the same command goes on, and the table and the runs are those of the grid that was never killed",
    "F35",
)
def test_a_grid_whose_cells_and_parent_are_killed_has_the_table_of_one_that_was_not(tmp_path):
    print(run_program("support.grid_kills", tmp_path, chosen("GANZOO_SOAK_GRID", 40), random_seed(), timeout=10 * HOUR))


@pytest.mark.soak
@pytest.mark.fault(
    "a cell or the parent of a grid is killed", "the table is that of the grid that was never killed", "F35"
)
def test_a_grid_that_is_killed_once_has_the_table_of_one_that_was_not(tmp_path):
    assert "1 kills" in run_program("support.grid_kills", tmp_path, 1, random_seed(), timeout=280)
