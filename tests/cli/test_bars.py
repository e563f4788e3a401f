"""Bars and numbers of a run in any width: every item is there, whole, in a line that fits."""

import io
import itertools

import pytest
from rich.console import Console, Group

from ganzoo.cli.bars import Pace, draw_phase, draw_training, tell_phase
from ganzoo.cli.lines import name_numbers, pack, wrap
from ganzoo.data.progress import Phase

RECORD = {
    "step": 500,
    "images": 160_000,
    "d/adversarial": -28.31,
    "d/penalty": 5.6949,
    "d/auxiliary": 0.0,
    "score/real": -12.345,
    "score/fake": -23.456,
    "g/adversarial": -14.2,
    "g/penalty": 0.0,
    "g/auxiliary": 0.0,
    "grad_norm/d": 3.0,
    "lr/d": 1e-4,
    "seconds": 12.0,
    "images_per_s": 1234.5,
}
NAMED = ["loss D -28.3", "loss G -14.2", "penalty 5.69", "logit real -12.3", "logit fake -23.5"]


def draw(renderables, width):
    console = Console(file=io.StringIO(), width=width, force_terminal=True, color_system=None, legacy_windows=False)
    console.print(Group(*renderables))
    return [line.rstrip() for line in console.file.getvalue().splitlines()]


def training(width, total=5_000, step=1_250, seconds=100.0, record=RECORD):
    pace = Pace(total, begun=0.0)
    pace._since = (0.0, 0)
    pace._done = step
    pace.tell = lambda: Pace.tell(pace, seconds)
    return draw(draw_training(step, pace, record, width), width)


# Names


def test_the_terms_of_a_step_have_the_names_of_the_field():
    assert name_numbers(RECORD) == NAMED


def test_a_loss_of_zero_is_shown_and_a_term_that_does_not_exist_is_not():
    record = RECORD | {"d/adversarial": 0.0, "d/penalty": 0.0}
    assert name_numbers(record)[:2] == ["loss D 0", "loss G -14.2"] and "penalty" not in " ".join(name_numbers(record))


@pytest.mark.parametrize(
    ("key", "name"),
    [
        ("d/auxiliary", "class loss D 0.5"),
        ("g/auxiliary", "class loss G 0.5"),
        ("g/penalty", "penalty G 0.5"),
        ("augment/probability", "augment probability 0.5"),
        ("d/slope", "slope D 0.5"),
        ("entropy", "entropy 0.5"),
    ],
)
def test_terms_of_conditioners_augmentations_and_plugins_have_names_too(key, name):
    assert name_numbers(RECORD | {key: 0.5})[-1] == name


def test_norms_and_rates_are_in_a_whole_record_alone():
    assert name_numbers(RECORD, whole=True)[-2:] == ["grad norm d 3", "lr d 0.0001"]


# Widths


@pytest.mark.parametrize("width", [80, 100, 120, 200])
def test_a_run_takes_two_lines_with_every_number_whole(width):
    bar, numbers = training(width)
    assert bar.startswith("step 1250/5000  ━") and bar.endswith("  100 s elapsed  5 min 00 s left  1,234 images/s")
    assert numbers == "  ".join(NAMED)
    assert max(len(bar), len(numbers)) <= width


@pytest.mark.parametrize("width", [24, 40, 60, 79])
@pytest.mark.parametrize("total", [50, 5_000_000])
def test_in_a_narrow_terminal_what_does_not_fit_stands_below(width, total):
    lines = training(width, total=total, step=total // 4, seconds=86_000)
    assert max(map(len, lines)) <= width
    times = ("23 h 53 min elapsed", "3 d 0 h left" if total > 50 else "3 d 4 h left")
    assert all(any(item in line for line in lines) for item in (f"step {total // 4}/{total}", *times, *NAMED))
    assert "…" not in "".join(lines)


def test_before_the_second_step_nothing_is_said_of_the_rest():
    pace = Pace(100, begun=0.0)
    assert pace.tell(5.0) == ["5 s elapsed"]
    pace.reach(1)
    assert len(pace.tell()) == 1


def test_the_first_step_is_not_in_the_pace(monkeypatch):
    clock = itertools.chain([60.0, 61.0], itertools.repeat(62.0))
    monkeypatch.setattr("ganzoo.cli.bars.time.monotonic", lambda: next(clock))
    pace = Pace(102, begun=0.0)
    pace.reach(1)  # at 60 s, when all is compiled
    pace.reach(2)
    assert pace.left(61.0) == 100.0


@pytest.mark.parametrize("width", [30, 40, 80, 120])
@pytest.mark.parametrize("what", ["reading images", "features of real images by inception-2015-tensorflow"])
def test_a_phase_is_one_line_whose_words_may_be_cut_and_whose_numbers_are_not(width, what):
    phase = Phase(what, 60_000, "images", 12_000, begun=0.0)
    (line,) = draw([draw_phase(phase, 10.0, width)], width)
    assert len(line) <= width and line.endswith("12,000/60,000 images" + "  40 s left" * (width > 33))
    assert line.startswith(what[:5])


def test_a_phase_without_a_total_says_how_long_it_has_taken():
    assert draw([draw_phase(Phase("computing kid", begun=0.0), 12.0, 80)], 80) == ["computing kid  12 s"]
    assert tell_phase(Phase("downloading x", None, "bytes", 45_600_000, 0.0), 9.0) == "downloading x: 46 MB  9 s"


def test_items_are_packed_and_never_broken():
    assert pack(["aa", "", "bb", "cccc"], 6) == ["aa  bb", "cccc"]
    assert pack(["too long", "b"], 4) == ["too long", "b"]
    assert pack(["a", "b"], None) == ["a  b"]


def test_a_sentence_is_broken_between_words_and_a_path_is_not():
    path = "runs/a-very-long-name/that-goes-on"
    assert wrap(f"note: see {path}", 30) == f"note: see\n      {path}"
    assert wrap("note: short", None) == "note: short"
