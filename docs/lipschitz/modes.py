"""Mode collapse: the number of modes that bce without enforcer and wgan with the penalty cover, over several seeds."""

from __future__ import annotations

import math
from typing import Any

from drawing import COLOURS, MARKERS, Outcome, figure_of, grouped, markdown
from games import generated, scorer, set_up
from matplotlib.axes import Axes
from matplotlib.figure import Figure

from ganzoo.builtin.datasets.toy import grid_centres, ring_centres
from ganzoo.training.loop import advance

AHEAD = {"optim__n_critic": 5, "optim__beta1": 0.5, "optim__beta2": 0.9, "optim__lr_decay": "linear"}
"""Settings with which D is near its optimum (arXiv:1704.00028, Algorithm 1), with the betas of its code for points."""
USUAL = {"optim__n_critic": 1, "optim__lr_d": 2e-4, "optim__lr_g": 2e-4, "optim__beta1": 0.5}
"""Settings of DCGAN, arXiv:1511.06434, with which neither player is ahead."""
METHODS = {
    "bce": ("bce", "none", AHEAD),
    "bce, DCGAN's settings": ("bce", "none", USUAL),
    "wgan gp": ("wgan", "gp", AHEAD),
}
DATA = {
    "gaussians8": {"model__width": 128, "model__z_dim": 16, "optim__lr_d": 1e-3, "optim__lr_g": 5e-4},
    "gaussians25": {"model__width": 128, "model__z_dim": 2, "optim__lr_d": 1e-3, "optim__lr_g": 1e-3},
    "stacked-digits": {
        "dataset__image_size": 8,
        "dataset__count": 3000,
        "model__width": 256,
        "model__z_dim": 64,
        "optim__lr_d": 1e-3,
        "optim__lr_g": 1e-4,
    },
}
WEIGHT = {"gaussians8": 0.1, "gaussians25": 0.1, "stacked-digits": 1.0}
"""Weight of the penalty; 0.1 is the value in the authors' code for points."""
POINTS = {"gaussians8": ring_centres, "gaussians25": grid_centres}
MODES = {"gaussians8": 8, "gaussians25": 25, "stacked-digits": 1000}
SEEDS = (0, 1, 2)
UPDATES = {"gaussians8": 4000, "gaussians25": 2000, "stacked-digits": 3000}
"""Updates of D, equal for all methods."""
COUNT = {"gaussians8": 2500, "gaussians25": 2500, "stacked-digits": 3000}
"""Samples among which modes are counted."""


def cases(quick: bool) -> list[tuple[Any, ...]]:
    """Return the arguments of each `play`."""
    seeds = SEEDS[:1] if quick else SEEDS
    return [
        (data, method, seed, 100 if quick else UPDATES[data]) for seed in seeds for method in METHODS for data in DATA
    ]


def play(data: str, method: str, seed: int, updates: int) -> Outcome:
    """Train one GAN and count the modes that it covers."""
    loss, enforcer, options = METHODS[method]
    batch = {"optim__batch_size": 128, "optim__batch_size_g": 128}
    steps = updates // options["optim__n_critic"]
    weight = {"lipschitz__weight": WEIGHT[data]} if enforcer == "gp" else {}
    training = set_up(data, loss, enforcer, seed, **DATA[data] | batch | options | weight, train__steps=steps)
    for _ in range(steps):
        advance(training)
    numbers = {"data": data, "method": method, "seed": seed, **scorer(training, COUNT[data], "modes")()}
    if data not in POINTS:
        return Outcome(numbers)
    return Outcome(numbers | scorer(training, 1000, "w1")(), {"x": generated(training, 2000).numpy()})


def draw(outcomes: list[Outcome]) -> Figure:
    """Draw the points of the first seed over the centres of the modes, and below the modes covered by each seed."""
    figure, axes = figure_of(3, len(METHODS), 9.0, 9.2)
    for row, data in zip(axes, POINTS, strict=False):
        for axis, method in zip(row, METHODS, strict=True):
            draw_points(axis, data, method, outcomes)
    for axis, data in zip(axes[-1], DATA, strict=True):
        draw_counts(axis, data, [outcome.numbers for outcome in outcomes if outcome.numbers["data"] == data])
    return figure


def draw_points(axis: Axes, data: str, method: str, outcomes: list[Outcome]) -> None:
    """Draw samples of the generator of the first seed."""
    chosen = [o for o in outcomes if o.numbers["data"] == data and o.numbers["method"] == method]
    axis.plot(*chosen[0].picture["x"].T, ".", color=COLOURS[0], markersize=2)
    axis.plot(*POINTS[data]().T.numpy(), "o", color=COLOURS[1], markersize=10, fillstyle="none", markeredgewidth=1.6)
    axis.set(title=f"{data}\n{method}", xticks=[-1, 0, 1], yticks=[-1, 0, 1], aspect="equal")
    axis.set(xlim=(-1.05, 1.05), ylim=(-1.05, 1.05))


def draw_counts(axis: Axes, data: str, rows: list[dict[str, Any]]) -> None:
    """Draw the number of covered modes, one dot per seed."""
    for position, group in enumerate(grouped(rows, ("method",)).values()):
        found = [row["modes"] for row in group]
        shifts = [position + 0.12 * (seed - 1) for seed in range(len(found))]  # equal counts lie side by side
        axis.plot(shifts, found, MARKERS[position], color=COLOURS[position])
    axis.axhline(MODES[data], color="black", linewidth=0.8)
    scale = "log" if MODES[data] > 100 else "linear"  # 5 and 70 of 1,000 would both lie at the lower edge
    axis.set(title=f"{data}: all {MODES[data]:,} at the line", yscale=scale, ylabel=f"modes covered ({scale} scale)")
    axis.set_ylim(1 if scale == "log" else 0, MODES[data] * (1.5 if scale == "log" else 1.08))
    axis.set_xticks(range(len(METHODS)), ["bce", "bce,\nDCGAN's", "wgan gp"])


def table(numbers: list[dict[str, Any]]) -> str:
    """Return a table with one row per dataset and method: means and ranges over the seeds; W1 for points only."""
    rows = [{"W1": math.nan, "high-quality": math.nan, **row} for row in numbers]
    return markdown(
        sorted(rows, key=lambda row: [*DATA].index(row["data"])),
        ("data", "method"),
        {"modes": "modes", "KL": "KL-modes", "near": "high-quality", "W1": "W1"},
    )
