"""Sentences about options: the docstrings that stand below the fields of a dataclass, read from its source."""

from __future__ import annotations

import ast
import inspect
import re
import textwrap
from collections.abc import Mapping
from dataclasses import fields, is_dataclass
from functools import cache
from itertools import pairwise


@cache
def describe_options(schema: type) -> Mapping[str, str]:
    """Return the docstring of each field of a dataclass that has one, also of those that it inherits.

    That of a field of a class without source is "doc" in the metadata of the field.
    """
    found = {each.name: str(each.metadata["doc"]) for each in fields(schema) if "doc" in each.metadata}
    for cls in reversed(schema.__mro__):
        if is_dataclass(cls):
            found |= _read_docstrings(cls)
    return found


def _read_docstrings(cls: type) -> dict[str, str]:
    try:
        (node,) = ast.parse(textwrap.dedent(inspect.getsource(cls))).body
    except (OSError, TypeError, SyntaxError, ValueError):  # made at run time, or its file is gone
        return {}
    body = node.body if isinstance(node, ast.ClassDef) else []
    pairs = pairwise(body)
    return {
        field.target.id: inspect.cleandoc(below.value.value)
        for field, below in pairs
        if isinstance(field, ast.AnnAssign)
        and isinstance(field.target, ast.Name)
        and isinstance(below, ast.Expr)
        and isinstance(below.value, ast.Constant)
        and isinstance(below.value.value, str)
    }


def find_sentence(text: str, option: str) -> str:
    """Return what a docstring says about an option: the sentence with `option`, else the line of a formula with it."""
    plain = " ".join(paragraph.replace("\n", " ") for paragraph in text.split("\n\n") if f"`{option}`" in paragraph)
    sentences = [sentence for sentence in re.split(r"(?<=[.;:]) (?=[A-Z`])", plain) if f"`{option}`" in sentence]
    if sentences:
        return sentences[0].strip()
    lines = [line.strip() for line in text.splitlines()[1:] if re.search(rf"\b{re.escape(option)}\b", line)]
    return lines[0] if lines else ""
