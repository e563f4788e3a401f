"""A cache on disk of the features of real samples; an entry is computed again if anything about it is doubtful.

    <sha256 of the key>.npz     key (JSON text), count, mean, covariance, root, rows, and perhaps logits, deviations
    <sha256 of its key>.npz     key (JSON text), distances and nearest: the neighbours of these rows among themselves

A key is all that the numbers depend on: content of the images, label and fingerprint of the extractor.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Callable, Mapping
from io import BytesIO
from pathlib import Path
from typing import Any, NamedTuple, TypeVar

import numpy as np
import torch
from numpy.typing import NDArray

from ganzoo.contracts import Extractor, FeatureSet
from ganzoo.data.neighbours import Neighbours, find_neighbours
from ganzoo.data.npz import load_all
from ganzoo.data.progress import counted
from ganzoo.data.samples import Pixels
from ganzoo.errors import ResourceError
from ganzoo.evaluation.extraction import KEEP, extract, feature_device, in_batches
from ganzoo.files import cache_folder, open_regular, write_atomically

SCHEMA = 1
MOST_BYTES = 2**33
"""Size of an entry: KEEP rows of 16,384 features, with their covariance and its root, fill it."""
REQUIRED = ("mean", "covariance", "root", "rows")
OPTIONAL = ("logits", "deviations")
Entry = TypeVar("Entry")


class ReferenceFeatures(NamedTuple):
    """The features of the real images, with the square root of their covariance."""

    features: FeatureSet
    cached: bool
    """True if they were read from the cache."""
    notes: tuple[str, ...]
    """Faults of the cache, which leave the features right."""


NEIGHBOURS = 5
"""Neighbours of a real sample that are kept: as many as the metrics read by default."""


class _DamageError(Exception):
    """An entry is not as it was written, or has another key; the text says what is wrong."""


def load_reference(
    x: Pixels, sha256: str, extractor: Extractor, *,
    prepare: Callable[[FeatureSet], FeatureSet], device: torch.device, batch_size: int, folder: Path | None = None,
) -> ReferenceFeatures:  # fmt: skip
    """Return the features of samples x (M, *shape) with the content hash `sha256`, from the cache if they are there.

    `prepare` adds the square root of the covariance, which the cache keeps. `folder` is `cache_folder("references")`
    unless given. An entry that is damaged, or has another key, is replaced; a folder that cannot be read or written
    is a note. Raises what `extract` raises.
    """

    def compute() -> FeatureSet:
        batches = counted(in_batches(x, batch_size, device), f"features of real images by {extractor.label}", len(x))
        return prepare(extract(batches, extractor, len(x)))

    if (folder := folder or cache_folder("references")) is None:
        note = "the reference is not cached: there is no home directory; set GANZOO_CACHE"
        return ReferenceFeatures(compute(), False, (note,))
    key = _key(sha256, extractor, len(x))
    path = folder / f"{hashlib.sha256(key.encode()).hexdigest()}.npz"
    features, notes = _try_read(lambda: _read(path, key, len(x), feature_device(device)), path)
    if features is not None:
        return ReferenceFeatures(features, True, ())
    features = compute()
    return ReferenceFeatures(features, False, (*notes, *_try_write(path, key, _to_arrays(features))))


def load_reference_neighbours(
    features: FeatureSet, sha256: str, extractor: Extractor, folder: Path | None = None
) -> Neighbours:
    """Return the NEIGHBOURS nearest of each row of `load_reference`, or all others, from the cache if they are there.

    An entry that cannot be used is replaced. Nothing is told of faults of the cache: `load_reference` told of them.
    """
    k = min(NEIGHBOURS, len(features.rows) - 1)
    if (folder := folder or cache_folder("references")) is None:
        return find_neighbours(features.rows, None, k)
    key = _key(sha256, extractor, features.count, neighbours=k)
    path = folder / f"{hashlib.sha256(key.encode()).hexdigest()}.npz"
    found, _ = _try_read(lambda: _read_neighbours(path, key, len(features.rows), k), path)
    if found is not None:
        return Neighbours(*(tensor.to(features.rows.device) for tensor in found))
    found = find_neighbours(features.rows, None, k)
    _try_write(path, key, {name: tensor.cpu().numpy() for name, tensor in found._asdict().items()})
    return found


def _read_neighbours(path: Path, key: str, count: int, k: int) -> Neighbours:
    """Return an entry. Raises OSError if it cannot be opened, _DamageError if it is not as it was written."""
    arrays = _parse(path)
    if missing := {"key", *Neighbours._fields} - arrays.keys():
        raise _DamageError(f"without {', '.join(sorted(missing))}")
    distances, nearest = (arrays[name] for name in Neighbours._fields)
    found = distances.dtype.name, distances.shape, nearest.dtype.name, nearest.shape
    if str(arrays["key"]) != key or found != ("float64", (count, k), "int64", (count,)):
        raise _DamageError("of other images, or of another extractor")
    if not np.isfinite(distances).all() or not ((nearest >= 0) & (nearest < count)).all():
        raise _DamageError("a distance is nan or inf, or an index out of range")
    return Neighbours(torch.from_numpy(distances), torch.from_numpy(nearest))


def _try_read(read: Callable[[], Entry], path: Path) -> tuple[Entry | None, list[str]]:
    """Return what is in an entry; None if it cannot be used, with notes on faults."""
    try:
        return read(), []
    except (FileNotFoundError, NotADirectoryError):
        return None, []
    except OSError as error:
        return None, [f"the cached reference cannot be read ({error.strerror or error!s}): {path}"]
    except _DamageError as damage:
        return None, [f"the cached reference was unusable ({damage}), computed again: {path}"]


def _try_write(path: Path, key: str, arrays: Mapping[str, NDArray[Any]]) -> list[str]:
    """Write an entry; return a note if that fails."""
    try:
        _write(path, key, arrays)
    except OSError as error:
        return [f"the reference is not cached ({error.strerror or error}): {path.parent}; set GANZOO_CACHE"]
    return []


def _key(sha256: str, extractor: Extractor, count: int, **others: int) -> str:
    """Return canonical JSON of all that the numbers in an entry depend on."""
    parts: dict[str, Any] = {"schema": SCHEMA, "keep": KEEP, "images": sha256, "features": extractor.label}
    if count > KEEP:
        parts |= {"rows": "an even pick"}  # entries without this hold the first rows
    return json.dumps(
        parts | others | {"fingerprint": dict(extractor.fingerprint)}, sort_keys=True, separators=(",", ":")
    )


def _to_arrays(features: FeatureSet) -> dict[str, NDArray[Any]]:
    """Return what an entry of features holds, besides its key."""
    tensors = {name: getattr(features, name) for name in (*REQUIRED, *OPTIONAL)}
    arrays = {name: tensor.cpu().numpy() for name, tensor in tensors.items() if tensor is not None}
    return {"count": np.array(features.count), **arrays}


def _write(path: Path, key: str, arrays: Mapping[str, NDArray[Any]]) -> None:
    """Write an entry, whole or not at all. Raises OSError."""
    buffer = BytesIO()
    whole: dict[str, Any] = {"key": np.array(key), **arrays}
    np.savez(buffer, **whole)  # uncompressed: to be read fast
    path.parent.mkdir(parents=True, exist_ok=True)
    write_atomically(path, buffer.getvalue())


def _read(path: Path, key: str, count: int, device: torch.device) -> FeatureSet:
    """Return an entry. Raises OSError if it cannot be opened, _DamageError if it is not as it was written."""
    arrays = _parse(path)
    _require_whole(arrays, key, count)
    tensors = {name: torch.from_numpy(arrays[name]).to(device) for name in (*REQUIRED, *OPTIONAL) if name in arrays}
    mean, covariance, root, rows = (tensors[name] for name in REQUIRED)
    return FeatureSet(
        count, mean, covariance, rows, tensors.get("logits"), root=root, deviations=tensors.get("deviations")
    )


def _parse(path: Path) -> dict[str, NDArray[Any]]:
    """Return all arrays of an entry, even if the file is replaced meanwhile. Raises OSError, _DamageError."""
    with open_regular(path, MOST_BYTES) as file:
        try:
            return load_all(file, path.name, "GANZOO_CACHE=DIR")  # zipfile compares the CRC of each array
        except ResourceError:
            raise
        except Exception as error:  # on damaged bytes the readers of zip and npy raise almost anything
            raise _DamageError(str(error)[:80] or type(error).__name__) from error


def _require_whole(arrays: Mapping[str, NDArray[Any]], key: str, count: int) -> None:
    """Raise _DamageError unless key, count, types and shapes are as expected and every number is finite."""
    if missing := {"key", "count", *REQUIRED} - arrays.keys():
        raise _DamageError(f"without {', '.join(sorted(missing))}")
    if str(arrays["key"]) != key or str(arrays["count"]) != str(count):
        raise _DamageError("of other images, or of another extractor")
    kept, dim = min(count, KEEP), arrays["rows"].shape[-1:]
    shapes = {"mean": dim, "covariance": dim * 2, "root": dim * 2, "rows": (kept, *dim), "deviations": (kept,)}
    for name in sorted(arrays.keys() - {"key", "count"}):
        array, shape = arrays[name], shapes.get(name, (kept, *arrays[name].shape[1:2]))
        dtype = "float32" if name in ("rows", *OPTIONAL) else "float64"
        if array.dtype != dtype or array.shape != shape:
            raise _DamageError(f"{name} is {array.dtype} {array.shape}, not {dtype} {shape}")
        if not np.isfinite(array).all():
            raise _DamageError(f"{name} is nan or inf")
