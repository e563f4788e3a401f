"""A run, read from its folder: log, scores, samples; it can go on."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any, Literal, Self

import torch
from torch import nn

from ganzoo.contracts import Conditioner, DataSpec, Samples
from ganzoo.errors import CheckpointError, ConfigError
from ganzoo.evaluation.evaluator import Report
from ganzoo.runs import checkpoint
from ganzoo.runs.branch import continue_run
from ganzoo.runs.changes import Changes, require_same_run
from ganzoo.runs.damage import known_records, warn
from ganzoo.runs.folder import RunFolder, read_reports
from ganzoo.runs.manifest import check_data, check_plugins, read_classes, read_spec
from ganzoo.runs.moved_data import explain_absence, locate
from ganzoo.runs.observer import Observer
from ganzoo.runs.records import Manifest, Status
from ganzoo.runs.sample_batch import SampleBatch
from ganzoo.runs.sample_stream import SampleOptions, gather_samples
from ganzoo.runs.verdicts import Verdict
from ganzoo.runs.verify import verify_run
from ganzoo.training.build import build_gan
from ganzoo.training.compatibility import readable_labels
from ganzoo.training.device import choose_device
from ganzoo.training.gan import GAN
from ganzoo.training.labels import label_words
from ganzoo.training.truncation import truncate, truncation_words
from ganzoo.zoo.catalogue import Zoo
from ganzoo.zoo.loading import load_dataset
from ganzoo.zoo.plugins import load_zoo


class Run:
    """A run, read from its folder: log, scores, samples; `resume` goes on with it.

    `dataset_path` is where its data lie now, if they moved; `follow_links` lets it write where its parts are links.
    Raises CheckpointError if there is no run at `path`.
    """

    def __init__(
        self, path: str | Path, zoo: Zoo | None = None,
        *, dataset_path: str | Path | None = None, follow_links: bool = False,
    ) -> None:  # fmt: skip
        self.folder = RunFolder(Path(path).expanduser(), follow_links)
        self.config = self.folder.read_recipe()
        self._zoo = zoo
        self.is_moved = dataset_path is not None
        if dataset_path is not None:
            check_plugins(self.made_with, self.zoo)  # its error says more than that a component is unknown
            self.config = locate(self.config, dataset_path, self.zoo)

    @property
    def zoo(self) -> Zoo:
        """Zoo that the run was opened with, else that of the installed plugins."""
        self._zoo = self._zoo or load_zoo()
        return self._zoo

    def __repr__(self) -> str:
        status = self.folder.read_status() or Status("not begun", 0, self.config.train.steps)
        return f"Run({str(self.path)!r}, {status.state}, step {status.step}/{status.steps})"

    @property
    def path(self) -> Path:
        """Path of the run folder."""
        return self.folder.path

    @property
    def log(self) -> list[dict[str, Any]]:
        """Records of log.jsonl, in order."""
        return known_records(self.folder.log)

    @property
    def evaluations(self) -> list[dict[str, Any]]:
        """Records of evaluations.jsonl, the scores while training, in order."""
        return known_records(self.folder.evaluations)

    @property
    def scores(self) -> list[dict[str, Any]]:
        """Reports of scores.json, each with its protocol and its checkpoint."""
        return read_reports(self.folder)

    @property
    def final_scores(self) -> list[dict[str, Any]]:
        """Reports by the run's own settings: of the last checkpoint, then of the best one."""
        own = {"count": self.config.eval.samples, "seed": self.config.eval.seed, "weights": "ema"}
        if self.scores:
            own |= {"labels": self._label_words, "truncation": self.describe_truncation(self.config.eval.truncation)}
        reports = [r for r in self.scores if r["protocol"]["generated"].items() >= own.items()]
        reference = Path(self.config.eval.reference).name or self.config.dataset.name
        reports = [r for r in reports if r["protocol"]["reference"]["dataset"] == reference]
        found = {report["checkpoint"]: report for report in reports}
        return [found[name] for name in ("last", "best") if name in found]

    @property
    def _label_words(self) -> str:
        """Words of the protocol about the labels of the run's own reports."""
        counts = self.class_counts if self.config.eval.labels == "training" else ()
        return label_words(self.num_classes, counts, self.data.label_shape or None)

    def describe_truncation(self, psi: float) -> str:
        """Return the words of the protocol for samples truncated by `psi`: "none", "|z| <= 0.5"."""
        return truncation_words(self.zoo.create("model", self.config.model), psi)

    @property
    def status(self) -> dict[str, Any]:
        """State, step, steps and owner of the run; empty before it began."""
        return status.to_json() if (status := self.folder.read_status()) else {}

    @property
    def manifest(self) -> dict[str, Any]:
        """Versions, plugins, command, data, device and seed of the run, as manifest.json has them."""
        return self.folder.read_json(self.folder.manifest)

    @property
    def made_with(self) -> Manifest:
        """The manifest as checked values. Raises CheckpointError if it cannot be read."""
        return self.folder.read_manifest()

    @property
    def data(self) -> DataSpec:
        """Shape and number of classes of the training data."""
        return read_spec(self.made_with)

    @property
    def num_classes(self) -> int:
        """Number of classes that the generator knows; 1 if it ignores labels."""
        conditioner: Conditioner = self.zoo.create("conditioner", self.config.conditioner)
        return self.data.num_classes if conditioner.embedding_dim else 1

    @property
    def class_names(self) -> list[str]:
        """Names of the classes of the training data, in the order of their numbers."""
        return read_classes(self.made_with)

    @property
    def class_counts(self) -> tuple[int, ...]:
        """Number of training samples of each class; empty for a run of an older version, which did not count them."""
        data = self.made_with.data
        return data.class_counts if data else ()

    @property
    def grid(self) -> Path | None:
        """Newest sample grid, if any."""
        return next(reversed(self.folder.grids), None)

    def generator(self, *, step: int | None = None, ema: bool = True, truncation: float = 0.0) -> tuple[nn.Module, int]:
        """Return G_ema (or G) of a checkpoint, the newest by default, and its z_dim.

        `truncation` is the largest |z|, or psi of the styles of a model that has some; 0 means none.
        Raises CheckpointError if no checkpoint can be read, PluginError if a plugin of the run is missing.
        """
        gan, _ = self.restore(step)
        network = gan.G_ema.module if ema else gan.G
        return truncate(gan.model, network, truncation).eval(), gan.z_dim

    def load_data(self) -> Samples:
        """Return the data of the run. Raises DataError if they are gone, CheckpointError if they moved and differ."""
        with explain_absence(self.config, self.zoo):
            samples = load_dataset(self.config.dataset, self.zoo)
        samples = samples.numbered_as(read_classes(self.made_with))
        samples = readable_labels(samples, self.zoo.create("conditioner", self.config.conditioner))
        if self.is_moved:
            check_data(self.made_with, samples)
        return samples

    def restore(self, step: int | None = None, *, whole: bool = False) -> tuple[GAN, int]:
        """Return a GAN with the generators of a checkpoint, the newest by default, and its step.

        `whole` restores discriminator, augmentation and optimisers too. Raises what `generator` raises.
        """
        check_plugins(self.made_with, self.zoo)
        loaded = checkpoint.load(self.folder.checkpoints, step, quarantine=False)
        for text in loaded.warnings:
            warn(text)
        require_same_run(loaded, self.config, self.made_with, self.path)
        gan = self.build()
        try:
            if whole:
                gan.load_state_dict(loaded.state)
            gan.G.load_state_dict(loaded.state["G"])
            gan.G_ema.load_state_dict(loaded.state["G_ema"])
            gan.label_vectors = loaded.state.get("label_vectors")
        except (KeyError, RuntimeError, ValueError) as error:
            what = f"the checkpoint of step {loaded.step} does not fit the recipe: {error}"
            raise CheckpointError(what, where=str(self.path)) from error
        return gan, loaded.step

    def build(self) -> GAN:
        """Return the networks of the run with new random weights; the random state stays as it is."""
        device = choose_device("cpu" if self.config.train.device == "cpu" else "auto", "fp32")
        with torch.random.fork_rng():
            return build_gan(self.config, self.zoo, self.data, device)

    def samples(
        self,
        count: int = 64,
        *,
        seed: int = 0,
        label: int | str | Sequence[int | str] | None = None,
        labels: Literal["training", "balanced"] | None = None,
        truncation: float = 0.0,
        step: int | None = None,
        ema: bool = True,
    ) -> SampleBatch:
        """Return new samples, images as uint8 (count, C, H, W); sample i of a seed is the same for any count.

        `label` is the number or the name of the only class, or several in turn; without it the classes are as frequent
        as `labels` says, by default the run's eval.labels. A notebook draws the samples. Raises ConfigError for an
        impossible count or an unknown class, ResourceError if memory is short, EvaluationError if the generator gives
        nan, and what `generator` raises.
        """
        one, several = (label, ()) if isinstance(label, int | str | None) else (None, tuple(label))
        options = SampleOptions(count, seed, one, several, labels, truncation=truncation, step=step, ema=ema)
        x, y, _ = gather_samples(self, options)
        return SampleBatch.of(x, y)

    def evaluate(self, **how: Any) -> Report:
        """Score the run, and keep the report in its folder; takes what `ganzoo.evaluate` takes: `best=True`."""
        from ganzoo.runs.evaluate import evaluate  # which imports this module

        return evaluate(self, **how)

    def verify(self) -> list[Verdict]:
        """Read every file of the run, and return a verdict on each: whole, worth a remark, or damaged."""
        return verify_run(self.path, follow_links=self.folder.follow_links)

    def require_classes(self) -> int:
        """Return the number of classes. Raises ConfigError if the generator ignores labels, or takes vectors."""
        if shape := self.data.label_shape:
            what = f"labels of this run are vectors of shape {shape}, not classes"
            hint = "leave out --class, or leave out --per-class, or in Python G, _ = run.generator(), then G(z, y)"
            raise ConfigError(what, where=str(self.path), hint=hint)
        if self.num_classes == 1:
            hint = "ganzoo run --conditioner cgan, or projection, or acgan"
            raise ConfigError("the generator of this run ignores labels", where=str(self.path), hint=hint)
        return self.num_classes

    def mark_best(self, step: int, score: float) -> None:
        """Keep the checkpoint of `step` from rotation, as the best one; `score` is saved with it.

        Raises CheckpointError if there is no such checkpoint.
        """
        available = checkpoint.available_steps(self.folder.checkpoints)
        if step not in available:
            raise CheckpointError(f"no checkpoint of step {step}; there are {available}", where=str(self.path))
        checkpoint.mark_best(self.folder.checkpoints, step, score)

    def resume(
        self, steps: int | None = None, observer: Observer | None = None,
        *, checkpoint: int | Literal["latest", "best"] = "latest", options: Mapping[str, Any] | None = None,
        dataset_path: str | Path | None = None, out: str | Path | None = None, restart: bool = False,
    ) -> Self:  # fmt: skip
        """Go on exactly where the newest checkpoint is, to the last step or to `steps`.

        With `out` the run goes on in that new folder, from any `checkpoint`, and most `options` may change, as on
        `--set`; without it, those on which no result depends. `restart` begins anew at step 0, and moves what the
        run has made so far to `discarded`. Raises ConfigError for others, and what `run` raises.
        """
        moved, follows = None if dataset_path is None else Path(dataset_path).expanduser(), self.folder.follow_links
        changes = Changes(steps, moved, options or {}, restart, follows)
        continue_run(
            self.path, None if out is None else Path(out).expanduser(), self.zoo, observer or Observer(),
            start=str(checkpoint), changes=changes,
        )  # fmt: skip
        return type(self)(self.path if out is None else out, self.zoo, follow_links=self.folder.follow_links)


def open_run(target: Run | str | Path, dataset_path: str | Path | None = None, zoo: Zoo | None = None) -> Run:
    """Return a run by its path, with its data at `dataset_path` if given; one that is open already stays as it is."""
    if not isinstance(target, Run):
        return Run(target, zoo, dataset_path=dataset_path)
    if dataset_path is None:
        return target
    return Run(target.path, target.zoo, dataset_path=dataset_path, follow_links=target.folder.follow_links)
