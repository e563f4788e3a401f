"""Data and weights of a grid, looked at before its first cell: with no training."""

import pytest

from ganzoo.errors import DataError
from ganzoo.grid.config import GridConfig
from ganzoo.grid.plan import plan
from ganzoo.runs import needs
from ganzoo.runs.needs import check_needs
from support.datasets import Stripes
from support.runs import TINY, ganzoo
from support.zoo import ZOO


def plan_cells(**axes):
    flags = {"model.name": "mlp", "eval.samples": 100, "eval.metrics": "fid", "features.name": "photos-cnn"}
    return {cell.name: cell.run for cell in plan(GridConfig(axes, seeds=(0, 1), flags=flags), ZOO)}


@pytest.fixture
def loads(monkeypatch):
    """The datasets that are loaded, by name; cifar10 is not there."""
    asked = []

    def load(choice, zoo):
        asked.append(choice.name)
        if choice.name == "cifar10":
            raise DataError("dataset cifar10 is not here", where="the cache", hint="--download")
        return Stripes(channels=3).load()

    monkeypatch.setattr(needs, "load_dataset", load)
    return asked


def test_each_dataset_is_loaded_once_and_what_its_scores_lack_is_said_once(loads):
    said = []
    check_needs(plan_cells(dataset=["digits", "mnist"], loss=["bce", "wgan"]), ZOO, said.append, is_here=True)
    assert loads == ["digits", "mnist"]
    assert len(said) == 4  # of either dataset: 64 reference images and 100 generated ones, in 192 dimensions
    assert said[0].endswith("(digits-bce-s0, digits-wgan-s0, digits-bce-s1 and 1 more)"), said[0]


def test_data_that_are_missing_end_the_grid_with_the_cells_that_need_them(loads):
    cells = plan_cells(dataset=["digits", "cifar10"])
    with pytest.raises(DataError, match="cifar10 is not here") as refusal:
        check_needs(cells, ZOO, lambda text: None, is_here=True)
    assert refusal.value.where == "the cache; needed by cifar10-s0, cifar10-s1"
    assert refusal.value.hint == "--download"


def test_data_that_may_lie_where_the_cells_run_are_a_note(loads):
    said = []
    check_needs(plan_cells(dataset=["cifar10"]), ZOO, said.append, is_here=False)
    assert said == ["not on this machine: dataset cifar10 is not here (the cache; needed by cifar10-s0, cifar10-s1)"]


@pytest.mark.parametrize("more", [[], ["--dry-run"], ["--retry", "failed"]])
def test_a_grid_without_its_data_leaves_nothing_behind(tmp_path, more):
    words = [word for word in TINY if "image-size" not in word]
    grid = ["compare", *words, "--dataset", "digits,cifar10", "--data-root", tmp_path, "--out", tmp_path / "grid"]
    refused = ganzoo(*grid, *more, code=3)
    assert "cifar10" in refused.stderr and "--download" in refused.stderr and "needed by" in refused.stderr
    assert not (tmp_path / "grid").exists()
