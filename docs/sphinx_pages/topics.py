"""The texts of `ganzoo explain` as pages: a page for each group."""

from __future__ import annotations

import re

from ganzoo.cli.topics import GROUPS, Topic, list_topics
from sphinx_pages.markdown import prose, toctree

TITLES = {
    "losses": "Losses explained",
    "enforcers": "Lipschitz enforcers explained",
    "conditioners": "Conditioners explained",
    "models": "Models explained",
    "augmentations": "Augmentations explained",
    "regularizers": "Regularizers explained",
    "metrics": "Scores explained",
    "training": "Training explained",
    "failures": "Failures explained",
    "comparing": "Comparing explained",
}
LABELS = {
    "for": "What it is for",
    "fails": "Where it fails",
    "not": "What it is not",
    "here": "Here",
    "paper": "Paper",
    "aliases": "Also called",
    "shows": "How it shows",
    "try": "What to try",
}
"""Labels of a text -> words of the page."""


INDEX = """\
Losses, enforcers, scores, failures and other terms of the field, on one screen each: what it is, its formula, where it
fails, what it is not. `ganzoo explain NAME` prints the same on a terminal.
"""


def pages() -> dict[str, str]:
    """Return the pages: name -> Markdown."""
    return {"topics.md": index(), **{f"topics/{group}.md": page(group) for group in GROUPS}}


def index() -> str:
    """Return the page that leads to those of the groups."""
    parts = ["# Terms explained", INDEX]
    for group in GROUPS:
        topics = [topic for topic in list_topics() if topic.group == group]
        parts += [f"## {TITLES.get(group, group.capitalize()).removesuffix(' explained')}"]
        parts += ["\n".join(f"- [{t.name}](#topic-{t.name}): {prose(t.title)}" for t in topics)]
    return "\n\n".join([*parts, toctree(f"topics/{group}" for group in GROUPS)]) + "\n"


def page(group: str) -> str:
    """Return the page of one group."""
    topics = [topic for topic in list_topics() if topic.group == group]
    about = "`ganzoo explain NAME` prints each of these texts on a terminal."
    return "\n\n".join([f"# {TITLES.get(group, group.capitalize())}", about, *map(section, topics)]) + "\n"


def section(topic: Topic) -> str:
    """Return one text: its paragraphs, its formula, and its labelled lines."""
    head, *paragraphs = topic.text.split("\n\n")
    title = head.partition("\n")[0].partition(": ")[2]
    parts = [f"(topic-{topic.name})=\n## {topic.name}: {prose(title)}"]
    for text in paragraphs:
        parts += lines(text)
    return "\n\n".join(parts)


def lines(text: str) -> list[str]:
    """Return one paragraph of a text as Markdown."""
    if text.startswith(" "):
        return [f"```text\n{re.sub(r'^    ', '', text, flags=re.MULTILINE)}\n```"]
    if not re.match(r"^\S+( also)? {2,}\S", text):
        return [prose(text)]
    found = re.findall(r"^(see also|\S+) +(.*(?:\n +.*)*)", text, re.MULTILINE)
    return [labelled(label, " ".join(words.split())) for label, words in found]


def labelled(label: str, words: str) -> str:
    """Return one labelled line; names of other topics are links."""
    if label == "see also":
        known = {topic.name: topic for topic in list_topics()}
        links = [f"[{word}](#topic-{word})" if word in known else f"`{word}`" for word in words.split(", ")]
        return f"**See also:** {', '.join(links)}"
    return f"**{LABELS.get(label, label.capitalize())}:** {prose(words)}"
