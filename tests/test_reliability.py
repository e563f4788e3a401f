"""docs/reliability.md lists the tests that inject faults, and what each of them expects."""

from support.faults import BEGIN, END, PAGE, REWRITE, Row, marked, results_of, rewrite, split

ROWS = [
    Row(
        "runs/checkpoint/test_damage.py", "test_damage.py::test_half", "a file is cut short", "it is refused", ("F02",)
    ),
    Row("grid/test_grid.py", "test_grid.py::test_kill", "a cell is killed", "it runs again " + "and again " * 20, ()),
]
EMPTY = f"# Title\n\n{BEGIN}{END}\nafter\n"


def test_the_page_lists_every_test_that_is_marked():
    page = PAGE.read_text(encoding="utf-8")
    assert split(rewrite(page, marked()))[1] == split(page)[1], f"write it anew with: {REWRITE}"


def test_every_fault_has_one_meaning_and_every_test_of_a_fault_one_name():
    keys = [row.key for row in marked()]
    assert len(keys) == len(set(keys))


def test_no_line_of_the_page_is_longer_than_a_terminal():
    assert [line for line in PAGE.read_text(encoding="utf-8").splitlines() if len(line) > 120] == []


def test_a_row_keeps_its_last_result_until_it_has_a_new_one():
    first = rewrite(EMPTY, ROWS, {ROWS[1].key: "passed 2020-02-02"}, "The latest results are of today.")
    assert results_of(first) == {ROWS[0].key: "not run", ROWS[1].key: "passed 2020-02-02"}
    assert rewrite(first, ROWS) == first
    second = rewrite(first, ROWS, {ROWS[0].key: "failed 2020-03-03"})
    assert results_of(second) == {ROWS[0].key: "failed 2020-03-03", ROWS[1].key: "passed 2020-02-02"}


def test_a_test_that_is_gone_has_no_row_and_the_text_around_stays():
    page = rewrite(rewrite(EMPTY, ROWS), ROWS[:1])
    assert [*results_of(page)] == [ROWS[0].key]
    assert page.startswith("# Title\n") and page.endswith("after\n")


def test_rows_are_ordered_by_area():
    page = rewrite(EMPTY, ROWS[::-1])
    assert (
        page.index("### Checkpoints") < page.index("(F02)") < page.index("### Grids") < page.index("a cell is killed")
    )
