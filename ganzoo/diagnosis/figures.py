"""Pictures of a diagnosis, as PNG files. Numbers that are not finite are left out, and counted in the legend."""

from __future__ import annotations

import io
from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np
from matplotlib.axes import Axes
from matplotlib.backends.backend_agg import FigureCanvasAgg
from matplotlib.figure import Figure
from PIL import Image
from torch import Tensor

from ganzoo.data.drawing import can_draw, draw_each
from ganzoo.data.images import make_grid, to_uint8
from ganzoo.diagnosis.class_figure import draw_classes
from ganzoo.diagnosis.course import Floats, Records, Series, read_series
from ganzoo.files import write_atomically
from ganzoo.runs.run import Run

if TYPE_CHECKING:
    from ganzoo.audit.audit import Audit
    from ganzoo.diagnosis.diagnose import Diagnosis

LARGEST = 90_000
"""Bytes of a picture, at most: seven of them are less than a checkpoint of a small run."""
BINS = 60
WIDTH = 7.2
"""Width of a picture in inches of 100 pixels."""
COLOURS = {"real": "#0072B2", "held-out": "#009E73", "between": "#666666", "generated": "#D55E00"}
"""Colours of kinds of samples in all pictures, which the colour-blind can tell apart (Okabe and Ito 2008)."""


def draw_figures(diagnosis: Diagnosis, run: Run, folder: Path) -> None:
    """Write the pictures that findings name into a folder, replacing older ones. Raises OSError."""
    from ganzoo.diagnosis.diagnose import read_scores

    found = diagnosis.audit
    figures = {
        "slopes.png": draw_slopes(found),
        "layers.png": draw_layers(found),
        "logits.png": draw_logits(found),
        "weights.png": draw_weights(found, found.traits.weight_limit),
        "curves.png": draw_curves(run.log, *read_scores(run)),
        "samples.png": draw_samples(found),
    }
    if found.classes is not None:
        figures["classes.png"] = draw_classes(found.classes, found.step)
    folder.mkdir(parents=True, exist_ok=True)
    for name, figure in figures.items():
        write_atomically(folder / name, encode(figure))


def draw_slopes(audit: Audit) -> Figure:
    """Draw histograms of D's slope at real and generated samples and in between.

    Dashed: the slopes that the enforcer pulls to; 1, for comparison, if it pulls to none.
    """
    names = {"real": "slope/real", "between": "slope/between", "generated": "slope/fake"}
    series = {name: _take(audit, key) for name, key in names.items()}
    targets = sorted(set(audit.traits.target_slopes.values())) or [1.0]
    drawn = np.concatenate([_finite(np.concatenate([*series.values()])), targets, [1.0]])
    xlabel = "; ".join(filter(None, ("slope", audit.traits.describe_targets())))
    figure, axes = _start(f"Slope of D, ||dD(x)/dx||, step {audit.step}", xlabel, "share of samples")
    wide = bool(np.median(drawn) < 0.2 or drawn.max() > 20)
    if wide:  # a clipped critic's slopes lie thousands of times below 1
        axes.set_xscale("log")
    edges = _choose_log_edges(drawn) if wide else choose_edges(drawn)
    _draw_histograms(axes, {name: np.maximum(values, edges[0]) for name, values in series.items()}, edges)
    for target in targets:
        if target > 0 or not wide:  # a logarithmic axis has no 0
            axes.axvline(target, color="black", linestyle="--", linewidth=1, label=f"slope {target:g}")
    axes.legend(fontsize=8)
    return figure


def draw_logits(audit: Audit) -> Figure:
    """Draw histograms of D's logits of training samples, held-out samples and generated ones."""
    names = {"real": "logit/train", "held-out": "logit/held-out", "generated": "logit/fake"}
    series = {name: _take(audit, key) for name, key in names.items() if name != "held-out" or key in audit.values}
    figure, axes = _start(f"What D says, step {audit.step}", "logit (higher: more real)", "share of samples")
    _draw_histograms(axes, series, choose_edges(_finite(np.concatenate([*series.values(), np.empty(0)]))))
    axes.legend(fontsize=8)
    return figure


def draw_weights(audit: Audit, limit: float | None) -> Figure:
    """Draw a histogram of the parameters of D; dashed: the limits that the enforcer keeps them between."""
    weights = _take(audit, "weight")
    size = np.abs(_finite(weights))
    # without clipping, a few scales of normalisation near 1 would leave one bar for all other weights
    reach = limit or (float(np.quantile(size, 0.995)) if len(size) else 1.0) or 1.0
    xlabel = "weight" if limit else "weight (the middle 99.5 %)"
    figure, axes = _start(f"Weights of D, step {audit.step}", xlabel, "share of weights")
    _draw_histograms(axes, {"weights": weights}, np.linspace(-1.05 * reach, 1.05 * reach, BINS + 1))
    for i, end in enumerate((-limit, limit) if limit else ()):
        label = "" if i else f"clip value {limit:g}"
        axes.axvline(end, color="black", linestyle="--", linewidth=1, label=label or None)
    axes.legend(fontsize=8)
    return figure


def draw_layers(audit: Audit) -> Figure:
    """Draw spectral norm and gradient norm of D's layers, the first one on top."""
    norms, gradients = (dict(audit.layers.get(of, {})) for of in ("spectral norm", "gradient"))
    names = [*dict.fromkeys([*norms, *gradients])]
    figure = Figure(figsize=(WIDTH, 1.6 + 0.22 * len(names)), dpi=100, layout="constrained")
    left, right = figure.subplots(1, 2, sharey=True)
    left.barh(range(len(names)), np.nan_to_num([norms.get(name, 0) for name in names], posinf=0), color="#0072B2")
    values = np.array([gradients.get(name, np.nan) for name in names], float)
    shown = np.isfinite(values) & (values > 0)
    if shown.any():
        right.set_xscale("log")
        right.set_xlim(*_find_decades(values[shown]))
    right.plot(values[shown], np.flatnonzero(shown), marker="o", color="#D55E00")
    left.set_yticks(range(len(names)), [_label(name, norms, gradients) for name in names], fontsize=7)
    left.set_ylim(max(len(names), 1) - 0.5, -0.5)
    left.set(title=f"Spectral norm, step {audit.step}", xlabel="largest singular value")
    right.set(title="Gradient", xlabel="||dL/dh||, mean over samples")
    right.grid(axis="x", alpha=0.3)
    return figure


def draw_curves(log: Records, scores: Series, score_name: str) -> Figure:
    """Draw the losses over the run, and below them the score if there is one."""
    figure = Figure(figsize=(WIDTH, 5.5 if len(scores[0]) else 3.2), dpi=100, layout="constrained")
    panels = figure.subplots(2 if len(scores[0]) else 1, 1, sharex=True, squeeze=False)[:, 0]
    names = {"d/adversarial": "#0072B2", "g/adversarial": "#D55E00", "d/penalty": "#666666"}
    lines = {name: read_series(log, name) for name in names}
    for name, (steps, values) in lines.items():
        if np.any(values):  # a penalty that nothing asks for is always 0
            panels[0].plot(steps, values, label=name, color=names[name], linewidth=1)
    _set_scale(panels[0], np.concatenate([values for _, values in lines.values()]))
    panels[0].set(title="Losses", ylabel="loss")
    if panels[0].lines:
        panels[0].legend(fontsize=8)
    if len(scores[0]):
        panels[1].plot(*scores, marker="o", markersize=3, color="#009E73")
        panels[1].set(title=f"{_escape(score_name)} (lower is better)", ylabel="score")
    panels[-1].set_xlabel("step (updates of G)")
    return figure


def draw_samples(audit: Audit) -> Figure:
    """Draw real samples beside generated ones: images as grids, points of the plane as they lie there."""
    figure = Figure(figsize=(WIDTH, 3.9), dpi=100, layout="constrained")
    left, right = figure.subplots(1, 2)
    real, fake = audit.samples
    for axes, x, title in ((left, real, "Real samples"), (right, fake, f"Generated by G_ema, step {audit.step}")):
        if real.ndim == 4:
            _show_images(axes, x)
        elif real.ndim == 2 and real.shape[1] == 2:
            _show_points(axes, x, real)
        elif can_draw(tuple(real.shape[1:])):
            _show_images(axes, draw_each(x).float() / 127.5 - 1)
        else:
            _write(axes, f"samples of shape {tuple(x.shape[1:])}:\nneither images nor points of the plane")
        axes.set_title(title if bool(x.isfinite().all()) else f"{title}: not finite", fontsize=11)
    return figure


def _show_images(axes: Axes, x: Tensor) -> None:
    """Show x (N, C, H, W) in [-1, 1] as a grid of 8 x 8, or fewer if they are large or in colour.

    Of images that are not RGB, the first channel is shown.
    """
    side = min(6 if x.shape[1] == 3 else 8, max(2, 320 // x.shape[-1]))
    grid = make_grid(to_uint8(x[: side**2].nan_to_num(0.0, 1.0, -1.0)), side).permute(1, 2, 0).numpy()
    way = "nearest" if grid.shape[1] <= 50 * WIDTH else "antialiased"  # sharp pixels make small files
    axes.imshow(grid if grid.shape[2] == 3 else grid[..., 0], cmap="gray", vmin=0, vmax=255, interpolation=way)
    axes.set_axis_off()


def _show_points(axes: Axes, x: Tensor, real: Tensor) -> None:
    """Show points x (N, 2) over the real ones (M, 2), which are grey, in the window of the real ones."""
    low, high = real.amin(0), real.amax(0)
    margin = 0.15 * (high - low) + 1e-3
    axes.scatter(real[:, 0].numpy(), real[:, 1].numpy(), s=3, color="#BBBBBB")
    if x is not real:
        inside = x[(x.isfinite() & (x > low - margin) & (x < high + margin)).all(1)]
        axes.scatter(inside[:, 0].numpy(), inside[:, 1].numpy(), s=3, color=COLOURS["generated"])
        axes.set_xlabel(f"{len(x) - len(inside)} of {len(x)} lie outside")
    (left, bottom), (right, top) = (low - margin).tolist(), (high + margin).tolist()
    axes.set(xlim=(left, right), ylim=(bottom, top))


def _draw_histograms(axes: Axes, series: Mapping[str, Floats], edges: Floats) -> None:
    """Draw a histogram of each series of values (n,), as shares of n."""
    for name, values in series.items():
        finite = _finite(values)
        shares = np.histogram(finite, edges)[0] / max(1, len(values))
        lost = len(values) - len(finite)
        label = f"{name}, mean {finite.mean():.3g}" if len(finite) else f"{name}: none"
        label += f" ({lost} of {len(values)} not finite)" if lost else ""
        colour = COLOURS.get(name, "#0072B2")
        axes.stairs(shares, edges, fill=True, alpha=0.3, color=colour)
        axes.stairs(shares, edges, color=colour, label=label)
    axes.set_ylim(bottom=0)


def choose_edges(values: Floats) -> Floats:
    """Return the edges (BINS + 1,) of equal bins over finite values (n,), wider than 0 even if all are alike."""
    low, high = (float(values.min()), float(values.max())) if len(values) else (0.0, 0.0)
    if high - low <= 1e-6 * max(abs(low), abs(high)):
        margin = 0.5 * abs(low) or 0.5
        low, high = low - margin, high + margin
    return np.linspace(low, high, BINS + 1)


def _choose_log_edges(values: Floats) -> Floats:
    """Return edges for values (n,) >= 0, not all 0; the first edge is above 0, and below all values but 0."""
    return np.geomspace(float(values[values > 0].min()) / 1.5, float(values.max()) * 1.5, BINS + 1)


def _find_decades(values: Floats) -> tuple[float, float]:
    """Return the powers of ten around positive values (n,)."""
    low, high = np.floor(np.log10(values.min())), np.ceil(np.log10(values.max()))
    return float(10.0 ** (low - 0.1)), float(10.0 ** (max(high, low + 1) + 0.1))


def _set_scale(axes: Axes, values: Floats) -> None:
    """Choose a scale on which both ends of a loss are seen that grew without bound."""
    if len(values) and np.abs(values).max() > 100 * (usual := max(float(np.median(np.abs(values))), 1.0)):
        axes.set_yscale("symlog", linthresh=usual)


def _start(title: str, xlabel: str, ylabel: str) -> tuple[Figure, Axes]:
    figure = Figure(figsize=(WIDTH, 3.2), dpi=100, layout="constrained")
    axes = figure.subplots()
    axes.set(title=title, xlabel=xlabel, ylabel=ylabel)
    return figure, axes


def _write(axes: Axes, text: str) -> None:
    axes.set_axis_off()
    axes.text(0.5, 0.5, text, ha="center", va="center")


def _label(name: str, *measured: Mapping[str, float]) -> str:
    """Return a layer's name, cut to its end if it is long, with the values that cannot be drawn."""
    odd = {f"{values[name]:g}" for values in measured if name in values and not 0 < values[name] < np.inf}
    return _escape(name[-36:]) + "".join(f" ({value})" for value in sorted(odd))


def _escape(name: str) -> str:
    """Return a plugin's name as plain text: no formula, and only letters that the font has."""
    return name.encode("ascii", "replace").decode().replace("$", r"\$")


def _take(audit: Audit, key: str) -> Floats:
    return np.array(audit.values.get(key, ()), dtype=float)


def _finite(values: Floats) -> Floats:
    return values[np.isfinite(values)]


def encode(figure: Figure) -> bytes:
    """Return a PNG file with as many colours as keep it below LARGEST bytes."""
    canvas = FigureCanvasAgg(figure)
    canvas.draw()  # type: ignore[no-untyped-call]
    pixels = np.asarray(canvas.buffer_rgba())  # type: ignore[no-untyped-call]
    image = Image.fromarray(pixels).convert("RGB")
    data = b""
    for colours in (256, 128, 64, 16):
        stream = io.BytesIO()
        image.quantize(colours, dither=Image.Dither.NONE).save(stream, "PNG", optimize=True)
        data = stream.getvalue()
        if len(data) <= LARGEST:
            break
    return data
