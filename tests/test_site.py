"""The site of docs/: every page is in its contents, all of the code in its reference, and it needs no network.

The whole site is built once for the tests marked full, unless GANZOO_SITE names a folder where it has been built.
"""

import os
import re
import shutil
import subprocess
import sys
from pathlib import Path

import click
import pytest

import ganzoo
from ganzoo.cli import cli
from ganzoo.cli.topics import list_topics
from ganzoo.settings.kinds import KIND_INFO
from ganzoo.settings.options import list_options
from ganzoo.settings.sections import SECTIONS
from ganzoo.zoo.names import KNOWN, NAMES
from support.checkout import ROOT
from support.site_pages import dead_links, read_pages

FLAGS = ["--no-sandbox", "--disable-quic", "--disable-background-networking", "--disable-gpu"]


def entries(page):
    """Pages that the contents in a page name, as paths from the top of the checkout."""
    path = ROOT / page
    contents = re.findall(r"^:::\{toctree\}\n(.*?)^:::$", path.read_text(encoding="utf-8"), re.MULTILINE | re.DOTALL)
    names = [line for block in contents for line in block.splitlines() if line and not line.startswith(":")]
    targets = [re.sub(r".*<(.*)>$", r"\1", name) for name in names]
    return {os.path.normpath(f"{path.parent.relative_to(ROOT)}/{target}") for target in targets}


def test_every_page_of_docs_is_in_the_contents_of_the_site():
    listed = entries("docs/index.md")
    pages = {path.relative_to(ROOT).with_suffix("").as_posix() for path in ROOT.glob("docs/*.md")} - {"docs/index"}
    assert sorted(pages - listed) == [], "add these to a toctree in docs/index.md"


@pytest.fixture(scope="module")
def site(tmp_path_factory):
    """The built site, with every warning an error."""
    if built := os.environ.get("GANZOO_SITE"):
        return Path(built).resolve()
    pytest.importorskip("sphinx_click")
    out = tmp_path_factory.mktemp("site")
    command = [sys.executable, "-m", "sphinx", "-q", "-W", "-c", "docs", ".", str(out)]
    done = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, env=os.environ | {"PYTHONPATH": str(ROOT)})
    assert done.returncode == 0, done.stderr
    return out.resolve()


@pytest.fixture(scope="module")
def pages(site):
    return read_pages(site)


def leaves(command, path=("ganzoo",)):
    if isinstance(command, click.Group):
        return [leaf for name, sub in command.commands.items() for leaf in leaves(sub, (*path, name))]
    return [path]


@pytest.mark.full
def test_every_command_has_its_place(pages):
    anchors = pages["docs/reference/commands.html"].anchors
    assert [path for path in leaves(cli) if "-".join(path) not in anchors] == []


@pytest.mark.full
def test_every_setting_has_its_row(pages):
    text = pages["docs/generated/settings.html"].text
    settings = [f"{name}.{option.name}" for name, schema in SECTIONS.items() for option in list_options(schema)]
    assert [setting for setting in settings if setting not in text] == []


@pytest.mark.full
@pytest.mark.parametrize("kind", KIND_INFO)
def test_every_component_has_its_section_also_those_of_packages(kind, pages):
    anchors = pages[f"docs/generated/components/{kind}.html"].anchors
    names = [*NAMES[kind], *KNOWN.get(kind, ())]
    assert [name for name in names if f"{kind}-{re.sub(r'[^a-z0-9]+', '-', name)}" not in anchors] == []


@pytest.mark.full
def test_every_public_name_and_hook_has_its_entry(pages):
    anchors = pages["docs/generated/python.html"].anchors | pages["docs/generated/contracts.html"].anchors
    assert [name for name in ganzoo.__all__ if f"ganzoo.{name}" not in anchors] == []
    hooks = pages["docs/generated/hooks.html"].anchors
    assert [info.hook for info in KIND_INFO.values() if f"ganzoo.hookspecs.{info.hook}" not in hooks] == []


@pytest.mark.full
def test_every_topic_and_recipe_has_its_section(pages):
    places = {anchor for page in pages.values() for anchor in page.anchors}
    assert [topic.name for topic in list_topics() if f"topic-{topic.name.replace('_', '-')}" not in places] == []
    recipes = [path.stem for path in [*ROOT.glob("configs/*.toml"), *ROOT.glob("plugins/*/ganzoo_*/recipes/*.toml")]]
    text = pages["docs/generated/gallery.html"].text
    assert recipes and [name for name in recipes if f"ganzoo run {name}" not in text] == []


@pytest.mark.full
def test_no_link_within_the_site_is_dead(site, pages):
    assert len(pages) > 40
    assert dead_links(site, pages) == []


@pytest.mark.full
def test_no_page_loads_anything_from_a_network(pages):
    loaded = {address for page in pages.values() for address in page.loaded}
    assert [address for address in loaded if "//" in address and not address.startswith("data:")] == []


@pytest.mark.full
@pytest.mark.parametrize("scheme", ["light", "dark"])
@pytest.mark.parametrize("width", [400, 1440])
def test_a_search_from_a_file_finds_spectral_norm_and_no_page_is_wider_than_the_screen(scheme, width, site):
    playwright = pytest.importorskip("playwright.sync_api")
    chromium = shutil.which("chromium")
    if chromium is None and not os.environ.get("GANZOO_REQUIRE_ALL"):
        pytest.skip("no chromium")
    with playwright.sync_playwright() as driver:
        browser = driver.chromium.launch(executable_path=chromium, args=FLAGS)
        page = browser.new_page(viewport={"width": width, "height": 900}, color_scheme=scheme)
        asked = []
        page.on("request", lambda request: asked.append(request.url))
        page.goto(f"{site.as_uri()}/search.html?q=spectral+norm")
        page.wait_for_selector("#search-results li")
        found = page.locator("#search-results a").all_inner_texts()
        assert any("sn" in title or "spectral" in title.lower() for title in found[:5]), found
        for name in ("index", "generated/components/lipschitz", "reference/commands", "generated/gallery", "zoo"):
            page.goto(f"{site.as_uri()}/docs/{name}.html")
            assert page.evaluate("document.documentElement.scrollWidth") <= width, name
        assert [url for url in asked if not url.startswith(("file:", "data:"))] == []
        browser.close()


def test_a_dead_link_is_noticed(tmp_path):
    (tmp_path / "a.html").write_text('<p id="x"><a href="b.html#y">b</a><a href="#x">x</a><a href="c.html">c</a></p>')
    (tmp_path / "b.html").write_text('<p id="z"><a href="https://example.org">away</a></p>')
    assert dead_links(tmp_path, read_pages(tmp_path)) == ["a.html: b.html#y", "a.html: c.html"]
