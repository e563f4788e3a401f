"""Runs and grids as HTML for the output of a notebook's cell; all text of runs is escaped."""

from __future__ import annotations

import base64
import html
import sys
from collections.abc import Iterable, Mapping
from typing import Any

from PIL import Image

from ganzoo.errors import CheckpointError
from ganzoo.runs.run import Run
from ganzoo.runs.sample_batch import enlarge, to_png

_SIDE = 420
"""Pixels of the longer side of a picture on the page."""


def is_in_notebook() -> bool:
    """Return whether this code runs in the kernel of a notebook."""
    shell = sys.modules["IPython"].get_ipython() if "IPython" in sys.modules else None
    return shell is not None and hasattr(shell, "kernel")


def is_interactive() -> bool:
    """Return whether somebody types this code at a prompt, of Python or of IPython."""
    return hasattr(sys, "ps1") or ("IPython" in sys.modules and sys.modules["IPython"].get_ipython() is not None)


def show_now(thing: Any, display_id: str = "") -> Any:
    """Show a picture or HTML below the cell, and return a handle that updates it."""
    from IPython.display import HTML, display

    shown = HTML(thing) if isinstance(thing, str) else thing
    return display(shown, display_id=display_id or True)


def open_picture(run: Run) -> Image.Image:
    """Return the newest sample grid of a run, enlarged to at least 600 pixels. Raises CheckpointError."""
    if run.grid is None:
        hint = "run.samples(16) (of the newest checkpoint)"
        raise CheckpointError("the run has no sample grid yet", where=str(run.path), hint=hint)
    with Image.open(run.grid) as picture:
        return enlarge(picture.copy())


def draw_run(run: Run) -> str:
    """Return the newest sample grid of a run beside its scores and the settings that matter."""
    state = run.status
    step, steps = state.get("step", 0), state.get("steps", run.config.train.steps)
    rows = [("state", f"{state.get('state', 'not begun')}, step {step:,} of {steps:,}"), *_scores(run), *_settings(run)]
    picture = draw_picture(open_picture(run), f"sample grid {run.grid.name}") if run.grid else ""
    return draw_page(f"{run.config.title}", str(run.path), rows, picture)


def draw_page(title: str, place: str, rows: Iterable[tuple[str, str]], picture: str = "") -> str:
    """Return a title, rows of a word and a text, and a picture beside them, which is HTML already."""
    cells = "".join(
        f'<tr><td style="text-align:left;opacity:.7;vertical-align:top;white-space:nowrap">{html.escape(word)}</td>'
        f'<td style="text-align:left">{html.escape(text)}</td></tr>'
        for word, text in rows
    )
    about = f"<div><b>{html.escape(title)}</b><br><code>{html.escape(place)}</code><table>{cells}</table></div>"
    return f'<div style="display:flex;flex-wrap:wrap;gap:1.5em;align-items:flex-start">{picture}{about}</div>'


def draw_picture(picture: Image.Image, title: str) -> str:
    """Return a picture as HTML that needs no file."""
    picture = picture.copy()
    picture.thumbnail((_SIDE, _SIDE))
    picture = (
        picture.quantize(16) if picture.mode == "L" else picture.convert("RGB").quantize(256)
    )  # a page stays small
    data = base64.b64encode(to_png(picture)).decode()
    size = f'width="{picture.width}" height="{picture.height}"'
    return f'<img {size} alt="{html.escape(title)}" title="{html.escape(title)}" src="data:image/png;base64,{data}">'


def _scores(run: Run) -> list[tuple[str, str]]:
    """Return the scores by the run's own settings, each with its interval."""
    return [
        (name, _show(score) + ("" if report["checkpoint"] == "last" else f" ({report['checkpoint']})"))
        for report in run.final_scores
        for name, score in report["scores"].items()
    ]


def _show(score: Mapping[str, Any]) -> str:
    interval = f" [{score['low']:.4g}, {score['high']:.4g}]" if score.get("low") is not None else ""
    return f"{score['value']:.4g}{interval}, {score['better']} is better"


def _settings(run: Run) -> list[tuple[str, str]]:
    config = run.config
    rates = f"{config.optim.lr_g:g} (G), {config.optim.lr_d:g} (D)"
    return [
        ("learning rates", rates),
        ("updates of D per step", str(config.optim.n_critic)),
        ("batch size", str(config.optim.batch_size)),
        ("seed", str(config.train.seed)),
    ]
