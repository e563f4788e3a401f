"""Findings about a run, and what to try next: from its log, a checkpoint and its data."""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass, replace
from html import escape
from pathlib import Path
from typing import Any

from torch import Tensor

from ganzoo.audit.audit import Audit, Batch, audit, draw_batch
from ganzoo.audit.classes import audit_classes
from ganzoo.audit.copies import measure_copies
from ganzoo.audit.findings import Finding, by_level
from ganzoo.audit.rules import apply_rules
from ganzoo.contracts import Dataset, Extractor, FeatureExtractor, Samples
from ganzoo.data.progress import phase
from ganzoo.diagnosis.advice import filter_advice
from ganzoo.diagnosis.course import FEWEST_SCORES, Series, divergence, oscillation, read_series, uninformative_loss
from ganzoo.diagnosis.held_out import load_held_out
from ganzoo.diagnosis.history import add_history
from ganzoo.diagnosis.replay import find_nan
from ganzoo.errors import EvaluationError
from ganzoo.evaluation.extraction import require_readable
from ganzoo.runs.damage import known_records
from ganzoo.runs.run import Run, open_run
from ganzoo.training.gan import GAN
from ganzoo.training.sampling import as_stored
from ganzoo.zoo import choices

SAMPLES = 512
"""Real and generated samples of an audit: 131,000 pairs for the birthday test."""
FEW = 128
"""Real and generated samples if they are large, to bound memory."""
LARGE = 3 * 64 * 64
"""Numbers in a sample above which it is large."""


@dataclass(frozen=True, eq=False)
class Diagnosis:
    """Findings about one run, and the audit that they rest on."""

    run: str
    """Name of its folder."""
    step: int
    """Step of the checkpoint that was audited."""
    findings: tuple[Finding, ...]
    """All findings, alarms first."""
    audit: Audit
    notes: tuple[str, ...] = ()
    """Sentences about data and features that could not be had, and why."""

    def __repr__(self) -> str:
        found = ", ".join(finding.name for finding in self.findings) or "nothing found"
        return f"Diagnosis({self.run!r}, step {self.step}: {found})"

    def _repr_html_(self) -> str:
        rows = "".join(f"<li><b>{escape(f.name)}</b> ({f.level}): {escape(f.what)}</li>" for f in self.findings)
        return f"<div>{escape(self.run)}, step {self.step}</div><ul>{rows or '<li>nothing found</li>'}</ul>"

    @property
    def alarms(self) -> tuple[Finding, ...]:
        """Findings that say that the run fails, causes before symptoms."""
        return tuple(finding for finding in self.findings if finding.level == "alarm")

    def to_json(self) -> dict[str, Any]:
        """Return plain JSON values; numbers that are not finite are null."""
        values = {
            "run": self.run,
            "step": self.step,
            "findings": [finding.to_json() for finding in self.findings],
            "numbers": self.audit.numbers,
            "layers": self.audit.layers,
            "classes": None if self.audit.classes is None else self.audit.classes.to_json(),
            "notes": list(self.notes),
        }
        return _finite(values)  # type: ignore[no-any-return]


def diagnose(
    target: Run | str | Path,
    *,
    step: int | None = None,
    held_out: str | None = None,
    dataset_path: str | Path | None = None,
) -> Diagnosis:
    """Diagnose a run as it is on disk, by its newest checkpoint or that of `step`; nothing is trained or changed.

    `held_out` names a dataset of real samples that D has not seen, as on --dataset: "folder:PATH"; by default it is
    what the run's dataset holds out, such as the test split. `dataset_path` is where the data of the run lie now, if
    they moved: other data raise CheckpointError. A run that diverged is repeated from its last checkpoint,
    to find the first number that was not finite.

    Raises CheckpointError, PluginError, ConfigError or DataError where the run or its data cannot be read.
    """
    run = open_run(target, dataset_path)
    notes = list[str]()
    gan, at = run.restore(step, whole=True)
    dataset: Dataset = run.zoo.create("dataset", run.config.dataset)
    samples = run.load_data()
    others = load_held_out(run, dataset, held_out, notes)
    count = SAMPLES if math.prod(samples.spec.shape) <= LARGE else FEW
    batch = draw_batch(samples, others, count, gan.device.torch_device, labels=gan.conditioner.needs_labels)
    found = _measure(run, gan, at, batch, samples, _load_extractor(run, batch.x[:2], notes))
    findings = by_level([filter_advice(finding, run) for finding in (*_check_course(run), *apply_rules(found))])
    return Diagnosis(run.path.name, at, tuple(findings), found, tuple(notes))


def _measure(run: Run, gan: GAN, at: int, batch: Batch, samples: Samples, extractor: Extractor | None) -> Audit:
    """Return the audit of a checkpoint, with what its history, training samples and classes tell."""
    with phase("measuring slopes, logits and gradients"):
        found = audit(gan, batch, at, extractor)
    found = add_history(found, run, extractor)
    found = replace(found, numbers=found.numbers | measure_copies(found.samples[1], samples))
    if gan.conditioner.embedding_dim:
        with phase("comparing generated and real samples class by class"):
            found = replace(found, classes=audit_classes(gan, samples, extractor))
    return found


def save(diagnosis: Diagnosis, run: Run) -> Diagnosis:
    """Write diagnosis.json and the pictures into the folder of the run, and return the diagnosis.

    Where that is impossible, because the run is another's or its disk is full, a note of it says so.
    """
    from ganzoo.diagnosis.figures import draw_figures  # matplotlib takes a second to import

    try:
        run.folder.write_json(run.folder.diagnosis, diagnosis.to_json())
        with phase("drawing the pictures"):
            draw_figures(diagnosis, run, run.folder.figures)
    except OSError as error:
        note = f"not kept in {run.path}: {error.strerror or error}"
        return replace(diagnosis, notes=(*diagnosis.notes, note))
    return diagnosis


def _check_course(run: Run) -> list[Finding]:
    """Return the findings of the rules on the log."""
    state = run.status.get("state", "")
    with phase("looking for the first number that was not finite"):
        origin = find_nan(run) if state == "diverged" else None
    scores, name = read_scores(run)
    return [*divergence(state, origin), *oscillation(run.log, scores), *uninformative_loss(run.log, scores, name)]


def read_scores(run: Run) -> tuple[Series, str]:
    """Return scores over the run, for which lower is better, and their name.

    They are those of --eval-every; if these are too few, exact Wasserstein-1 distances that --diagnose measured.
    """
    evaluations = read_series(run.evaluations, "value")
    if len(evaluations[0]) >= FEWEST_SCORES or not run.folder.audits.is_file():
        return evaluations, next((record["name"] for record in run.evaluations), "FD")
    return read_series(known_records(run.folder.audits), "w1"), "W1 of the samples"


def _load_extractor(run: Run, x: Tensor, notes: list[str]) -> Extractor | None:
    """Return the extractor of the run's scores, tried on x (2, *shape).

    None, with a note, if it cannot be loaded or cannot read such samples: they are then compared as they are.
    """
    chosen = choices.choose_features(run.config.features, run.config.dataset, run.zoo)
    component: FeatureExtractor = run.zoo.create("features", chosen)
    try:
        require_readable(run.data, component)
        extractor = component.load(x.device)
        extractor.extract(as_stored(x, images=run.data.images))
    except EvaluationError as error:
        notes.append(f"diversity is measured among the samples themselves: {error.what}")
        return None
    return extractor


def _finite(node: Any) -> Any:
    """Return the same values with None for nan and infinity, which JSON does not have."""
    if isinstance(node, Mapping):
        return {key: _finite(value) for key, value in node.items()}
    if isinstance(node, list):
        return [_finite(value) for value in node]
    return None if isinstance(node, float) and not math.isfinite(node) else node
