"""The display of a run of 40 steps that is played without networks, in about a second: `played_run.py [WORDS]`."""

import sys
import time
from pathlib import Path

import click

from ganzoo.cli import progress
from ganzoo.cli.output import output_options
from ganzoo.data.progress import phase

STEPS = 40


@click.command()
@output_options
def play():
    """Train 40 steps, and score."""
    train = {"steps": STEPS, "log_every": 5, "device": "cpu", "precision": "fp32"}
    names = {"model": "mlp", "loss": "wgan", "lipschitz": "gp", "dataset": "digits"}
    settings = {f"{kind}.name": name for kind, name in names.items()} | {f"train.{key}": v for key, v in train.items()}
    progress.PATIENCE = 0.0
    with progress.Display() as display:
        display.start(settings, Path("runs/mlp-wgan-gp_digits-s0"), 0)
        for step in range(1, STEPS + 1):
            time.sleep(0.012)
            display.step(step)
            if step % 5 == 0:
                losses = {"d/adversarial": -28.31 * step, "d/penalty": 5.6949, "g/adversarial": -14.2 / step}
                logits = {"score/real": -12.345, "score/fake": 23.456, "images_per_s": 1234.5}
                display.record({"step": step, **losses, **logits})
        display.note("scoring 2,000 images by digits-cnn, which is a sentence that is longer than eighty columns are")
        with phase("scoring images by digits-cnn", 2_000, "images") as advance:
            for _ in range(4):
                time.sleep(0.25)
                advance(500)
    click.echo("complete")


if __name__ == "__main__":
    sys.exit(play())
