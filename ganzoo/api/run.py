"""`ganzoo.Run`: a run with what a notebook draws, its numbers as tables, and what else can be done with it."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Any, Literal

from torch import nn

from ganzoo.api.display import draw_run, is_in_notebook, open_picture, show_now
from ganzoo.api.words import in_python
from ganzoo.diagnosis.diagnose import Diagnosis, diagnose
from ganzoo.errors import ConfigError
from ganzoo.results.comparison.overview import find_best, find_last
from ganzoo.results.report import write_report
from ganzoo.runs import run as runs
from ganzoo.runs.frames import import_pandas
from ganzoo.runs.named_labels import take_names
from ganzoo.zoo.catalogue import Zoo

if TYPE_CHECKING:
    import pandas
    from matplotlib.figure import Figure

    from ganzoo.export.write import Exported


class Run(runs.Run):
    """A run, read from its folder: `ganzoo.Run("runs/first")`, or "@last", the run in runs/ that changed last.

    A notebook shows its newest sample grid, its scores and settings. `dataset_path` is where its data lie now, if they
    moved; `follow_links` lets it write where its parts are links. Raises CheckpointError if there is no run at `path`.
    """

    @in_python
    def __init__(
        self, path: str | Path, zoo: Zoo | None = None,
        *, dataset_path: str | Path | None = None, follow_links: bool = False,
    ) -> None:  # fmt: skip
        super().__init__(find_run(path), zoo, dataset_path=dataset_path, follow_links=follow_links)

    resume = in_python(runs.Run.resume)
    samples = in_python(runs.Run.samples)
    evaluate = in_python(runs.Run.evaluate)
    verify = in_python(runs.Run.verify)

    @in_python
    def generator(self, *, step: int | None = None, ema: bool = True, truncation: float = 0.0) -> tuple[nn.Module, int]:
        """Return G_ema (or G) of a checkpoint, the newest by default, and its z_dim.

        `G(z)` with z (N, z_dim) gives samples (N, *shape) in [-1, 1]; a generator of classes takes them as numbers or
        names: `G(z, y="bird")`, `G(z, y=[3, 5])`. `truncation` is the largest |z|, or psi of the styles of a model
        that has some; 0 means none. Raises CheckpointError if no checkpoint can be read, PluginError if a plugin of the
        run is missing.
        """
        network, z_dim = super().generator(step=step, ema=ema, truncation=truncation)
        return take_names(network, self), z_dim

    @in_python
    def diagnose(self, *, step: int | None = None, held_out: str | None = None) -> Diagnosis:
        """Return what goes wrong in the run, and what to try; `step` and `held_out` as in `ganzoo.diagnose`."""
        return diagnose(self, step=step, held_out=held_out)

    @in_python
    def report(self, out: str | Path | None = None, **how: Any) -> Path:
        """Write one offline HTML page about the run, by default report.html in its folder, and return its path."""
        return write_report([self.path], self.path / "report.html" if out is None else out, **how)

    @in_python
    def export(self, out: str | Path, *, step: int | None = None, card: bool = False, licence: str = "") -> Exported:
        """Write G_ema, and return path, step and largest difference from it: `run.export("g.onnx")`.

        `out` is a file .onnx, .pt2 or .safetensors, or a new folder, for which `card` writes a model card too;
        `licence` is that of the weights. Raises ConfigError, FolderError, CheckpointError, EvaluationError for a
        network that cannot be traced, ResourceError for a package that is missing.
        """
        from ganzoo.export.write import export_run  # torch.export takes a second to import

        return export_run(self, Path(out).expanduser(), step=step, card=card, licence=licence)

    def frame(self, kind: Literal["log", "evaluations"] = "log") -> pandas.DataFrame:
        """Return the log, or the scores while training, as a table of pandas: a row for each record.

        Raises ConfigError for another kind, ResourceError if pandas is absent.
        """
        if kind not in ("log", "evaluations"):
            raise ConfigError(f"a run has no frame {kind!r}", hint='frame("log"), or frame("evaluations")')
        return import_pandas().DataFrame(self.log if kind == "log" else self.evaluations)

    def plot(self, *keys: str) -> Figure:
        """Draw numbers of the log over the steps, losses and logits by default: `run.plot("lr/d", "lr/g")`.

        The figure is one of matplotlib, which a notebook shows. Raises ConfigError for a number that the log lacks.
        """
        from ganzoo.api.plot import draw_curves  # matplotlib takes a second to import

        return draw_curves(self.log, self.evaluations, keys)

    def show(self) -> None:
        """Show the newest sample grid: below the cell of a notebook, else in the viewer of the desktop.

        Raises CheckpointError if there is none.
        """
        picture = open_picture(self)
        if is_in_notebook():
            show_now(picture)
        else:
            picture.show(title=str(self.grid))

    def _repr_html_(self) -> str:
        return draw_run(self)


def find_run(path: str | Path) -> Path:
    """Return the folder that "@last" and "@best" stand for, a name below runs/, or the path as it is."""
    if str(path) in ("@last", "@best"):
        return find_last() if str(path) == "@last" else find_best()
    asked = Path(path).expanduser()
    return below if not asked.exists() and (below := Path("runs") / asked).exists() else asked
