"""A table as a value of Python: text, HTML for a notebook, and pandas."""

import sys

import pytest

import ganzoo
from ganzoo.results.comparison import make_table
from support.made_runs import make_row


def two_losses():
    return make_table([*make_row([20, 21, 22], loss="bce"), *make_row([10, 11, 12.5], loss="<wgan>")])


def test_a_table_prints_as_the_command_prints_it():
    table = two_losses()
    assert str(table) == table.render("text")
    assert "21.0 ± 2.5" in str(table) and "<wgan>" in str(table)
    assert table.render("md").startswith("| ")


def test_a_notebook_draws_a_table_and_escapes_its_words():
    drawn = two_losses()._repr_html_()
    assert drawn.startswith('<div class="ganzoo-table">')
    assert "&lt;wgan&gt;" in drawn and "<wgan>" not in drawn
    assert drawn.count("<tr>") == 3


def test_a_frame_has_a_row_for_each_row_with_unrounded_scores():
    frame = two_losses().frame()
    assert list(frame["loss"]) == ["<wgan>", "bce"]
    means = [column for column in frame.columns if column.startswith("last") and column.endswith("mean")]
    assert list(frame[means[0]]) == pytest.approx([33.5 / 3, 21.0])


def test_a_frame_without_pandas_says_what_to_install(monkeypatch):
    monkeypatch.setitem(sys.modules, "pandas", None)
    with pytest.raises(ganzoo.ResourceError, match=r"pip install 'ganzoo-torch\[pandas\]'"):
        two_losses().frame()


def test_a_table_is_made_of_folders_as_of_results(tmp_path):
    with pytest.raises(ganzoo.CheckpointError, match="not a run folder"):
        ganzoo.make_table(str(tmp_path))
    with pytest.raises(ganzoo.CheckpointError, match="not a run folder"):
        ganzoo.make_table([tmp_path])
