"""Findings about the course of a run: did it diverge, does it go round in circles, does its loss mean anything?"""

from __future__ import annotations

from collections.abc import Iterator

from ganzoo.audit.findings import Finding, Level
from ganzoo.diagnosis.history import (
    FEWEST,
    FEWEST_SCORES,
    Floats,
    Records,
    find_agreement,
    find_lead,
    find_rhythm,
    read_series,
)
from ganzoo.diagnosis.replay import NaNOrigin
from ganzoo.training.loop import REMEDIES

INFORMATIVE = 0.5
"""Rank correlation from which a loss tells good moments of a run from bad ones."""


def judge_end(state: str, origin: NaNOrigin | None) -> Iterator[Finding]:
    """Did the run end in numbers that are not finite?"""
    if state != "diverged":
        yield Finding("divergence", "fine", "every number that was logged is finite", topic="oscillation")
        return
    what = "a number became infinite or nan"
    if origin is None:
        what += "; repeated from its last checkpoint, the run does not show where"
    else:
        what = f"{origin.what} was the first that was not finite, in step {origin.step}"
    evidence = {} if origin is None else {"step": float(origin.step), "checkpoint": float(origin.since)}
    yield Finding("divergence", "alarm", what, evidence, REMEDIES, "oscillation", "curves.png")


def judge_rhythm(log: Records, scores: tuple[Floats, Floats]) -> Iterator[Finding]:
    """Do loss and score come back to where they were?"""
    steps, loss = read_series(log, "d/adversarial")
    steps, loss = steps[len(steps) // 4 :], loss[len(loss) // 4 :]  # the beginning is a way, and no circle
    if len(loss) < FEWEST:
        what = f"{len(loss)} records of the loss are too few to show a rhythm: --set train.log_every=N"
        yield Finding("oscillation", "unknown", what, topic="oscillation")
        return
    lead, rhythm = find_lead(log), find_rhythm(steps, loss)
    evidence = {"period": rhythm.period, "strength": rhythm.strength, "swing": rhythm.swing}
    evidence |= {"memory": rhythm.memory, "critic ahead": lead.critic, "changes of lead": float(lead.changes)}
    what = f"the critic's loss shows no period; it forgets where it was within {rhythm.memory:.0f} steps"
    level: Level = "fine"
    if rhythm.period is not None and rhythm.strength > 0.4:
        what = f"the critic's loss comes back every {rhythm.period:.0f} steps (autocorrelation {rhythm.strength:.2f})"
        level = "remark"
    if len(scores[0]) >= FEWEST and (of_score := find_rhythm(*scores)).period is not None:
        evidence |= {"period of the score": of_score.period, "strength of the score": of_score.strength}
        if of_score.strength > 0.5 and of_score.swing > 0.2:
            what, level = f"the score itself comes back every {of_score.period:.0f} steps", "alarm"
    advice = ("--lipschitz r1", "--lipschitz gp", "--set optim.beta1=0") if level != "fine" else ()
    yield Finding("oscillation", level, what, evidence, advice, "oscillation", "curves.png")


def judge_loss(log: Records, scores: tuple[Floats, Floats], score_name: str) -> Iterator[Finding]:
    """Does a loss fall when the samples get better? arXiv:1701.07875, Figures 3 and 4."""
    critic = find_agreement(log, "d/adversarial", -1, scores)
    generator = find_agreement(log, "g/adversarial", 1, scores)
    if critic is None or generator is None:
        what = f"{len(scores[0])} scores beside records of a loss that changes: {FEWEST_SCORES} are needed"
        yield Finding("uninformative-loss", "unknown", f"{what} (--eval-every N, or --diagnose)", topic="wgan")
        return
    evidence = {"critic's estimate": critic.rho, "generator's loss": generator.rho}
    evidence |= {"by chance": critic.chance, "scores": float(critic.scores)}
    level: Level = "fine" if critic.rho >= INFORMATIVE else "remark"
    what = (
        f"rank correlation with {score_name} over {critic.scores} scores: "
        f"{critic.rho:.2f} for the critic's estimate (-loss), {generator.rho:.2f} for the generator's loss"
    )
    advice = () if level == "fine" else ("--loss wgan --lipschitz gp", "--eval-every 500")
    yield Finding("uninformative-loss", level, what, evidence, advice, "wgan", "curves.png")
