"""Picture of a conditional generator: the classes that its samples show, and how diverse each class is."""

from __future__ import annotations

from matplotlib.figure import Figure

from ganzoo.audit.classes import ClassAudit

WIDTH = 7.2
"""Width in inches of 100 pixels."""
LETTERS = 14
"""Letters of a class's name, at most."""


def draw_classes(classes: ClassAudit, step: int) -> Figure:
    """Draw the shares of classes that are seen, by label, and beside them the diversity within each label."""
    count, names = len(classes.names), [_escape(name) for name in classes.names]
    figure = Figure(figsize=(WIDTH, 2.4 + 0.16 * count), dpi=100, layout="constrained")
    left, right = figure.subplots(1, 2, sharey=True)
    shares = classes.fake / classes.fake.sum(dim=1, keepdim=True)
    left.imshow(shares.numpy(), cmap="Blues", vmin=0, vmax=1, aspect="auto")
    left.set_yticks(range(count), names, fontsize=7)
    left.set_xticks(range(count), names, fontsize=7, rotation=90)
    left.set(title=f"Class that is seen, step {step}", xlabel="class", ylabel="label")
    spreads = [numbers.get("spread", 0.0) for numbers in classes.diversity]
    right.barh(range(len(spreads)), spreads, color="#0072B2")
    right.axvline(1, color="black", linestyle="--", linewidth=1)
    right.set(title="Diversity within the label", xlabel="distance among generated, over that among real")
    return figure


def _escape(name: str) -> str:
    """Return the name of a class as plain text: no formula, and only letters that the font has."""
    return name[:LETTERS].encode("ascii", "replace").decode().replace("$", r"\$")
