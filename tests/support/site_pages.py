"""The built pages of the site, as a reader and a browser see them."""

from functools import cached_property
from html.parser import HTMLParser
from pathlib import Path
from urllib.parse import unquote, urlsplit

LOADED = {"script": "src", "img": "src", "link": "href", "iframe": "src", "source": "src"}
"""Elements -> attribute whose address a browser loads by itself."""


class Page(HTMLParser):
    """One page: its anchors, its links, what it loads, and its text."""

    def __init__(self, path: Path):
        super().__init__()
        self.path, self.anchors, self.links, self.loaded, self.words = path, {""}, [], [], []
        self.feed(path.read_text(encoding="utf-8"))

    def handle_starttag(self, tag, attrs):
        values = dict(attrs)
        self.anchors |= {values[key] for key in ("id", "name") if values.get(key)}
        if tag == "a" and values.get("href"):
            self.links.append(values["href"])
        if values.get(LOADED.get(tag)):
            self.loaded.append(values[LOADED[tag]])

    def handle_data(self, data):
        self.words.append(data)

    @cached_property
    def text(self):
        return " ".join("".join(self.words).split())


def read_pages(folder):
    return {path.relative_to(folder).as_posix(): Page(path) for path in sorted(folder.rglob("*.html"))}


def dead_links(folder, pages):
    """Links within the site that lead to no file, or to no place in it, as "page: link"."""
    found = []
    for name, page in pages.items():
        for link in [*page.links, *page.loaded]:
            address = urlsplit(link)
            if address.scheme or address.netloc:
                continue
            target = (page.path.parent / unquote(address.path)).resolve() if address.path else page.path
            key = target.relative_to(folder).as_posix() if target.is_relative_to(folder) else ""
            place = unquote(address.fragment)
            if not target.is_file() or (place and key in pages and place not in pages[key].anchors):
                found.append(f"{name}: {link}")
    return found
