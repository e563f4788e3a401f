"""Functions of lower rooms as Python calls them: runs by their names, errors in the words of Python."""

from __future__ import annotations

from collections.abc import Callable
from functools import wraps
from pathlib import Path
from typing import Any, TypeVar

from ganzoo.api.run import find_run
from ganzoo.api.words import in_python
from ganzoo.diagnosis import diagnose as diagnosis
from ganzoo.export import hub, loaded
from ganzoo.export.hub import PREFIX
from ganzoo.export.loaded import LoadedGenerator
from ganzoo.results import comparison, report
from ganzoo.runs import evaluate as evaluation
from ganzoo.zoo import plugins
from ganzoo.zoo.catalogue import Zoo

F = TypeVar("F", bound=Callable[..., Any])


def _for_python(function: F) -> F:
    """Return a function that takes "@last" too where it takes a run, and tells errors in the words of Python."""

    @wraps(function)
    def call(target: Any, *args: Any, **how: Any) -> Any:
        return function(find_run(target) if isinstance(target, str) else target, *args, **how)

    return in_python(call)  # type: ignore[return-value]  # it has the signature of the function


evaluate = _for_python(evaluation.evaluate)
diagnose = _for_python(diagnosis.diagnose)


@in_python
def load(
    source: str | Path, *, zoo: Zoo | None = None, device: str = "auto", step: int | None = None
) -> LoadedGenerator:
    """Return the generator of a run, of a folder or a .safetensors file that was exported, or of "hf:OWNER/NAME".

    `G(z)` with z (N, G.z_dim) gives samples in [-1, 1], `G(z, y="7")` those of a class; `G.sample(16, label="7")` gives
    images as uint8. `device` is auto, cpu or cuda; `step` is a checkpoint of a run, the newest by default. Nothing of a
    file is code: weights are safetensors, all else is JSON. Raises CheckpointError for what holds no generator,
    PluginError if a plugin of it is missing, ConfigError, ResourceError.
    """
    named = isinstance(source, str) and not source.startswith(PREFIX)
    return loaded.load(find_run(source) if named else source, zoo=zoo, device=device, step=step)


push = in_python(hub.push)
make_table = in_python(comparison.make_table)
write_report = in_python(report.write_report)
load_zoo = in_python(plugins.load_zoo)
