"""The rows of docs/reliability.md: which test injects which fault, what ganzoo does, and how the test ended last.

A plugin of pytest: with `--faults` the page is written anew, and tests that ran leave their results in it.
"""

import ast
import datetime
import platform
import re
import textwrap
from typing import NamedTuple

import torch

import ganzoo
from support.checkout import ROOT

TESTS = ROOT / "tests"
PAGE = ROOT / "docs" / "reliability.md"
BEGIN, END = "<!-- rows: pytest --faults writes them -->\n", "<!-- end of the rows -->\n"
REWRITE = "pytest tests/test_reliability.py -n 0 --faults"
NOT_RUN = "not run"
AREAS = {
    "runs/checkpoint": "Checkpoints",
    "runs": "Runs and their folders",
    "runs/test_signals": "Signals and kills",
    "training": "Training and its numbers",
    "zoo": "Plugins",
    "testing": "Plugins",
    "data": "Data",
    "builtin": "Data",
    "evaluation": "Scores",
    "diagnosis": "Diagnosis",
    "grid": "Grids",
    "builtin/test_forkserver": "Grids",
    "results": "Tables and reports",
    "settings": "Settings and the command line",
    "cli": "Settings and the command line",
    "": "Files and the machine",
}
"""Beginnings of paths below tests/, the longest of which counts; in the order of the page."""
ENTRY = re.compile(r"- \*\*(?P<what>.+?)\*\*.*?`(?P<test>\S+\.py::\w+)`, (?P<result>\w+(?: \S+)?)$")


class Row(NamedTuple):
    """One fault: where its test lies, what is done, what ganzoo does, and its numbers in the catalogue."""

    path: str
    test: str
    what: str
    expected: str
    numbers: tuple

    @property
    def key(self):
        return self.test, self.what


# Rows of the code


def is_fault(node):
    return isinstance(node, ast.Call) and isinstance(node.func, ast.Attribute) and node.func.attr == "fault"


def rows_of(path):
    """The markers in the decorators of a file's functions, in the order of the file."""
    for function in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
        for decorator in getattr(function, "decorator_list", ()):
            for node in filter(is_fault, ast.walk(decorator)):
                what, expected, *numbers = [ast.literal_eval(argument) for argument in node.args]
                name = f"{path.name}::{function.name}"
                yield Row(path.relative_to(TESTS).as_posix(), name, what, expected, tuple(numbers))


def marked():
    """Every row, read from the source so that nothing need be imported or run."""
    return [row for path in sorted(TESTS.rglob("test_*.py")) for row in rows_of(path)]


def area(row):
    return AREAS[max((start for start in AREAS if row.path.startswith(start)), key=len)]


# The page


def entry(row, result):
    numbers = f" ({', '.join(row.numbers)})" if row.numbers else ""
    lines = {"width": 120, "break_long_words": False, "break_on_hyphens": False, "subsequent_indent": "  "}
    return textwrap.fill(f"- **{row.what}**{numbers}: {row.expected}. `{row.test}`, {result}", **lines) + "\n"


def split(page):
    before, _, rest = page.partition(BEGIN)
    between, _, after = rest.partition(END)
    return before, between, after


def results_of(page):
    """The last result of each row of the page."""
    entries = re.split(r"\n(?=- |\n|#)", split(page)[1])
    found = [ENTRY.match(" ".join(text.split())) for text in entries]
    return {(match["test"], match["what"]): match["result"] for match in found if match}


def latest(page):
    """The sentence that says by what the latest results were made."""
    return next((text for text in split(page)[1].strip().split("\n\n") if text.startswith("The latest")), "")


def rewrite(page, rows, results=(), made_by=""):
    """The page with these rows; those without a new result keep the last one."""
    before, _, after = split(page)
    known = results_of(page) | dict(results)
    made_by = made_by or latest(page)
    sections = [made_by + "\n"] if made_by else []
    for title in dict.fromkeys(AREAS.values()):
        here = [row for row in rows if area(row) == title]
        if here:
            entries = "".join(entry(row, known.get(row.key, NOT_RUN)) for row in here)
            sections.append(f"### {title}\n\n{entries}")
    return before + BEGIN + "\n" + "\n".join(sections) + "\n" + END + after


# The plugin


class Results:
    """How the marked tests of this session ended; all parameters of a test count as one."""

    def __init__(self, config):
        self.config, self.outcomes = config, {}
        write(rewrite(PAGE.read_text(encoding="utf-8"), marked()))  # before the test that compares

    def pytest_runtest_logreport(self, report):
        if report.when == "call" or not report.passed:
            test = report.nodeid.partition("[")[0].rpartition("/")[2]  # parameters may have a slash
            for what in dict(report.user_properties).get("faults", ()):
                self.outcomes.setdefault((test, what), set()).add(report.outcome)

    def pytest_sessionfinish(self):
        if not self.outcomes:
            return
        today = datetime.date.today().isoformat()
        worst = {
            key: next(o for o in ("failed", "passed", "skipped") if o in all) for key, all in self.outcomes.items()
        }
        results = {key: f"{outcome} {today}" for key, outcome in worst.items()}
        page = PAGE.read_text(encoding="utf-8")
        write(rewrite(page, marked(), results, self.made_by(today)))

    def made_by(self, today):
        wanted = self.config.option.markexpr
        versions = f"ganzoo {ganzoo.__version__}, torch {torch.__version__}, Python {platform.python_version()}"
        return textwrap.fill(f"The latest results are of {today}: {versions}, `pytest -m '{wanted}' --faults`.", 120)


def write(page):
    PAGE.write_text(page, encoding="utf-8")


def pytest_addoption(parser):
    parser.addoption("--faults", action="store_true", help="write docs/reliability.md and the results of its tests")


def pytest_configure(config):
    if config.option.faults and not hasattr(config, "workerinput"):
        config.pluginmanager.register(Results(config))


def pytest_collection_modifyitems(items):
    for item in items:
        if faults := [marker.args[0] for marker in item.iter_markers("fault")]:
            item.user_properties.append(("faults", faults))
