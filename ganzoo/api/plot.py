"""Curves of one run, as a figure of matplotlib."""

from __future__ import annotations

import io
import math
from collections.abc import Mapping, Sequence
from functools import partial
from typing import TYPE_CHECKING, Any

from ganzoo.errors import ConfigError, ResourceError

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

_DEFAULT = (
    ("loss", {"d/adversarial": "D", "g/adversarial": "G"}),
    ("mean logit", {"score/real": "real", "score/fake": "generated"}),
)
"""Titles of the charts that are drawn unless others are asked for, with a label for each number."""

Records = Sequence[Mapping[str, Any]]


def draw_curves(log: Records, evaluations: Records, keys: Sequence[str]) -> Figure:
    """Draw the numbers of these keys over the steps; without keys the losses, the logits, and the scores if any.

    Raises ConfigError for a number that the log lacks, ResourceError if there is no matplotlib.
    """
    known = sorted({key for record in log for key in record} - {"step"})
    for key in keys:
        if key not in known:
            raise ConfigError(f"the log has no number {key!r}", hint=", ".join(known) or "a run that has trained")
    charts = [(key, {key: ""}, log) for key in keys] or [(title, labels, log) for title, labels in _DEFAULT]
    if evaluations and not keys:
        charts.append((str(evaluations[-1]["name"]), {"value": ""}, evaluations))
    figure = _make_figure(len(charts))
    for axes, (title, labels, records) in zip(figure.axes, charts, strict=True):
        _draw(axes, title, labels, records)
    figure._repr_png_ = partial(_encode, figure)  # type: ignore[attr-defined]  # a notebook draws it without pyplot
    return figure


def _encode(figure: Figure) -> bytes:
    file = io.BytesIO()
    figure.savefig(file, format="png", dpi=80)
    return file.getvalue()


def _make_figure(count: int) -> Figure:
    """Return a figure with a chart each; it belongs to no window, and pyplot keeps no reference to it."""
    try:
        from matplotlib.figure import Figure
    except ImportError as error:
        raise ResourceError("plot() needs the package matplotlib", hint="pip install matplotlib") from error
    columns = min(3, count)
    rows = math.ceil(count / columns)
    figure = Figure(figsize=(4.5 * columns, 3 * rows), layout="constrained")
    for place in range(count):
        figure.add_subplot(rows, columns, place + 1)
    return figure


def _draw(axes: Axes, title: str, labels: Mapping[str, str], records: Records) -> None:
    for key, label in labels.items():
        points = [(record["step"], value) for record in records if (value := record.get(key)) is not None]
        axes.plot(
            *zip(*points, strict=True) if points else ([], []), label=label, marker="." if len(points) < 20 else ""
        )
    axes.set_title(title)
    axes.set_xlabel("step")
    axes.grid(alpha=0.3)
    if any(labels.values()):
        axes.legend()
