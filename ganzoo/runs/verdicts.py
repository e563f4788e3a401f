"""Verdicts on the files of a run or a grid after they were read: whole, worth a remark, or damaged. No torch here."""

from __future__ import annotations

import stat
from collections.abc import Iterable
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any, Literal

from ganzoo.files import open_regular

State = Literal["whole", "remark", "damaged"]


@dataclass(frozen=True)
class Verdict:
    """One file, or what two files say together: whole, worth a remark, or damaged."""

    name: str
    """Path relative to the folder of the run or of the grid."""
    state: State = "whole"
    what: str = ""
    """Words, in a line: what is wrong or worth knowing; of a whole file, its content."""
    is_needed: bool = False
    """True if the run cannot go on while this is damaged."""

    def to_json(self) -> dict[str, Any]:
        """Return plain JSON values."""
        return asdict(self)


@dataclass(frozen=True)
class Repair:
    """One file that was mended, and how."""

    name: str
    """Path relative to the folder of the run or of the grid."""
    what: str

    def to_json(self) -> dict[str, Any]:
        """Return plain JSON values."""
        return asdict(self)


def damaged_among(verdicts: Iterable[Verdict]) -> list[Verdict]:
    """Return the verdicts on what is damaged."""
    return [verdict for verdict in verdicts if verdict.state == "damaged"]


def list_folder(folder: Path, root: Path, *, follow_links: bool = False) -> tuple[list[Path], list[Verdict]]:
    """Return the entries of a folder of a run by name, and a verdict on each that must not be read.

    Links are not followed unless the user allows it; pipes and devices are not opened. A folder that does not exist
    has no entries.
    """
    name = folder.relative_to(root).as_posix()
    if folder.is_symlink() and folder != root and not follow_links:
        return [], [Verdict(name, "damaged", describe_link(folder))]
    try:
        entries = sorted(folder.iterdir())
    except FileNotFoundError:
        return [], []
    except OSError as error:
        return [], [Verdict(name, "damaged", f"cannot be read: {error.strerror}")]
    faults = {path: fault for path in entries if (fault := _find_fault(path, follow_links))}
    verdicts = [Verdict(path.relative_to(root).as_posix(), "damaged", fault) for path, fault in faults.items()]
    return [path for path in entries if path not in faults], verdicts


def describe_link(path: Path) -> str:
    """Return the words for a part that is a link."""
    return f"a link to {path.readlink()}, which is not followed without --follow-links"


def _find_fault(path: Path, follow_links: bool) -> str:
    """Return why an entry must not be read; "" if it may be."""
    if path.is_symlink() and not follow_links:
        return describe_link(path)
    try:
        mode = path.stat().st_mode
        if stat.S_ISDIR(mode):
            return ""
        with open_regular(path):
            return ""
    except OSError as error:
        return error.strerror or str(error)
