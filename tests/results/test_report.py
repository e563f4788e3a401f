"""The HTML report without a browser: what it takes from runs, that it is text there, and how large it grows."""

import json
import shutil
import subprocess
import sys
from itertools import product
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from ganzoo.errors import EvaluationError, FolderError
from ganzoo.results.comparison import make_table
from ganzoo.results.read import read_results
from ganzoo.results.report import write_report
from ganzoo.results.report.curves import POINTS, Track, collect_logs, collect_scores, merge
from ganzoo.results.report.facts import compare_environments, compare_settings
from ganzoo.results.report.page import describe, embed
from ganzoo.results.report.pictures import limits, read_album
from ganzoo.results.report.styles import choose_styles
from support.report_pages import SCRIPT, Elements, decode, rows_of
from support.report_runs import GLANCE, SCORE, make_diagnosis, make_grid, make_run, write, write_lines
from support.runs import ENVIRONMENT


@pytest.fixture
def two_losses(tmp_path):
    """Two losses with three seeds each: FD 10.0, 10.1, 10.2 and 20.0, 20.2, 20.4."""
    for loss, seed in product(("bce", "wgan"), range(3)):
        score = 10 + seed / 10 if loss == "bce" else 20 + seed / 5
        make_run(tmp_path / "runs" / f"{loss}-{seed}", seed, loss=loss, score=score)
    return tmp_path / "runs"


def track(images, values, speed=10.0):
    images = np.array(images, float)
    return Track(images, images / speed, {"loss": np.array(values, float)})


# curves


def test_a_line_is_the_mean_of_its_seeds_between_the_lowest_and_the_highest():
    line = merge([track([10, 20], [1, 2]), track([10, 20], [2, 6]), track([10, 20], [6, 1], speed=1)])
    assert line["images"] == [10, 20]
    assert line["seconds"] == [4, 8]  # (1 + 1 + 10) / 3, (2 + 2 + 20) / 3
    assert line["n"] == [3, 3]
    assert line["values"] == {"loss": {"mean": [3, 3], "low": [1, 1], "high": [6, 6]}}


def test_a_seed_counts_as_far_as_it_came():
    line = merge([track([10, 20, 30], [1, 1, 1]), track([10, 20], [3, 5])])
    assert line["n"] == [2, 2, 1]
    assert line["values"]["loss"]["mean"] == [2, 3, 1]


def test_seeds_with_records_at_other_numbers_of_images_are_interpolated():
    line = merge([track([10, 30], [0, 2]), track([10, 20, 30], [5, 5, 5])])
    assert line["values"]["loss"]["low"] == [0, 1, 2]


def test_a_record_without_a_number_leaves_a_gap():
    line = merge([track([10, 20, 30], [1, np.nan, 3])])
    assert line["values"] == {"loss": {"mean": [1, None, 3]}}


def test_long_lines_are_thinned_and_keep_their_ends():
    steps = np.arange(1, 10_001)
    line = merge([track(steps, steps)])
    assert (len(line["images"]), line["images"][0], line["images"][-1]) == (POINTS, 1, 10_000)
    assert line["values"]["loss"]["mean"][-1] == 10_000


def test_logs_become_curves_without_what_is_always_zero(two_losses):
    line = collect_logs(rows_of(two_losses))["row-0"]
    assert line["images"][:2] == [160, 320]  # steps 5 and 10, 32 images each
    assert line["seconds"][:2] == [0.5, 1]
    assert line["values"]["d/adversarial"]["mean"][:2] == [2.95, 2.9]  # 2 - step / 100 + the mean seed
    assert line["values"]["d/adversarial"]["high"][0] == 3.95
    assert "d/penalty" not in line["values"]


def test_scores_while_training_get_their_seconds_from_the_log(two_losses):
    line = collect_scores(rows_of(two_losses))[GLANCE]["row-0"]
    assert line["images"] == [640, 1280, 1920, 2560, 3200]
    assert line["seconds"] == [2, 4, 6, 8, 10]
    assert line["values"][GLANCE]["mean"] == [42.1, 34.1, 26.1, 18.1, 10.1]


def test_runs_that_were_not_scored_while_they_trained_end_in_a_point(two_losses):
    for path in two_losses.glob("*/evaluations.jsonl"):
        path.unlink()
    scores = collect_scores(rows_of(two_losses))
    assert GLANCE not in scores
    point = scores[SCORE]["row-1"]
    assert (point["images"], point["seconds"]) == ([3200], [10])
    assert point["values"][SCORE] == {"mean": [20.2], "low": [20], "high": [20.4]}


# looks


def test_equal_values_look_alike_and_no_two_rows_do():
    axes = [{"a": a, "b": b, "c": c, "same": 0} for a, b, c in product("xy", "pqrs", [1, 2, 3])]
    styles, features = choose_styles(axes)
    assert features == [("colour", "b"), ("dashes", "c"), ("mark", "a")]
    assert len({tuple(style.values()) for style in styles}) == len(axes)
    assert len({style["colour"] for style, row in zip(styles, axes, strict=True) if row["b"] == "q"}) == 1


@pytest.mark.parametrize(
    "axes", [[{"lr": i} for i in range(40)], [dict(enumerate(v)) for v in product("xy", repeat=4)]]
)
def test_rows_without_three_small_axes_are_still_told_apart(axes):
    styles, features = choose_styles(axes)
    assert features == []
    assert len({tuple(style.values()) for style in styles}) == len(axes)


# pictures


def album_of(folder, times=8, size=60_000):
    (result,) = read_results([folder])
    return read_album(result, times, size)


def test_pictures_are_spread_over_the_training_and_end_with_the_last(tmp_path):
    album = album_of(make_run(tmp_path / "run", frames=20), times=4)
    assert [picture.step for picture in album.pictures] == [25, 50, 75, 100]
    assert [picture.share for picture in album.pictures] == [0.25, 0.5, 0.75, 1]


def test_a_run_that_ended_early_has_its_share_of_the_training(tmp_path):
    album = album_of(make_run(tmp_path / "run", frames=10, state="diverged"))
    assert (album.pictures[-1].step, album.pictures[-1].share, album.steps) == (50, 0.5, 100)


def test_small_pictures_lose_nothing(tmp_path):
    folder = make_run(tmp_path / "run", noise=(40, 50))
    picture = album_of(folder).pictures[-1]
    original = Image.open(folder / "samples" / "step-000100.png").convert("RGB")
    assert not picture.lossy and not picture.reduced
    assert np.array_equal(np.asarray(decode(picture)), np.asarray(original))


def test_pictures_of_noise_give_up_quality_then_pixels_until_they_fit(tmp_path):
    folder = make_run(tmp_path / "run", noise=(270, 338), frames=1)
    sizes = {}
    for size in (60_000, 20_000):
        (picture,) = album_of(folder, size=size).pictures
        assert len(picture.uri) * 3 / 4 <= size + 100
        sizes[size] = decode(picture).size, (picture.width, picture.height), picture.lossy, picture.reduced
    assert sizes[60_000] == ((338, 270), (338, 270), True, False)
    assert sizes[20_000] == ((169, 135), (338, 270), True, True)


@pytest.mark.fault("a picture of a run is torn", "the report names it")
def test_a_torn_picture_is_named_and_an_equal_one_shown_once(tmp_path):
    folder = make_run(tmp_path / "run")
    samples = folder / "samples"
    torn = (samples / "step-000040.png").read_bytes()
    (samples / "step-000040.png").write_bytes(torn[: len(torn) // 2])
    shutil.copy(samples / "step-000080.png", samples / "step-000100.png")
    album = album_of(folder)
    assert [picture.step for picture in album.pictures] == [20, 60, 80]
    assert album.unreadable == ("step-000040.png",)


@pytest.mark.fault(
    "a picture of a run has 81 million pixels, or far too many bytes", "the report names it, and does not decode it"
)
def test_a_picture_that_is_too_large_is_named_and_not_decoded(tmp_path, monkeypatch):
    samples = make_run(tmp_path / "run") / "samples"
    Image.new("1", (9_000, 9_000)).save(samples / "step-000040.png")
    monkeypatch.setattr("ganzoo.results.report.pictures.MOST_BYTES", 1 << 20)
    with (samples / "step-000060.png").open("ab") as file:
        file.truncate(2 << 20)
    album = album_of(tmp_path / "run")
    assert album.unreadable == (
        "step-000040.png (it has 9,000 x 9,000 pixels)",
        "step-000060.png (it has 2,097,152 bytes, more than 1,048,576)",
    )


def test_many_runs_share_one_budget():
    assert limits(1) == (8, 240_000)
    for runs in (24, 48, 100):
        times, size = limits(runs)
        assert 4 <= times <= 8
        assert runs * times * size <= 3_400_000


# settings, environment


def test_settings_are_told_apart_from_those_that_all_share(two_losses):
    recipe = two_losses / "wgan-0" / "recipe.toml"
    recipe.write_text(recipe.read_text().replace("keep_last = 3", "keep_last = 7"))
    table = make_table(read_results([two_losses]))
    settings = compare_settings(table.rows, table.axes)
    assert settings.differing == ("train.keep_last",)
    assert settings.by_row == (("3",), ("7 | 3",))
    assert settings.shared["optim.batch_size"] == "32"
    assert not {"loss.name", "train.seed", "train.keep_last"} & settings.shared.keys()


def test_runs_of_unlike_environments_are_named(two_losses):
    path = two_losses / "wgan-2" / "manifest.json"
    said = json.loads(path.read_text())
    write(path, said | {"versions": said["versions"] | {"torch": "2.11.0"}})
    facts = {fact.name: fact for fact in compare_environments(read_results([two_losses]))}
    (most, runs), (other, its) = facts["torch"].values
    assert (most, len(runs), other, its) == ("2.10.0", 5, "2.11.0", ("wgan-2",))
    assert [name for name, fact in facts.items() if fact.differs] == ["torch"]


# the page


def test_the_report_has_the_numbers_of_the_table(two_losses, tmp_path):
    page = Elements(write_report(read_results([two_losses]), tmp_path / "report.html").read_text())
    for number in ("10.10 ± 0.25", "20.20 ± 0.50", "9.10 ± 0.25"):  # t(2) 4.303 x 0.1 / sqrt(3); the best is 1 lower
        assert number in page.text
    assert "+10.10 ± 0.25" in page.text  # the differences are 10, 10.1, 10.2
    assert "Welch's two-sided t-test" in page.text


@pytest.mark.fault("names of runs are HTML", "they are text in a report", "F84")
def test_whatever_runs_are_called_is_text(tmp_path):
    for seed, loss in product(range(2), ("bce", SCRIPT)):
        make_run(tmp_path / f"<script>alert(1)<!-- {seed}{len(loss)}", seed, loss=loss, plugin=f"<img src=x>{SCRIPT}")
    for path in tmp_path.glob("*/evaluations.jsonl"):
        path.write_text(path.read_text().replace(GLANCE, f"FD({SCRIPT})-100"))
    results = read_results([tmp_path])
    report = write_report(results, tmp_path / "report.html", title=f"<b>{SCRIPT}").read_text()
    page = Elements(report)
    assert page.tags.count("script") == 3  # data, plotly, ours
    assert "alert(1)" in page.text and "<img src=x>" in page.text
    assert page.tags.count("b") == 0 and page.text.count(f"<b>{SCRIPT}") == 2  # title and heading
    assert "<!--" not in report
    assert all(not value.startswith("x") for name, value in page.attributes if name == "src")


def test_json_in_a_page_ends_no_element_and_is_read_back():
    values = {"a": ["</script>", "<!--", "]]>", 'quote " and \\'], "b": 0.5, "c": None}
    assert "<" not in embed(values)
    assert json.loads(embed(values)) == values


def test_a_grid_shows_what_failed_and_what_was_refused_with_reasons(tmp_path):
    axes = [{"loss.name": name} for name in ("bce", "wgan", "hinge", "lsgan")]
    states = {(1, 0): "diverged", (2, 0): "failed", (2, 1): "diverged"}
    make_grid(tmp_path / "grid", axes, [0, 1], states=states, refused={3: "no <such> loss"})
    results = read_results([tmp_path / "grid"])
    text = Elements(write_report(results, tmp_path / "report.html").read_text()).text
    shown = " ".join(text.split())
    assert "4 rows, 8 runs: 3 complete, 2 diverged, 2 refused, 1 failed." in shown
    assert all(words in shown for words in ("diverged 1/2", "the loss is nan", "refused: no <such> loss"))
    assert "ganzoo compare --out grid" in shown
    assert "Without pictures: lsgan." in shown


@pytest.mark.fault("runs that left next to nothing", "they have a report")
def test_runs_that_left_next_to_nothing_have_a_report(tmp_path):
    run = make_run(tmp_path / "run", state="interrupted")
    for path in run.iterdir():
        if path.name != "recipe.toml":
            shutil.rmtree(path) if path.is_dir() else path.unlink()
    text = Elements(write_report(read_results([run]), tmp_path / "report.html").read_text()).text
    assert all(words in text for words in ("No run has a score", "No run began."))
    described = describe(make_table(read_results([run])), read_results([run]))
    assert described["charts"] is None and described["cards"] == []


@pytest.mark.fault("the last line of a log is torn by a kill", "the report reads it as far as it goes")
def test_a_log_that_a_kill_tore_is_read_as_far_as_it_goes(two_losses, tmp_path):
    log = two_losses / "bce-0" / "log.jsonl"
    log.write_text(log.read_text()[:-20])
    line = collect_logs(rows_of(two_losses))["row-0"]
    assert line["n"][-2:] == [3, 2]


def test_unlike_protocols_are_refused_and_nothing_is_written(two_losses, tmp_path):
    path = two_losses / "bce-0" / "scores.json"
    path.write_text(path.read_text().replace('"count": 200', '"count": 500'))
    with pytest.raises(EvaluationError, match=r"generated\.count") as refusal:
        write_report(read_results([two_losses]), tmp_path / "report.html")
    assert refusal.value.exit_code == 7
    assert not (tmp_path / "report.html").exists()


def test_a_report_takes_the_place_of_an_older_one_and_not_that_of_a_folder(two_losses, tmp_path):
    results, path = read_results([two_losses]), tmp_path / "new" / "report.html"
    write_report(results, path, title="one")
    write_report(results, path, title="two")
    assert "<title>two</title>" in path.read_text()
    assert [file.name for file in path.parent.iterdir()] == ["report.html"]
    with pytest.raises(FolderError, match="cannot write"):
        write_report(results, two_losses)


@pytest.mark.full
def test_24_runs_of_noise_fit_into_8_mb(tmp_path):
    for loss, seed in product(("bce", "wgan", "hinge", "lsgan"), range(6)):
        folder = make_run(tmp_path / f"{loss}-{seed}", seed, loss=loss, noise=(270, 338), frames=20)
        write_lines(folder / "log.jsonl", noisy_records(seed))
        make_diagnosis(folder, *[(name, "alarm", f"{name}.png") for name in ("samples", "logits")])
        for name in ("samples", "logits"):
            shutil.copy(folder / "samples" / "step-000100.png", folder / "diagnosis" / f"{name}.png")
    report = write_report(read_results([tmp_path]), tmp_path / "report.html")
    assert report.stat().st_size < 8_000_000
    assert report.read_text().count("data:image/webp") == 24 * (8 + 2)


def noisy_records(seed):
    """2,000 records of as many quantities as training logs, no two alike."""
    names = ["d/adversarial", "d/penalty", "d/auxiliary", "score/real", "score/fake", "g/adversarial", "g/auxiliary"]
    names += ["grad_norm/d", "grad_norm/g", "lr/d", "lr/g", "images_per_s"]
    values = np.random.default_rng(seed).normal(size=(2000, len(names)))
    times = [{"step": i, "images": 32 * i, "seconds": 0.123 * i} for i in range(1, 2001)]
    return [time | dict(zip(names, row, strict=True)) for time, row in zip(times, values.tolist(), strict=True)]


def test_torch_is_not_imported(two_losses, tmp_path):
    code = (
        "import sys; from pathlib import Path\n"
        "from ganzoo.results.report import write_report; from ganzoo.results.read import read_results\n"
        "write_report(read_results([Path(sys.argv[1])]), Path(sys.argv[2]))\n"
        "assert 'torch' not in sys.modules"
    )
    words = [sys.executable, "-c", code, two_losses, tmp_path / "report.html"]
    result = subprocess.run(words, env=ENVIRONMENT, capture_output=True, text=True)
    assert result.returncode == 0, result.stderr


def test_styles_and_script_lie_beside_the_code():
    import ganzoo.results.report

    names = {path.name for path in Path(ganzoo.results.report.__file__).parent.iterdir()}
    assert {"page.html.j2", "report.css", "report.js"} <= names


# what says nothing


def test_the_report_of_one_run_begins_with_its_pictures_and_has_no_chart_of_one_dot(tmp_path):
    make_run(tmp_path / "run", 0)
    (tmp_path / "run" / "evaluations.jsonl").unlink()
    results = read_results([tmp_path / "run"])
    parts = describe(make_table(results), results)
    assert parts["single"] and parts["charts"]["scores"] == []
    assert not {"n", "p", "std", "outcome"} & {column.key for column in parts["columns"]}
    page = write_report(results, tmp_path / "report.html").read_text()
    assert page.index('<section id="samples"') < page.index('<section id="table"')


def test_columns_that_are_equal_in_all_rows_are_named_below_the_table(two_losses):
    results = read_results([two_losses])
    parts = describe(make_table(results), results)
    assert not {"n", "outcome"} & {column.key for column in parts["columns"]}
    assert "axis loss.name" in {column.key for column in parts["columns"]}
    assert "n 3" in parts["remarks"][-1] and "failed 0/3" in parts["remarks"][-1]
    page = write_report(results, two_losses / "report.html").read_text()
    assert page.index('<section id="table"') < page.index('<section id="samples"')
