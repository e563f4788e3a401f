"""Functions of lower rooms as Python calls them: runs by their names, errors in the words of Python."""

from __future__ import annotations

from collections.abc import Callable
from functools import wraps
from typing import Any, TypeVar

from ganzoo.api.run import find_run
from ganzoo.api.words import in_python
from ganzoo.diagnosis import diagnose as diagnosis
from ganzoo.results import comparison, report
from ganzoo.runs import evaluate as evaluation
from ganzoo.zoo import plugins

F = TypeVar("F", bound=Callable[..., Any])


def _for_python(function: F) -> F:
    """Return a function that takes "@last" too where it takes a run, and tells errors in the words of Python."""

    @wraps(function)
    def call(target: Any, *args: Any, **how: Any) -> Any:
        return function(find_run(target) if isinstance(target, str) else target, *args, **how)

    return in_python(call)  # type: ignore[return-value]  # it has the signature of the function


evaluate = _for_python(evaluation.evaluate)
diagnose = _for_python(diagnosis.diagnose)
make_table = in_python(comparison.make_table)
write_report = in_python(report.write_report)
load_zoo = in_python(plugins.load_zoo)
