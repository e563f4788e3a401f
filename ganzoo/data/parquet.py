"""Parquet files with a column of encoded images, as Hugging Face's datasets writes them.

An image is bytes, or a record {"bytes", "path"}; names of classes are in the metadata of the schema, under
"huggingface": https://huggingface.co/docs/datasets/image_dataset.
"""

from __future__ import annotations

import json
import os
import threading
from functools import partial
from pathlib import Path
from typing import Any

from ganzoo.data.classes import SPLITS
from ganzoo.data.decoding import UnreadableImageError, naming_the_reason
from ganzoo.data.folder import require_regular, suggest_reader
from ganzoo.data.listing import ImageFile, Listing, abridge, printable
from ganzoo.data.shards import make_table
from ganzoo.errors import DataError

LABELS = ("label", "labels", "class")
"""Columns of labels, if the schema names no classes."""


def list_rows(path: Path) -> Listing:
    """List the images of a parquet file, or of those below a folder, with a table for each column of labels.

    Names of files begin with that of their split, if they have one: train-00000-of-00002.parquet. Raises DataError if
    there is none, or no column of images, or the package pyarrow is not installed.
    """
    paths = [path] if path.is_file() else sorted(path.rglob("*.parquet"))
    if not paths:
        raise DataError(f"no parquet files in {printable(str(path))}", hint=suggest_reader(path, "hf"))
    files: list[ImageFile] = []
    labels: dict[str, list[tuple[str, Any]]] = {}
    splits = [SPLITS.get(inner.stem.split("-")[0].lower(), "") for inner in paths]
    for inner, split in zip(paths, splits, strict=True):
        rows = Rows(inner)
        prefix = f"{split}/" if all(splits) else ""
        base = "|".join(inner.relative_to(path.parent if path.is_file() else path).parts)
        names = [f"{prefix}{base}|{row:08}" for row in range(rows.count)]
        files += [ImageFile(name, partial(_read, rows, row)) for row, name in enumerate(names)]
        for column, values in rows.read_labels().items():
            labels.setdefault(column, []).extend(zip(names, values, strict=True))
    return Listing(files, [], [], [make_table(column, given) for column, given in labels.items()])


class Rows:
    """The rows of a parquet file, read a group of rows at a time; each process opens the file for itself."""

    def __init__(self, path: Path) -> None:
        self.path, self._lock = path, threading.Lock()
        self._process, self._file = 0, None
        self._group: tuple[int, list[Any]] = (-1, [])  # number and images of the last group that was read
        schema = self._open().schema_arrow
        self.features = read_features(schema)
        self.column = find_images(schema, self.features, path)
        metadata = self._open().metadata
        self.count: int = metadata.num_rows
        self._starts: list[int] = [0]
        for group in range(metadata.num_row_groups):
            self._starts.append(self._starts[-1] + metadata.row_group(group).num_rows)

    def read(self, row: int) -> bytes:
        """Return the encoded image of a row. Raises UnreadableImageError if there is none."""
        group = next(g for g, end in enumerate(self._starts[1:]) if row < end)
        with self._lock:
            if self._group[0] != group:
                table = self._open().read_row_group(group, columns=[self.column], use_threads=False)
                self._group = (group, table.column(self.column).to_pylist())
            value = self._group[1][row - self._starts[group]]
        data = value.get("bytes") if isinstance(value, dict) else value
        if not data:
            raise UnreadableImageError("no bytes of an image in this row")
        return bytes(data)

    def read_labels(self) -> dict[str, list[Any]]:
        """Return each column of labels: names of classes where the schema has them, else the values."""
        names = {
            c: f["names"] for c, f in self.features.items() if isinstance(f, dict) and f.get("_type") == "ClassLabel"
        }
        columns = [*names] or [name for name in self._open().schema_arrow.names if name.lower() in LABELS]
        table = self._open().read(columns=columns, use_threads=False) if columns else None
        found = {column: table.column(column).to_pylist() for column in columns} if table is not None else {}
        return {c: [_name(value, names[c]) for value in v] if c in names else v for c, v in found.items()}

    def _open(self) -> Any:
        if self._process != os.getpid():
            self._file, self._process = open_parquet(self.path), os.getpid()
        return self._file


def read_features(schema: Any) -> dict[str, Any]:
    """Return the features that Hugging Face's datasets wrote into a schema, by column; {} if there are none."""
    try:
        content = json.loads((schema.metadata or {}).get(b"huggingface", b"{}"))
        return dict(content.get("info", {}).get("features", {}))
    except (ValueError, AttributeError, TypeError):
        return {}


def has_type(feature: Any, name: str) -> bool:
    """Return True for a feature of this type, "Image" or "ClassLabel"."""
    return isinstance(feature, dict) and feature.get("_type") == name


def find_images(schema: Any, features: dict[str, Any], path: Path) -> str:
    """Return the column of images. Raises DataError if there is none, or several."""
    named = [name for name, feature in features.items() if has_type(feature, "Image")]
    kinds = {field.name: str(field.type) for field in schema}
    likely = [name for name, kind in kinds.items() if kind in ("binary", "large_binary") or "bytes: binary" in kind]
    found = named or likely
    if len(found) > 1 and "image" in found:
        found = ["image"]
    if len(found) != 1:
        what = f"{printable(path.name)} has {len(found) or 'no'} columns of images"
        raise DataError(
            what, where=abridge(found or [*kinds], 9), hint="files with one column of encoded images: image"
        )
    return found[0]


def _name(value: Any, names: list[str]) -> Any:
    """Return the name of a class; None for a row without one, which Hugging Face's datasets writes as -1."""
    return names[value] if isinstance(value, int) and 0 <= value < len(names) else None


@naming_the_reason()
def _read(rows: Rows, row: int) -> bytes:
    return rows.read(row)


def open_parquet(path: Path) -> Any:
    """Open a parquet file. Raises DataError if it is damaged, or the package pyarrow is not installed."""
    try:
        from pyarrow import ArrowException
        from pyarrow.parquet import ParquetFile
    except ImportError as error:
        raise DataError("dataset hf needs the package pyarrow", hint="pip install 'ganzoo-torch[parquet]'") from error
    try:
        require_regular(path)
        return ParquetFile(path)
    except (OSError, ArrowException) as error:
        what = f"cannot open {printable(str(path))} as a parquet file"
        raise DataError(what, where=printable(str(error))[:80], hint="--dataset hf:DIR") from error
