"""Tests of pytest that run the checks."""

from __future__ import annotations

from typing import Any

import pytest

from ganzoo.errors import GanzooError
from ganzoo.testing.cases import Case, list_cases
from ganzoo.testing.expectations import ConformanceError, Unchecked
from ganzoo.testing.subjects import load


def run(case: Case) -> None:
    """Check: a ConformanceError fails with its text alone, an error of the component with its traceback."""
    __tracebackhide__ = True
    try:
        case.run()
    except ConformanceError as error:
        pytest.fail(str(error), pytrace=False)
    except Unchecked as reason:
        pytest.skip(str(reason))


class ContractItem(pytest.Item):
    """Test of one case that comes from the command line, without a test file."""

    def __init__(self, *, case: Case, **options: Any) -> None:
        super().__init__(**options)
        self.case = case

    def runtest(self) -> None:
        """Run the check."""
        run(self.case)

    def reportinfo(self) -> tuple[Any, int | None, str]:
        """Return where the test is, and its name."""
        return self.path, None, self.name


def collect(session: pytest.Session, package: str) -> list[ContractItem]:
    """Return the checks of a package. Raises pytest.UsageError if it does not load."""
    try:
        cases = list_cases(load(package), package)
    except GanzooError as error:
        raise pytest.UsageError(str(error)) from error
    return [ContractItem.from_parent(session, name=case.id, case=case) for case in cases]
