"""Reference of the components: a page for each kind, with purpose, formula, paper and options of each component."""

from __future__ import annotations

from ganzoo.settings.kinds import KIND_INFO, NAMED_KINDS, Kind
from ganzoo.zoo.aliases import ALIASES, typed_flag
from ganzoo.zoo.catalogue import Entry
from sphinx_pages.markdown import code, docstring, prose, table, toctree
from sphinx_pages.packages import ROOT, whole_zoo

TITLES: dict[str, str] = {
    "model": "Models",
    "loss": "Losses",
    "lipschitz": "Lipschitz enforcers",
    "conditioner": "Conditioners",
    "augment": "Augmentations",
    "regularizer": "Regularizers",
    "optimizer": "Optimisers",
    "schedule": "Schedules",
    "dataset": "Datasets",
    "features": "Feature extractors",
    "metric": "Metrics",
    "engine": "Engines of grids",
    "observer": "Observers",
}
"""Kind -> title of its page."""


INDEX = """\
What can be combined, with purpose, formula, paper and options of each: what ships with ganzoo, and what the
[packages beside it](/docs/plugins.md) bring.
"""


def pages() -> dict[str, str]:
    """Return the pages: name -> Markdown."""
    return {"components.md": index(), **{f"components/{kind}.md": page(kind) for kind in KIND_INFO}}


def index() -> str:
    """Return the page that leads to those of the kinds."""
    rows = [
        (f"[{TITLES.get(kind, kind)}](components/{kind}.md)", ", ".join(map(name, sort(kind)))) for kind in KIND_INFO
    ]
    contents = toctree(f"components/{kind}" for kind in KIND_INFO)
    return "\n\n".join(["# Components", INDEX, table(["kind", "components"], rows), contents]) + "\n"


def sort(kind: Kind) -> list[Entry]:
    """Return the components of a kind by name."""
    return sorted(whole_zoo().entries(kind), key=name)


def name(entry: Entry) -> str:
    """Return the name of a component."""
    return entry.name


def page(kind: Kind) -> str:
    """Return the page of one kind."""
    entries = sort(kind)
    title = TITLES.get(kind, kind.capitalize())
    info = KIND_INFO[kind]
    overview = table(
        ["name", "what it is", "from"],
        [(f"[`{e.name}`](#{anchor(e)})", prose(e.summary), code(package(e)) or "ganzoo") for e in entries],
    )
    about = (
        f"Components of the kind `{kind}`: subclasses of `ganzoo.{info.contract}`, registered by the hook "
        f"`{info.hook}`. `ganzoo list {kind}` lists them, `ganzoo show {kind} NAME` prints what stands here."
    )
    return "\n\n".join([f"# {title}", about, overview, *(section(entry) for entry in entries)]) + "\n"


def section(entry: Entry) -> str:
    """Return the section of one component."""
    chosen = typed_flag(entry.kind, entry.name)
    words = [code(word) for word, name in ALIASES.get(entry.kind, {}).items() if name == entry.name]
    also = f" Also called {', '.join(words)}." if words else ""
    parts = [f"({anchor(entry)})=\n## {entry.name}", docstring(entry.help), f"Chosen by {code(chosen)}.{also}"]
    if folder := package(entry):
        parts[-1] += f" Comes with [{folder}](/plugins/{folder}/README.md): `pip install ./plugins/{folder}`."
    return "\n\n".join([*parts, options(entry)])


def options(entry: Entry) -> str:
    """Return the table of the options of a component."""
    if not entry.options:
        return "It has no options."
    prefix = f"{entry.kind}.{entry.name}" if entry.kind in NAMED_KINDS else entry.kind
    docs = entry.descriptions
    rows = [
        (code(f"{prefix}.{o.name}"), code(o.type), code(o.shown_default), prose(docs[o.name])) for o in entry.options
    ]
    return table(["option", "type", "default", "meaning"], rows)


def anchor(entry: Entry) -> str:
    """Return the name of a component's section, one of its own in the whole site."""
    return f"{entry.kind}-{entry.name}"


def package(entry: Entry) -> str:
    """Return the package that brings a component; empty if it ships with ganzoo."""
    return entry.plugin if (ROOT / "plugins" / entry.plugin).is_dir() else ""
