"""The description of a generator beside its weights, `model.json`: inputs, output, classes, data, scores."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Any, Literal

import torch

from ganzoo import __version__
from ganzoo.contracts import Dataset, DataSpec, LipschitzEnforcer, overrides
from ganzoo.errors import CheckpointError
from ganzoo.files import parse_json
from ganzoo.runs.manifest import describe_components, read_classes
from ganzoo.runs.records import Component, DataRecord
from ganzoo.runs.run import Run
from ganzoo.runs.typed import typed
from ganzoo.settings.kinds import Kind
from ganzoo.settings.sections import RunConfig
from ganzoo.settings.toml import from_tables, to_tables
from ganzoo.zoo.catalogue import Zoo

FORMAT = 1
"""Version of the description; a later one is refused."""
OUTPUT = "x"
"""Name of the samples among the outputs of an exported network."""


@dataclass(frozen=True)
class DataOrigin(DataRecord):
    """The training data: what a run knows of them, and where they come from."""

    dataset: str = ""
    options: Mapping[str, Any] = field(default_factory=dict)
    """Options of the dataset, but not the folders of its files."""
    licence: str = ""
    """Name of the licence by SPDX; empty if it is unknown."""
    source: str = ""
    """DOI or address; empty if it is unknown."""


@dataclass(frozen=True)
class Origin:
    """Run and step that a generator comes from."""

    name: str
    step: int
    labels: Literal["training", "balanced"] = "training"
    """Frequency of classes among samples for which none is named."""


@dataclass(frozen=True)
class Description:
    """All that is told of an exported generator."""

    z_dim: int
    classes: tuple[str, ...]
    """Names of the classes that the generator takes, in the order of their numbers; none if it ignores labels."""
    data: DataOrigin
    run: Origin
    generator: Mapping[str, Mapping[str, Any]]
    """Sections of a recipe by which the network is built again."""
    components: tuple[Component, ...]
    """Components of those sections, with the plugins that they come from."""
    settings: Mapping[str, Any]
    """Recipe of the run, without the folders of this machine."""
    scores: tuple[Mapping[str, Any], ...] = ()
    """Reports of scores.json about these weights, each with its protocol."""
    inputs: Mapping[str, Any] = field(default_factory=dict)
    outputs: Mapping[str, Any] = field(default_factory=dict)
    versions: Mapping[str, str] = field(default_factory=dict)
    format: int = FORMAT

    @property
    def spec(self) -> DataSpec:
        """Shape and classes of the training data, on which the networks depend."""
        images = self.data.images
        return DataSpec(self.data.shape, len(self.data.classes), self.data.label_shape, images)  # type: ignore[arg-type]

    @property
    def takes_labels(self) -> bool:
        """Return whether the network has an input y."""
        return bool(self.classes or self.data.label_shape)

    @property
    def config(self) -> RunConfig:
        """Settings by which the network is built. Raises ConfigError."""
        return from_tables(self.generator)

    def to_text(self) -> str:
        """Return the description as JSON."""
        return json.dumps(asdict(self), indent=1, allow_nan=False, ensure_ascii=False)


def read_description(data: bytes, place: Path) -> Description:
    """Return the description in JSON. Raises CheckpointError, in words, for other bytes or a later format."""
    hint = "ganzoo export RUN -o DIR (which writes it anew)"
    try:
        found = typed(Description, parse_json(data))
        if found.format > FORMAT:
            what = f"it was written by a newer ganzoo (format {found.format} > {FORMAT})"
            raise CheckpointError(what, where=str(place), hint="pip install --upgrade ganzoo-torch")
        if not found.data.shape or not found.data.classes or min(*found.data.shape, found.z_dim) < 1:
            raise ValueError("data.shape, data.classes or z_dim is empty")
    except ValueError as error:
        raise CheckpointError(f"the description of G cannot be read: {error}", where=str(place), hint=hint) from error
    return found


def describe(run: Run, step: int, z_dim: int) -> Description:
    """Return what is told of G_ema of a run at a step."""
    spec, config = run.data, run.config
    tables = _without_folders(to_tables(config))
    sections: list[Kind] = ["model", "conditioner", *_constrainers(run.zoo, config)]
    components = [typed(Component, each) for each in describe_components(config, run.zoo) if each["kind"] in sections]
    classes = tuple(run.class_names) if run.num_classes > 1 and not spec.label_shape else ()
    return Description(
        z_dim=z_dim,
        classes=classes,
        data=_describe_data(run),
        run=Origin(run.path.resolve().name, step, config.eval.labels),
        generator={kind: tables[kind] for kind in sections},
        components=tuple(components),
        settings=tables,
        scores=tuple(_scores_of(run, step)),
        inputs=_describe_inputs(spec, z_dim, len(classes)),
        outputs={OUTPUT: _describe_output(spec)},
        versions={"ganzoo-torch": __version__, "torch": str(torch.__version__)},
    )


def _constrainers(zoo: Zoo, config: RunConfig) -> Iterator[Kind]:
    """Yield the kind of enforcers if one of the run changes the layers of G."""
    parts = zoo.create_parts("lipschitz", config.lipschitz)
    if any(overrides(part, "constrain_generator", LipschitzEnforcer) for part in parts):
        yield "lipschitz"


def _describe_data(run: Run) -> DataOrigin:
    record = run.made_with.data or DataRecord()
    dataset = run.zoo.entry("dataset", run.config.dataset.name).component
    options = _without_folders(run.config.dataset.options)
    licence, source = (getattr(dataset, name, getattr(Dataset, name)) for name in ("licence", "source"))
    known = asdict(record) | {"classes": tuple(read_classes(run.made_with)), "images": run.data.images}
    return DataOrigin(**known, dataset=run.config.dataset.name, options=options, licence=licence, source=source)


def _describe_inputs(spec: DataSpec, z_dim: int, classes: int) -> dict[str, Any]:
    inputs: dict[str, Any] = {"z": {"shape": ["N", z_dim], "dtype": "float32", "distribution": "standard normal"}}
    if spec.label_shape:
        inputs["y"] = {"shape": ["N", *spec.label_shape], "dtype": "float32"}
    elif classes:
        inputs["y"] = {"shape": ["N"], "dtype": "int64", "range": [0, classes - 1]}
    return inputs


def _describe_output(spec: DataSpec) -> dict[str, Any]:
    bytes_ = {"to_uint8": "round(clip((x + 1) * 127.5, 0, 255))"} if spec.images else {}
    return {"shape": ["N", *spec.shape], "dtype": "float32", "range": [-1, 1], **bytes_}


def _scores_of(run: Run, step: int) -> Iterator[dict[str, Any]]:
    """Yield the reports about G_ema at this step, without how long they took."""
    for report in run.scores:
        made = report["protocol"]["generated"]
        if made["step"] == step and made["weights"] == "ema":
            yield {key: value for key, value in report.items() if key not in ("seconds", "checkpoint")}


def _without_folders(tables: Mapping[str, Any]) -> dict[str, Any]:
    """Return settings without absolute paths, which lead nowhere on another machine."""
    kept: dict[str, Any] = {}
    for key, value in tables.items():
        if isinstance(value, Mapping):
            kept[key] = _without_folders(value)
        elif not (isinstance(value, str) and value.startswith(("/", "~"))):
            kept[key] = value
    return kept
