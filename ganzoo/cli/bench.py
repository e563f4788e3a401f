"""`ganzoo bench`."""

from __future__ import annotations

import json
from collections.abc import Iterator
from dataclasses import asdict
from typing import TYPE_CHECKING, Any

import click

from ganzoo.cli.flags import PluginChoice, keeping_stdout, settings_options
from ganzoo.cli.grouped_help import GroupedCommand
from ganzoo.cli.places import require_places
from ganzoo.cli.ranges import FiniteRange, Whole, one_of
from ganzoo.cli.settings import read_settings

if TYPE_CHECKING:
    from ganzoo.runs.speed import Speed, Spread


@click.command(cls=GroupedCommand, short_help="Measure how fast a run trains here, and where its time goes.")
@settings_options
@click.option(
    "--against",
    type=one_of("eager"),
    help="Also time a plain PyTorch loop, and print the ratio.",
)
@click.option("--repeats", type=Whole(1, 1000), default=5, show_default=True, help="Number of measurements.")
@click.option("--seconds", type=FiniteRange(0, 3600), default=2.0, show_default=True, help="Seconds of each.")
@click.option("--json", "as_json", is_flag=True, help="Print one JSON object on stdout.")
@click.pass_obj
def bench(
    plugins: PluginChoice, /, against: str | None, repeats: int, seconds: float, as_json: bool, **flags: Any
) -> None:
    """Measure how fast a run trains on this machine: images/s, phases, FLOPs.

    Nothing is trained to the end and nothing is kept. The ceiling is the speed of
    the product of two large matrices in the precision of the run. --against eager
    also times the loop of a tutorial with the same components: float32, contiguous
    memory, a DataLoader, nothing fused. Both take turns, so that noise affects both.

    \b
    ganzoo bench --model dcgan --loss wgan --lipschitz gp
    ganzoo bench sngan --dataset digits --against eager
    ganzoo bench dcgan --dataset digits --image-size 64 --against eager --json
    """
    settings = read_settings(plugins, **flags)
    require_places(settings.run)
    zoo = plugins.load()

    from ganzoo.cli import progress
    from ganzoo.runs import speed as benchmark

    with keeping_stdout(), progress.Display("measuring") as display:
        speed = benchmark.measure_speed(
            settings.run, zoo, display, repeats=repeats, seconds=seconds, against=against or ""
        )
    click.echo(json.dumps(asdict(speed) | {"share": speed.share}) if as_json else "\n".join(_describe(speed)))


def _describe(speed: Speed) -> Iterator[str]:
    yield (
        f"{speed.title} on {speed.device} {speed.precision}, {speed.threads} threads, batch {speed.batch_size}, "
        f"n_critic {speed.n_critic}"
    )
    yield f"  images/s    {_spread(speed.images_per_s)}, {speed.repeats} times {speed.steps} steps"
    yield f"  a step      {_spread(speed.step_ms)} ms"
    yield "              " + ", ".join(f"{phase} {_number(time.median)}" for phase, time in speed.phases_ms.items())
    yield (
        f"  operations  {speed.flops_per_step / 1e9:,.1f} GFLOP a step: {speed.flops_per_s / 1e9:,.0f} GFLOP/s, "
        f"{speed.share:.0%} of the"
    )
    yield f"              {speed.ceiling / 1e9:,.0f} GFLOP/s that a product of matrices reaches here"
    if speed.memory_mb is not None:
        yield f"  memory      {speed.memory_mb:,.0f} MB at most"
    if (eager := speed.against) is not None:
        yield f"  eager       {_spread(eager.images_per_s)} images/s, {eager.flops_per_step / 1e9:,.1f} GFLOP a step"
        yield f"  ratio       {_spread(eager.ratio)} over {len(eager.pairs)} pairs; at the ceiling {eager.bound:.2f}"


def _spread(spread: Spread) -> str:
    return f"{_number(spread.median)}  ({_number(spread.low)} to {_number(spread.high)})"


def _number(value: float) -> str:
    return f"{value:,.0f}" if value >= 100 else f"{value:.3g}"
