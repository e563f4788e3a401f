"""The HTML report as a reader uses it: in Chromium, from a file, by mouse and keyboard, wide and narrow.

Without Chromium or playwright these are skipped, unless GANZOO_REQUIRE_ALL is set.
"""

import os
import shutil
from itertools import pairwise, product

import pytest

from ganzoo.results.read import read_results
from ganzoo.results.report import write_report
from support.report_runs import GLANCE, SCORE, make_diagnosis, make_grid, make_run

CHROMIUM = shutil.which("chromium")
REQUIRED = bool(os.environ.get("GANZOO_REQUIRE_ALL"))
FLAGS = ["--no-sandbox", "--disable-quic", "--disable-background-networking", "--disable-gpu"]
SCRIPT = "</script><script>alert(1)</script>"

if not REQUIRED:
    pytest.importorskip("playwright")
    if CHROMIUM is None:
        pytest.skip("no chromium", allow_module_level=True)

from playwright.sync_api import sync_playwright  # noqa: E402  # after the skip


@pytest.fixture(scope="module")
def browser():
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=CHROMIUM, args=FLAGS)
        yield browser
        browser.close()


@pytest.fixture(scope="module")
def report(tmp_path_factory):
    """A grid of 2 models x 3 losses, two seeds, FD from 10 to 15; one row diverged, one was refused, one is odd."""
    root = tmp_path_factory.mktemp("report")
    axes = [
        {"model.name": model, "loss.name": loss} for model, loss in product(("mlp", "dcgan"), ("bce", "wgan", SCRIPT))
    ]
    states = {(4, 0): "diverged", (4, 1): "diverged"}
    make_grid(root / "grid", axes, [0, 1], states=states, refused={3: "no <b>such</b> model"}, plugin=SCRIPT)
    collapse, clip = ("mode-collapse", "alarm", "samples.png"), ("unused-capacity", "remark", "weights.png")
    make_diagnosis(root / "grid" / "cells" / "cell-00-s0", collapse, clip)
    make_diagnosis(root / "grid" / "cells" / "cell-01-s1", ("dead-units", "fine", ""), notes=["a note " * 40])
    return write_report(read_results([root / "grid"]), root / "report.html", title=SCRIPT)


@pytest.fixture(scope="module")
def open_page(browser, report):
    """Open a report; at the end nothing may have been asked of the network or complained of on the console."""
    complaints, contexts = [], []

    def open_page(path=report, width=1600, scheme="light", script=True):
        context = browser.new_context(
            viewport={"width": width, "height": 900}, color_scheme=scheme, java_script_enabled=script
        )
        contexts.append(context)
        page = context.new_page()
        page.set_default_timeout(60_000)  # where other tests share the cores
        page.on("console", lambda message: complaints.append(message.text))
        page.on("pageerror", lambda error: complaints.append(str(error)))
        page.on("dialog", lambda dialog: complaints.append(dialog.message))
        page.on("request", lambda request: complaints.append(request.url) if is_foreign(request.url, path) else None)
        page.goto(path.as_uri())
        if script:
            page.wait_for_selector("html[data-ready]")
        return page

    yield open_page
    for context in contexts:
        context.close()
    assert complaints == []


def is_foreign(url, path):
    return url != path.as_uri() and not url.startswith(("data:", "blob:"))


@pytest.fixture(scope="module")
def still(open_page):
    """A page that no test changes: to open one takes seconds."""
    return open_page()


@pytest.fixture
def page(open_page):
    """A page for one test alone."""
    page = open_page()
    yield page
    page.close()


def shown_rows(page):
    """Model and loss of the rows that are seen, from top to bottom."""
    rows = page.locator("#rows tbody tr:visible")
    return [tuple(row.locator("th.wide").all_inner_texts()) for row in rows.all()]


def column(page, key):
    return page.locator(f'#rows tbody tr:visible [data-key="{key}"]').all_inner_texts()


def lines(page, chart):
    """Rows that a chart draws a line of."""
    traces = f"document.getElementById('{chart}').data.filter((trace) => !trace.fill).map((trace) => trace.meta)"
    return set(page.evaluate(traces))


def visible_pictures(page):
    return page.locator(".card:visible img:visible").evaluate_all("images => images.map((i) => i.src)")


# the table


def test_a_column_is_sorted_one_way_and_the_other_with_gaps_last(page):
    button = page.get_by_role("button", name=f"{SCORE} last")
    header = page.locator("#rows th", has=button)
    button.click()
    assert header.get_attribute("aria-sort") == "ascending"
    rising = column(page, "last")
    assert [text[:5] for text in rising] == ["10.05", "11.05", "12.05", "15.05", "", ""]
    button.press("Enter")
    assert header.get_attribute("aria-sort") == "descending"
    assert column(page, "last") == [*reversed(rising[:4]), "", ""]
    page.get_by_role("button", name="model").click()
    assert page.locator("#rows [aria-sort]").count() == 1
    assert [model for model, _ in shown_rows(page)] == ["dcgan"] * 3 + ["mlp"] * 3


def test_rows_are_filtered_by_words_and_by_axes_and_all_else_follows(page):
    assert page.locator("#shown").inner_text() == "6 of 6 rows"
    page.get_by_label("Search").fill("MLP bce")
    assert shown_rows(page) == [("mlp", "bce")]
    assert lines(page, "score-chart") == lines(page, "loss-chart") == {"row-0"}
    assert page.locator(".card:visible").count() == page.locator("#legend button:visible").count() == 1
    page.get_by_label("Search").fill("")
    page.get_by_role("combobox", name="loss", exact=True).select_option("wgan")
    assert shown_rows(page) == [("mlp", "wgan"), ("dcgan", "wgan")]
    page.get_by_role("combobox", name="model", exact=True).select_option("dcgan")
    assert shown_rows(page) == [("dcgan", "wgan")]
    page.get_by_label("Search").fill("nothing is called so")
    assert page.locator("#none").is_visible() and page.locator("#legend-none").is_visible()
    page.get_by_role("button", name="Show all rows").click()
    page.wait_for_function("document.getElementById('shown').textContent === '6 of 6 rows'")
    assert len(shown_rows(page)) == 6


def test_the_best_is_bold_and_reasons_are_told(still):
    assert still.locator("#rows tbody strong").all_inner_texts() == ["10.05 ± 0.64"]  # t(1) 12.71 x 0.0707 / sqrt(2)
    reasons = [text for text in still.locator("#rows td.reason").all_inner_texts() if text != "0/2"]
    assert reasons == ["refused: no <b>such</b> model", "diverged 2/2\ndiverged: the loss is nan"]


def test_other_scores_are_shown_on_demand(page):
    assert page.get_by_role("columnheader", name="IS(digits-cnn)-200").count() == 0
    page.get_by_label("all scores").check()
    assert page.get_by_role("columnheader", name="IS(digits-cnn)-200").is_visible()


# charts


def test_charts_change_axis_quantity_and_scale(page):
    chart = "document.getElementById('score-chart')"
    first = f"{chart}.data.find((trace) => !trace.fill)"
    assert page.evaluate(f"{first}.x") == [640, 1280, 1920, 2560, 3200]
    page.get_by_label("seconds").check()
    assert page.evaluate(f"{first}.x") == [2, 4, 6, 8, 10]
    page.locator("#score-log").check()
    assert page.evaluate(f"{chart}.layout.yaxis.type") == "log"
    ticks = page.locator("#score-chart .ytick").all_text_contents()
    assert ticks and all(float(text) >= 10 for text in ticks)  # 20, not 2
    page.get_by_role("combobox", name="Score", exact=True).select_option(SCORE)
    assert page.evaluate(f"{first}.x") == [10]
    assert "Single points" in page.locator("#score-note").inner_text()
    page.get_by_label("Quantity").select_option("g/adversarial")
    assert page.evaluate("document.getElementById('loss-chart').data.at(-1).y[0]") == pytest.approx(1.2)  # 0.7, 1.7


def test_bands_span_the_seeds(still):
    band = still.evaluate(
        "document.getElementById('loss-chart').data.find((trace) => trace.fill && trace.meta === 'row-0').y"
    )
    assert (band[0], band[-1]) == (2.95, 1.95)  # d/adversarial at step 5 of seeds 1 and 0


def test_the_legend_switches_lines_off_and_on(page):
    before = lines(page, "score-chart")
    button = page.locator("#legend button").first
    button.focus()
    page.keyboard.press("Space")
    assert button.get_attribute("aria-pressed") == "false"
    assert len(before - lines(page, "score-chart")) == len(before - lines(page, "loss-chart")) == 1
    page.keyboard.press("Space")
    assert lines(page, "score-chart") == before


def test_no_button_would_send_data_away(still):
    titles = still.locator(".modebar-btn").evaluate_all("buttons => buttons.map((b) => b.dataset.title ?? b.ariaLabel)")
    assert titles
    assert not [title for title in titles if "cloud" in title.lower() or "edit" in title.lower()]


# pictures


def test_the_slider_moves_all_pictures_by_keyboard(page):
    slider, last = page.get_by_label("Time"), visible_pictures(page)
    assert len(last) == page.locator(".card").count() == 5
    slider.focus()
    page.keyboard.press("Home")
    first = visible_pictures(page)
    assert slider.get_attribute("aria-valuetext") == page.locator("#time-shown").inner_text() == "20 % of training"
    assert page.locator(".card .when").first.inner_text() == "seed 0, step 20 of 100"
    assert not set(first) & set(last)
    page.keyboard.press("ArrowRight")
    assert not set(visible_pictures(page)) & set(first)
    page.keyboard.press("End")
    assert visible_pictures(page) == last
    diverged = page.locator(".card", has_text="diverged").locator(".when")
    assert diverged.inner_text() == "seed 0, step 40 of 100, diverged"


def test_a_seed_is_chosen_for_all_cards(page):
    page.get_by_label("Seed").select_option("1")
    assert all(text.startswith("seed 1,") for text in page.locator(".card .when").all_inner_texts())
    alts = page.locator(".card img:visible").evaluate_all("images => images.map((i) => i.alt)")
    assert "Samples of mlp · bce, seed 1, at step 100" in alts


def test_diagnoses_stand_beside_their_pictures_and_follow_the_filter(page):
    page.get_by_role("link", name="Diagnosis").click()
    runs = page.locator(".diagnosis:visible")
    assert [run.locator("h3").inner_text().splitlines() for run in runs.all()] == [
        ["mlp · bce", "seed 0, step 100 of 100: 1 alarm, 1 remark, 0 not found"],
        ["mlp · wgan", "seed 1, step 100 of 100: no alarm, no remark, 1 not found"],
    ]
    alarm, remark = runs.first.locator(".finding").all()
    assert alarm.locator(".flag").inner_text() == "alarm" and remark.locator(".flag").inner_text() == "remark"
    assert "Try --loss wgan, or --lipschitz r1" in alarm.inner_text()
    assert alarm.locator("img").evaluate("image => image.complete && image.naturalWidth") == 720
    assert alarm.locator("img").bounding_box()["x"] > alarm.locator("p").first.bounding_box()["x"] + 300
    page.get_by_label("Search").fill("wgan")
    assert page.locator(".diagnosis:visible h3").all_inner_texts()[0].startswith("mlp · wgan")


# looks


@pytest.mark.parametrize(
    ("scheme", "other"), [("light", "dark"), pytest.param("dark", "light", marks=pytest.mark.full)]
)
def test_the_theme_is_the_systems_until_it_is_switched(open_page, scheme, other):
    page = open_page(scheme=scheme)
    colours = [looks(page)]
    page.get_by_role("button", name=f"{other.capitalize()} theme").click()
    colours.append(looks(page))
    assert (brightness(colours[0]) > 128) == (scheme == "light")
    assert (brightness(colours[1]) > 128) == (scheme == "dark")
    assert colours[0]["line"] != colours[1]["line"] and colours[0]["axis"] != colours[1]["axis"]


def looks(page):
    chart = "document.getElementById('loss-chart')"
    return page.evaluate(
        "({ page: getComputedStyle(document.body).backgroundColor, "
        f"line: {chart}.data.at(-1).line.color, axis: {chart}.layout.xaxis.gridcolor }})"
    )


def brightness(colours):
    return int(colours["page"].removeprefix("rgb(").split(",")[0])


@pytest.mark.parametrize("scheme", ["light", pytest.param("dark", marks=pytest.mark.full)])
@pytest.mark.parametrize("width", [400, 1600])
def test_nothing_but_tables_is_wider_than_the_window(open_page, width, scheme):
    page = open_page(width=width, scheme=scheme)
    page.locator("details").evaluate_all("all => all.forEach((details) => { details.open = true; })")
    assert page.evaluate("document.documentElement.scrollWidth") <= width
    outside = f"""[...document.querySelectorAll("body *")].filter((element) => element.checkVisibility()
        && !element.closest(".scroll, .hidden, .skip, svg") && element.getBoundingClientRect().right > {width} + 1)
        .map((element) => element.outerHTML.slice(0, 80))"""
    assert page.evaluate(outside) == []


@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_text_stands_out_from_its_ground(still, scheme):
    """WCAG 2.2, 1.4.3: a contrast of 4.5 for text; 1.4.11: of 3 for the lines of a chart."""
    still.emulate_media(color_scheme=scheme)
    assert (brightness(looks(still)) > 128) == (scheme == "light")
    resolve = """names => names.map((name) => { const probe = document.createElement("i");
        probe.style.color = `var(--${name})`; document.body.append(probe);
        const colour = getComputedStyle(probe).color; probe.remove(); return colour.match(/[0-9.]+/g).map(Number); })"""
    grounds = still.evaluate(resolve, ["page", "raised", "best"])
    texts = still.evaluate(resolve, ["text", "soft", "accent", "warn", "alarm"])
    strokes = still.evaluate(resolve, [*(f"line-{i}" for i in range(8)), "strong-rule"])
    assert min(contrast(text, ground) for text in texts for ground in grounds) >= 4.5
    assert min(contrast(stroke, grounds[0]) for stroke in strokes) >= 3


def contrast(one, other):
    lighter, darker = sorted((luminance(one), luminance(other)), reverse=True)
    return (lighter + 0.05) / (darker + 0.05)


def luminance(colour):
    """Relative luminance of sRGB in 0..255, WCAG 2.2."""
    linear = [c / 12.92 if c <= 0.04045 else ((c + 0.055) / 1.055) ** 2.4 for c in (x / 255 for x in colour[:3])]
    return 0.2126 * linear[0] + 0.7152 * linear[1] + 0.0722 * linear[2]


# structure


def test_all_controls_are_reached_by_the_tab_key(page):
    page.keyboard.press("Tab")
    assert page.evaluate("document.activeElement.className") == "skip"
    reached = set()
    for _ in range(120):
        page.keyboard.press("Tab")
        reached.add(page.evaluate("document.activeElement.id || document.activeElement.dataset.column"))
    assert {"theme", "search", "last", "score", "loss", "score-log", "time", "seed"} <= reached


def test_headings_are_in_order_and_controls_and_pictures_have_names(still):
    levels = still.locator("h1, h2, h3").evaluate_all("all => all.map((heading) => Number(heading.tagName[1]))")
    assert levels[0] == 1 and levels.count(1) == 1
    assert all(next_ - level <= 1 for level, next_ in pairwise(levels))
    assert still.locator("img:not([alt]), img[alt='']").count() == 0
    unnamed = (
        """[...document.querySelectorAll("main input, main select")].filter((control) => control.labels.length === 0)"""
    )
    assert still.evaluate(f"{unnamed}.length") == 0
    assert still.locator("main, header, nav, footer").count() == 4


@pytest.mark.fault("names of runs are HTML and scripts", "a report shows them as text, in a browser", "F84")
def test_names_are_text_everywhere(still):
    assert still.title() == still.locator("h1").inner_text() == SCRIPT
    assert ("mlp", SCRIPT) in shown_rows(still)
    still.locator("#score-chart .scatterlayer").wait_for(state="attached")
    assert still.locator("#environment").inner_text().count(SCRIPT) >= 1
    assert still.evaluate("document.scripts.length") == 3  # data and ours; plotly's text has become a script


def test_without_scripts_there_are_the_tables_and_the_last_pictures(open_page):
    page = open_page(script=False)
    assert len(shown_rows(page)) == 6
    assert page.locator("#filter").is_hidden() and page.locator("#curves").is_hidden()
    assert len(visible_pictures_without_script(page)) == 5


def visible_pictures_without_script(page):
    return [picture for picture in page.locator(".card img").all() if picture.is_visible()]


def test_a_single_run_without_scores_and_pictures_opens(open_page, tmp_path):
    folder = make_run(tmp_path / "run", state="interrupted", frames=1)
    (folder / "evaluations.jsonl").unlink()
    page = open_page(write_report(read_results([folder]), tmp_path / "one.html"))
    assert page.locator("#score-chart").count() == 0
    assert lines(page, "loss-chart") == {"row-0"}
    assert GLANCE not in page.content()


@pytest.mark.parametrize("may_copy", [True, False])
def test_what_is_shown_of_the_table_is_copied_as_csv_and_latex(page, may_copy):
    page.evaluate(
        """may => {
            window.copied = [];
            const clipboard = { writeText: async (text) => { if (!may) throw new Error("no"); copied.push(text); } };
            Object.defineProperty(navigator, "clipboard", { value: clipboard, configurable: true });
            document.execCommand = () => { copied.push(document.querySelector("#copy-text").value); return true; };
        }""",
        may_copy,
    )
    page.fill("#search", "dcgan")
    for kind in ("csv", "latex"):
        page.click(f"[data-copy={kind}]")
        page.wait_for_function("document.querySelector('#copied').textContent === 'Copied.'")
    page.wait_for_function("copied.length === 2")
    csv, latex = page.evaluate("copied")
    header, *rows = csv.splitlines()
    assert header.startswith("model,loss,") and len(rows) == len(shown_rows(page))
    assert all(row.startswith("dcgan,") for row in rows)
    assert latex.count(r"\\") == len(rows) + 1 and r"\toprule" in latex
