"""Reference of the settings that are no options of components: a section of a recipe after the other."""

from __future__ import annotations

from collections.abc import Iterator

from ganzoo.settings.docs import describe_options
from ganzoo.settings.kinds import KIND_INFO, KINDS
from ganzoo.settings.options import list_options
from ganzoo.settings.sections import SECTIONS
from sphinx_pages.components import TITLES
from sphinx_pages.markdown import code, prose, table

ABOUT = """\
# Settings

A recipe is a TOML file of settings in sections. Each can be set on the command line by `--set SECTION.OPTION=VALUE`.
`ganzoo explain SECTION.OPTION` prints what stands here, with the recipes that set it, and `ganzoo config show` all
settings of a run with their origins; [Settings](/docs/quickstart.md#settings) says which layer overrides which.
"""


def pages() -> dict[str, str]:
    """Return the page: name -> Markdown."""
    return {"settings.md": "\n\n".join([ABOUT, *map(section, SECTIONS), components()]) + "\n"}


def section(name: str) -> str:
    """Return a section with its settings."""
    about = (SECTIONS[name].__doc__ or "").partition(": ")[2].partition("\n")[0]
    rows = table(["setting", "type", "default", "meaning"], settings(name))
    return f"## \\[{name}\\]\n\n{prose(about[:1].upper() + about[1:])}\n\n{rows}"


def settings(name: str) -> Iterator[tuple[str, ...]]:
    """Yield the rows of a section."""
    schema = SECTIONS[name]
    docs = describe_options(schema)
    for option in list_options(schema):
        key = f"{name}.{option.name}"
        yield code(key), code(option.type), code(option.shown_default), prose(docs.get(option.name, ""))


def components() -> str:
    """Return the section about the options of components."""
    rows = [
        (code(f"[{kind}]"), f"[{TITLES.get(kind, kind)}](components/{kind}.md)", code(KIND_INFO[kind].default))
        for kind in KINDS
    ]
    about = "Their sections name a component and have its options, which stand with the component."
    return f"## Components\n\n{about}\n\n" + table(["section", "options of", "default"], rows)
