"""Files with the labels of images that lie beside them: dataset.json of StyleGAN, metadata.csv, and their like.

    dataset.json             {"labels": [["00000/a.png", 3], ...]}, {"labels": {"a.png": 3}} or {"labels": null}
    metadata.jsonl           {"file_name": "a.png", "label": "cat"} on each line
    metadata.csv, .tsv       file_name,label in the first line; "labels" and "dataset" are names too

The convention of the first is that of StyleGAN2-ADA's dataset_tool.py, that of the others of ImageFolder in Hugging
Face's datasets.
"""

from __future__ import annotations

import csv
import json
import re
from collections.abc import Iterable, Mapping, Sequence
from typing import Any, NamedTuple

from ganzoo.data.decoding import UnreadableImageError
from ganzoo.data.listing import ImageFile
from ganzoo.errors import DataError

FILE_COLUMNS = ("file_name", "filename", "file", "image", "path")
LABEL_COLUMNS = ("label", "class")
"""Names of the columns, the first that is there counts; case does not matter."""
NO_LABELS = "holds no labels"
FRACTION = re.compile(r"[+-]?(\d+\.\d*|\.\d+)(e[+-]?\d+)?", re.IGNORECASE)

Row = tuple[str, Any]
"""Path of an image as it is written, and its label, whatever that is."""


class Table(NamedTuple):
    """The labels in a file."""

    rows: list[Row]
    column: str = ""
    """Name of the column of the labels, if there are columns."""
    remark: str = ""
    """The reason why there are no rows, if there are none."""


def parse_labels(name: str, data: bytes) -> Table:
    """Return the labels in a file of this name. Raises DataError if it is damaged, or a label is no class."""
    base = name.rpartition("/")[2].lower()
    try:
        table = _parse(base, data.decode("utf-8-sig"))
    except (ValueError, csv.Error, RecursionError) as error:  # ValueError: of UTF-8, of JSON, of numbers
        raise DataError(f"{name} cannot be read: {str(error)[:200]}", hint="--set dataset.labels=none") from error
    rows = [(path, name_class(label, path, name)) for path, label in table.rows]
    if rows and all(label is None for _, label in rows):
        return Table([], table.column, NO_LABELS)
    return table._replace(rows=rows)


def _parse(base: str, text: str) -> Table:
    if base.endswith(".json"):
        return read_json(json.loads(text), base == "dataset.json")
    if base.endswith(".jsonl"):
        return read_records([json.loads(line) for line in text.splitlines() if line.strip()])
    return read_csv(text, "\t" if base.endswith(".tsv") else _find_delimiter(text))


def read_json(content: Any, is_dataset: bool) -> Table:
    """Read {"labels": ...}, or what stands there alone: pairs, a mapping, or records."""
    if is_dataset and not (isinstance(content, dict) and "labels" in content):
        return Table([], remark='has no "labels"')
    labels = content["labels"] if isinstance(content, dict) and "labels" in content else content
    if labels is None:
        return Table([], remark=NO_LABELS)
    if isinstance(labels, dict):
        return Table([*labels.items()])
    if isinstance(labels, list) and all(isinstance(pair, list) and len(pair) == 2 for pair in labels):
        return Table([(str(path), label) for path, label in labels])
    if isinstance(labels, list) and all(isinstance(record, dict) for record in labels):
        return read_records(labels)
    return Table([], remark="holds no pairs of a file and a label")


def read_records(records: Sequence[Any]) -> Table:
    """Read mappings, each with a file and a label."""
    keys = list(dict.fromkeys(key for record in records if isinstance(record, dict) for key in record))
    file, label = find_column(keys, FILE_COLUMNS), find_column(keys, LABEL_COLUMNS)
    if file is None or label is None or not all(isinstance(record, dict) for record in records):
        return _without_columns(keys)
    return Table([(str(record.get(file)), record.get(label)) for record in records], label)


def read_csv(text: str, delimiter: str) -> Table:
    """Read rows below a line with the names of columns; two columns need no names."""
    lines = [line for line in csv.reader(text.splitlines(), delimiter=delimiter) if any(line)]
    if not lines:
        return Table([], remark="is empty")
    header = [cell.strip() for cell in lines[0]]
    file, label = find_column(header, FILE_COLUMNS), find_column(header, LABEL_COLUMNS)
    if file is not None and label is not None:
        places = header.index(file), header.index(label)
        return Table([_pick(line, places) for line in lines[1:]], label)
    if len(header) == 2 and re.search(r"\.[a-z]\w*$", header[0], re.IGNORECASE):  # a file: there are no names
        return Table([_pick(line, (0, 1)) for line in lines])
    return _without_columns(header)


def _pick(line: Sequence[str], places: tuple[int, int]) -> Row:
    file, label = (line[place].strip() if place < len(line) else "" for place in places)
    return file, label


def _find_delimiter(text: str) -> str:
    first = text.partition("\n")[0]
    return max(",;\t", key=first.count)


def find_column(header: Iterable[str], known: Sequence[str]) -> str | None:
    """Return the column with the first of the known names."""
    columns: Mapping[str, str] = {name.lower(): name for name in reversed([*header])}
    return next((columns[name] for name in known if name in columns), None)


def _without_columns(header: Sequence[str]) -> Table:
    shown = ", ".join(header[:5])[:60]
    return Table([], remark=f"has no columns {FILE_COLUMNS[0]} and {LABEL_COLUMNS[0]} (it has {shown or 'none'})")


def name_class(label: Any, path: str, file: str) -> str | None:
    """Return the name of the class that a label is; None for an image without one.

    Raises DataError for a vector, a fraction, or anything else that is neither a name nor a whole number.
    """
    if label is None or (isinstance(label, str) and not label.strip()):
        return None
    if isinstance(label, float) or (isinstance(label, str) and FRACTION.fullmatch(label.strip())):
        kind = f"the fraction {label}"
    elif isinstance(label, list):
        kind = f"a vector of {len(label)}"
    elif isinstance(label, dict):
        kind = f"a record of {len(label)} values"
    else:
        return str(label).strip()
    raise DataError(f"the label of {path} is {kind}, not a class", where=file, hint="--set dataset.labels=none")


def read_bytes(file: ImageFile) -> bytes:
    """Return the bytes of a file. Raises DataError if it cannot be read."""
    try:
        return file.read()
    except UnreadableImageError as error:
        raise DataError(f"{file.name} cannot be read: {error}", hint="--set dataset.labels=none") from error
