"""`ganzoo evaluate`."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from ganzoo.cli.completers import complete_component, complete_setting
from ganzoo.cli.flags import (
    DATA_OPTIONS,
    DATASET_PATH,
    FEATURES_OPTIONS,
    FOLLOW_LINKS,
    PluginChoice,
    add_options,
    keeping_stdout,
)
from ganzoo.cli.grouped_help import GroupedCommand
from ganzoo.cli.places import require_target
from ganzoo.cli.ranges import Whole, one_of
from ganzoo.cli.run_names import RunName
from ganzoo.cli.settings import read_assignments

if TYPE_CHECKING:
    from ganzoo.runs.run import Run

_KEYS = {
    "samples": "eval.samples",
    "reference": "eval.reference",
    "metrics": "eval.metrics",
    "seed": "eval.seed",
    "labels": "eval.labels",
    "truncation": "eval.truncation",
    "batch_size": "eval.batch_size",
    "inception_weights": "features.weights",
    "split": "dataset.split",
    "image_size": "dataset.image_size",
    "data_root": "dataset.root",
    "download": "dataset.download",
    "cache": "dataset.cache",
    "device": "train.device",
}


@click.command(
    cls=GroupedCommand, short_help="Score a run, or images, against a dataset: FID, IS, KID, precision, recall."
)
@click.argument("target", type=RunName())
@click.option(
    "--dataset",
    metavar="NAME",
    shell_complete=complete_component,
    help="Dataset to compare with.  [default: the run's]",
)
@click.option("--split", metavar="NAME", help="Split of the dataset: train or test.  [default: the run's]")
@click.option(
    "--reference",
    type=click.Path(path_type=Path),
    metavar="FILE",
    help="npz file of mu and sigma to compare with, instead of a dataset: FD alone.",
)
@click.option(
    "--write-reference", type=click.Path(path_type=Path), metavar="FILE", help="Write mu and sigma of the reference."
)
@DATASET_PATH
@add_options(DATA_OPTIONS)
@click.option(
    "--samples",
    type=Whole(),
    metavar="N",
    help="Images to score, of a folder an even pick.  [default: as many as the run; all of a folder]",
)
@add_options(FEATURES_OPTIONS)
@click.option(
    "--metrics", metavar="NAMES", help="Metrics, separated by commas: fid, is, kid, prc, dc, modes, w1, intra-fid ..."
)
@click.option("--step", type=Whole(), metavar="N", help="Score the checkpoint of step N.  [default: the newest]")
@click.option("--best", is_flag=True, help="Score the best checkpoint, as --eval-every chose it.")
@click.option("--raw", is_flag=True, help="Use the weights of G itself, not of G_ema.")
@click.option(
    "--seed", type=Whole(), metavar="N", help="Seed of the latents, or of the pick of --samples.  [default: 0]"
)
@click.option(
    "--labels",
    type=one_of("training", "balanced"),
    help="Classes of a run's images: as often as in training, or each in turn.  [default: as the run]",
)
@click.option(
    "--truncation", type=float, metavar="PSI", help="Largest |z|, or psi of a model with styles.  [default: as the run]"
)
@click.option("--batch-size", type=Whole(), metavar="N", help="Number of images at a time.  [default: 64]")
@click.option("--device", metavar="NAME", help="Device: auto, cpu or cuda.  [default: auto]")
@click.option(
    "--closest", type=click.Path(path_type=Path), metavar="PNG", help="Draw the samples nearest to real ones."
)
@click.option(
    "--set",
    "assignments",
    multiple=True,
    metavar="SECTION.OPTION=VALUE",
    shell_complete=complete_setting,
    help="Any other setting; may be repeated.",
)
@FOLLOW_LINKS
@click.option("--json", "as_json", is_flag=True, help="Print one JSON object on stdout.")
@click.pass_obj
def evaluate(
    plugins: PluginChoice, /, target: Path, dataset: str | None, features: str | None, step: int | None, best: bool,
    raw: bool, dataset_path: Path | None, closest: Path | None, write_reference: Path | None,
    assignments: tuple[str, ...], follow_links: bool, as_json: bool, **flags: Any,
) -> None:  # fmt: skip
    """Score TARGET (a run folder, or a folder, zip, tar or npz of images); every score carries its protocol.

    \b
    ganzoo evaluate runs/NAME
    ganzoo evaluate runs/NAME --best --samples 50000 --features inception
    ganzoo evaluate images/ --dataset mnist --data-root DIR --json
    ganzoo evaluate fake.npz --dataset folder:photos --features photos-cnn
    ganzoo evaluate images/ --reference stats.npz --features inception
    """
    features = features or ("inception" if flags["inception_weights"] else None)
    given = _read_flags(flags) | read_assignments(assignments)
    plugins.known_names(given | (named := _read_names(dataset, features)))
    require_target(target, given | named)
    zoo = plugins.load()

    from ganzoo.cli import outcome, progress
    from ganzoo.runs import evaluate

    with keeping_stdout(), progress.Display("preparing to score"):
        subject = _open(target, plugins) if follow_links else target
        report = evaluate.evaluate(
            subject, dataset=dataset, features=features, options=given, dataset_path=dataset_path, step=step,
            best=best, ema=not raw, closest=closest, write_reference=write_reference, zoo=zoo,
        )  # fmt: skip
    outcome.print_report(report, as_json, target, plugins.command)


def _read_flags(flags: Mapping[str, Any]) -> dict[str, Any]:
    """Return the flags that were given as settings, with whole paths."""
    given = {_KEYS[flag]: value for flag, value in flags.items() if value is not None}
    return {k: str(value.expanduser().absolute()) if isinstance(value, Path) else value for k, value in given.items()}


def _open(target: Path, plugins: PluginChoice) -> Run | Path:
    """Return the run at a path, whose links are followed; the path if there is none."""
    from ganzoo.runs.folder import RunFolder
    from ganzoo.runs.run import Run

    return Run(target, plugins.load(), follow_links=True) if RunFolder(target).recipe.is_file() else target


def _read_names(dataset: str | None, features: str | None) -> dict[str, Any]:
    from ganzoo.settings.toml import parse_component

    named = {} if dataset is None else parse_component("dataset", dataset)
    return named if features is None else named | parse_component("features", features)
