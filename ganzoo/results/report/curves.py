"""Curves over training: records of the runs of a row become one line with a band over its seeds."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from ganzoo.errors import CheckpointError
from ganzoo.results.comparison import Row
from ganzoo.results.read import Result
from ganzoo.runs.damage import describe, known_records, warn

POINTS = 200
"""Most points of one line: more than a chart of its width can show apart."""
_CLOCK = ("step", "images", "seconds")

Floats = NDArray[np.float64]


@dataclass(frozen=True)
class Track:
    """Numbers of one run over its training."""

    images: Floats
    """Real images that D had seen, (T,), rising."""
    seconds: Floats
    """Wall time of training, (T,)."""
    values: Mapping[str, Floats]
    """(T,) each; NaN where a record has no such number."""


def read_log(path: Path) -> Track | None:
    """Return the losses and other numbers of log.jsonl; None if it is empty."""
    records = _read(path / "log.jsonl")
    if not records:
        return None
    keys = dict.fromkeys(key for record in records for key in record if key not in _CLOCK)
    values = {key: _column(records, key) for key in keys}
    return Track(_column(records, "images"), _column(records, "seconds"), values)


def _read(path: Path) -> list[dict[str, Any]]:
    """Return the records of a file, without damaged ones; none, with a warning, if it cannot be read."""
    try:
        return known_records(path)
    except CheckpointError as error:
        warn(describe(error, "its curves are left out"))
        return []


def read_scores(row: Row) -> dict[str, list[Track]]:
    """Return the tracks of each score of the runs of a row.

    A score that was measured only at the end is a track of one point, with the number of the table.
    """
    tracks: dict[str, list[Track]] = {}
    for result in row.results:
        for name, track in read_evaluations(result.path).items() if result.path else ():
            tracks.setdefault(name, []).append(track)
    for name, summary in row.last.items():
        if name not in tracks:
            runs = {result.seed: result for result in row.results}
            points = [_point(runs[seed], name, value) for seed, value in summary.values.items()]
            tracks[name] = [point for point in points if point]
    return tracks


def _point(result: Result, name: str, value: float) -> Track | None:
    """Return a score at the end of a run; None if its log does not say when that was."""
    if result.images is None or result.seconds is None:
        return None
    return Track(np.array([float(result.images)]), np.array([result.seconds]), {name: np.array([value])})


def read_evaluations(path: Path) -> dict[str, Track]:
    """Return the scores of a run while it trained; their records have no time, which the log gives."""
    records, log, tracks = _read(path / "evaluations.jsonl"), read_log(path), {}
    if log is None:
        return {}
    for name in dict.fromkeys(record["name"] for record in records):
        own = [record for record in records if record["name"] == name]
        images = _column(own, "images")
        tracks[name] = Track(images, np.interp(images, log.images, log.seconds), {name: _column(own, "value")})
    return tracks


def _column(records: Sequence[Mapping[str, Any]], key: str) -> Floats:
    return np.array([np.nan if (value := record.get(key)) is None else value for record in records], float)


def merge(tracks: Sequence[Track], points: int = POINTS) -> dict[str, Any]:
    """Merge the tracks of several seeds into one line of plain values: mean, lowest and highest.

    {"images": [...], "seconds": [...], "n": [...], "values": {key: {"mean": [...], "low": [...], "high": [...]}}}.
    Seconds are the mean of the seeds. A seed counts from its first to its last record and is interpolated linearly
    between them; seeds of equal settings have records at the same numbers of images, so nothing is interpolated.
    """
    images = _thin(np.unique(np.concatenate([track.images for track in tracks])), points)
    seconds = _stack(tracks, images, None)
    line = {"images": images.astype(int).tolist(), "seconds": _plain(seconds.mean(0)), "n": seconds.count(0).tolist()}
    keys = dict.fromkeys(key for track in tracks for key in track.values)
    return line | {"values": {key: _band(_stack(tracks, images, key)) for key in keys}}


def _thin(images: Floats, points: int) -> Floats:
    """Return every k-th number, with the first and the last."""
    chosen: list[int] = np.linspace(0, len(images) - 1, min(points, len(images))).round().astype(int).tolist()
    return images.take(chosen)


def _stack(tracks: Sequence[Track], images: Floats, key: str | None) -> Any:
    """Return a masked array (seeds, images) of one quantity, or of the seconds if `key` is None."""
    rows = []
    for track in tracks:
        numbers = track.seconds if key is None else track.values.get(key, np.full_like(track.images, np.nan))
        covered = (images >= track.images[0]) & (images <= track.images[-1])
        rows.append(np.where(covered, np.interp(images, track.images, numbers), np.nan))
    return np.ma.masked_invalid(np.stack(rows))


def _band(stack: Any) -> dict[str, Any]:
    band = {"mean": _plain(stack.mean(0))}
    return band if len(stack) == 1 else band | {"low": _plain(stack.min(0)), "high": _plain(stack.max(0))}


def _plain(numbers: Any) -> list[float | None]:
    """Round to five digits, which no screen can tell from more; None for a masked number."""
    return [float(f"{x:.5g}") if np.isfinite(x) else None for x in np.ma.filled(numbers, np.nan)]


def collect_scores(rows: Mapping[str, Row]) -> dict[str, dict[str, Any]]:
    """Return {score name: {row id: line}}."""
    lines: dict[str, dict[str, Any]] = {}
    for key, row in rows.items():
        for name, tracks in read_scores(row).items():
            if tracks:
                lines.setdefault(name, {})[key] = merge(tracks)
    return lines


def is_curve(lines: Mapping[str, Mapping[str, Any]]) -> bool:
    """Return True if any row has more than one point."""
    return any(len(line["images"]) > 1 for line in lines.values())


def collect_logs(rows: Mapping[str, Row]) -> dict[str, Any]:
    """Return {row id: line} of log.jsonl, without quantities that are zero in all runs."""
    logs = {}
    for key, row in rows.items():
        if tracks := [track for run in row.results if run.path and (track := read_log(run.path))]:
            logs[key] = merge(tracks)
    alive = {name for line in logs.values() for name, band in line["values"].items() if any(band["mean"])}
    for line in logs.values():
        line["values"] = {name: band for name, band in line["values"].items() if name in alive}
    return logs
