"""The HTML report, taken apart."""

import base64
import io
from html.parser import HTMLParser

from PIL import Image

from ganzoo.results.comparison import make_table
from ganzoo.results.read import read_results

SCRIPT = "</script><script>alert(1)</script>"


class Elements(HTMLParser):
    """Counts elements, and gathers the text outside scripts and styles."""

    def __init__(self, page):
        super().__init__()
        self.tags, self.attributes, self.text, self._raw = [], [], "", False
        self.feed(page)

    def handle_starttag(self, tag, attributes):
        self.tags.append(tag)
        self.attributes += attributes
        self._raw = tag in ("script", "style")

    def handle_endtag(self, tag):
        self._raw = False

    def handle_data(self, data):
        self.text += "" if self._raw else data


def rows_of(path):
    return {f"row-{i}": row for i, row in enumerate(make_table(read_results([path])).rows)}


def decode(picture):
    return Image.open(io.BytesIO(base64.b64decode(picture.uri.partition(",")[2])))
