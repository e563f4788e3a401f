"""The product of losses, enforcers, conditioners and models, of which the default suite runs a part."""

import pytest

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
