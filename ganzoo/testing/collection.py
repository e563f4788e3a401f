"""The checks as tests of pytest."""

from __future__ import annotations

from typing import Any

import pytest

from ganzoo.errors import GanzooError
from ganzoo.testing.cases import Case, list_cases
from ganzoo.testing.expectations import ConformanceError, Unchecked
from ganzoo.testing.subjects import load


def run(case: Case) -> None:
    """Check; a broken promise fails with its words alone, and what a component raises with its traceback."""
    __tracebackhide__ = True
    try:
        case.run()
    except ConformanceError as error:
        pytest.fail(str(error), pytrace=False)
    except Unchecked as reason:
        pytest.skip(str(reason))


class ContractItem(pytest.Item):
    """One check of one component, where there is no test file."""

    def __init__(self, *, case: Case, **options: Any) -> None:
        super().__init__(**options)
        self.case = case

    def runtest(self) -> None:
        """Run the check."""
        run(self.case)

    def reportinfo(self) -> tuple[Any, int | None, str]:
        """Say what is checked."""
        return self.path, None, self.name


def collect(session: pytest.Session, package: str) -> list[ContractItem]:
    """Return the checks of a package. Raises pytest.UsageError if it does not load."""
    try:
        cases = list_cases(load(package), package)
    except GanzooError as error:
        raise pytest.UsageError(str(error)) from error
    return [ContractItem.from_parent(session, name=case.id, case=case) for case in cases]
