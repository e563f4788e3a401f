"""Real samples that D has not seen: those that a user names, or those that the run's dataset holds out."""

from __future__ import annotations

from ganzoo.contracts import Conditioner, Dataset, Samples
from ganzoo.errors import ConfigError, GanzooError
from ganzoo.runs.run import Run
from ganzoo.settings.sections import Choice
from ganzoo.settings.toml import parse_component
from ganzoo.zoo.names import spell_names


def load_held_out(run: Run, dataset: Dataset, named: str | None, notes: list[str]) -> Samples | None:
    """Return held-out samples for a run on `dataset`: of the dataset `named`, "folder:PATH"; by default its own.

    Raises what loading raises for a dataset that was named. Samples that are there by default may be absent: then a
    note says so, and the result is None.
    """
    if named is not None:
        return _load_named(run, named)
    if (other := dataset.held_out()) is None:
        return None
    try:
        return _require_alike(other.load(), run)
    except GanzooError as error:
        notes.append(f"no held-out samples: {error.what}")
        return None


def _load_named(run: Run, named: str) -> Samples:
    options = spell_names(parse_component("dataset", named), run.zoo.names)
    choice = Choice(options.pop("dataset.name"), {key.partition(".")[2]: value for key, value in options.items()})
    known = [option.name for option in run.zoo.entry("dataset", choice.name).options]
    if "image_size" in known and run.data.images:
        choice = Choice(choice.name, {**choice.options, "image_size": run.data.shape[-1]})
    dataset: Dataset = run.zoo.create("dataset", choice)
    return _require_alike(dataset.load(), run)


def _require_alike(samples: Samples, run: Run) -> Samples:
    """Return the samples. Raises ConfigError if the discriminator of the run cannot read them, or their labels."""
    conditioner: Conditioner = run.zoo.create("conditioner", run.config.conditioner)
    same = samples.spec.shape == run.data.shape
    if same and (samples.spec == run.data or not conditioner.needs_labels):
        return samples
    what = f"held-out samples are {samples.spec}, those of the run {run.data}"
    raise ConfigError(what, hint="samples of the same distribution, with the same classes where the run has labels")
