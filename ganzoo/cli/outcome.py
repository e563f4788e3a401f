"""The end of a command: state and scores of a run, a report, a dry run."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from ganzoo.cli.terminal import describe_score, print_table
from ganzoo.results.durations import show_duration
from ganzoo.runs.paths import quote_path

if TYPE_CHECKING:
    from ganzoo.cli.flags import PluginChoice
    from ganzoo.evaluation.evaluator import Report
    from ganzoo.training.dry_run import DryRun
    from ganzoo.zoo.catalogue import Zoo

MOST_CLASSES = 20
"""Classes whose scores are printed."""


def print_outcome(path: Path, zoo: Zoo, as_json: bool, plugins: PluginChoice) -> None:
    """Print the state, scores and files of a run and the commands to type next, or one JSON object."""
    from ganzoo.runs.records import Status, read_last_log_record
    from ganzoo.runs.run import Run

    run = Run(path, zoo)
    last = read_last_log_record(path)
    if as_json:
        outcome: dict[str, Any] = {"run": str(path), "status": run.status, "samples": str(run.grid or "")}
        outcome |= {"last": last, "scores": run.final_scores}
        click.echo(json.dumps(outcome))
        return
    status = run.folder.read_status() or Status("not begun", 0, run.config.train.steps)
    minutes, seconds = divmod(round(last.get("seconds", 0)), 60)
    click.echo(f"{status.state}: {status.step} of {status.steps} steps in {minutes}:{seconds:02d} min")
    click.echo(f"  samples  {run.grid}\n  run      {path}")
    if reports := run.final_scores:
        print_reports(reports)
    click.echo("next")
    click.echo(f"  {plugins.command} sample {quote_path(path)} --interpolate")
    click.echo(f"  {plugins.command} resume {quote_path(path)} --steps {2 * status.steps}")
    click.echo(f"  tensorboard --logdir {quote_path(run.folder.tensorboard)}")


def print_reports(reports: Sequence[Mapping[str, Any]]) -> None:
    """Print scores in one column per report: the last checkpoint beside the best."""
    rows: dict[str, dict[str, str]] = {}
    for report in reports:
        step = report["protocol"]["generated"]["step"]
        column = f"{report['checkpoint']}, step {step}" if step is not None else "value"
        for name, score in report["scores"].items():
            rows.setdefault(name, {"score": name, "better": score["better"]})[column] = describe_score(score)
    columns = {column: "" for row in rows.values() for column in row}
    print_table([columns | row for row in rows.values()])
    for report in reports:
        _print_classes(report["scores"])
        if found := report["memorisation"]:
            expected = f"of real images that were not trained on, about {found['expected']:.0%} would be"
            click.echo(f"  memorised  {found['share']:.0%} of the generated images; {expected}")
    for warning in {warning: None for report in reports for warning in report["warnings"]}:
        click.echo(f"  note: {warning}")


def _print_classes(scores: Mapping[str, Mapping[str, Any]]) -> None:
    """Print the scores of single classes, a column for each score that has some: of many classes the worst."""
    columns = {name: score["classes"] for name, score in scores.items() if score.get("classes")}
    if not columns:
        return
    name, classes = next(iter(columns.items()))
    worst_first = sorted(classes, key=lambda each: classes[each]["value"], reverse=scores[name]["better"] == "lower")
    shown = list(classes) if len(classes) <= MOST_CLASSES else worst_first[:MOST_CLASSES]
    if len(shown) < len(classes):
        click.echo(f"  the worst {len(shown)} of {len(classes):,} classes by {name} (all: --json)")
    rows = [{name: describe_score(column[each]) for name, column in columns.items()} for each in shown]
    print_table([{"  class": f"  {each}"} | row for each, row in zip(shown, rows, strict=True)])


def print_report(report: Report, as_json: bool) -> None:
    """Print scores with their protocol."""
    record = report.to_json()
    if as_json:
        click.echo(json.dumps(record, allow_nan=False))
        return
    generated, reference = report.protocol.generated, report.protocol.reference
    print_reports([{"checkpoint": "scores", **record}])
    made = (
        f"{generated.weights}, step {generated.step}, seed {generated.seed}" if generated.weights else generated.source
    )
    fingerprint = ", ".join(f"{key} {value[:40]}" for key, value in report.protocol.fingerprint.items())
    split = f", {reference.options['split']} split" if reference.options.get("split", "auto") != "auto" else ""
    click.echo(f"  generated  {generated.count:,} images ({made})")
    real = f"{reference.count:,} images" if reference.count is not None else "images"
    real = f"statistics of {real} in" if reference.source else f"{real} of"
    click.echo(f"  reference  {real} {reference.dataset}{split}, sha256 {reference.sha256[:8]}")
    click.echo(f"  features   {report.protocol.features}: {fingerprint}")


def print_dry_run(dry_run: DryRun, as_json: bool) -> None:
    """Print the size and time of a dry run, as text or as one JSON object."""
    from dataclasses import asdict

    if as_json:
        click.echo(json.dumps(asdict(dry_run) | {"seconds": dry_run.seconds}))
        return
    shape = " x ".join(map(str, dry_run.shape))
    click.echo(f"{dry_run.title} on {dry_run.device}; nothing was written")
    click.echo(f"  data        {dry_run.samples:,} samples of {shape}")
    for line in _list_classes(dry_run.classes):
        click.echo(line)
    click.echo(f"  parameters  G {dry_run.parameters_g:,}  D {dry_run.parameters_d:,}")
    click.echo(f"  operations  {dry_run.flops_per_step:.3g} FLOPs a step")
    click.echo(f"  memory      {dry_run.memory_mb:,.0f} MB at most so far")
    click.echo(
        f"  time        {dry_run.steps:,} steps x {dry_run.seconds_per_step:.3f} s = {show_duration(dry_run.seconds)}"
    )


def _list_classes(counts: Mapping[str, int], limit: int = 100) -> list[str]:
    """Return lines of 80 columns with the number of samples of each class; none if there is one class alone."""
    from textwrap import wrap

    if len(counts) < 2:
        return []
    shown = [f"{name} ({count:,})".replace(" ", "\xa0") for name, count in list(counts.items())[:limit]]
    rest = f" and {len(counts) - limit:,} more" if len(counts) > limit else ""
    text = f"{len(counts):,} classes: {', '.join(shown)}{rest}"
    first, indent = "  classes     ", " " * 14
    return [line.replace("\xa0", " ") for line in wrap(text, 80, initial_indent=first, subsequent_indent=indent)]
