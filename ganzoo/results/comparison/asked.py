"""The protocol that a table is by: that of the runs' own settings, or the one that the user asks for."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from ganzoo.errors import ConfigError, EvaluationError
from ganzoo.evaluation.protocol import LABELS, STATISTICS, VECTORS, decisive
from ganzoo.results.read import Result

_ALIASES = {"samples": "generated.count", "dataset": "reference.dataset", "labels": "generated.labels"}


@dataclass(frozen=True)
class Asked:
    """Fields of a protocol with the values that the user wants; none asks for nothing."""

    fields: Mapping[str, str] = field(default_factory=dict)
    """Full name, or its last word, -> value as text: {"samples": "500", "features": "inception"}."""

    def fits(self, protocol: Mapping[str, Any]) -> bool:
        """Return whether a protocol, flat as `decisive` gives it, has all that is asked for."""
        return all(_is_alike(wanted, protocol.get(_full_name(name, protocol))) for name, wanted in self.fields.items())

    def suits(self, protocol: Mapping[str, Any]) -> bool:
        """Return whether a protocol, nested as reports have it, has all that is asked for."""
        return self.fits(decisive(protocol))

    def sort(self, reports: Sequence[Mapping[str, Any]]) -> list[Mapping[str, Any]]:
        """Return reports with those that fit last."""
        return sorted(reports, key=lambda report: self.suits(report["protocol"]))

    def check(self, protocols: Sequence[Mapping[str, Any]]) -> None:
        """Raise ConfigError for a field that no protocol has, EvaluationError if no protocol fits."""
        flat = [decisive(protocol) for protocol in protocols]
        for name in self.fields:
            if flat and not any(_full_name(name, protocol) in protocol for protocol in flat):
                known = ", ".join(dict.fromkeys(key for protocol in flat for key in protocol))
                raise ConfigError(f"a protocol has no field {name!r}", where=known, hint="--protocol samples=2000")
        if self.fields and not any(map(self.fits, flat)):
            words = ", ".join(f"{name}={value}" for name, value in self.fields.items())
            found = [f"--protocol {name}={value}" for name in self.fields for value in _list_values(name, flat)]
            hint = ", or ".join(found) or "ganzoo evaluate RUN"
            raise EvaluationError(f"no run has a score by a protocol with {words}", hint=hint)


def is_own(protocol: Mapping[str, Any], result: Result) -> bool:
    """Return whether a score is the one that the settings of its run ask for, and not another look at the run."""
    settings = result.settings
    generated, reference = protocol["generated"], protocol["reference"]
    by_statistics = reference.get("source") == STATISTICS
    found = {"eval.samples": generated["count"], "features.name": protocol["features"].partition("@")[0]}
    if not by_statistics:
        found["dataset.name"] = reference["dataset"]
        found |= {f"dataset.{name}": value for name, value in reference["options"].items()}
    return (
        all(settings.get(key, "auto") in (value, "auto") for key, value in found.items())
        and (by_statistics or result.data.count in (None, reference["count"]))
        and by_statistics == bool(settings.get("eval.reference"))
        and generated["weights"] == "ema"
        and generated["labels"] in ("none", *_own_labels(result))
        and _is_truncated(generated.get("truncation", "none"), settings.get("eval.truncation", 0.0))
    )


def _own_labels(result: Result) -> Sequence[str]:
    """Return the words of a protocol for the labels that a run asks for; both if its manifest is too old to tell."""
    if result.data.label_shape:
        return [VECTORS]
    if result.settings.get("eval.labels") == "balanced":
        return [LABELS["balanced"]]
    if not (counts := result.data.class_counts):
        return list(LABELS.values())
    return [LABELS["training"] if len(set(counts)) > 1 else LABELS["balanced"]]


def _is_truncated(words: str, psi: float) -> bool:
    """Return whether the words of a protocol, such as "|z| <= 0.5", are those of `psi`; 0 is none."""
    last = words.split()[-1] if words else "none"
    return last == "none" if not psi else last == f"{psi:g}"


def _full_name(name: str, protocol: Mapping[str, Any]) -> str:
    """Return the name of a field of a flat protocol by that name, an alias, or its last word."""
    name = _ALIASES.get(name, name)
    if name in protocol:
        return name
    return next((key for key in protocol if key.rpartition(".")[2] == name), name)


def _is_alike(wanted: str, value: Any) -> bool:
    """Return whether a value is the one that was typed; of a SHA-256 the first eight digits are enough."""
    text, typed = str(value).casefold(), wanted.strip().casefold()
    is_hash = len(text) == 64 and len(typed) >= 8
    return text.startswith(typed) if is_hash else text in (typed, typed.replace(",", ""))


def _list_values(name: str, protocols: Sequence[Mapping[str, Any]]) -> list[Any]:
    return list(dict.fromkeys(protocol.get(_full_name(name, protocol)) for protocol in protocols))
