"""`ganzoo run`."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from ganzoo.cli.diagnose import tell_findings
from ganzoo.cli.flags import PluginChoice, keeping_stdout, settings_options
from ganzoo.cli.grouped_help import GroupedCommand
from ganzoo.cli.places import require_places
from ganzoo.cli.settings import read_settings

if TYPE_CHECKING:
    from ganzoo.contracts import Samples
    from ganzoo.settings.sections import RunConfig
    from ganzoo.training.gan import GAN
    from ganzoo.zoo.catalogue import Zoo


@click.command(cls=GroupedCommand, short_help="Train a GAN.")
@settings_options
@click.option("--out", type=click.Path(path_type=Path), metavar="DIR", help="Run folder.  [default: runs/<name>]")
@click.option("--dry-run", is_flag=True, help="Build the networks, try one step, print size and time; write nothing.")
@click.option("--json", "as_json", is_flag=True, help="End with one JSON object on stdout.")
@click.pass_obj
def run(plugins: PluginChoice, /, out: Path | None, dry_run: bool, as_json: bool, **flags: Any) -> None:
    """Train a GAN with the settings of a RECIPE, or with those that fit the chosen components.

    \b
    ganzoo run --model dcgan --loss wgan --lipschitz gp
    ganzoo run sngan --dataset cifar10 --data-root DIR --seed 3
    ganzoo run --dataset folder:photos --image-size 64 --steps 20000
    ganzoo run --conditioner cgan --set optim.lr_g=1e-4 --dry-run
    """
    settings = read_settings(plugins, **flags)
    require_places(settings.run, out)
    zoo = plugins.load()

    from ganzoo.cli import outcome, progress
    from ganzoo.runs import follower, start
    from ganzoo.runs.folder import choose_name
    from ganzoo.training.ranks import joined, read_ranks

    if dry_run:
        _try_step(settings.run, zoo, as_json)
        return
    path, ranks = out or Path("runs") / choose_name(settings.run), read_ranks()
    with joined(ranks, settings.run.train.device):
        if not ranks.is_main:
            follower.start(settings, zoo, ranks)
            return
        with keeping_stdout(), progress.Display() as display:
            start.start(settings, zoo, path, display, ranks)
    tell_findings(path, zoo)
    outcome.print_outcome(path, zoo, as_json, plugins)


def _try_step(run: RunConfig, zoo: Zoo, as_json: bool) -> None:
    """Build a run, try one step, and print its size and time. Raises ConfigError under torchrun."""
    from ganzoo.cli import outcome, progress
    from ganzoo.errors import ConfigError
    from ganzoo.evaluation.before_training import foresee_scores
    from ganzoo.evaluation.run_evaluator import RunEvaluator
    from ganzoo.runs.init import initialise
    from ganzoo.training.dry_run import make_dry_run
    from ganzoo.training.ranks import read_ranks

    if read_ranks().size > 1:
        raise ConfigError("ganzoo run --dry-run runs in one process only", hint="the same command without torchrun")

    def begin(gan: GAN, samples: Samples) -> None:
        for lacking in foresee_scores(RunEvaluator(run, zoo, samples)):
            display.note(lacking)
        initialise(gan, run.init, display.note)

    with keeping_stdout(), progress.Display("trying a step") as display:
        tried = make_dry_run(run, zoo, display.note, begin)
    outcome.print_dry_run(tried, as_json)
