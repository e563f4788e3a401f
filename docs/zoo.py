"""Write docs/zoo.md, the methods of ganzoo beside those of other zoos: `python docs/zoo.py`.

`docs/zoo.toml` has the rows. The names of ganzoo's components and packages are those that ganzoo knows.
"""

from __future__ import annotations

import tomllib
from collections.abc import Iterator
from pathlib import Path
from typing import Any, Literal

from ganzoo.settings.kinds import Kind
from ganzoo.zoo.names import KNOWN, NAMES

HERE = Path(__file__).parent
KINDS: dict[Kind | Literal["run"], str] = {
    "model": "Models",
    "loss": "Losses",
    "lipschitz": "Lipschitz enforcers",
    "conditioner": "Conditioners",
    "regularizer": "Regularizers",
    "augment": "Augmentations",
    "metric": "Metrics",
    "features": "Features that scores are computed from",
    "dataset": "Datasets",
    "observer": "Observers, which are told what happens in a run",
    "engine": "Engines, which run the cells of a grid",
    "run": "Training and sampling",
}
"""Kinds of components, and at last what is a setting or an option of ganzoo."""
OTHERS = {
    "S": ("StudioGAN", "https://github.com/POSTECH-CVLab/PyTorch-StudioGAN"),
    "M": ("mimicry", "https://github.com/kwotsin/mimicry"),
    "C": ("compare_gan", "https://github.com/google/compare_gan"),
    "T": ("torchgan", "https://github.com/torchgan/torchgan"),
    "G": ("mmgeneration", "https://github.com/open-mmlab/mmgeneration"),
}
INTRODUCTION = """\
# The zoo

Methods that ganzoo trains, beside those of five other zoos: {others}. Each of ganzoo's is one name or
one option on the command line, with the file of the tests that hold it to its paper: `ganzoo show loss hinge` prints
its formula and its options. Those with a package come with `pip install ./plugins/PACKAGE`. They combine:
`ganzoo compare` trains each combination of several, or says why it cannot, as for [regularizers and
conditioners](../plugins/ganzoo-conditioners/README.md#install-and-run).

● means that their code has it, ◐ that it has it in part or with an error that changes results, – that it has not, and a
blank that nobody has looked. Methods of theirs that ganzoo has not are listed too. This page is the output of
`python docs/zoo.py`.
"""


def read_rows() -> list[dict[str, Any]]:
    """Return the rows of docs/zoo.toml."""
    rows: list[dict[str, Any]] = tomllib.loads((HERE / "zoo.toml").read_text(encoding="utf-8"))["row"]
    return rows


def list_components() -> set[tuple[str, str]]:
    """Return kind and name of all components of the kinds of this page; "none" is none."""
    kinds = [kind for kind in KINDS if kind != "run"]
    return {(kind, name) for kind in kinds for name in (*NAMES[kind], *KNOWN[kind]) if name != "none"}


def write_page() -> str:
    """Return the page as Markdown."""
    rows = read_rows()
    parts = [INTRODUCTION.format(others=", ".join(f"[{name}]({url})" for name, url in OTHERS.values()))]
    for kind, title in KINDS.items():
        head = ["method", "paper", "ganzoo", "package", "tests", *(name for name, _ in OTHERS.values())]
        lines = [f"## {title}\n", row_of(head), row_of(["---"] * 5 + [":-:"] * len(OTHERS))]
        lines += [row_of(cells(row)) for row in rows if row["kind"] == kind]
        parts.append("\n".join(lines) + "\n")
    return "\n".join(parts)


def cells(row: dict[str, Any]) -> Iterator[str]:
    """Yield the cells of a row."""
    ours, test = row.get("ours", ""), row.get("test", "")
    package = KNOWN.get(row["kind"], {}).get(ours, "")
    yield row["what"]
    yield f"[{row['paper']}](https://arxiv.org/abs/{row['paper']})" if "paper" in row else ""
    yield f"`{row.get('words', ours)}`" if ours else "–"
    yield f"[{package}](../plugins/{package}/README.md)" if package else ""
    yield f"[{Path(test).stem}](../{test})" if test else ""
    for letter in OTHERS:
        known = row["others"] != "?"
        yield "" if not known else "●" if letter in row["others"] else "◐" if letter.lower() in row["others"] else "–"


def row_of(texts: Any) -> str:
    """Return a line of a table."""
    return f"| {' | '.join(texts)} |"


if __name__ == "__main__":
    (HERE / "zoo.md").write_text(write_page(), encoding="utf-8")
