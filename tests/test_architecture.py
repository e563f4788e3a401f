"""docs/architecture.md says what the code is: its rooms, their order, the way of a parameter, and where things go."""

import re
import sys

import pytest

import ganzoo
from support.checkout import ROOT
from support.layers import LAYERS
from support.pages import block_below, names, rows
from support.runs import TINY
from support.runs import ganzoo as command

PAGE = (ROOT / "docs" / "architecture.md").read_text(encoding="utf-8")
PACKAGE = ROOT / "ganzoo"


def test_the_order_of_imports_is_the_tested_one():
    assert block_below(PAGE, "Imports run one way").split() == LAYERS


def test_the_rooms_are_the_entries_of_the_package():
    rooms = [line.split()[0] for line in block_below(PAGE, "Rooms").splitlines()]
    assert rooms == [layer for layer in LAYERS if layer != "__main__"]


@pytest.fixture
def calls(tmp_path):
    """The functions of ganzoo in the order of their calls, as (file, name), while the command of the page runs."""
    seen = []

    def note(frame, event, _):
        path = frame.f_code.co_filename
        if event == "call" and path.startswith(str(PACKAGE)):
            seen.append((path.removeprefix(f"{PACKAGE}/"), frame.f_code.co_name))

    (line,) = re.findall(r"^`(ganzoo run .*)`$", PAGE, re.MULTILINE)
    sys.setprofile(note)
    try:
        command(*line.split()[1:], *TINY, "--steps", 1, "--no-scores", "--out", tmp_path / "run")
    finally:
        sys.setprofile(None)
    return seen


def test_a_parameter_goes_the_way_that_the_page_says(calls):
    way = [(names(where)[0], names(where)[1]) for where, _ in rows(PAGE, "| where |")]
    rest = iter(calls)
    assert [station for station in way if station not in rest] == []  # `in` moves on: the order counts


def test_every_file_that_the_page_names_exists():
    named = re.findall(r"`([a-z_]+/(?:[a-z_]+/)*(?:[a-z_]+\.py)?)`", PAGE)
    places = [(ROOT, PACKAGE)[path.partition("/")[0] in LAYERS] / path for path in named]
    assert named and [str(place) for place in places if not place.exists()] == []


def test_the_package_is_the_one_of_the_checkout():
    assert str(PACKAGE / "__init__.py") == ganzoo.__file__
