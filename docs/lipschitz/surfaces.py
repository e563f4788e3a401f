"""Surfaces of critics that were trained to convergence against noisy data: arXiv:1704.00028, figure 1(a)."""

from __future__ import annotations

import math
from typing import Any

import torch
from drawing import COLOURS, Outcome, figure_of, markdown
from games import critic_of, generated, hold_generator, measure_slopes, scorer, set_up, teach_critic
from matplotlib.figure import Figure
from torch import Tensor

from ganzoo.contracts import Critic

SETS = ("gaussians8", "gaussians25", "swissroll")
CRITICS = {
    "clip 0.01": ("clip", {"lipschitz__limit": 0.01, "optim__name": "rmsprop", "optim__lr_d": 5e-4}),
    "gp 10": ("gp", {"lipschitz__weight": 10.0, "optim__lr_d": 2e-3, "optim__beta1": 0.5}),
    "gp 0.1": ("gp", {"lipschitz__weight": 0.1, "optim__lr_d": 2e-3, "optim__beta1": 0.5}),
}
"""Enforcer and settings of each row of the figure."""
SEEDS = (0, 1, 2)
UPDATES = 1200
RADIUS = 0.1
"""Radius of the circle for `peak`: 5 standard deviations of a mode, a quarter of the spacing of the grid."""
WINDOW = torch.linspace(-1.5, 1.5, 90)


def cases(quick: bool) -> list[tuple[Any, ...]]:
    """Return the arguments of each `play`."""
    seeds, updates = (SEEDS[:1], 60) if quick else (SEEDS, UPDATES)
    return [(data, critic, seed, updates) for seed in seeds for critic in CRITICS for data in SETS]


def play(data: str, critic: str, seed: int, updates: int) -> Outcome:
    """Train one critic against noisy data and measure its surface."""
    enforcer, options = CRITICS[critic]
    training = set_up(data, "wgan", enforcer, seed, **SHAPE, **options, train__steps=updates)
    hold_generator(training)
    gaps = []
    for start, stop in ((0, 3 * updates // 4), (3 * updates // 4, updates)):
        teach_critic(training, start, stop)
        gaps.append(gap(training))
    slopes = measure_slopes(training)
    numbers = {
        "data": data,
        "critic": critic,
        "seed": seed,
        "slope": float(slopes.between.mean()),
        "largest": float(torch.cat(list(slopes)).max()),
    }
    numbers |= {"gap": gaps[1], "late": 1 - gaps[0] / gaps[1], "W1": scorer(training, 1000, "w1")()["W1"]}
    numbers |= {"found": gaps[1] / numbers["largest"] / numbers["W1"]}
    numbers |= {"peak": peak(critic_of(training), training.feed.x[:2000]) / numbers["slope"]}
    return Outcome(numbers, picture(critic_of(training), training.feed.x[:400]) if seed == SEEDS[0] else None)


SHAPE = {
    "model__z_dim": 3,
    "model__width": 128,
    "optim__batch_size": 256,
    "optim__batch_size_g": 256,
    "optim__lr_decay": "linear",
}


@torch.no_grad()
def gap(training: Any) -> float:
    """Return E D(x) - E D(G(z)) over 5,000 of each: the critic's estimate, in units of its slope."""
    critic = critic_of(training)
    return float(critic(training.feed.x[:5000]).mean() - critic(generated(training, 5000)).mean())


@torch.no_grad()
def peak(critic: Critic, x: Tensor) -> float:
    """Return the mean of (D(x) - mean of D on a circle around x) / radius: 1 for a cone of slope 1, 0 for a plane."""
    angles = torch.arange(16) * (2 * math.pi / 16)
    around = x[:, None] + RADIUS * torch.stack([angles.cos(), angles.sin()], dim=1)  # (N, 16, 2)
    return float((critic(x) - critic(around.flatten(0, 1)).reshape(-1, 16).mean(dim=1)).mean() / RADIUS)


@torch.no_grad()
def picture(critic: Critic, x: Tensor) -> dict[str, Any]:
    """Return the values of D on a square, and some of the data."""
    return {"surface": critic(torch.cartesian_prod(WINDOW, WINDOW)).reshape(len(WINDOW), -1).T.numpy(), "x": x.numpy()}


def draw(outcomes: list[Outcome]) -> Figure:
    """Draw one row per critic, one column per data set: level lines of D, data in vermilion."""
    figure, axes = figure_of(3, 3, 8.6, 8.4, sharex=True, sharey=True)
    shown = [outcome for outcome in outcomes if outcome.picture is not None]
    for axis, (numbers, image) in zip(axes.flat, shown, strict=True):
        low, high = image["surface"].min(), image["surface"].max()
        height = (image["surface"] - low) / (high - low)
        filled = axis.contourf(WINDOW, WINDOW, height, LEVELS, cmap="cividis", alpha=0.75)
        axis.contour(WINDOW, WINDOW, height, LEVELS, colors="white", linewidths=0.6)
        axis.plot(*image["x"].T, ".", color=COLOURS[1], markersize=2.5)
        axis.set(xticks=[-1, 0, 1], yticks=[-1, 0, 1], aspect="equal", title=f"{numbers['data']}, {numbers['critic']}")
    for axis in axes[-1]:
        axis.set_xlabel("first coordinate")
    for axis in axes[:, 0]:
        axis.set_ylabel("second coordinate")
    bar = figure.colorbar(filled, ax=axes, shrink=0.4, aspect=30, ticks=[0, 1])
    bar.ax.set_yticklabels(["lowest D", "highest D"])
    return figure


LEVELS = torch.linspace(0, 1, 17).numpy()
"""Heights of the level lines: D is scaled to [0, 1] in each panel, since a constant factor of D does not matter."""


def table(numbers: list[dict[str, Any]]) -> str:
    """Return a table with one row per dataset and critic: means over the seeds."""
    columns = {
        "mean slope between": "slope",
        "largest slope": "largest",
        "W1 found": "found",
        "peak": "peak",
        "late gain": "late",
    }
    return markdown(numbers, ("data", "critic"), columns)
