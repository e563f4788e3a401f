"""Curves over training: the records of the runs of a row become one line with a band over its seeds."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from ganzoo.files import read_records
from ganzoo.results.comparison import Row
from ganzoo.results.read import Result

POINTS = 200
"""At most so many points of one line: more than a chart of its width can show apart."""
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
    """Return the losses and all else that log.jsonl holds; None where it holds nothing."""
    if not (records := read_records(path / "log.jsonl")):
        return None
    keys = dict.fromkeys(key for record in records for key in record if key not in _CLOCK)
    values = {key: _column(records, key) for key in keys}
    return Track(_column(records, "images"), _column(records, "seconds"), values)


def read_scores(row: Row) -> dict[str, list[Track]]:
    """Return each score of the runs of a row over their training.

    One that was only measured at the end is a track of one point, with the number that the table has.
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
    """A score at the end of a run; None where its log does not say when that was."""
    if result.images is None or result.seconds is None:
        return None
    return Track(np.array([float(result.images)]), np.array([result.seconds]), {name: np.array([value])})


def read_evaluations(path: Path) -> dict[str, Track]:
    """Return the scores that a run was given while it trained; their records bear no time, so the log tells it."""
    records, log, tracks = read_records(path / "evaluations.jsonl"), read_log(path), {}
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
    """Return one line for several seeds, as plain values: mean, lowest and highest at the same number of images.

    {"images": [...], "seconds": [...], "n": [...], "values": {key: {"mean": [...], "low": [...], "high": [...]}}}.
    Seconds are the mean of the seeds. A seed counts from its first to its last record, between two of which it is
    interpolated linearly; seeds of equal settings have theirs at the same numbers of images, so nothing is then.
    """
    images = _thin(np.unique(np.concatenate([track.images for track in tracks])), points)
    seconds = _stack(tracks, images, None)
    line = {"images": images.astype(int).tolist(), "seconds": _plain(seconds.mean(0)), "n": seconds.count(0).tolist()}
    keys = dict.fromkeys(key for track in tracks for key in track.values)
    return line | {"values": {key: _band(_stack(tracks, images, key)) for key in keys}}


def _thin(images: Floats, points: int) -> Floats:
    """Every k-th, with the first and the last."""
    chosen: list[int] = np.linspace(0, len(images) - 1, min(points, len(images))).round().astype(int).tolist()
    return images.take(chosen)


def _stack(tracks: Sequence[Track], images: Floats, key: str | None) -> Any:
    """Return a masked array (seeds, images) of one number, or of the seconds; masked where a seed has none."""
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
    """Five digits, which no screen can tell from more; None where there is no number."""
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
    """Whether any row has more than one point."""
    return any(len(line["images"]) > 1 for line in lines.values())


def collect_logs(rows: Mapping[str, Row]) -> dict[str, Any]:
    """Return {row id: line} of log.jsonl, without what is zero in all of them."""
    logs = {}
    for key, row in rows.items():
        if tracks := [track for run in row.results if run.path and (track := read_log(run.path))]:
            logs[key] = merge(tracks)
    alive = {name for line in logs.values() for name, band in line["values"].items() if any(band["mean"])}
    for line in logs.values():
        line["values"] = {name: band for name, band in line["values"].items() if name in alive}
    return logs
