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
    from ganzoo.settings.merge import Settings
    from ganzoo.settings.sections import RunConfig
    from ganzoo.training.gan import GAN
    from ganzoo.zoo.catalogue import Zoo


@click.command(cls=GroupedCommand, short_help="Train a GAN.")
@settings_options
@click.option("--out", type=click.Path(path_type=Path), metavar="DIR", help="Run folder.  [default: runs/<name>]")
@click.option("--auto-resume", is_flag=True, help="Go on with the run if --out holds it; complete, it stays as it is.")
@click.option("--dry-run", is_flag=True, help="Build the networks, try one step, print size and time; write nothing.")
@click.option("--json", "as_json", is_flag=True, help="End with one JSON object on stdout.")
@click.pass_obj
def run(
    plugins: PluginChoice, /, out: Path | None, auto_resume: bool, dry_run: bool, as_json: bool, **flags: Any
) -> None:
    """Train a GAN with the settings of a RECIPE, or with those that fit the chosen components.

    \b
    ganzoo run --model dcgan --loss wgan --lipschitz gp
    ganzoo run sngan --dataset cifar10 --data-root DIR --seed 3
    ganzoo run --dataset folder:photos --image-size 64 --steps 20000
    ganzoo run --conditioner cgan --set optim.lr_g=1e-4 --dry-run
    ganzoo run sngan --out runs/sngan --auto-resume
    """
    settings = read_settings(plugins, **flags)
    if not (auto_resume and _holds_run(out)):  # a run that is there says more of data that are gone
        require_places(settings.run, out)
    zoo = plugins.load()

    from ganzoo.cli import outcome
    from ganzoo.runs.folder import choose_name

    if dry_run:
        _try_step(settings.run, zoo, as_json)
        return
    path = out or Path("runs") / choose_name(settings.run)
    before = outcome.read_step(path) if auto_resume else None  # a new folder has no step
    if _train(settings, zoo, path, auto_resume):
        if outcome.read_step(path) != before:
            tell_findings(path, zoo)
        outcome.print_outcome(path, zoo, as_json, plugins)


def _holds_run(out: Path | None) -> bool:
    """Return whether the folder of --auto-resume holds a run. Raises ConfigError without --out."""
    from ganzoo.runs.folder import RunFolder
    from ganzoo.runs.new_folder import require_named

    return RunFolder(require_named(out)).recipe.is_file()


def _train(settings: Settings, zoo: Zoo, path: Path, auto_resume: bool) -> bool:
    """Train on this rank, and return whether it is the one that prints."""
    from ganzoo.cli import progress
    from ganzoo.runs import auto_resume as either
    from ganzoo.runs import follower, start
    from ganzoo.training.ranks import joined, read_ranks

    ranks = read_ranks()
    with joined(ranks, settings.run.train.device):
        if not ranks.is_main:
            if auto_resume:
                either.follow(settings, zoo, path, ranks)
            else:
                follower.start(settings, zoo, ranks)
            return False
        with keeping_stdout(), progress.Display() as display:
            begin = either.start_or_resume if auto_resume else start.start
            begin(settings, zoo, path, display, ranks)
    return True


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
