"""Pages that are written from the code before each build, below docs/generated; git ignores them."""

from __future__ import annotations

from pathlib import Path

from sphinx.application import Sphinx

from sphinx_pages import components, gallery, python, settings, topics

FROM_CODE = ["docs/reference/commands", "docs/generated/python", "docs/generated/contracts", "docs/generated/hooks"]
"""Pages that are read in each build, since the code that they show is not theirs to watch."""


def setup(app: Sphinx) -> dict[str, bool]:
    """Write the pages before Sphinx looks for pages."""
    app.connect("builder-inited", write_all)
    app.connect("env-get-outdated", lambda app, env, added, changed, removed: FROM_CODE)
    return {"parallel_read_safe": True, "parallel_write_safe": True}


def write_all(app: Sphinx) -> None:
    """Write the pages that changed, and remove those that are no more."""
    folder = Path(app.srcdir) / "docs" / "generated"
    pages = {
        **components.pages(),
        **settings.pages(),
        **topics.pages(),
        **python.pages(),
        **gallery.pages(),
    }
    for path in folder.rglob("*.*"):
        if path.relative_to(folder).as_posix() not in pages:
            path.unlink()
    for name, text in pages.items():
        write(folder / name, text)


def write(path: Path, text: str) -> None:
    """Write a page unless it is there already, so that Sphinx reads again only what changed."""
    if not path.is_file() or path.read_text(encoding="utf-8") != text:
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text, encoding="utf-8")
