"""A comparison in each format: what is shown, rounded, marked, escaped, and read back."""

import io
import json
import os
import re
import shutil
import subprocess
from html.parser import HTMLParser

import pandas
import pytest

from ganzoo.errors import ConfigError
from ganzoo.results.comparison import make_table
from ganzoo.results.comparison.statistics import summarise
from ganzoo.results.provenance import Provenance
from ganzoo.results.tables import FORMATS, render
from ganzoo.results.tables.numbers import show_count, show_flops, show_minutes, show_std, show_summary
from support.made_runs import FD, KD, PRECISION, make_report, make_result, make_row

HOSTILE = '<script>alert(1)</script> a|b_c 100% & $x$ #1 {y} \\z ~^ `q` -- "w" \x1b[31m\n2 é ★'
COMMANDS = (("ganzoo", "compare", "--set", "a.b=1 2"),)
ORIGIN = Provenance(COMMANDS, "2026-01-01", 6, {"complete": 6}, 7_300.0, 3_900.0, ("cpu",))


@pytest.fixture
def table():
    """wgan is best, hinge cannot be told from it, bce is worse, gp diverged once and sn was refused."""
    values = {"bce": [20, 21, 22], "wgan": [10, 11, 12.5], "hinge": [10.5, 11, 13], "gp": [5, None, 6]}
    runs = [run for loss, row in values.items() for run in make_row(row, "diverged", loss=loss)]
    return make_table([*runs, *make_row([None] * 3, "refused", loss="sn")])


@pytest.fixture
def hostile():
    return make_table([*make_row([1, 2], loss=HOSTILE), *make_row([None], "failed", loss="bce")])


# numbers


@pytest.mark.parametrize(
    ("values", "expected"),
    [
        # half-widths: t * std / sqrt(n), t of 1 df 12.706, of 2 df 4.303
        ([10.0, 11.0], "10.5 ± 6.4"),
        ([1000.0, 1032.0], "1020 ± 200"),
        ([0.1230, 0.1231, 0.1232], "0.12310 ± 0.00025"),
        ([12.0, 13.0, 14.0], "13.0 ± 2.5"),
        ([-0.01, 0.011], "0.00 ± 0.13"),
        ([2.0, 2.0], "2 ± 0"),
        ([3.14159], "3.142"),
    ],
)
def test_the_interval_has_two_digits_and_the_mean_its_place(values, expected):
    assert show_summary(summarise(dict(enumerate(values)))) == expected


def test_units_are_short():
    assert [show_count(value) for value in (32_000, 1_920, 999, 1_234_567, 999_900)] == [
        "32k",
        "1.92k",
        "999",
        "1.23M",
        "1M",
    ]
    assert [show_minutes(value) for value in (83.4, 5, 3_600)] == ["1:23", "0:05", "60:00"]
    assert [show_flops(value) for value in (1.2e12, 3e5)] == ["1.2e12", "3.0e5"]
    assert show_std(summarise({0: 1.0})) == ""


# text


def test_text_marks_the_best_and_what_cannot_be_told_from_it(table):
    lines = render(table, "text").splitlines()
    cells = {line.split()[0]: line for line in lines[2:7]}
    assert lines[0].split() == ["last"]
    assert lines[1].split()[:3] == ["loss", "n", "FD(digits-cnn)-2k"]
    assert "11.2 ± 3.1  *" in cells["wgan"]
    assert "11.5 ± 3.3  ~" in cells["hinge"]
    assert "21.0 ± 2.5     " in cells["bce"]
    assert "5.5 ± 6.4     " in cells["gp"]  # one number of digits in all rows
    assert "diverged 1/3" in cells["gp"]
    assert "refused: because" in cells["sn"]
    assert any("p >= 0.05 in Welch's two-sided t-test" in line for line in lines)
    assert "  loss: wgan instead of bce: -9.83 ± 0.72 over 3 pairs; all other settings equal" in lines
    assert "  loss: gp instead of wgan: -5.8 ± 9.5 over 2 pairs (1 left out); all other settings equal" in lines


def test_columns_are_aligned(table):
    lines = render(table, "text").splitlines()[1:7]
    column = lines[0].index("failed")
    assert {line[column - 2 : column] for line in lines} == {"  "}


def test_columns_without_values_are_left_out(table):
    header = " ".join(render(table, "text").splitlines()[:2])
    assert "best" not in header
    assert "FLOPs" not in header


def test_other_scores_are_shown_where_they_are_asked_for():
    scores = {FD: 1.0, KD: 0.5, PRECISION: 0.9}
    table = make_table([make_result(0, scores, axes={"loss.name": "bce"})])
    assert KD not in render(table, "text")
    lines = render(table, "text", metrics=[FD, KD, PRECISION]).splitlines()
    assert lines[0].split() == ["last"] * 3
    assert f"{KD} ↓" in lines[1]
    assert f"{PRECISION} ↑" in lines[1]


def test_both_checkpoints_and_all_costs_are_shown():
    costs = {"images": 32_000, "seconds": 83.4, "flops": 1.2e12, "parameters": 1_500, "memory_mb": 512.3}
    reports = [make_report(2.0), make_report(1.0, "best")]
    table = make_table([make_result(0, reports=reports, axes={"loss.name": "bce"}, **costs)])
    row = render(table, "csv").splitlines()[1]
    line = render(table, "text").splitlines()[2]
    assert line.split() == ["bce-s0", "bce", "1", "2", "*", "1", "0/1", "32k", "1:23", "1.2e12", "1.5k", "512"]
    assert row.endswith(",32000.0,83.4,1200000000000.0,1500.0,512.3,")


@pytest.mark.fault("names hold escape sequences and newlines", "a table shows them on one line")
def test_names_cannot_move_the_cursor_nor_break_a_line(hostile):
    text = render(hostile, "text")
    assert "\x1b" not in text
    assert " ".join(HOSTILE.replace("\x1b", " ").split()) in text


def test_a_table_without_scores_says_so():
    assert "No run has a score yet." in render(make_table(make_row([None], "running", loss="bce")), "text")


def test_a_table_fits_the_terminal_and_says_what_left_it(table):
    costs = {"images": 32_000, "seconds": 83.4, "flops": 1.2e12, "parameters": 1_500, "memory_mb": 512.3}
    varied = [
        make_result(seed, {FD: seed + number, KD: seed * number}, axes={"model.name": f"model{number}", "lr": number},
                    **{key: value * (1 + number) for key, value in costs.items()})
        for seed in (1, 2)
        for number in range(3)
    ]  # fmt: skip
    wide = render(make_table(varied), "text", metrics=[FD, KD])
    assert max(map(len, wide.splitlines()[:5])) > 100
    for width in (100, 80):
        lines = render(make_table(varied), "text", metrics=[FD, KD], width=width).splitlines()
        assert max(map(len, lines)) <= width
        assert any(line.startswith("Left out for want of room: memory (MB)") for line in lines)
        assert "±" in lines[2]
    assert "FLOPs" in render(make_table(varied), "text", width=80, columns=["all"])
    assert max(map(len, render(table, "text", width=80).splitlines())) <= 80


def test_numbers_of_one_column_have_one_number_of_digits():
    runs = [run for loss, row in {"bce": [120, 140], "wgan": [1.23, 1.25]}.items() for run in make_row(row, loss=loss)]
    text = render(make_table(runs), "text")
    assert "1.24 ± 0.13  *" in text
    assert "130.00 ± 127.06" in text


def test_color_makes_the_best_bold(table):
    text = render(table, "text", color=True)
    assert re.findall(r"\x1b\[1;32m *(.*?)\x1b\[0m", text) == ["11.2 ± 3.1", "*"]


# Markdown


def test_markdown_is_a_table_with_the_best_in_bold(table):
    lines = render(table, "md").splitlines()
    assert lines[1].startswith("| --- | ---: | ---: |")
    assert {line.count("|") for line in lines[:7]} == {lines[0].count("|")}
    assert [line[:32] for line in lines if "**" in line] == ["| wgan | 3 | **11.2 ± 3.1** | 1."]


def test_markdown_escapes_what_it_would_read(hostile):
    row = next(line for line in render(hostile, "md").splitlines() if "script" in line)
    assert row.startswith(r"| &lt;script>alert(1)&lt;/script> a\|b_c 100% &amp; $x$")
    assert r"\`q\`" in row


def test_markdown_says_how_a_grid_was_made(table):
    text = render(table, "md", provenance=ORIGIN)
    assert "- Command: `ganzoo compare --set 'a.b=1 2'`" in text
    assert "- Cells: 6 (6 complete)" in text
    assert "- Time: 2 h 02 min in all cells together; 65 min from the first to the last" in text
    assert "- Machine: cpu" in text


# CSV and JSON


def test_pandas_reads_the_csv(table):
    frame = pandas.read_csv(io.StringIO(render(table, "csv")))
    assert list(frame["loss"]) == [row.axes["loss.name"] for row in table.rows]
    by_loss = frame.set_index("loss")
    assert by_loss.loc["wgan", f"last {FD} mean"] == table.rows[0].last[FD].mean
    assert by_loss[f"last {FD} std"].dtype == "float64"
    assert by_loss["diverged"].to_dict() == {"gp": 1, "wgan": 0, "hinge": 0, "bce": 0, "sn": 0}
    assert pandas.isna(by_loss.loc["sn", f"last {FD} mean"])
    assert by_loss["rank"].fillna("").to_dict()["hinge"] == "alike"


def test_a_component_called_none_stays_a_name():
    frame = pandas.read_csv(io.StringIO(render(make_table(make_row([1, 2], lipschitz="none")), "csv")))
    assert list(frame["lipschitz"]) == ["none"]


def test_commas_quotes_and_lines_survive_the_csv(hostile):
    frame = pandas.read_csv(io.StringIO(render(hostile, "csv")))
    assert frame["loss"][0] == HOSTILE


def test_json_has_every_number_as_it_is(table):
    values = json.loads(render(table, "json"))
    assert (values["metric"], values["better"], values["axes"]) == (FD, "lower", ["loss.name"])
    row, expected = values["rows"][0], table.rows[0]
    assert row["last"][FD]["values"] == {str(seed): value for seed, value in expected.last[FD].values.items()}
    assert (row["last"][FD]["low"], row["rank"]) == (expected.last[FD].low, "best")
    assert [run["state"] for run in values["rows"][3]["runs"]] == ["complete", "diverged", "complete"]
    assert [effect["difference"]["mean"] for effect in values["effects"]] == [e.difference.mean for e in table.effects]
    assert json.dumps(values, indent=2, ensure_ascii=False) + "\n" == render(table, "json")


# LaTeX


def test_latex_escapes_its_own_signs(hostile):
    row = next(line for line in render(hostile, "latex").splitlines() if "script" in line)
    assert r"\textless{}script\textgreater{}alert(1)" in row
    assert r"a\textbar{}b\_c 100\% \& \$x\$ \#1 \{y\} \textbackslash{}z \textasciitilde{}\textasciicircum{}" in row
    assert r"-{}-" in row
    assert r"é ?" in row


def test_latex_sets_the_best_in_bold(table):
    lines = render(table, "latex").splitlines()
    assert [line for line in lines if "textbf" in line] == [next(line for line in lines if line.startswith("wgan"))]
    assert r"\textbf{11.2 $\pm$ 3.1}" in "\n".join(lines)


def test_latex_writes_a_minus_before_a_negative_score():
    lines = render(
        make_table([*make_row([-1, -2], loss="bce"), *make_row([-8, -7], loss="wgan")]), "latex"
    ).splitlines()
    assert next(line for line in lines if line.startswith("wgan")).split(" & ")[1].startswith(r"\textbf{$-$7.5 $\pm$")


@pytest.mark.skipif(
    shutil.which("pdflatex") is None and not os.environ.get("GANZOO_REQUIRE_ALL"), reason="no pdflatex here"
)
@pytest.mark.parametrize("which", ["table", "hostile"])
def test_latex_compiles_alone(which, request, tmp_path):
    body = render(request.getfixturevalue(which), "latex")
    document = rf"\documentclass{{article}}\usepackage{{booktabs}}\begin{{document}}{body}\end{{document}}"
    (tmp_path / "table.tex").write_text(document, encoding="utf-8")
    command = ["pdflatex", "-interaction=nonstopmode", "-halt-on-error", "table.tex"]
    done = subprocess.run(command, cwd=tmp_path, capture_output=True, text=True, errors="replace")
    assert done.returncode == 0, done.stdout
    if which == "table":
        assert "Overfull" not in done.stdout
    assert (tmp_path / "table.pdf").read_bytes().startswith(b"%PDF")


# HTML


class Page(HTMLParser):
    """The texts of a page by the tag that they are in, and all tags."""

    def __init__(self, source):
        super().__init__()
        self.tags, self.texts, self.addresses = [], {}, []
        self.feed(source)

    def handle_starttag(self, tag, attributes):
        self.tags.append(tag)
        self.addresses += [value for name, value in attributes if name in ("src", "href")]

    def handle_data(self, data):
        self.texts.setdefault(self.tags[-1] if self.tags else "", []).append(data.strip())


def test_a_page_shows_the_rows_and_needs_no_other_file(table):
    page = Page(render(table, "html", provenance=ORIGIN))
    assert page.texts["strong"][0] == "11.2 ± 3.1"
    assert page.tags.count("tr") == 6
    assert page.addresses == []
    assert "ganzoo compare --set 'a.b=1 2'" in page.texts["dd"]


def test_a_page_shows_names_as_text(hostile):
    page = Page(render(hostile, "html"))
    assert "script" not in page.tags
    assert any("<script>alert(1)</script>" in text for text in page.texts["td"])


def test_every_format_ends_with_a_newline_and_another_is_refused(table):
    assert all(render(table, format).endswith("\n") for format in FORMATS)
    with pytest.raises(ConfigError, match="'xlsx' is not a format"):
        render(table, "xlsx")
