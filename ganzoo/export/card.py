"""The card of a generator, README.md: what it is, samples, how to load it, scores with protocol, data, limits."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

from ganzoo.data.drawing import has_picture
from ganzoo.export.description import OUTPUT, Description
from ganzoo.export.hub import CARD, PICTURE
from ganzoo.export.metadata import write_metadata
from ganzoo.files import write_output
from ganzoo.runs.pictures import write_grid
from ganzoo.runs.run import Run
from ganzoo.runs.sample_stream import SampleOptions

_SHOWN = ("model", "conditioner", "loss", "lipschitz", "augment", "regularizer", "optim")
"""Sections of the settings that the card shows whole."""
_OF_TRAINING = ("steps", "seed", "ema_decay", "clip_grad_norm")
"""Options of [train] that the card shows, since the weights depend on them."""


def write_card(run: Run, about: Description, folder: Path, *, licence: str) -> None:
    """Write README.md, and a picture of samples where they have one. Raises FolderError, CheckpointError, OSError."""
    if has_picture(run.data):
        write_grid(run, SampleOptions(step=about.run.step), folder / PICTURE)
    write_output(folder / CARD, make_card(about, licence=licence, picture=has_picture(run.data)).encode())


def make_card(about: Description, *, licence: str = "", picture: bool = True) -> str:
    """Return the Markdown of a card, with the metadata that the Hugging Face hub reads in front."""
    parts = {
        "Load it": [_how_to_load(about)],
        "Inputs and output": _inputs(about),
        "Scores": _scores(about),
        "Data": _data(about),
        "Settings": _settings(about),
        "Limits": _limits(about, licence),
    }
    shown = "![samples, seed 0](samples.png)\n\n" if picture else ""
    sections = [f"## {heading}\n\n" + "\n".join(lines).strip() + "\n" for heading, lines in parts.items()]
    return f"{write_metadata(about, licence)}\n{_beginning(about)}\n{shown}" + "\n".join(sections)


def _beginning(about: Description) -> str:
    names = about.settings
    method = " + ".join(str(names[kind]["name"]) for kind in ("model", "loss", "lipschitz", "conditioner"))
    return (
        f"# {_escape(about.run.name)}\n\n"
        f"A generator of {_describe_samples(about)}, trained on {_escape(about.data.dataset)} with ganzoo as {method}. "
        f"These are the weights of G_ema, the moving average of G, after {about.run.step:,} steps.\n"
    )


def _describe_samples(about: Description) -> str:
    shape = " x ".join(map(str, about.data.shape))
    kind = "images" if about.spec.images else "samples"
    return f"{kind} of shape {shape}" + (f" in {len(about.classes)} classes" if about.classes else "")


def _how_to_load(about: Description) -> str:
    packages = {part.plugin for part in about.components if part.version}  # what ships with ganzoo has none of its own
    install = " ".join(["ganzoo-torch", *sorted(packages)])
    named = f", label={about.classes[0]!r}" if about.classes else ""
    return f"""```python
import ganzoo  # pip install {install}

G = ganzoo.load("PATH")  # this folder, or "hf:OWNER/NAME"
images = G.sample(16, seed=0{named})
```
"""


def _inputs(about: Description) -> Iterator[str]:
    for name, value in about.inputs.items():
        more = f", {value['distribution']}" if "distribution" in value else ""
        more += f", {value['range'][0]} to {value['range'][1]}" if "range" in value else ""
        yield f"- `{name}`: {value['dtype']} {_shape(value)}{more}"
    output = about.outputs[OUTPUT]
    whole = f"; as bytes `{output['to_uint8']}`" if "to_uint8" in output else ""
    yield f"- `{OUTPUT}`: {output['dtype']} {_shape(output)} in {output['range']}{whole}"
    if about.classes:
        yield f"- classes, in the order of their numbers: {', '.join(map(_escape, about.classes))}"


def _shape(value: Mapping[str, Any]) -> str:
    return f"({', '.join(map(str, value['shape']))})"


def _scores(about: Description) -> Iterator[str]:
    if not about.scores:
        yield "None was computed for these weights: `ganzoo evaluate RUN` computes them."
        return
    yield "| score | value | 95 % interval | better | samples | reference | features |"
    yield "|---|---|---|---|---|---|---|"
    for report in about.scores:
        protocol = report["protocol"]
        made, reference = protocol["generated"], protocol["reference"]
        against = f"{reference['dataset']} {reference['options'].get('split', '')}".strip()
        seen = f"{against}, {reference['count']:,}" if reference["count"] else against
        for name, score in report["scores"].items():
            interval = "" if score["low"] is None else f"{score['low']:.4g} to {score['high']:.4g}"
            row = [name, f"{score['value']:.4g}", interval, score["better"], f"{made['count']:,}", seen]
            yield f"| {' | '.join(map(_escape, [*row, protocol['features']]))} |"
    yield ""
    yield "Scores can be compared only with those of the same protocol, which `model.json` holds whole:"
    for report in about.scores:
        made = report["protocol"]["generated"]
        yield f"seed {made['seed']}, labels {made['labels']}, truncation {made['truncation']}."


def _data(about: Description) -> Iterator[str]:
    data = about.data
    yield f"- dataset: {_escape(data.dataset)}" + (f", {data.count:,} samples" if data.count else "")
    options = ", ".join(f"{key} = {json.dumps(value)}" for key, value in data.options.items())
    yield f"- options: {_escape(options)}" if options else "- options: none"
    yield f"- licence: {_escape(data.licence) or 'not known to ganzoo; look it up before you publish'}"
    yield f"- source: {_escape(data.source) or 'not known to ganzoo'}"
    yield f"- SHA-256 of samples and labels: `{data.sha256}`"


def _settings(about: Description) -> Iterator[str]:
    yield "| setting | value |"
    yield "|---|---|"
    for section in (*_SHOWN, "train"):
        for option, value in about.settings.get(section, {}).items():
            if section != "train" or option in _OF_TRAINING:
                yield f"| `{section}.{option}` | {_escape(json.dumps(value, ensure_ascii=False))} |"


def _limits(about: Description, licence: str) -> Iterator[str]:
    side = " x ".join(map(str, about.data.shape[1:]))
    yield f"- It makes samples like its training data, at {side} alone, and repeats what is wrong or unfair in them."
    for report in about.scores:
        if copies := report.get("memorisation"):
            yield f"- Share of its samples that are copies of training samples: {copies['share']:.3g}."
            break
    else:
        yield "- It was not measured how many samples are copies of training samples."
    yield "- What it makes is not real: do not show it as if it were."
    yield f"- Licence of the weights: {_escape(licence)}." if licence else "- No licence of the weights is stated."


def _escape(text: object) -> str:
    """Return a text that stands in one cell of a Markdown table, without markup or HTML."""
    plain = " ".join(str(text).split())
    return "".join(f"\\{letter}" if letter in "|`*_[]<>\\#" else letter for letter in plain)
