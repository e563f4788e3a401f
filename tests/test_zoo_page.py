"""docs/zoo.md: every component is in it, with tests that there are, and it is what its script writes."""

import importlib.util
from collections import Counter

import pytest

from support.checkout import ROOT

spec = importlib.util.spec_from_file_location("zoo_page", ROOT / "docs" / "zoo.py")
page = importlib.util.module_from_spec(spec)
spec.loader.exec_module(page)

ROWS = page.read_rows()
OURS = [row for row in ROWS if "ours" in row]


def test_the_page_is_what_its_script_writes():
    assert (ROOT / "docs" / "zoo.md").read_text(encoding="utf-8") == page.write_page()


def test_every_component_of_ganzoo_and_of_its_packages_has_one_row_under_its_name():
    named = Counter((row["kind"], row["ours"]) for row in OURS if "words" not in row)
    assert set(named) == page.list_components()
    assert set(named.values()) == {1}


@pytest.mark.parametrize("row", OURS, ids=lambda row: row["what"])
def test_the_tests_of_a_row_are_there(row):
    assert (ROOT / row["test"]).is_file()


def test_a_row_says_which_zoos_have_it_or_that_nobody_has_looked():
    letters = {*page.OTHERS, *map(str.lower, page.OTHERS)}
    assert [row["what"] for row in ROWS if row["others"] != "?" and not {*row["others"]} <= letters] == []
    assert [row["what"] for row in ROWS if "ours" not in row and row["others"] in ("", "?")] == []


def test_marks_tell_what_is_there_in_part_or_not_or_unknown():
    row = {"kind": "loss", "what": "x", "others": "Sc"}
    assert list(page.cells(row))[5:] == ["●", "–", "◐", "–", "–"]
    assert list(page.cells(row | {"others": "?"}))[5:] == [""] * 5
