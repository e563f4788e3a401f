"""The conformance kit: checks that the components of a package keep the contracts.

One line enrols a package, in a test file:  test_contracts = ganzoo.testing.contract_tests("ganzoo-foo")
Without a test file:  pytest -p ganzoo.testing --ganzoo ganzoo-foo
Without pytest:  ganzoo check ganzoo-foo
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from pathlib import Path
from typing import TYPE_CHECKING, Any

from pluggy import HookimplMarker

from ganzoo.testing.expectations import ConformanceError as ConformanceError

if TYPE_CHECKING:  # these import torch, and pytest; `pytest -p ganzoo.testing --help` needs neither
    import pytest

    from ganzoo.runs.run import Run
    from ganzoo.testing.cases import Outcome
    from ganzoo.testing.subjects import Options

_hook = HookimplMarker("pytest")

__all__ = ["ConformanceError", "check", "check_export", "check_resume", "contract_tests"]


def contract_tests(package: str, options: Options | None = None) -> Callable[..., None]:
    """Return a test function of pytest, with a case for each check of each component that a package registers.

    `package` is a distribution, an entry point, a module, or a path FILE.py. `options` make a component small enough
    to try, or give what it has no default for: {"model": {"resnet": {"width_g": 8}}}. Raises PluginError if there is
    no such package or if it does not load, ConfigError for options of what it does not register.
    """
    import pytest

    from ganzoo.testing.cases import Case, list_cases
    from ganzoo.testing.collection import run
    from ganzoo.testing.subjects import load

    cases = [pytest.param(case, id=case.id) for case in list_cases(load(package), package, options)]

    @pytest.mark.parametrize("case", cases)
    def test(case: Case) -> None:
        run(case)

    return test


def check(package: str, options: Options | None = None) -> Iterator[Outcome]:
    """Yield the outcome of each check of a package, as `ganzoo check` prints it; arguments as in `contract_tests`."""
    from ganzoo.testing.cases import list_cases, try_each
    from ganzoo.testing.subjects import load

    yield from try_each(list_cases(load(package), package, options))


def check_resume(train: Callable[..., Run], folder: Path) -> Run:
    """Check that a run which SIGTERM stops after its first step and which is resumed ends bit for bit like a whole one.

    `train(out=PATH)` is a run of two steps or more, and `train(out=PATH, observer=...)` passes the observer on to
    `ganzoo.run`. The runs `whole` and `interrupted` are written to `folder`; the whole one is returned.
    Raises ConformanceError if the last checkpoints differ.
    """
    from ganzoo.testing.interruption import compare_with_interrupted

    return compare_with_interrupted(train, folder)


def check_export(run: Run, folder: Path) -> float:
    """Check that G of a run becomes a program of torch.export, and weights from which `ganzoo.load` builds it again.

    Both are written to `folder`, and make the samples of the run. Returns the largest difference of the program from G,
    over 64 latents. Raises ConformanceError if G cannot be traced, or comes back as another one.
    """
    from ganzoo.testing.exports import compare_exported

    return compare_exported(run, folder)


def pytest_addoption(parser: pytest.Parser) -> None:
    """Add the option --ganzoo PACKAGE, which may be repeated."""
    words = "check that the ganzoo plugins of PACKAGE (or FILE.py) obey their contracts"
    parser.getgroup("ganzoo").addoption("--ganzoo", action="append", default=[], metavar="PACKAGE", help=words)


@_hook(tryfirst=True)  # before -k and -m choose
def pytest_collection_modifyitems(session: pytest.Session, config: pytest.Config, items: list[Any]) -> None:
    """Add the checks of each PACKAGE to the tests that were collected."""
    from ganzoo.testing.collection import collect

    for package in config.getoption("--ganzoo"):
        items += collect(session, package)
