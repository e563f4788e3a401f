"""The YAML in front of a card, which the Hugging Face hub reads: licence, tags, and scores as its model index."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from typing import Any

from ganzoo.export.description import Description

_TASK = "unconditional-image-generation"


def write_metadata(about: Description, licence: str) -> str:
    """Return the YAML between two lines of dashes; texts are written as JSON, which YAML reads."""
    tags = ["gan", "ganzoo", str(about.settings["model"]["name"]), str(about.settings["loss"]["name"])]
    lines = [
        "---",
        "library_name: ganzoo",
        *([f"license: {_text(licence.lower())}"] if licence else []),
        *([f"pipeline_tag: {_TASK}"] if about.spec.images else []),
        f"tags: [{', '.join(map(_text, dict.fromkeys(tags)))}]",
        *_index(about),
        "---",
        "",
    ]
    return "\n".join(lines)


def _index(about: Description) -> Iterator[str]:
    """Yield the model index: a result for each report, with each of its scores."""
    if not about.scores:
        return
    yield "model-index:"
    yield f"- name: {_text(about.run.name)}"
    yield "  results:"
    for report in about.scores:
        reference = report["protocol"]["reference"]
        yield "  - task:"
        yield f"      type: {_TASK}"
        yield "    dataset:"
        yield f"      type: {_text(reference['dataset'])}"
        yield f"      name: {_text(reference['dataset'])}"
        if split := reference["options"].get("split"):
            yield f"      split: {_text(split)}"
        yield "    metrics:"
        for name, score in report["scores"].items():
            yield from _metric(name, score, report["protocol"])


def _metric(name: str, score: Mapping[str, Any], protocol: Mapping[str, Any]) -> Iterator[str]:
    made = protocol["generated"]
    yield f"    - type: {_text(name.partition('(')[0].lower())}"
    yield f"      name: {_text(name)}"
    yield f"      value: {_number(score['value'])}"
    if score["low"] is not None:
        yield f"      args: {{low: {_number(score['low'])}, high: {_number(score['high'])}, samples: {made['count']}}}"


def _text(value: object) -> str:
    return json.dumps(str(value), ensure_ascii=False)


def _number(value: float) -> str:
    """Return a number that YAML 1.1 takes for one: 1.0e-07, and not 1e-07."""
    text = repr(float(f"{value:.6g}"))
    return text.replace("e", ".0e") if "e" in text and "." not in text else text
