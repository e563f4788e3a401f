"""Observers: what happens in a run, told to other programs."""

from __future__ import annotations

import csv
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from ganzoo.contracts import Observer
from ganzoo.files import read_text
from ganzoo.hookspecs import hookimpl

LARGEST = 1 << 30  # bytes of a table; a million records have a fifth of that


@dataclass
class Csv(Observer):
    """Write log.csv and evaluations.csv into the run folder, tables for a spreadsheet; nobody's invention.

    The first record of a run makes the columns. A run that goes on drops the rows after its checkpoint.
    """

    path: Path = field(init=False, default=Path())

    def start(self, settings: Mapping[str, Any], path: Path, step: int) -> None:
        """Keep the rows of both tables up to this step."""
        self.path = path
        for table in (path / "log.csv", path / "evaluations.csv"):
            if table.is_file():
                head, *rows = read_text(table, LARGEST).splitlines(keepends=True)
                kept = [row for row in rows if int(row.partition(",")[0]) <= step]
                table.write_text("".join([head, *kept] if kept else []), encoding="utf-8", newline="")

    def record(self, record: Mapping[str, Any]) -> None:
        """Add a row to log.csv."""
        _add(self.path / "log.csv", record)

    def evaluation(self, record: Mapping[str, Any]) -> None:
        """Add a row to evaluations.csv."""
        columns = ("step", "images", "checkpoint", "name", "value", "low", "high")
        _add(self.path / "evaluations.csv", {column: record.get(column) for column in columns})


def _add(table: Path, row: Mapping[str, Any]) -> None:
    """Add a row to a table, the first one with its columns above it."""
    with table.open("a", encoding="utf-8", newline="") as file:
        writer = csv.DictWriter(file, list(row))
        if not file.tell():
            writer.writeheader()
        writer.writerow(row)


@hookimpl
def register_observers() -> Mapping[str, type[Observer]]:
    """Return the observers that ship with ganzoo."""
    return {"csv": Csv}
