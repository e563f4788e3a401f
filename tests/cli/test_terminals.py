"""What a real terminal shows of a run: bars that fit in any width, and plain lines where none can be drawn again."""

import re
import sys

import pytest

from support.runs import TINY

if sys.platform == "win32":
    pytest.skip("pexpect needs a pty", allow_module_level=True)

from support.terminals import PLAYED, Watched, watch

NUMBERS = r"loss D -[\d.e+]+  loss G -[\d.]+  penalty 5.69  logit real -12.3  logit fake 23.5"


def bars(screens):
    return [line for lines in screens for line in lines if line.startswith("step ")]


@pytest.mark.parametrize("columns", [80, *(pytest.param(wide, marks=pytest.mark.full) for wide in (100, 120))])
def test_a_run_is_two_lines_of_whole_numbers_and_a_second_bar_while_it_is_scored(columns):
    screens, run = watch([PLAYED], columns)
    during = [lines for lines in screens if len(lines) == 4 and "/40" in lines[2]]
    assert during and all(re.fullmatch(NUMBERS, lines[3]) for lines in during if "loss" in lines[3])
    whole = r"step \d+/40  .*━.*  \d+ s elapsed  \d+ s left  1,234 images/s$"
    assert any(re.match(whole, bar) for bar in bars(screens))
    scored = [line for lines in screens for line in lines if line.startswith("scoring images")]
    assert any(re.search(r"━  +(500|1,000|1,500)/2,000 images  \d s left$", line) for line in scored)
    assert all(len(line) <= columns and "…" not in line for lines in screens for line in lines)
    last = screens[-1]
    assert last[-1] == "complete" and re.fullmatch(NUMBERS, last[-2]) and last[-3].startswith("step 40/40  ━")
    assert not any(line.startswith("scoring images") for line in last)
    assert run.code == 0 and run.shows_cursor


@pytest.mark.full
def test_a_terminal_of_40_columns_shows_every_number_whole():
    screens, _ = watch([PLAYED], 40)
    said = [line for lines in screens for line in lines]
    assert all(len(line) <= 40 for line in said)
    assert any("  penalty 5.69" in line for line in said) and any("logit real -12.3" in line for line in said)
    assert not any(re.search(r"\d…", line) for line in said)


@pytest.mark.full
def test_a_terminal_may_change_its_width_meanwhile():
    run, widths = Watched([PLAYED], 120), []
    for lines in run.screens():
        if run.columns == 120 and any(line.startswith("step ") for line in lines):
            run.resize(70)
        elif run.columns == 70:
            widths += [len(line) for line in lines if line.startswith("step ")]
    assert run.code == 0 and max(widths) <= 70
    assert any(line.startswith("step 40/40") for line in run.lines()) and run.lines()[-1] == "complete"


@pytest.mark.parametrize("variables", [{"TERM": "dumb"}, pytest.param({"CI": "1"}, marks=pytest.mark.full)])
def test_where_nothing_can_be_drawn_again_there_are_lines_and_no_codes(variables):
    screens, run = watch([PLAYED], 80, **variables)
    assert b"\x1b" not in run.written or variables.get("TERM") != "dumb"
    assert not re.search(rb"\x1b\[[0-9;?]*[A-HJKhl]", run.written) and "━".encode() not in run.written
    assert len(bars(screens[-1:])) >= 5
    assert all(len(line) <= 80 for line in screens[-1])


@pytest.mark.full
def test_colour_follows_the_flag():
    assert b"\x1b[33mnote:" in watch([PLAYED, "--color", "always"], 80)[1].written
    plain = watch([PLAYED, "--color", "never"], 80)[1].written
    assert not re.search(rb"\x1b\[[0-9;]*m", plain.replace(b"\x1b[0m", b""))


@pytest.mark.full
def test_quiet_leaves_results_alone():
    assert watch([PLAYED, "-q"], 80)[0][-1] == ["complete"]


@pytest.mark.full
@pytest.mark.parametrize("columns", [80, 100, 120])
def test_a_short_run_fits_in_the_terminal(tmp_path, columns):
    words = ["-m", "ganzoo", "run", *TINY, "--loss=wgan", "--lipschitz=gp", "--steps=200", f"--out={tmp_path / 'run'}"]
    screens, run = watch(words, columns)
    assert run.code == 0 and run.shows_cursor
    assert any(re.match(r"step \d+/200 .*━.* elapsed .* left  [\d,]+ images/s$", bar) for bar in bars(screens))
    assert any(line.startswith("loss D ") and "  logit fake " in line for lines in screens for line in lines)
    assert not any("…" in line for lines in screens for line in lines)
