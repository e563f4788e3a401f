"""The gallery: every recipe with its command and source, and its picture and scores where they were measured.

`docs/gallery.toml` has the measured ones. A row names the recipe or a title, the command that made the picture, the
picture, and the scores as the page of their origin has them.
"""

from __future__ import annotations

import tomllib
from pathlib import Path
from typing import Any

from ganzoo.zoo.recipes import Recipe, list_recipes, read_recipe
from sphinx_pages.markdown import prose
from sphinx_pages.packages import ROOT, folders

ABOUT = """\
# Gallery

Every recipe of ganzoo and of its packages: the command that trains it, the paper that its settings are from, and a
picture and scores where they were measured. A recipe without a picture has not been trained to its end on the machine
of these pages. `ganzoo config show NAME` prints every setting of a recipe with its source.
"""


def pages() -> dict[str, str]:
    """Return the page: name -> Markdown."""
    measured = tomllib.loads((ROOT / "docs" / "gallery.toml").read_text(encoding="utf-8"))["picture"]
    recipes = [section(recipe, "") for recipe in list_recipes() if not recipe.plugin]
    parts = [ABOUT, "## Measured", *map(picture, measured), "## Recipes of ganzoo", *recipes]
    return {"gallery.md": "\n\n".join([*parts, *map(of_package, folders())]) + "\n"}


def of_package(folder: Path) -> str:
    """Return the pictures and the recipes of a package; empty if it has none."""
    pictures = [path.relative_to(ROOT) for path in sorted(folder.glob("docs/*.png"))]
    recipes = sorted((folder / folder.name.replace("-", "_")).glob("recipes/*.toml"))
    if not pictures and not recipes:
        return ""
    about = f"[Its page](/plugins/{folder.name}/README.md) has what it brings, its commands, and what was measured."
    shown = [f"![Samples of methods of {folder.name}](/{path})" for path in pictures]
    return "\n\n".join(
        [f"## {folder.name}", about, *shown, *(section(read_recipe(path), folder.name) for path in recipes)]
    )


def section(recipe: Recipe, package: str) -> str:
    """Return a recipe with its command and its source."""
    data = recipe.values.get("dataset.name", "")
    loaded = data in ("", "mnist-5k", "digits", "gaussians8", "gaussians25", "swissroll", "stacked-digits")
    command = f"ganzoo run {recipe.name}" + ("" if loaded else " --download")
    install = f"pip install ./plugins/{package}\n" if package else ""
    path = Path("/") / recipe.path.resolve().relative_to(ROOT)
    words = f"{prose(recipe.source.rstrip('. '))}. [All settings]({path})."
    return f"### {recipe.name}\n\n{words}\n\n```bash\n{install}{command}\n```"


def picture(row: dict[str, Any]) -> str:
    """Return a measured picture with its command and its scores."""
    parts = [f"### {row['title']}", f"```bash\n{row['command']}\n```", f"![{row['title']}](/{row['picture']})"]
    return "\n\n".join([*parts, f"{row['scores']} From [{row['page']}](/{row['page']})."])
