"""Loss of the critic and quality of the samples over a run: arXiv:1701.07875, figures 3 and 4."""

from __future__ import annotations

import math
from statistics import mean
from typing import Any

from drawing import COLOURS, DASHES, Outcome, figure_of, markdown
from games import scorer, set_up, teach_critic
from matplotlib.figure import Figure
from scipy.stats import spearmanr

from ganzoo.training.loop import advance

DATA = "gaussians8"
AHEAD = {"optim__lr_g": 1e-4, "optim__lr_d": 1e-3, "optim__n_critic": 10}
"""Settings with which D learns faster than G. Its loss is then close to the optimum, as the estimate assumes."""
USUAL = {"optim__lr_g": 1e-3, "optim__lr_d": 1e-3, "optim__n_critic": 1, "optim__beta1": 0.5}
"""Settings of arXiv:1511.06434, with which neither player is ahead, but with a larger rate for these short runs."""
METHODS = {
    "bce": ("bce", "none", USUAL),
    "wgan clip": ("wgan", "clip", AHEAD | {"lipschitz__limit": 0.03}),
    "wgan gp": ("wgan", "gp", AHEAD | {"lipschitz__weight": 1.0}),
}
SEEDS = (0, 1, 2)
UPDATES, EVERY = 1600, 40
"""Updates of D in a run, and between two points of a curve."""
WARM_UP = 200
"""Updates of D before the first of G. The authors of arXiv:1701.07875 make 100 in each of the first 25 steps."""


def cases(quick: bool) -> list[tuple[Any, ...]]:
    """Return the arguments of each `play`."""
    seeds, updates = (SEEDS[:1], 4 * EVERY) if quick else (SEEDS, UPDATES)
    return [(method, seed, updates) for seed in seeds for method in METHODS]


def play(method: str, seed: int, updates: int) -> Outcome:
    """Train one GAN; record both mean losses and the Wasserstein-1 distance of 500 samples every few updates."""
    loss, enforcer, options = METHODS[method]
    shape = {"model__width": 128, "model__z_dim": 2, "optim__batch_size": 128, "optim__batch_size_g": 128}
    steps, every = updates // options["optim__n_critic"], EVERY // options["optim__n_critic"]
    training = set_up(DATA, loss, enforcer, seed, **shape, **options, optim__lr_decay="none", train__steps=steps)
    teach_critic(training, 0, WARM_UP)
    score, terms, track = scorer(training, 500, "w1"), list[dict[str, float]](), dict[str, list[float]]()
    for step in range(1, steps + 1):
        terms.append({name: float(value) for name, value in advance(training).items()})
        if step % every == 0:
            point = {"step": step, "D": mean(term["d/adversarial"] for term in terms[-every:]), **score()}
            point |= {"G": mean(term["g/adversarial"] for term in terms[-every:])}
            for name, value in point.items():
                track.setdefault(name, []).append(value)
    numbers = {"method": method, "seed": seed, "first W1": track["W1"][0], "last W1": track["W1"][-1]}
    said, half = estimate(track, method), len(track["W1"]) // 2
    numbers |= {"rho early": rank_correlation(said[:half], track["W1"][:half])}
    numbers |= {"rho": rank_correlation(said, track["W1"]), "rho G": rank_correlation(track["G"], track["W1"])}
    return Outcome(numbers, {"track": track})


def estimate(track: dict[str, list[float]], method: str) -> list[float]:
    """Return the distance that the loss of D estimates: Wasserstein-1 times the slope, or Jensen-Shannon in nats.

    It is -L_D for the first (arXiv:1701.07875, Eq. 2) and log 2 - L_D / 2 for the second (Sec. 4.2).
    """
    return [-loss if method.startswith("wgan") else math.log(2) - loss / 2 for loss in track["D"]]


def rank_correlation(x: list[float], y: list[float]) -> float:
    """Return Spearman's rank correlation: 1 if both always rise together."""
    return float(spearmanr(x, y).statistic)


def draw(outcomes: list[Outcome]) -> Figure:
    """Draw one column per method and one line per seed: D's estimate above, Wasserstein-1 of the samples below."""
    figure, axes = figure_of(2, len(METHODS), 10.5, 5.6, sharex="col")
    for outcome in outcomes:
        track, column = outcome.picture["track"], list(METHODS).index(outcome.numbers["method"])
        seed = outcome.numbers["seed"]
        style = {"color": COLOURS[seed], "linestyle": DASHES[seed], "linewidth": 1.4, "label": f"seed {seed}"}
        axes[0][column].plot(track["step"], estimate(track, outcome.numbers["method"]), **style)
        axes[1][column].plot(track["step"], track["W1"], **style)
        axes[0][column].set(title=outcome.numbers["method"], ylabel=UNITS[outcome.numbers["method"]])
        axes[1][column].set(xlabel="updates of G", ylabel="W1 of samples (length)")
    for axis in axes[1]:
        axis.set_ylim(0, None)
    axes[0][-1].legend()
    return figure


UNITS = {
    "bce": "loss of D says: divergence (nats)",
    "wgan clip": "loss of D says: W1 x slope",
    "wgan gp": "loss of D says: W1 x slope",
}
"""What the upper curve of each method is, for its axis."""


def table(numbers: list[dict[str, Any]]) -> str:
    """Return a table with one row per method: means and ranges over the seeds."""
    columns = {"W1 at first": "first W1", "W1 at last": "last W1", "rho, first half": "rho early", "rho, all": "rho"}
    return markdown(numbers, ("method",), columns | {"rho of G's loss": "rho G"})
