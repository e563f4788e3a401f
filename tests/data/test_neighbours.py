"""Nearest rows and balls, against all distances computed one by one."""

import pytest
import torch

from ganzoo.builtin.metrics.precision_recall import DensityCoverage, PrecisionRecall
from ganzoo.data.comparison import Comparison, Neighbourhoods, Pass, compare
from ganzoo.data.copies import rounding_error
from ganzoo.data.neighbours import GROUP, find_neighbours, narrow
from support.features import draw, features


def all_distances(x, y):
    return torch.cdist(x.double(), y.double(), compute_mode="donot_use_mm_for_euclid_dist")


def make_sets(dim):
    """Pairs of sets in which rounding, ties, copies or very large and small numbers could mislead."""
    x, y, noise = draw(90, dim, seed=0), draw(70, dim, seed=1), draw(160, dim, seed=2)
    return {
        "draws": (x, y),
        "equal": (x, x.roll(1, 0)),
        "far from zero": (x + 1e4, y + 1e4),
        "lattice": (x.round(), y.round()),
        "copies": (y.repeat(6, 1), y * (1 + 1e-6 * (dim >= 16))),
        "constant": (torch.ones(20, dim), torch.ones(30, dim)),
        "clusters": (x[:8].repeat(20, 1) + 1e-5 * noise, x[:4].repeat(40, 1) + 1e-5 * noise.roll(1, 0)),
        "collapsed": (x, y[:1].repeat(40, 1)),
        "huge": (x * 1e18, y * 1e18),
        "tiny": (x * 1e-25, y * 1e-25),
        "float64": (x.double(), y.double()),
    }


@pytest.mark.parametrize("kind", ["draws", "ties", "sorted", "reversed"])
def test_the_lowest_numbers_are_among_those_of_some_groups(kind):
    columns, count = 10 * GROUP, 6
    squares = draw(7, columns, seed=0)
    if kind == "ties":
        squares = squares.round()
    elif kind != "draws":
        squares = squares.sort(dim=1, descending=kind == "reversed").values
    low, index = narrow(squares, count)
    assert low.shape == (7, count * GROUP)
    assert torch.equal(low, squares.gather(1, index))
    assert all(len(set(row)) == len(row) for row in index.tolist())
    assert torch.equal(low.sort(dim=1).values[:, :count], squares.sort(dim=1).values[:, :count])


def test_neighbours_among_as_many_as_fill_groups_are_those_of_all_distances():
    x = draw(16 * GROUP, 20, seed=0)
    found = find_neighbours(x, None, 4)
    distances = all_distances(x, x).fill_diagonal_(torch.inf).sort(dim=1)
    assert torch.allclose(found.distances, distances.values[:, :4], rtol=1e-12)
    assert torch.equal(found.nearest, distances.indices[:, 0])


@pytest.mark.parametrize("dim", [2, 64])
@pytest.mark.parametrize("name", make_sets(1))
def test_neighbours_are_those_of_all_distances(name, dim, monkeypatch):
    monkeypatch.setattr("ganzoo.data.neighbours.ROWS", 33)
    monkeypatch.setattr("ganzoo.data.distances.COLUMNS", 47)
    x, y = make_sets(dim)[name]
    for others, k in ((y, 5), (None, 5), (y[:4], 4)):
        distances = all_distances(x, x if others is None else others)
        if others is None:
            distances.fill_diagonal_(torch.inf)
        expected, order = distances.sort(dim=1, stable=True)
        found = find_neighbours(x, others, k)
        assert torch.equal(found.distances, expected[:, :k])
        assert ((found.nearest == order[:, 0]) | (expected[:, 0] == 0)).all()


@pytest.mark.parametrize("dim", [2, 64])
@pytest.mark.parametrize("name", make_sets(1))
def test_balls_hold_what_all_distances_say(name, dim, monkeypatch):
    monkeypatch.setattr("ganzoo.data.comparison.ROWS", 33)
    monkeypatch.setattr("ganzoo.data.distances.COLUMNS", 47)
    real, fake = map(features, make_sets(dim)[name])
    found = Comparison(real, fake, [Neighbourhoods(covered=3), Neighbourhoods(counted=5)], nearest=True)
    distances, centre = all_distances(fake.rows, real.rows), rounding_error(real.rows)
    reals, fakes = (all_distances(rows, rows).sort(dim=1).values for rows in (real.rows, fake.rows))
    closed = reals[:, 3].clamp(min=centre), fakes[:, 3].clamp(min=centre)[:, None]
    assert torch.equal(found.covered(3)[0], (distances <= closed[0]).any(dim=1))
    assert torch.equal(found.covered(3)[1], (distances <= closed[1]).any(dim=0))
    assert torch.equal(found.counted(5), ((distances < reals[:, 5]) | (distances <= centre)).sum(dim=0))
    assert torch.equal(found.nearest.distances[:, 0], distances.min(dim=1).values)


def test_one_pass_serves_all_metrics(monkeypatch):
    passes = []
    measure = Comparison._measure
    monkeypatch.setattr(Comparison, "_measure", lambda self, found: (passes.append(found), measure(self, found)))
    real, fake = features(draw(60, 20, seed=0)), features(draw(50, 20, seed=1))
    metrics = [PrecisionRecall(), DensityCoverage(), DensityCoverage(neighbours=2)]
    alone = [metric.compute(real=real, fake=fake) for metric in metrics]
    assert len(passes) == 3
    object.__setattr__(fake, "beside", Comparison(real, fake, [metric.neighbourhoods for metric in metrics]))
    assert [metric.compute(real=real, fake=fake) for metric in metrics] == alone
    assert len(passes) == 4


def test_a_comparison_with_another_set_or_of_other_balls_is_not_taken():
    real, fake, other = (features(draw(40, 20, seed)) for seed in range(3))
    object.__setattr__(fake, "beside", Comparison(real, fake, [Neighbourhoods(covered=3)]))
    assert compare(real, fake, Neighbourhoods(covered=3)) is fake.beside
    assert compare(other, fake, Neighbourhoods(covered=3)) is not fake.beside
    assert compare(real, fake, Neighbourhoods(covered=4)) is not fake.beside
    assert compare(real, fake, Neighbourhoods(counted=3)) is not fake.beside


def test_memory_is_bounded_by_the_blocks(monkeypatch):
    monkeypatch.setattr("ganzoo.data.comparison.ROWS", 40)
    monkeypatch.setattr("ganzoo.data.neighbours.ROWS", 40)
    monkeypatch.setattr("ganzoo.data.distances.COLUMNS", 50)
    real, fake = features(draw(250, 20, seed=0)), features(draw(100, 20, seed=1))
    sizes, see = [], Pass.see
    monkeypatch.setattr(
        Pass, "see", lambda self, rows, block: (sizes.append(block.squares.shape), see(self, rows, block))
    )
    Comparison(real, fake, [Neighbourhoods(covered=3, counted=5)], nearest=True).counted(5)
    assert max(sizes) == (40, 50)
    assert sum(rows * columns for rows, columns in sizes) == 250 * 100
