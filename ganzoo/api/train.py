"""`ganzoo.run`."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any, Literal

from ganzoo.api.progress import choose_observer
from ganzoo.api.run import Run
from ganzoo.api.words import in_python
from ganzoo.runs.observer import Observer
from ganzoo.runs.train import train_run
from ganzoo.zoo.catalogue import Zoo
from ganzoo.zoo.plugins import load_zoo

Precision = Literal["auto", "fp32", "tf32", "bf16"]


@in_python
def run(
    recipe: str | Path | None = None, *, model: str | None = None, loss: str | None = None,
    lipschitz: str | None = None, conditioner: str | None = None, augment: str | None = None,
    regularizer: str | None = None, dataset: str | Path | None = None, features: str | None = None,
    steps: int | None = None, seed: int | None = None, device: Literal["auto", "cpu", "cuda"] | None = None,
    batch_size: int | None = None, image_size: int | None = None, data_root: str | Path | None = None,
    download: bool | None = None, cache: bool | None = None, precision: Precision | None = None,
    init_from: str | Path | None = None, eval_every: int | None = None, samples: int | None = None,
    metrics: str | None = None, scores: bool | None = None, options: Mapping[str, Any] | None = None,
    out: str | Path | None = None, auto_resume: bool = False,
    progress: bool | None = None, observer: Observer | str | None = None, zoo: Zoo | None = None, **train: Any,
) -> Run:  # fmt: skip
    """Train a GAN and return its run: `ganzoo.run(model="dcgan", loss="wgan", lipschitz="gp", steps=300)`.

    `recipe` is the name or file of one. Components are named as on the command line, `dataset` also by the path of a
    folder or an archive. `steps` are updates of G, `samples` images to score, `eval_every` steps between scores, and
    `scores=False` leaves out those of the end. `options` are any settings by their keys, {"optim.lr_g": 1e-4}; further
    keywords are options of [train]. What is not given follows from the method and the dataset. `out` is the run folder,
    by default a new one in runs/; with `auto_resume` the run goes on if it is there. A notebook shows progress, a
    script nothing: `progress` says otherwise. An `observer` of your own is told all instead; one by its name beside.

    Raises ConfigError, DataError, PluginError, DivergedError, ResourceError, FolderError or RunInterrupted.
    """
    given = {name: value for name, value in locals().items() if name not in _OTHERS} | train
    zoo = zoo or load_zoo()
    if observer is not None and not isinstance(observer, Observer):
        given, observer = given | {"observer": observer}, None
    told = observer or choose_observer(progress)
    return Run(train_run(recipe, given, options, zoo, out, told, auto_resume=auto_resume), zoo)


_OTHERS = {"recipe", "options", "out", "auto_resume", "progress", "observer", "zoo", "train"}
"""Parameters that are no settings."""
