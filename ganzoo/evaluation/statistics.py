"""Statistics in place of reference images: mean and covariance of their features in an npz file, `mu` and `sigma`.

pytorch-fid and clean-fid read and write such files. Files of `write_statistics` also hold the number of images
(`count`) and the extractor (`features`, and its `fingerprint` as JSON text).
"""

from __future__ import annotations

import hashlib
import json
from io import BytesIO
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np
import torch
from numpy.typing import NDArray

from ganzoo.contracts import DataSpec, Extractor, FeatureSet, Metric
from ganzoo.data.listing import abridge, printable
from ganzoo.data.npz import load_all
from ganzoo.errors import DataError, EvaluationError, FolderError, ResourceError
from ganzoo.evaluation.evaluator import Evaluator, load_extractor
from ganzoo.evaluation.extraction import feature_device
from ganzoo.evaluation.protocol import STATISTICS, Reference
from ganzoo.evaluation.views import View, is_same, no_view
from ganzoo.files import read_regular, write_atomically
from ganzoo.settings.sections import Choice, RunConfig
from ganzoo.zoo import choices
from ganzoo.zoo.catalogue import Zoo

FILE = "--reference FILE.npz (mu and sigma, as of pytorch-fid, clean-fid or --write-reference)"
MOST_BYTES = 2**30
"""Size of a file of statistics: a sigma of 11,000 features; Inception has 2,048."""
ROUNDING = 1e-6
"""Asymmetry of sigma, and its lowest eigenvalue below 0, that rounding explains; shares of the largest."""


class Statistics(NamedTuple):
    """Mean and covariance of the features of images that are not here."""

    mean: torch.Tensor
    """float64 (D,)."""
    covariance: torch.Tensor
    """float64 (D, D)."""
    size: int
    """Number of images; where it is unknown, D + 1 if the covariance has full rank, else D."""
    about: Reference
    extractor: str = ""
    """Label of the extractor; "" if the file does not name it."""
    fingerprint: str = ""
    """Fingerprint of the extractor as JSON text."""


def read_statistics(path: Path) -> Statistics:
    """Return the statistics in a file, float64 on the CPU.

    Raises DataError if it cannot be read, EvaluationError if it holds something else, or no covariance; ResourceError
    if memory does not hold it.
    """
    data = _read(path)
    arrays = _parse(data, path)
    if missing := [name for name in ("mu", "sigma") if name not in arrays]:
        raise _unfit(path, f"has no {' and no '.join(missing)}, but {abridge(sorted(arrays)) or 'nothing'}")
    mean, covariance = (_to_numbers(arrays[name], name, path) for name in ("mu", "sigma"))
    values = _require_covariance(mean, covariance, path)
    count = int(arrays["count"]) if "count" in arrays else None
    full = bool(values[0] > len(mean) * torch.finfo(torch.float64).eps * values[-1])
    assumed = count if count is not None else len(mean) + full
    about = Reference(path.name, {}, count, hashlib.sha256(data).hexdigest(), source=STATISTICS)
    own = [str(arrays.get(name, "")) for name in ("features", "fingerprint")]
    return Statistics(mean, covariance, assumed, about, *own)


def name_features(path: Path) -> str:
    """Return the name of the extractor of a file of statistics: Inception's where it does not tell; raises the same."""
    return read_statistics(path.expanduser()).extractor.partition("@")[0] or "inception"


def write_statistics(path: Path, features: FeatureSet, extractor: Extractor) -> None:
    """Write the mean and covariance of a reference, and what they were made by. Raises FolderError."""
    buffer = BytesIO()
    np.savez(
        buffer,
        mu=features.mean.cpu().numpy(),
        sigma=features.covariance.cpu().numpy(),
        count=np.array(features.count),
        features=np.array(extractor.label),
        fingerprint=np.array(_show(extractor)),
    )
    try:
        write_atomically(path, buffer.getvalue())
    except OSError as error:
        hint = "--write-reference stats.npz"
        raise FolderError(f"cannot write the statistics: {error}", where=str(path), hint=hint) from error


def open_statistics_evaluator(data: DataSpec, run: RunConfig, zoo: Zoo, device: torch.device) -> Evaluator:
    """Load the extractor of a run for such samples, its metrics, and the statistics that its settings name.

    Raises DataError or EvaluationError.
    """
    statistics = read_statistics(Path(run.eval.reference).expanduser())
    features = choices.choose_features(run.features, run.dataset, zoo)
    extractor = load_extractor(data, features, zoo, device)
    require_extractor(statistics, extractor, _count_features(extractor, data, device))
    frechet: Metric = zoo.create("metric", Choice("fid@ganzoo"))
    there = feature_device(device)
    mean, covariance, rows = (each.to(there) for each in (statistics.mean, statistics.covariance, torch.zeros(0)))
    reference = frechet.prepare(FeatureSet(statistics.size, mean, covariance, rows.reshape(0, len(mean))))
    metrics = choices.choose_metrics(run, zoo)
    nothing = torch.zeros(0, *data.shape)

    def open_view(name: str) -> View:
        return View(extractor, reference) if is_same(name, features.name, zoo) else no_view(name)

    return Evaluator(
        extractor, metrics, frechet, reference, nothing, statistics.about, run.eval.batch_size, False,
        open_view=open_view,
    )  # fmt: skip


def _count_features(extractor: Extractor, data: DataSpec, device: torch.device) -> int:
    """Return the number of features of a sample, that of an empty one."""
    dtype = torch.uint8 if data.images else torch.float32
    with torch.no_grad():
        return extractor.extract(torch.zeros(1, *data.shape, dtype=dtype, device=device)).rows.shape[1]


def require_extractor(statistics: Statistics, extractor: Extractor, dim: int) -> None:
    """Raise EvaluationError unless the statistics are of this extractor, as far as the file tells, and its `dim`."""
    theirs, name = len(statistics.mean), statistics.about.dataset
    hint = f"--features {statistics.extractor.partition('@')[0] or 'NAME (the extractor of the file)'}"
    if statistics.extractor not in ("", extractor.label):
        raise EvaluationError(f"{name} holds statistics of {statistics.extractor}, not of {extractor.label}", hint=hint)
    if theirs != dim:
        raise EvaluationError(f"{name} has {theirs:,} features per image, and {extractor.label} has {dim:,}", hint=hint)
    if statistics.fingerprint not in ("", _show(extractor)):
        where = f"there: {statistics.fingerprint}; here: {_show(extractor)}"
        raise EvaluationError(f"{name} is of {extractor.label} with other weights or settings", where=where, hint=hint)


def _show(extractor: Extractor) -> str:
    return json.dumps(dict(extractor.fingerprint), sort_keys=True)


def _read(path: Path) -> bytes:
    try:
        return read_regular(path, MOST_BYTES)
    except OSError as error:
        raise DataError(
            f"cannot read {printable(str(path))}", where=str(error.strerror or error).lower(), hint=FILE
        ) from error


def _parse(data: bytes, path: Path) -> dict[str, NDArray[Any]]:
    try:
        return load_all(BytesIO(data), printable(path.name), FILE)
    except ResourceError:
        raise
    except Exception as error:  # on damaged bytes the readers of zip and npy raise almost anything
        raise _unfit(path, f"is no npz file, or damaged ({str(error)[:80]})") from error


def _to_numbers(array: NDArray[Any], name: str, path: Path) -> torch.Tensor:
    if array.dtype.kind != "f" or not array.size or not np.isfinite(array).all():
        found = f"{array.dtype} {array.shape}" if array.dtype.kind != "f" or not array.size else "nan or inf"
        raise _unfit(path, f"has a {name} that is {found}")
    return torch.from_numpy(array.astype(np.float64))


def _require_covariance(mean: torch.Tensor, covariance: torch.Tensor, path: Path) -> torch.Tensor:
    """Return the eigenvalues, ascending. Raises EvaluationError unless the matrix (D, D) is a covariance."""
    if mean.ndim != 1 or covariance.shape != (len(mean), len(mean)):
        raise _unfit(path, f"has a mu of shape {tuple(mean.shape)} and a sigma of shape {tuple(covariance.shape)}")
    largest = covariance.abs().max()
    if (covariance - covariance.T).abs().max() > ROUNDING * largest:
        raise _unfit(path, "has a sigma that is not symmetric")
    values: torch.Tensor = torch.linalg.eigvalsh(covariance)
    if values[0] < -ROUNDING * values[-1]:
        raise _unfit(path, f"has a sigma that is no covariance: it has the eigenvalue {values[0]:.3g}")
    return values


def _unfit(path: Path, found: str) -> EvaluationError:
    return EvaluationError(f"{printable(path.name)} {found}", where=printable(str(path)), hint=FILE)
