"""Build the site of ganzoo: `sphinx-build -W -c docs . site`, from the top of a checkout.

The sources are the Markdown pages of the checkout, with the links that they have there; docs/index.md has the order of
the pages. docs/sphinx_pages writes the reference and the gallery from the code.
"""

import sys
from pathlib import Path

import ganzoo

HERE = Path(__file__).parent
sys.path.insert(0, str(HERE))

project = "ganzoo"
author = "The ganzoo authors"
release = version = ganzoo.__version__
copyright = author  # Sphinx names it

extensions = [
    *("myst_parser", "sphinx.ext.autodoc", "sphinx_click"),
    *("sphinx_pages.generate", "sphinx_pages.sources", "sphinx_pages.mathml", "sphinx_pages.escapes"),
]
root_doc = "docs/index"
include_patterns = ["*.md", "docs/**", "plugins/*/README.md"]
exclude_patterns = [".*", "**/.*", "runs", "site", "build", "dist", "**/__pycache__"]

myst_enable_extensions = ["colon_fence", "deflist", "dollarmath"]
myst_heading_anchors = 4
smartquotes = False  # --flag has two hyphens

autodoc_member_order = "bysource"
autodoc_typehints = "signature"
autodoc_class_signature = "mixed"
autodoc_default_options = {"members": True, "show-inheritance": False}
default_role = "literal"
python_display_short_literal_types = True
python_use_unqualified_type_names = True
maximum_signature_line_length = 88

html_theme = "furo"
html_title = f"ganzoo {release}"
html_static_path = ["sphinx_pages/static"]
html_css_files = ["ganzoo.css"]
templates_path = ["sphinx_pages/templates"]
html_additional_pages = {"index": "front.html"}
html_math_renderer = "mathml"
html_copy_source = False
html_show_sphinx = False
html_theme_options = {"navigation_with_keys": True}
