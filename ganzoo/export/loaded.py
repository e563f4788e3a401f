"""`ganzoo.load`: a generator that makes samples, from a run, an exported file or folder, or the hub."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Any

import torch
from torch import Tensor, nn

from ganzoo.data.progress import phase
from ganzoo.errors import CheckpointError, ConfigError
from ganzoo.export.description import Description, describe
from ganzoo.export.hub import PREFIX, fetch
from ganzoo.export.weights import DESCRIPTION, read_file, read_folder, rebuild
from ganzoo.runs.manifest import check_plugins
from ganzoo.runs.named_labels import ReadLabels, ReadVectors
from ganzoo.runs.records import Manifest
from ganzoo.runs.run import Run
from ganzoo.runs.sample_batch import SampleBatch
from ganzoo.runs.sample_stream import require_count
from ganzoo.training.gan import Generator
from ganzoo.training.labels import Labels, label_rule
from ganzoo.training.latents import BLOCK, latent_blocks
from ganzoo.training.sampling import BATCH, sample_batches
from ganzoo.training.truncation import truncate
from ganzoo.zoo.catalogue import Zoo
from ganzoo.zoo.plugins import load_zoo


class LoadedGenerator(nn.Module):
    """G_ema with what is known of it: `G(z)` and `G(z, y="7")` give samples in [-1, 1], `G.sample(16)` images."""

    def __init__(self, network: Generator, about: Description, zoo: Zoo, vectors: Tensor | None = None) -> None:
        super().__init__()
        self.network, self.about, self._zoo, self._vectors = network, about, zoo, vectors
        shape, names = about.data.label_shape, about.data.classes
        self._read = ReadVectors(shape) if shape else ReadLabels(names, max(1, len(about.classes)))
        self.requires_grad_(False).eval()

    @property
    def z_dim(self) -> int:
        """Length Z of the latent vector z ~ N(0, I)."""
        return self.about.z_dim

    @property
    def class_names(self) -> list[str]:
        """Names of the classes that G takes, in the order of their numbers; none if it ignores labels."""
        return list(self.about.classes)

    @property
    def scores(self) -> list[dict[str, Any]]:
        """Reports of scores of these weights, each with its protocol."""
        return [dict(report) for report in self.about.scores]

    def forward(self, z: Tensor, y: Any = None) -> Tensor:
        """z (N, Z) -> samples (N, *shape) in [-1, 1]; y names their classes, or is vectors (N, A).

        Raises ConfigError for a class that there is not, or where one is to be named and is not.
        """
        (z, y), _ = self._read(self.network, (z, y), {})
        x: Tensor = self.network(z, y)
        return x

    def sample(
        self, count: int = 64, *, seed: int = 0,
        label: int | str | Sequence[int | str] | None = None, truncation: float = 0.0,
    ) -> SampleBatch:  # fmt: skip
        """Return new samples, images as uint8 (count, C, H, W): those that `ganzoo.Run.samples` makes of this seed.

        `label` is the number or the name of the only class, or several in turn; without it the classes are as frequent
        as in training. Raises ConfigError for an impossible count, an unknown class or a negative truncation,
        EvaluationError if G gives nan.
        """
        require_count(count, seed, truncation)
        labels = self._choose_labels(count, label)
        network = truncate(self._zoo.create("model", self.about.config.model), self.network, truncation)
        blocks = latent_blocks(self.z_dim, seed, min(BLOCK, -(-count // BATCH) * BATCH))
        made = list[tuple[Tensor, Tensor]]()
        with phase("making samples", count, "samples") as advance:
            for x, y in sample_batches(network.eval(), blocks, labels, count, images=self.about.spec.images):
                made.append((x.cpu(), y))
                advance(len(y))
        return SampleBatch.of(*(torch.cat(each) for each in zip(*made, strict=True)))

    def _choose_labels(self, count: int, label: int | str | Sequence[int | str] | None) -> Labels:
        data, classes = self.about.data, max(1, len(self.about.classes))
        if label is None:
            counts = data.class_counts if classes > 1 and self.about.run.labels == "training" else ()
            return label_rule(count, classes, counts, self._vectors)
        if not isinstance(self._read, ReadLabels):
            what = f"labels of this generator are vectors of shape {data.label_shape}, not classes"
            raise ConfigError(what, hint=f"G(z, torch.zeros{data.label_shape})")
        asked = [label] if isinstance(label, int | str) else list(label)
        try:
            numbers = self._read.find(asked)
        except ConfigError as error:
            error.hint = error.hint.replace("y=", "label=").replace("G(z)", "G.sample(16)")
            raise
        return lambda indices: numbers[indices % len(numbers)]

    def __repr__(self) -> str:
        about = self.about
        taken = f", {len(about.classes)} classes" if about.classes else ""
        shape = " x ".join(map(str, about.data.shape))
        return f"LoadedGenerator({about.run.name}, step {about.run.step:,}: z of {about.z_dim}{taken} -> {shape})"


def load(
    source: str | Path, *, zoo: Zoo | None = None, device: str = "auto", step: int | None = None
) -> LoadedGenerator:
    """Return the generator of a run, of a folder or a .safetensors file that was exported, or of "hf:OWNER/NAME".

    `device` is auto, cpu or cuda; `step` is a checkpoint of a run, the newest by default. Nothing of a file is code:
    weights are safetensors, all else is JSON. Raises CheckpointError for what holds no generator, PluginError if a
    plugin of it is missing, ConfigError, ResourceError.
    """
    if str(source).startswith(PREFIX):
        return _load_exported(fetch(str(source)), zoo or load_zoo(), device)
    path = Path(source).expanduser()
    if (path / "recipe.toml").is_file():
        return _load_run(Run(path, zoo), device, step)
    return _load_exported(path, zoo or load_zoo(), device)


def _load_run(run: Run, device: str, step: int | None) -> LoadedGenerator:
    gan, step = run.restore(step)
    network = gan.G_ema.module
    assert isinstance(network, Generator)
    if device != "auto":
        network = network.to(device)
    return LoadedGenerator(network, describe(run, step, gan.z_dim), run.zoo, gan.label_vectors)


def _load_exported(path: Path, zoo: Zoo, device: str) -> LoadedGenerator:
    if path.suffix in (".onnx", ".pt2"):
        reader = "onnxruntime.InferenceSession" if path.suffix == ".onnx" else "torch.export.load"
        hint = f"{reader}({str(path)!r}), or ganzoo export RUN -o g.safetensors"
        raise CheckpointError(f"{path.name} is for programs without ganzoo", where=str(path), hint=hint)
    is_folder = path.is_dir()
    if is_folder and not (path / DESCRIPTION).is_file():
        what = "neither a run nor an exported generator: there is no recipe.toml and no model.json"
        raise CheckpointError(what, where=str(path), hint="ganzoo runs, or ganzoo export RUN -o DIR")
    about, weights = read_folder(path) if is_folder else read_file(path)
    check_plugins(Manifest(components=about.components), zoo)
    network, vectors = rebuild(about, weights, zoo, device)
    return LoadedGenerator(network, about, zoo, vectors)
