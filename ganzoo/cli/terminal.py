"""Output of the command line: progress and remarks on stderr, results on stdout."""

from __future__ import annotations

import json
import shutil
import sys
import time
from collections.abc import Mapping, Sequence
from contextlib import suppress
from pathlib import Path
from types import TracebackType
from typing import TYPE_CHECKING, Any

import click
from rich.console import Console
from rich.progress import (
    BarColumn,
    MofNCompleteColumn,
    Progress,
    TextColumn,
    TimeElapsedColumn,
    TimeRemainingColumn,
)

from ganzoo.runs.observer import Observer
from ganzoo.runs.paths import quote_path

if TYPE_CHECKING:
    from ganzoo.cli.flags import PluginChoice
    from ganzoo.evaluation.evaluator import Report
    from ganzoo.training.dry_run import DryRun
    from ganzoo.training.loop import Training
    from ganzoo.zoo.catalogue import Zoo

MOST_CLASSES = 20
"""Classes whose scores are printed."""


class _Console(Console):
    """A console on stderr. If its reader has gone it falls silent, and the run goes on."""

    def __init__(self) -> None:
        super().__init__(stderr=True)

    def on_broken_pipe(self) -> None:
        self.quiet = True


class Display(Observer):
    """A progress bar on a terminal; elsewhere a line for every twentieth of the run, or every ten seconds."""

    def __init__(self) -> None:
        self._console = _Console()
        self._bar = Progress(
            TextColumn("step"), MofNCompleteColumn(), BarColumn(20), TimeElapsedColumn(), TextColumn("left"),
            TimeRemainingColumn(), TextColumn("{task.description}"),
            console=self._console, disable=not self._console.is_terminal, refresh_per_second=5,
        )  # fmt: skip
        self._steps, self._first, self._shown = 0, 0, 0
        self._start = self._shown_at = time.monotonic()

    def __enter__(self) -> Display:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        with suppress(OSError):  # the terminal may be closed
            self._bar.stop()

    def note(self, text: str) -> None:
        """Print a remark."""
        self._print(f"note: {text}")

    def start(self, training: Training, path: Path) -> None:
        """Print title, device and folder of the run, and start the bar."""
        self._steps, self._first = training.run.train.steps, training.step
        self._start = self._shown_at = time.monotonic()
        device, seed = training.gan.device, training.run.train.seed
        self._print(f"{training.run.title}  seed {seed}, {device.torch_device.type} {device.precision}  ->  {path}")
        self._task = self._bar.add_task("", total=self._steps, completed=training.step)
        self._bar.start()

    def step(self, step: int) -> None:
        """Move the bar."""
        self._bar.update(self._task, completed=step)

    def record(self, record: Mapping[str, Any]) -> None:
        """Show the numbers of a step beside the bar, or print them as a line."""
        self._bar.update(self._task, description=_describe(record))
        now = time.monotonic()
        due = record["step"] - self._shown >= self._steps / 20 or now - self._shown_at >= 10
        if not self._console.is_terminal and (due or record["step"] == self._steps):
            self._shown, self._shown_at = record["step"], now
            left = (now - self._start) / (record["step"] - self._first) * (self._steps - record["step"])
            self._print(f"step {record['step']}/{self._steps}  {_describe(record)}  {left:.0f} s left")

    def evaluation(self, record: Mapping[str, Any]) -> None:
        """Print a score while training."""
        score = f"{record['name']} {_describe_score(record)}"
        self._print(f"step {record['step']}/{self._steps}  {score}")

    def _print(self, text: str) -> None:
        with suppress(OSError):  # the terminal may be closed
            self._console.print(text, markup=False, highlight=False, soft_wrap=True)


def _describe(record: Mapping[str, Any]) -> str:
    penalty = f" penalty {record['d/penalty']:.3g}" if record["d/penalty"] else ""
    losses = f"D {record['d/adversarial']:.3g} G {record['g/adversarial']:.3g}{penalty}"
    scores = f"D(x) {record['score/real']:.2f} D(G(z)) {record['score/fake']:.2f}"
    return f"{losses}  {scores}  {record['images_per_s']:.0f} images/s"


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
            rows.setdefault(name, {"score": name, "better": score["better"]})[column] = _describe_score(score)
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
    rows = [{name: _describe_score(column[each]) for name, column in columns.items()} for each in shown]
    print_table([{"  class": f"  {each}"} | row for each, row in zip(shown, rows, strict=True)])


def _describe_score(score: Mapping[str, Any]) -> str:
    interval = f" [{score['low']:.4g}, {score['high']:.4g}]" if score["low"] is not None else ""
    return f"{score['value']:.4g}{interval}"


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
        f"  time        {dry_run.steps:,} steps x {dry_run.seconds_per_step:.3f} s = {duration(dry_run.seconds)}"
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


def duration(seconds: float) -> str:
    """Return a time as text: 97 s, 12 min, 3.4 h."""
    if seconds < 120:
        return f"{seconds:.0f} s"
    return f"{seconds / 60:.0f} min" if seconds < 7200 else f"{seconds / 3600:.1f} h"


def print_table(rows: Sequence[Mapping[str, Any]]) -> None:
    """Print rows in aligned columns; lines are cut to the width of a terminal, elsewhere they are not."""
    if not rows:
        return
    cells = [[str(value) for value in row.values()] for row in rows]
    header = list(rows[0])
    widths = [max(map(len, column)) for column in zip(header, *cells, strict=True)]
    limit = shutil.get_terminal_size().columns if sys.stdout.isatty() else None
    for line in [header, *cells]:
        text = "  ".join(cell.ljust(width) for cell, width in zip(line, widths, strict=True)).rstrip()
        click.echo(text if limit is None or len(text) <= limit else text[: limit - 1] + "…")
