"""Times in words: seconds, minutes, hours and days, never a long number of seconds."""

import pytest

from ganzoo.results.durations import show_duration


@pytest.mark.parametrize(
    ("seconds", "text"),
    [
        (-1, "0 s"),
        (0.4, "0 s"),
        (119.4, "119 s"),
        (119.6, "2 min 00 s"),
        (245, "4 min 05 s"),
        (599.4, "9 min 59 s"),
        (600, "10 min"),
        (7_169, "119 min"),
        (7_170, "2 h 00 min"),
        (12_240, "3 h 24 min"),
        (86_369, "23 h 59 min"),
        (86_370, "1 d 0 h"),
        (165_969, "1 d 22 h"),
    ],
)
def test_a_time_has_two_units_at_most_and_rounds_to_the_smaller(seconds, text):
    assert show_duration(seconds) == text
