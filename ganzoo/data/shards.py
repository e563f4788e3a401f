"""Tar shards as WebDataset writes them: the files of one sample are neighbours with one key, 0001.png and 0001.cls.

The convention is that of https://github.com/webdataset/webdataset: the key is all before the first dot of the name.
"""

from __future__ import annotations

import itertools
import json
import re
from collections.abc import Iterator, Sequence
from functools import partial
from glob import glob
from pathlib import Path
from typing import Any

from ganzoo.data.archive import clean_entry
from ganzoo.data.folder import suggest_reader
from ganzoo.data.listing import SUFFIXES, ImageFile, Listing, abridge, note_ignored, printable
from ganzoo.data.tarball import open_members, read_member
from ganzoo.errors import DataError

BRACES = re.compile(r"\{(\d+)\.\.(\d+)\}|\{([^{}]*,[^{}]*)\}")
LONGEST = 4096  # characters, the longest path of Linux
MOST_SHARDS = 100_000
"""Files of one dataset: the largest public ones have some ten thousand."""
SHARDS = (".tar", ".tar.gz", ".tgz")
Sample = dict[str, ImageFile]
"""The files of one sample by their extensions, "png" and "cls"."""


def list_shards(pattern: str) -> Listing:
    """List the images of shards, and their labels as a table: of .cls files, else the "label" in .json files.

    `pattern` is a file, a folder of shards, or has braces or stars: "train-{000..012}.tar". Raises DataError if a shard
    is missing or damaged, or if a sample has several images.
    """
    images: list[ImageFile] = []
    labels: dict[str, list[tuple[str, Any]]] = {"cls": [], "json": []}
    others: list[str] = []
    for path in find_shards(pattern):
        for key, sample in read_samples(path):
            if not (kinds := [kind for kind in sample if f".{kind}" in SUFFIXES]):
                others += [file.name for file in sample.values()]
                continue
            if len(kinds) > 1:
                what = f"a sample of {printable(path.name)} has several images: {abridge(kinds)}"
                raise DataError(what, where=printable(key), hint="shards with one image in each sample")
            name = flat_name(path, f"{key}.{kinds[0]}")
            images.append(ImageFile(name, sample[kinds[0]].read))
            _add_labels(labels, sample, name)
    if not images:
        what = f"no images found in {printable(pattern)}"
        raise DataError(what, where=abridge(others), hint="--dataset webdataset:PATTERN, or tar:FILE")
    given = next(((kind, rows) for kind, rows in labels.items() if rows), None)
    return Listing(images, [], note_ignored(others), [make_table(*given)] if given else [])


def find_shards(pattern: str) -> list[Path]:
    """Return the files that a pattern means, in order. Raises DataError for those that are missing."""
    found: list[str] = []
    for text in _expand(str(Path(pattern).expanduser())):
        if Path(text).is_dir():
            found += sorted(str(path) for path in Path(text).iterdir() if path.name.endswith(SHARDS))
        else:
            found += sorted(glob(text)) or [text]  # noqa: PTH207  # the pattern is absolute
    paths = [*map(Path, found)]
    if missing := [str(path) for path in paths if not path.is_file()] or ([] if paths else [pattern]):
        what = f"{len(missing)} of {max(1, len(paths))} shards are not there"
        hint = suggest_reader(Path(pattern), "", "--dataset 'webdataset:train-{000..012}.tar'")
        raise DataError(what, where=abridge(missing), hint=hint)
    return paths


def _expand(pattern: str) -> list[str]:
    """Return what braces expand to. Raises DataError if that is too much."""
    texts = [*itertools.islice(expand_braces(pattern), MOST_SHARDS + 1)] if len(pattern) < LONGEST else []
    if 0 < len(texts) <= MOST_SHARDS:
        return texts
    what = f"a pattern of shards expands to at most {MOST_SHARDS:,} files"
    raise DataError(what, where=printable(pattern[:200]), hint="--dataset 'webdataset:train-{000..012}.tar'")


def expand_braces(pattern: str) -> Iterator[str]:
    """Yield what a shell makes of braces: "a-{08..10}" -> a-08, a-09, a-10; "{a,b}.tar" -> a.tar, b.tar."""
    if (match := BRACES.search(pattern)) is None:
        yield pattern
        return
    first, last, choices = match.groups()
    numbers = range(int(first), int(last) + 1) if first else ()
    for part in choices.split(",") if choices else (f"{n:0{len(first)}}" for n in numbers):
        yield from expand_braces(pattern[: match.start()] + part + pattern[match.end() :])


def read_samples(path: Path) -> Iterator[tuple[str, Sample]]:
    """Yield the key and the files of each sample of a shard. Raises DataError if it is damaged."""
    file, members = open_members(path)
    named = [(clean_entry(member.name, path), member) for member in members if member.isreg()]
    files = [ImageFile(name, partial(read_member, file, member)) for name, member in named]
    for key, group in itertools.groupby(files, lambda file: split_key(file.name)[0]):
        yield key, {split_key(file.name)[1]: file for file in group}


def split_key(name: str) -> tuple[str, str]:
    """Return key and extension: "a.b/0001.seg.PNG" -> ("a.b/0001", "seg.png")."""
    folder, slash, base = name.rpartition("/")
    stem, _, kind = base.partition(".")
    return folder + slash + stem, kind.lower()


def flat_name(path: Path, name: str) -> str:
    """Return the name of an image of one of several files, without a folder, which would be a class."""
    return f"{path.name}|{name.replace('/', '|')}"


def make_table(name: str, rows: Sequence[tuple[str, Any]]) -> ImageFile:
    """Return labels by the names of images as a file of labels has them."""
    return ImageFile(f"{name}.json", lambda: json.dumps({"labels": list(rows)}).encode())


def _add_labels(labels: dict[str, list[tuple[str, Any]]], sample: Sample, name: str) -> None:
    """Add the labels of a sample. Raises DataError for one that cannot be read."""
    try:
        if "cls" in sample:
            labels["cls"].append((name, sample["cls"].read().decode().strip()))
        if "json" in sample and isinstance(record := json.loads(sample["json"].read()), dict) and "label" in record:
            labels["json"].append((name, record["label"]))
    except (ValueError, RecursionError) as error:
        what = f"a label cannot be read: {str(error)[:200]}"
        raise DataError(what, where=printable(name), hint="shards that are whole") from error
