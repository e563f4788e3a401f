"""Gradients and weights of a critic of 12 layers, clipped and penalised: arXiv:1704.00028, figure 1(b)."""

from __future__ import annotations

from typing import Any

import numpy as np
import torch
from drawing import COLOURS, DASHES, MARKERS, Outcome, figure_of, grouped, markdown
from games import generated, hold_generator, set_up, teach_critic
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from torch import Tensor

from ganzoo.audit.layers import gradient_norms
from ganzoo.audit.slopes import near_limit
from ganzoo.training.loop import Training

LIMITS = {"clip 0.1": 0.1, "clip 0.01": 0.01, "clip 0.001": 0.001}
CRITICS = (*LIMITS, "gp 10")
SEEDS = (0, 1, 2)
UPDATES = 300
SHAPE = {
    "model__z_dim": 3,
    "model__width": 128,
    "model__depth": 12,
    "optim__batch_size": 256,
    "optim__batch_size_g": 256,
    "optim__lr_decay": "none",
}


def cases(quick: bool) -> list[tuple[Any, ...]]:
    """Return the arguments of each `play`."""
    seeds, updates = (SEEDS[:1], 20) if quick else (SEEDS, UPDATES)
    return [(critic, seed, updates) for seed in seeds for critic in reversed(CRITICS)]


def play(critic: str, seed: int, updates: int) -> Outcome:
    """Train one critic against noisy data of the swiss roll; measure its gradients and weights."""
    training = set_up("swissroll", "wgan", critic.split()[0], seed, **SHAPE, **options_of(critic), train__steps=updates)
    hold_generator(training)
    teach_critic(training, 0, updates)
    norms = list(norms_of(training).values())
    weights = torch.cat([weight.detach().flatten() for weight in training.gan.D.parameters()])
    limit = LIMITS.get(critic) or float(weights.abs().max())
    numbers = {"critic": critic, "seed": seed, "factor": factor_per_layer(norms), "first": norms[0], "limit": limit}
    numbers |= {"at the ends": near_limit([weights], limit), "norms": norms}
    return Outcome(numbers, {"weights": histogram(weights, limit)})


def options_of(critic: str) -> dict[str, Any]:
    """Return the optimiser of a critic.

    Clipping has RMSprop as in arXiv:1701.07875, with a rate of limit / 30 so that weights can cross the interval.
    """
    if critic not in LIMITS:
        return {"optim__lr_d": 1e-3}
    return {"lipschitz__limit": LIMITS[critic], "optim__name": "rmsprop", "optim__lr_d": LIMITS[critic] / 30}


def norms_of(training: Training, count: int = 1000) -> dict[str, float]:
    """Return, for each layer, the mean norm of the gradient with respect to its output."""
    y = torch.zeros(count, dtype=torch.long)
    return gradient_norms(training.gan, training.feed.x[:count], generated(training, count), y)


def factor_per_layer(norms: list[float]) -> float:
    """Return the growth factor of the gradient per layer, backwards: 10 to the slope of a line fitted to log10(norm).

    Norms that are 0 in float32, whose squares are below 1e-45, are left out.
    """
    depths = [depth for depth, norm in enumerate(norms) if norm > 0]
    return float(10 ** -np.polyfit(depths, [np.log10(norms[depth]) for depth in depths], 1)[0])


def histogram(weights: Tensor, limit: float) -> np.ndarray:
    """Return the shares of the weights in 41 bins from -limit to limit."""
    return np.histogram(weights.numpy() / limit, bins=41, range=(-1.0, 1.0))[0] / len(weights)


def draw(outcomes: list[Outcome]) -> Figure:
    """Draw the norms by layer on the left and the weights of two critics, relative to the largest, on the right."""
    figure, axes = figure_of(1, 3, 10.5, 3.6, width_ratios=[2, 1, 1])
    groups = grouped([outcome.numbers for outcome in outcomes], ("critic",))
    for critic in CRITICS:
        draw_norms(axes[0][0], critic, groups[(critic,)])
    axes[0][0].set(xlabel="layer of D: 1 reads the data, 13 gives the logit", ylabel="norm of the gradient (log scale)")
    axes[0][0].legend()
    for axis, critic in zip(axes[0][1:], ("clip 0.01", "gp 10"), strict=True):
        first = next(outcome for outcome in outcomes if outcome.numbers["critic"] == critic)
        colour = COLOURS[CRITICS.index(critic)]
        axis.bar(np.linspace(-1, 1, 41), 100 * first.picture["weights"], width=0.05, color=colour)
        axis.set(title=f"all weights of D, {critic}", ylabel="share of the weights (%)")
        axis.set_xlabel("weight / largest allowed" if critic in LIMITS else "weight / largest")
    return figure


def draw_norms(axis: Axes, critic: str, cases: list[dict[str, Any]]) -> None:
    """Draw the norms of the layers of one critic, one line per seed."""
    style = CRITICS.index(critic)
    for case in cases:
        shown = [norm or np.nan for norm in case["norms"]]
        label = critic if case["seed"] == 0 else None
        axis.semilogy(
            range(1, len(shown) + 1), shown, DASHES[style], color=COLOURS[style], marker=MARKERS[style],
            markersize=4, label=label,
        )  # fmt: skip


def table(numbers: list[dict[str, Any]]) -> str:
    """Return a table with one row per critic: means and ranges over the seeds."""
    columns = {
        "growth per layer, backwards": "factor",
        "at the first layer": "first",
        "weights at the ends": "at the ends",
    }
    return markdown(sorted(numbers, key=lambda row: CRITICS.index(row["critic"])), ("critic",), columns)
