"""The product of losses, enforcers, conditioners and models, of which the default suite runs a part."""

import itertools
from itertools import combinations as choose
from pathlib import Path

import pytest

from ganzoo.zoo.plugins import load_zoo
from support.trainings import TINY, make
from support.zoo import ZOO

KINDS = ("loss", "lipschitz", "conditioner", "model")
NAMES = {kind: [entry.name for entry in ZOO.entries(kind)] for kind in KINDS}
NAMES["lipschitz"].append("sn+gp")  # one sum of enforcers


def is_default(loss, lipschitz, conditioner, model=None):
    """Return whether the default suite has it: every loss x enforcer once, conditioners and models taking turns."""
    i, j = NAMES["loss"].index(loss), NAMES["lipschitz"].index(lipschitz)
    conditioners, models = NAMES["conditioner"], NAMES["model"]
    in_turn = conditioners[(i + j) % len(conditioners)], models[(i + 2 * j) % len(models)]
    return (conditioner, model or in_turn[1]) == in_turn


def combinations(*kinds):
    """Parametrise a test by these kinds, of which loss, lipschitz and conditioner are the first three."""
    rows = [()]
    for kind in kinds:
        rows = [(*row, name) for row in rows for name in NAMES[kind]]
    cases = [pytest.param(*row, marks=() if is_default(*row) else pytest.mark.full) for row in rows]
    return pytest.mark.parametrize(kinds, cases)


# Further axes: every pair of names, by as few rows as a greedy choice takes

AXES = {
    "regularizer": ["keeping", "none", "lecam+zcr", "bcr"],
    "model": ["patched", "fading", "mlp", "dcgan"],
    "conditioner": ["sided", *NAMES["conditioner"]],
    "optimizer": [*(entry.name for entry in ZOO.entries("optimizer")), "counting"],  # which waits for torch's compiler
    "schedule": ["stairs", *(entry.name for entry in ZOO.entries("schedule"))],
    "loss": ["paired", *NAMES["loss"]],
    "lipschitz": NAMES["lipschitz"],
    "augment": [entry.name for entry in ZOO.entries("augment")],
    "observer": ["rude", "none"],
}
HANDFUL = 5
"""Rows of the default suite, which come first and have the most pairs."""


SMALL = {
    **{name: TINY | {"name": name} for name in ("mlp", "fading", "patched")},
    "dcgan": {"name": "dcgan", "width": 2, "max_width": 4, "z_dim": 3},
}
ZOO_OF_AXES = load_zoo(files=[Path(__file__).with_name("axes.py")])


def make_row(row, **words):
    """Return the training of a row, small; `words` are those of `make`."""
    kinds = {kind: row[kind] for kind in ("regularizer", "conditioner", "loss", "lipschitz", "augment")}
    optim = {"name": row["optimizer"], "lr_decay": row["schedule"]}
    return make(model=SMALL[row["model"]], optim=optim, zoo=ZOO_OF_AXES, size=8, **kinds, **words)


def cover(axes):
    """Return rows, each a name of every axis, that hold every pair of names of two axes; the first hold the most."""
    pairs = ((((one, a), (other, b)) for a in axes[one] for b in axes[other]) for one, other in choose(axes, 2))
    left, rows = dict.fromkeys(itertools.chain.from_iterable(pairs)), []
    while left:
        row = dict(next(iter(left)))
        for axis in axes:
            if axis not in row:
                fresh = {name: count_pairs(row, axis, name, left, axes) for name in axes[axis]}
                row[axis] = max(fresh, key=fresh.get)
        rows.append({axis: row[axis] for axis in axes})
        for pair in choose(rows[-1].items(), 2):
            left.pop(pair, None)
    return rows


def count_pairs(row, axis, name, left, axes):
    """Return how many pairs that no row holds yet a name adds to a row."""
    order = list(axes)
    pairs = [sorted([(axis, name), chosen], key=lambda each: order.index(each[0])) for chosen in row.items()]
    return sum(tuple(pair) in left for pair in pairs)


ROWS = cover(AXES)


def together(rows=ROWS):
    """Parametrise a test by rows of the further axes, of which the default suite has a handful."""
    marks = [[] if number < HANDFUL else [pytest.mark.full] for number in range(len(rows))]
    cases = [pytest.param(row, id="-".join(row.values()), marks=m) for row, m in zip(rows, marks, strict=True)]
    return pytest.mark.parametrize("row", cases)
