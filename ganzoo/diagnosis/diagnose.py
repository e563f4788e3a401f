"""What is wrong with a run, and what to try: from its log, its checkpoints and its data."""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

from torch import Tensor

from ganzoo.audit.audit import Audit, audit, draw_batch
from ganzoo.audit.findings import Finding, by_level
from ganzoo.audit.rules import apply_rules
from ganzoo.audit.updates import measure_rates
from ganzoo.contracts import Conditioner, Dataset, Extractor, FeatureExtractor, Samples
from ganzoo.data.samples import check_samples
from ganzoo.diagnosis.advice import suit
from ganzoo.diagnosis.course import judge_end, judge_loss, judge_rhythm
from ganzoo.diagnosis.history import FEWEST_SCORES, Floats, read_series
from ganzoo.diagnosis.replay import NaNOrigin, find_nan
from ganzoo.errors import ConfigError, EvaluationError, GanzooError
from ganzoo.evaluation.evaluator import require_readable
from ganzoo.files import read_records
from ganzoo.runs.folder import explain_disk
from ganzoo.runs.run import Run
from ganzoo.settings.sections import Choice
from ganzoo.settings.toml import parse_component
from ganzoo.training.sampling import as_stored
from ganzoo.zoo import choices

SAMPLES = 512
"""Real and generated samples that are looked at: 131,000 pairs for the birthday test."""
FEW = 128
"""The same of large ones, which take memory."""
LARGE = 3 * 64 * 64
"""Numbers in a sample, above which it is a large one."""


@dataclass(frozen=True, eq=False)
class Diagnosis:
    """What was looked for in a run, and what was found."""

    run: str
    """Name of its folder."""
    step: int
    """Of the checkpoint that was looked at."""
    findings: tuple[Finding, ...]
    """Alarms first."""
    audit: Audit
    notes: tuple[str, ...] = ()
    """What could not be had, and why."""

    @property
    def alarms(self) -> tuple[Finding, ...]:
        """Those that say that the run fails, causes before symptoms."""
        return tuple(finding for finding in self.findings if finding.level == "alarm")

    def to_json(self) -> dict[str, Any]:
        """Return plain JSON values; numbers that are not finite are null."""
        values = {
            "run": self.run,
            "step": self.step,
            "findings": [finding.to_json() for finding in self.findings],
            "numbers": self.audit.numbers,
            "layers": self.audit.layers,
            "notes": list(self.notes),
        }
        return _finite(values)  # type: ignore[no-any-return]


def diagnose(target: Run | str | Path, *, step: int | None = None, held_out: str | None = None) -> Diagnosis:
    """Look at a run as it is on disk: its newest checkpoint, or that of `step`; nothing is trained or changed.

    `held_out` names a dataset of real samples that D has not seen, as on --dataset: "folder:PATH"; by default
    what the run's dataset says is held out, such as the test split. A run that diverged is repeated from its last
    checkpoint, to find the first number that was not finite.

    Raises CheckpointError, PluginError, ConfigError or DataError where the run or its data cannot be read.
    """
    run = target if isinstance(target, Run) else Run(target)
    notes = list[str]()
    gan, at = run.restore(step, whole=True)
    dataset: Dataset = run.zoo.create("dataset", run.config.dataset)
    samples = dataset.load()
    check_samples(samples, run.config.dataset.name)
    device = gan.device.torch_device
    labels, count = gan.conditioner.needs_labels, SAMPLES if math.prod(samples.spec.shape) <= LARGE else FEW
    other = _load_held_out(run, dataset, held_out, notes)
    batch = draw_batch(samples, other, count, device, labels=labels)
    extractor = _load_extractor(run, batch.x[:2], notes)
    seen = audit(gan, batch, at, extractor)
    seen = replace(seen, numbers=seen.numbers | measure_rates(run.build()))
    findings = [suit(finding, run) for finding in (*_judge_course(run), *apply_rules(seen))]
    return Diagnosis(run.path.name, at, tuple(by_level(findings)), seen, tuple(notes))


def save(diagnosis: Diagnosis, run: Run) -> None:
    """Write diagnosis.json and the pictures into the folder of the run. Raises ResourceError if the disk is full."""
    from ganzoo.diagnosis.figures import draw_figures  # matplotlib takes a second to import

    with explain_disk(run.path):
        draw_figures(diagnosis, run, run.folder.figures)
        run.folder.write_json(run.folder.diagnosis, diagnosis.to_json())


def _judge_course(run: Run) -> list[Finding]:
    state = run.status.get("state", "")
    origin: NaNOrigin | None = find_nan(run) if state == "diverged" else None
    scores, name = read_scores(run)
    return [*judge_end(state, origin), *judge_rhythm(run.log, scores), *judge_loss(run.log, scores, name)]


def read_scores(run: Run) -> tuple[tuple[Floats, Floats], str]:
    """Return scores over the run, for which lower is better, as steps (n,) and values (n,), and their name.

    Those of --eval-every; where these are too few, exact Wasserstein-1 distances that --diagnose measured.
    """
    evaluations = read_series(run.evaluations, "value")
    if len(evaluations[0]) >= FEWEST_SCORES or not run.folder.audits.is_file():
        return evaluations, next((record["name"] for record in run.evaluations), "FD")
    return read_series(read_records(run.folder.audits), "w1"), "W1 of the samples"


def _load_held_out(run: Run, dataset: Dataset, said: str | None, notes: list[str]) -> Samples | None:
    """Raises what loading raises if it was asked for; what is there by default may be absent, which is a note."""
    if said is not None:
        return _load_named(run, said)
    if (other := dataset.held_out()) is None:
        return None
    try:
        return require_alike(other.load(), run)
    except GanzooError as error:
        notes.append(f"no held-out samples: {error.what}")
        return None


def require_alike(samples: Samples, run: Run) -> Samples:
    """Return them. Raises ConfigError if the discriminator of the run cannot read such samples, or their labels."""
    conditioner: Conditioner = run.zoo.create("conditioner", run.config.conditioner)
    same = samples.spec.shape == run.data.shape
    if same and (samples.spec == run.data or not conditioner.needs_labels):
        return samples
    what = f"held-out samples are {samples.spec}, those of the run {run.data}"
    raise ConfigError(what, hint="samples of the same distribution, with the same classes where the run has labels")


def _load_named(run: Run, said: str) -> Samples:
    options: dict[str, Any] = parse_component("dataset", said)
    choice = Choice(options.pop("dataset.name"), {key.partition(".")[2]: value for key, value in options.items()})
    known = [option.name for option in run.zoo.entry("dataset", choice.name).options]
    if "image_size" in known and len(run.data.shape) == 3:
        choice = Choice(choice.name, {**choice.options, "image_size": run.data.shape[-1]})
    dataset: Dataset = run.zoo.create("dataset", choice)
    return require_alike(dataset.load(), run)


def _load_extractor(run: Run, x: Tensor, notes: list[str]) -> Extractor | None:
    """The extractor of the run's scores, tried on x (2, *shape).

    Where it cannot be loaded, or cannot read such samples, they are compared as they are, with a note.
    """
    chosen = choices.choose_features(run.config.features, run.config.dataset, run.zoo)
    component: FeatureExtractor = run.zoo.create("features", chosen)
    try:
        require_readable(run.data.shape, component)
        extractor = component.load(x.device)
        extractor.extract(as_stored(x))
    except EvaluationError as error:
        notes.append(f"diversity is measured among the samples themselves: {error.what}")
        return None
    return extractor


def _finite(node: Any) -> Any:
    """The same with null for nan and infinity, which JSON has not."""
    if isinstance(node, Mapping):
        return {key: _finite(value) for key, value in node.items()}
    if isinstance(node, list):
        return [_finite(value) for value in node]
    return None if isinstance(node, float) and not math.isfinite(node) else node
