"""Facts about the runs of a table: settings and how they differ, protocol, environment."""

from __future__ import annotations

import shlex
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import asdict, dataclass
from typing import Any

from ganzoo.results.comparison import Row
from ganzoo.results.read import Result
from ganzoo.results.tables.numbers import show_value
from ganzoo.runs.records import Manifest, Platform


@dataclass(frozen=True)
class SettingsTable:
    """Settings of all rows, as text."""

    differing: tuple[str, ...]
    """Names of the settings that differ among the runs, beside the axes and the seed."""
    by_row: tuple[tuple[str, ...], ...]
    """Values of the differing settings in each row."""
    shared: Mapping[str, str]


@dataclass(frozen=True)
class Fact:
    """One fact about the environment of the runs, such as a version."""

    name: str
    values: tuple[tuple[str, tuple[str, ...]], ...]
    """Pairs (value, names of the runs that have it), the most frequent first."""

    @property
    def differs(self) -> bool:
        """True if the runs do not all have the same value."""
        return len(self.values) > 1


def compare_settings(rows: Sequence[Row], axes: Sequence[str]) -> SettingsTable:
    """Return the settings that differ among the runs beside the axes. A refused cell had none and does not count."""
    runs = [run for row in rows for run in row.results if run.state != "refused"]
    keys = dict.fromkeys(key for run in runs for key in run.settings)
    values = {key: _distinct(run.settings.get(key) for run in runs) for key in keys}
    differing = tuple(key for key in keys if len(values[key]) > 1 and key not in (*axes, "train.seed"))
    by_row = tuple(tuple(_in_row(row, key) for key in differing) for row in rows)
    return SettingsTable(differing, by_row, {key: values[key][0] for key in keys if len(values[key]) == 1})


def _distinct(values: Iterable[Any]) -> list[str]:
    return list(dict.fromkeys(map(show_value, values)))


def _in_row(row: Row, key: str) -> str:
    return " | ".join(_distinct(run.settings.get(key) for run in row.results))


def flatten(values: Mapping[str, Any], prefix: str = "") -> Iterator[tuple[str, str]]:
    """Yield nested values as ("generated.count", "2000"), without empty ones."""
    for key, value in values.items():
        if isinstance(value, Mapping):
            yield from flatten(value, f"{prefix}{key}.")
        elif value not in ("", None):
            yield prefix + key, show_value(value)


def compare_environments(results: Sequence[Result]) -> tuple[Fact, ...]:
    """Return versions, platform, device, data and plugins of the runs that started."""
    begun = {run.name: dict(_describe(run.manifest)) for run in results if run.manifest}
    names = dict.fromkeys(name for facts in begun.values() for name in facts)
    return tuple(_gather(name, begun) for name in names)


def _describe(manifest: Manifest) -> Iterator[tuple[str, str]]:
    """Yield the facts of a manifest; an older one, or that of a run that never started, may have fewer."""
    yield from sorted(manifest.versions.items())
    platform, device, data = manifest.platform or Platform(), manifest.device, manifest.data
    yield from ((name, value) for name in ("python", "system") if (value := getattr(platform, name)) is not None)
    if device:
        known = {name: value for name, value in asdict(device).items() if value is not None}
        yield from ((f"device {name}", show_value(value)) for name, value in known.items())
    if data and data.shape:
        shape = " x ".join(map(str, data.shape))
        yield "data", f"{data.count} samples of {shape}, sha256 {data.sha256[:12]}"
    yield "plugins", ", ".join(_list_plugins(manifest)) or "ganzoo's own alone"


def _list_plugins(manifest: Manifest) -> list[str]:
    """Return the plugins of other authors: ganzoo's own have no version and are not files."""
    foreign = (part for part in manifest.components if part.version or part.plugin.endswith(".py"))
    return list(dict.fromkeys(f"{part.plugin} {part.version}".rstrip() for part in foreign))


def _gather(name: str, begun: Mapping[str, Mapping[str, str]]) -> Fact:
    runs: dict[str, list[str]] = {}
    for run, facts in begun.items():
        runs.setdefault(facts.get(name, "not said"), []).append(run)
    ordered = sorted(runs.items(), key=lambda item: -len(item[1]))
    return Fact(name, tuple((value, tuple(names)) for value, names in ordered))


def list_commands(results: Sequence[Result]) -> tuple[tuple[str, str, str], ...]:
    """Return (run, time of its start, command line) of the runs that started."""
    begun = [(run.name, run.manifest) for run in results if run.manifest]
    return tuple((name, manifest.created, _show_command(manifest.command)) for name, manifest in begun)


def _show_command(words: Sequence[str]) -> str:
    """Return a command line without its --out, which shows somebody's folders and not how the run was made."""
    kept = list(words)
    if "--out" in kept:
        del kept[kept.index("--out") : kept.index("--out") + 2]
    return shlex.join(kept)
