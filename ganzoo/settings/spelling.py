"""Names as people type them: in any case, with - or _ or nothing between their parts."""

from __future__ import annotations

import re
from collections.abc import Collection


def fold(name: str) -> str:
    """Return a name without what people write in several ways: case, and -, _, spaces between its letters."""
    return re.sub(r"[-_\s]", "", name).casefold()


def spell(name: str, known: Collection[str]) -> str:
    """Return the known name that a typed one means: the same one, else the only one that folds alike; else as typed."""
    if name in known:
        return name
    alike = [each for each in known if fold(each) == fold(name)]
    return alike[0] if len(alike) == 1 else name
