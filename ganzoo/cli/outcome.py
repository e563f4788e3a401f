"""The end of a command: state and scores of a run, a report, a dry run."""

from __future__ import annotations

import json
import re
from collections.abc import Mapping, Sequence
from pathlib import Path
from textwrap import wrap
from typing import TYPE_CHECKING, Any

import click

from ganzoo.cli.next_steps import after_scores, after_training, print_next
from ganzoo.cli.output import say, style
from ganzoo.cli.terminal import describe_score, print_table
from ganzoo.results.durations import show_duration

if TYPE_CHECKING:
    from ganzoo.cli.flags import PluginChoice
    from ganzoo.evaluation.evaluator import Report
    from ganzoo.training.dry_run import DryRun
    from ganzoo.zoo.catalogue import Zoo

MOST_CLASSES = 20
"""Classes whose scores are printed."""


def read_step(path: Path) -> int | None:
    """Return the step that a run has reached; None if it has not begun."""
    from ganzoo.runs.folder import RunFolder

    status = RunFolder(path).read_status()
    return status.step if status else None


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
    state = style(status.state, "best" if status.state == "complete" else "error")
    say(f"{state}: {status.step} of {status.steps} steps in {show_duration(last.get('seconds', 0))}")
    click.echo(f"  samples  {run.grid or 'no picture: ganzoo.Run(RUN).samples(n) gives numbers'}\n  run      {path}")
    if reports := run.final_scores:
        print_reports(reports)
    print_next(after_training(run, plugins.command))


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
    for line in _explain(reports):
        click.echo(line)
    for warning in {warning: None for report in reports for warning in report["warnings"]}:
        click.echo(f"  note: {warning}")


_WORDS = {
    "FD": ("FD", "the Frechet distance of FID, on these features", "fid"),
    "FID": ("FID", "the Frechet distance of Inception's features", "fid"),
    "IS": ("IS", "the Inception score, by this network", "is"),
    "KD": ("KD", "the kernel distance of KID, on these features", "kid"),
    "KID": ("KID", "the kernel distance of Inception's features", "kid"),
    "precision": ("precision, recall", "how real, how varied the samples are", "prc"),
    "density": ("density, coverage", "the same two, robust to outliers", "dc"),
}
"""Beginning of the name of a score -> the names that go together, what they say, and the topic that explains them."""


def _explain(reports: Sequence[Mapping[str, Any]]) -> list[str]:
    """Return lines of 80 columns that say what the names and numbers of scores mean."""
    scores = {name: score for report in reports for name, score in report["scores"].items()}
    plain = dict.fromkeys(name.partition("(")[0].partition("-")[0] for name in scores)
    known = [_WORDS[name] for name in plain if name in _WORDS]
    count, features = reports[0]["protocol"]["generated"]["count"], reports[0]["protocol"]["features"]
    lines = [f"of {count:,} generated images; {features} is the network whose features are compared"]
    if any(score["low"] is not None for score in scores.values()):
        lines.append("[low, high] is a 95 % interval")
    lines += [f"{names}: {meaning} (ganzoo explain {topic})" for names, meaning, topic in known]
    shares = {_describe_memorisation(report["memorisation"]): None for report in reports if report["memorisation"]}
    return [
        line for text in (*lines, *shares) for line in wrap(text, 78, initial_indent="  ", subsequent_indent="    ")
    ]


def _describe_memorisation(found: Mapping[str, Any]) -> str:
    return (
        f"memorised: {found['share']:.0%} of the generated images lie as close to a training image as the nearest "
        f"other training image does. Of new real images about {found['expected']:.0%} would. Far more are copies, "
        "far fewer are unlike the data (ganzoo explain memorisation)"
    )


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


def print_report(report: Report, as_json: bool, target: Path, command: str) -> None:
    """Print the scores of a run or of images with their protocol, and the commands to type next."""
    record = report.to_json()
    if as_json:
        click.echo(json.dumps(record, allow_nan=False))
        return
    generated, reference = report.protocol.generated, report.protocol.reference
    print_reports([{"checkpoint": "scores", **record}])
    weights = "G_ema, the moving average of G" if generated.weights == "ema" else "G"
    made = f"{weights}, step {generated.step}, seed {generated.seed}" if generated.weights else generated.source
    fingerprint = ", ".join(f"{key} {_shorten(value)}" for key, value in report.protocol.fingerprint.items())
    split = f", {reference.options['split']} split" if reference.options.get("split", "auto") != "auto" else ""
    click.echo(f"  generated  {generated.count:,} images ({made})")
    real = f"{reference.count:,} images" if reference.count is not None else "images"
    real = f"statistics of {real} in" if reference.source else f"{real} of"
    click.echo(f"  reference  {real} {reference.dataset}{split}, sha256 {reference.sha256[:8]}")
    for line in wrap(f"  features   {report.protocol.features}: {fingerprint}", 80, subsequent_indent=" " * 13):
        click.echo(line)
    print_next(after_scores(target, command))


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
    if dry_run.memory_mb is not None:
        click.echo(f"  memory      {dry_run.memory_mb:,.0f} MB, the most that this trial took")
    click.echo(
        f"  time        {dry_run.steps:,} steps x {dry_run.seconds_per_step:.3f} s = {show_duration(dry_run.seconds)}"
    )


def _list_classes(counts: Mapping[str, int], limit: int = 100) -> list[str]:
    """Return lines of 80 columns with the number of samples of each class; none if there is one class alone."""
    if len(counts) < 2:
        return []
    shown = [f"{name} ({count:,})".replace(" ", "\xa0") for name, count in list(counts.items())[:limit]]
    rest = f" and {len(counts) - limit:,} more" if len(counts) > limit else ""
    text = f"{len(counts):,} classes: {', '.join(shown)}{rest}"
    first, indent = "  classes     ", " " * 14
    return [line.replace("\xa0", " ") for line in wrap(text, 80, initial_indent=first, subsequent_indent=indent)]


def _shorten(value: str) -> str:
    """Return a SHA-256 by its first 12 digits, and words as they are."""
    return value[:12] if re.fullmatch("[0-9a-f]{64}", value) else value
