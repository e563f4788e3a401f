"""Load the chosen dataset, and check what it gave."""

from __future__ import annotations

from typing import Any

from ganzoo.contracts import Samples
from ganzoo.data.progress import phase
from ganzoo.data.samples import check_samples
from ganzoo.errors import PluginError, explain_memory
from ganzoo.settings.sections import Choice
from ganzoo.zoo.catalogue import Zoo


def load_dataset(choice: Choice, zoo: Zoo) -> Samples:
    """Return the samples of a dataset. Raises DataError, PluginError if it breaks its contract, ResourceError."""
    with explain_memory(_need_less(choice, zoo)), phase(f"reading the dataset {choice.name}"):
        samples: Any = zoo.create("dataset", choice).load()
        if not isinstance(samples, Samples):
            what = f"dataset {choice.name!r} breaks its contract: load() returned {type(samples).__name__}"
            raise PluginError(what, where=_origin(choice, zoo), hint="ganzoo show dataset " + choice.name)
        check_samples(samples, choice.name)
    return samples


def _origin(choice: Choice, zoo: Zoo) -> str:
    return f"it is of plugin {zoo.entry('dataset', choice.name).plugin}, and promised ganzoo.Samples"


def _need_less(choice: Choice, zoo: Zoo) -> str:
    """Return a hint for a dataset that does not fit into memory."""
    known = {option.name for option in zoo.entry("dataset", choice.name).options}
    ways = ["a machine with more memory"]
    if (size := choice.options.get("image_size", 0)) >= 16:
        ways.insert(0, f"--image-size {size // 2}")
    if "cache" in known and not choice.options.get("cache"):
        ways.insert(0, "--cache (decodes into a file, of which memory holds a part)")
    return ", or ".join(ways)
