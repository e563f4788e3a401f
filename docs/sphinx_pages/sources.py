"""Links from pages to files of the checkout, as on a forge: the site has a page for each file that a page names.

Text is shown with colours and line numbers. A folder leads to its README. Other files are downloads of Sphinx.
"""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

from docutils import nodes
from sphinx import addnodes
from sphinx.application import Sphinx
from sphinx.environment import BuildEnvironment

LANGUAGES = {".py": "python", ".toml": "toml", ".json": "json", ".LICENSE": "text", "": "text"}
"""Endings of files that are shown -> language of their colours. `run` of `.ci` has none."""


def setup(app: Sphinx) -> dict[str, bool]:
    """Connect what collects the links of a page and leads them to pages of files, and what writes these."""
    app.connect("doctree-read", collect)
    app.connect("env-purge-doc", lambda app, env, page: linked(env).pop(page, None))
    app.connect("doctree-read", lead_to_folders)
    app.connect("html-collect-pages", write_pages)
    return {"parallel_read_safe": False, "parallel_write_safe": True}


def linked(env: BuildEnvironment) -> dict[str, set[str]]:
    """Return the files that pages link to: page -> paths from the top of the checkout."""
    if not hasattr(env, "ganzoo_linked"):
        env.ganzoo_linked = {}
    found: dict[str, set[str]] = env.ganzoo_linked
    return found


def collect(app: Sphinx, tree: nodes.document) -> None:
    """Replace links to files of text by links to their pages."""
    page = app.env.docname
    for node in list(tree.findall(addnodes.download_reference)):
        path, _ = app.env.relfn2path(node["reftarget"], page)
        if Path(path).suffix in LANGUAGES:
            linked(app.env).setdefault(page, set()).add(path)
            uri = app.builder.get_relative_uri(page, f"source/{path}")
            node.replace_self(nodes.reference("", "", *node.children, internal=True, refuri=uri))


def lead_to_folders(app: Sphinx, tree: nodes.document) -> None:
    """Lead links to folders to the README in them, or to the page of docs that has their name."""
    for node in list(tree.findall(addnodes.pending_xref)):
        path, full = app.env.relfn2path(node["reftarget"], app.env.docname) if node["reftype"] == "myst" else ("", "")
        for page in (f"{path}/README", f"docs/{path}"):
            if full and Path(full).is_dir() and page in app.env.found_docs:
                uri = app.builder.get_relative_uri(app.env.docname, page)
                node.replace_self(nodes.reference("", "", *node.children, internal=True, refuri=uri))


def write_pages(app: Sphinx) -> Iterator[tuple[str, dict[str, Any], str]]:
    """Yield the page of each file that is linked to."""
    for path in sorted({path for paths in linked(app.env).values() for path in paths}):
        text = (Path(app.srcdir) / path).read_text(encoding="utf-8")
        code = app.builder.highlighter.highlight_block(text, LANGUAGES[Path(path).suffix], linenos="inline")
        body = f"<h1>{path}</h1>{code}"
        yield f"source/{path}", {"title": path, "body": body, "toctree": no_contents}, "page.html"


def no_contents(**options: Any) -> str:
    """Return what the sidebar of these pages has: writing the contents for each takes longer than the page."""
    return ""
