"""Number of settings that work for each method, in a grid over rates, betas, batch norm and n_critic.

Compare arXiv:1704.00028, Sec. 5.1.
"""

from __future__ import annotations

from itertools import product
from typing import Any

import numpy as np
from drawing import COLOURS, DASHES, MARKERS, Outcome, figure_of, grouped
from games import scorer, set_up
from matplotlib.figure import Figure

from ganzoo.errors import ConfigError, DivergedError
from ganzoo.training.loop import advance, measure

METHODS = {
    "bce": ("bce", "none", {}),
    "wgan clip": ("wgan", "clip", {"lipschitz__limit": 0.03, "optim__name": "adam"}),
    "wgan gp": ("wgan", "gp", {"lipschitz__weight": 1.0}),
}
RATES = (1e-3, 3e-3, 1e-2)
BETAS = ((0.0, 0.9), (0.5, 0.999))
NORMS = (False, True)
N_CRITIC = (1, 5)
UPDATES = 1000
"""Updates of D, equal for all settings."""
LEVELS = (0.2, 0.3, 0.4)
"""Wasserstein-1 distances below which a setting counts as good; the paper's table has four levels."""
GOOD = 0.3
"""Wasserstein-1 distance of 1,000 samples below which a setting works; one mode alone has about 1."""


def cases(quick: bool) -> list[tuple[Any, ...]]:
    """Return the arguments of each `play`."""
    updates, rates = (50, RATES[:1]) if quick else (UPDATES, RATES)
    return [(*case, updates) for case in product(METHODS, rates, BETAS, NORMS, N_CRITIC)]


def play(method: str, rate: float, betas: tuple[float, float], norm: bool, n_critic: int, updates: int) -> Outcome:
    """Train one GAN on the ring with one setting."""
    numbers = {"method": method, "rate": rate, "betas": list(betas), "batch norm": norm, "n_critic": n_critic}
    loss, enforcer, options = METHODS[method]
    options = options | {
        "optim__lr_g": rate,
        "optim__lr_d": rate,
        "optim__n_critic": n_critic,
        "optim__lr_decay": "none",
    }
    options |= {"optim__beta1": betas[0], "optim__beta2": betas[1]}
    try:
        return Outcome(numbers | train(loss, enforcer, options, norm, updates // n_critic))
    except DivergedError:
        return Outcome(numbers | {"W1": None})


def train(loss: str, enforcer: str, options: dict[str, Any], norm: bool, steps: int) -> dict[str, Any]:
    """Return the Wasserstein-1 distance at the end, and which networks had batch norm. Raises DivergedError."""
    shape = {"model__width": 128, "model__z_dim": 2, "optim__batch_size": 64, "optim__batch_size_g": 64}
    common = shape | options | {"model__name": "normed", "model__norm_g": norm, "train__steps": steps}
    try:
        training = set_up("gaussians8", loss, enforcer, 0, **common, model__norm_d=norm)
        where = "G and D" if norm else "nowhere"
    except ConfigError:  # ganzoo refuses batch norm in a penalised critic, as the paper recommends
        training, where = set_up("gaussians8", loss, enforcer, 0, **common), "G"
    for step in range(steps):
        terms = advance(training)
        if step % 50 == 49:
            measure(training.gan, terms, step)
    return {"norm in": where, **scorer(training, 1000, "w1")()}


def is_good(row: dict[str, Any], level: float = GOOD) -> bool:
    """Return whether the run did not diverge and ended near the data."""
    return row["W1"] is not None and row["W1"] < level


def draw(outcomes: list[Outcome]) -> Figure:
    """Draw the sorted Wasserstein-1 distances, one line per method; settings below the horizontal line work."""
    figure, axes = figure_of(1, 1, 8.0, 4.2)
    axis = axes[0][0]
    groups = grouped([outcome.numbers for outcome in outcomes], ("method",))
    for i, ((method,), group) in enumerate(groups.items()):
        scores = sorted(WORST if row["W1"] is None else min(row["W1"], WORST) for row in group)
        axis.plot(
            np.arange(1, len(scores) + 1), scores, DASHES[i], marker=MARKERS[i], markersize=5, color=COLOURS[i],
            label=method,
        )  # fmt: skip
    axis.axhline(GOOD, color="black", linewidth=0.8)
    axis.text(25.9, GOOD - 0.015, f"good: below {GOOD}", ha="right", va="top")
    axis.set(
        xlabel="settings of a method, from the best to the worst",
        ylabel="W1 of samples (length; 1.2 or more at the top)",
    )
    axis.set(xlim=(0.5, 26), xticks=[1, 6, 12, 18, 24], ylim=(0, None))
    axis.legend()
    return figure


WORST = 1.2
"""Upper end of the axis: no generator of points in the square is much worse."""


def table(numbers: list[dict[str, Any]]) -> str:
    """Return a table of the number of good settings per method, with one row per level and per value of a setting."""
    lines = ["| settings | " + " | ".join(METHODS) + " |", "|" + "---|" * (len(METHODS) + 1)]
    lines += [line(f"all, W1 < {level}", numbers, level) for level in LEVELS]
    for name, values in {"rate": RATES, "betas": map(list, BETAS), "batch norm": NORMS, "n_critic": N_CRITIC}.items():
        lines += [line(f"{name} {value}", [row for row in numbers if row[name] == value], GOOD) for value in values]
    return "\n".join(lines)


def line(name: str, rows: list[dict[str, Any]], level: float) -> str:
    """Return one line of the table."""
    chosen = [[is_good(row, level) for row in rows if row["method"] == method] for method in METHODS]
    return f"| {name} | " + " | ".join(f"{sum(good)} of {len(good)}" for good in chosen) + " |"
