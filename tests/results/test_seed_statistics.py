"""Means with intervals, the test of two means, and the adjustment for the choice of the best of many rows."""

import math
import re

import numpy as np
import pytest
from scipy import stats

from ganzoo.results.comparison import make_table
from ganzoo.results.comparison.family import adjust
from ganzoo.results.comparison.statistics import quantile, summarise, tail_probability, welch
from support.checkout import ROOT
from support.made_runs import FD, make_row


@pytest.mark.parametrize("df", [1, 2, 3, 4, 5, 10, 29, 30, 1_000])
def test_quantiles_of_t_are_scipys(df):
    assert quantile(df) == pytest.approx(stats.t.ppf(0.975, df), rel=1e-12)


@pytest.mark.parametrize("df", [1, 1.37, 2, 2.5, 4, 8.1, 57, 1_000])
@pytest.mark.parametrize("t", [0, 0.1, 1, 2, 5, 24, 1e4])
def test_tails_of_t_are_scipys(df, t):
    assert tail_probability(t, df) == pytest.approx(2 * stats.t.sf(t, df), rel=1e-10)
    assert tail_probability(-t, df) == tail_probability(t, df)


@pytest.mark.parametrize("count", [2, 3, 4, 7])
def test_mean_and_interval_are_scipys(count):
    values = [3.0, 1.0, 4.0, 1.5, 9.0, 2.5, 6.0][:count]
    summary = summarise(dict(enumerate(values)))
    low, high = stats.t.interval(0.95, count - 1, loc=stats.tmean(values), scale=stats.sem(values))
    assert (summary.low, summary.high) == (pytest.approx(low), pytest.approx(high))
    assert summary.std == pytest.approx(stats.tstd(values))
    assert summary.half_width == pytest.approx((high - low) / 2)


def test_one_seed_has_a_mean_and_no_interval():
    summary = summarise({5: 2.0})
    assert (summary.n, summary.mean, summary.std, summary.low, summary.half_width) == (1, 2.0, None, None, None)


def test_equal_scores_have_no_spread_not_even_a_rounding():
    summary = summarise(dict.fromkeys(range(3), 0.0015))
    assert math.fsum([0.0015] * 3) / 3 != 0.0015  # or this would show nothing
    assert (summary.mean, summary.std, summary.low, summary.high) == (0.0015, 0.0, 0.0015, 0.0015)


def test_the_test_of_two_means_is_scipys():
    one, other = [10.0, 12.0, 11.5, 10.5], [11.0, 12.5, 19.0]
    expected = stats.ttest_ind(one, other, equal_var=False)
    t, df = welch(summarise(dict(enumerate(one))), summarise(dict(enumerate(other))))
    assert (t, df) == (pytest.approx(expected.statistic), pytest.approx(expected.df))
    assert tail_probability(t, df) == pytest.approx(expected.pvalue, rel=1e-10)


@pytest.mark.parametrize(("one", "other"), [([1.0], [2.0, 3.0]), ([1.0, 1.0], [2.0, 3.0]), ([1.0, 1.0], [2.0, 2.0])])
def test_means_without_spread_have_no_test(one, other):
    assert welch(summarise(dict(enumerate(one))), summarise(dict(enumerate(other)))) is None


def test_tiny_and_huge_scores_are_tested_as_others_are():
    one, other = {0: 1.0, 1: 2.0, 2: 4.0}, {0: 5.0, 1: 6.0, 2: 9.0}
    expected = welch(summarise(one), summarise(other))
    for scale in (1e-150, 1e150):
        scaled = [summarise({seed: value * scale for seed, value in values.items()}) for values in (one, other)]
        assert welch(*scaled) == pytest.approx(expected)


def simulate(tables, rows, seeds, *, shift=0.0, spread=1.0):
    """Tables of normal scores with one mean, but for the last row: its test, and the clearest, against the best row."""
    scores = np.random.default_rng(3).normal(size=(tables, rows, seeds)) * np.reshape(spread, (-1, 1))
    scores[:, -1] += shift
    means, errors = scores.mean(axis=2), scores.var(axis=2, ddof=1) / seeds
    every, best = np.arange(tables), means.argmin(axis=1)
    low, error = means[every, best][:, None], errors[every, best][:, None]
    t = (means - low) / np.sqrt(errors + error)
    df = (seeds - 1) * (errors + error) ** 2 / (errors**2 + error**2)
    clearest = stats.t.sf(t, df).argmin(axis=1)
    return [list(zip(t[every, row], df[every, row], strict=True)) for row in (clearest, np.full(tables, rows - 1))]


def share_worse(tests, rows, seeds):
    """The share of tests, each from a table of its own, that call a row worse than the best."""
    return np.mean(np.array(adjust([(float(t), float(df)) for t, df in tests], [seeds] * rows)) < 0.05)


@pytest.mark.parametrize("seeds", [3, 5, 10])
def test_of_tables_of_twenty_equal_rows_five_percent_call_any_row_worse(seeds):
    clearest, _ = simulate(4_000, 20, seeds)
    assert share_worse(clearest, 20, seeds) == pytest.approx(0.05, abs=0.0105)  # three standard errors of 4,000 tables
    single = [2 * stats.t.sf(*test) for test in clearest]
    assert np.mean(np.array(single) < 0.05) > 0.5  # what a test of each row alone would do


@pytest.mark.parametrize(("rows", "seeds"), [(2, 3), (5, 3), (20, 3), (20, 5)])
def test_rows_of_unlike_spread_are_seldom_called_worse_in_error(rows, seeds):
    clearest, _ = simulate(1_500, rows, seeds, spread=np.geomspace(0.2, 10, rows))
    assert share_worse(clearest, rows, seeds) < 0.07


POWER = re.findall(
    r"^\| (\d+) \| (\d+) % \| (\d+) % \| (\d+) % \|$", (ROOT / "docs/tables.md").read_text("utf-8"), re.MULTILINE
)


@pytest.mark.parametrize(("rows", "percents"), [(int(rows), list(map(int, percents))) for rows, *percents in POWER])
def test_a_row_that_is_two_standard_deviations_worse_is_found_as_often_as_the_docs_say(rows, percents):
    assert [line[0] for line in POWER] == ["2", "3", "5", "10", "20"]
    for seeds, percent in zip((3, 5, 10), percents, strict=True):
        _, last = simulate(800, rows, seeds, shift=2.0)
        assert 100 * share_worse(last, rows, seeds) == pytest.approx(percent, abs=5)


def test_a_table_is_ranked_by_the_adjusted_p():
    scores = np.random.default_rng(0).normal(size=(20, 5))
    runs = [run for row, values in enumerate(scores) for run in make_row(values.tolist(), loss=f"{row:02d}")]
    best, *others = make_table(runs).rows
    assert any(stats.ttest_ind(*values(row, best), equal_var=False).pvalue < 0.05 for row in others)
    assert {row.rank for row in others} == {"alike"}


def values(*rows):
    return [list(row.last[FD].values.values()) for row in rows]


def test_the_adjustment_is_the_same_each_time_and_never_below_a_single_test():
    tests = [(0.5, 4.0), (3.0, 4.0), (30.0, 2.0)]
    first = adjust(tests, [3] * 10)
    assert first == adjust(tests, [3] * 10)
    assert all(p >= tail_probability(*test) for p, test in zip(first, tests, strict=True))
    assert first == sorted(first, reverse=True)
