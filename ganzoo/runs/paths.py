"""Paths of runs as they are typed in a shell. No torch here."""

from __future__ import annotations

import os
import shlex
from pathlib import Path


def quote_path(path: Path) -> str:
    """Return a path as it can be typed in a shell: also one that begins with a dash, or is no text."""
    text = f"./{path}" if str(path).startswith("-") else str(path)
    if text.isprintable():
        return shlex.quote(text)
    letters = (c if c.isprintable() and c not in "'\\" else _escape(c) for c in text)
    return f"$'{''.join(letters)}'"


def _escape(letter: str) -> str:
    return "".join(f"\\x{byte:02x}" for byte in os.fsencode(letter))
