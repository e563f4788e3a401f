"""Read every checkpoint of a run, and say which are whole: size, SHA-256, plain data, finite, of the run's recipe."""

from __future__ import annotations

import math
import os
import zipfile
from collections.abc import Iterator, Mapping
from contextlib import suppress
from dataclasses import replace
from io import BytesIO
from pathlib import Path
from typing import Any, NamedTuple

import torch

from ganzoo.errors import CheckpointError, GanzooError, ResourceError
from ganzoo.files import open_regular, read_regular
from ganzoo.machine.limits import available_bytes
from ganzoo.runs import checkpoint
from ganzoo.runs.changes import IN_NEW_FOLDER
from ganzoo.runs.checkpoint_files import (
    SCHEMA,
    DamageError,
    deserialise,
    find_files,
    is_damage,
    read_json,
    read_verified,
    read_versions,
)
from ganzoo.runs.folder import RunFolder
from ganzoo.runs.records import read_manifest
from ganzoo.runs.verdicts import Verdict, describe_link, list_folder
from ganzoo.settings.sections import RunConfig
from ganzoo.training.compatibility import FREE, check_settings

PARTS = ("G", "D", "G_ema", "opt_g", "opt_d", "step", "position", "random", "settings")
"""Keys that every checkpoint has; "transform" and "regularizers" came later."""
LONE = "has no sidecar"


class Fault(NamedTuple):
    """A reason why a checkpoint cannot be gone on with."""

    what: str
    is_damage: bool = True
    """False if the file must stay: it is of another run or of a newer ganzoo, or cannot be read now."""


def verify(folder: RunFolder, run: RunConfig | None) -> Iterator[Verdict]:
    """Yield a verdict on every checkpoint, then on latest.json and best.json; `run` has the settings, if known."""
    if folder.checkpoints.is_symlink() and not folder.follow_links:
        yield Verdict("checkpoints", "damaged", describe_link(folder.checkpoints), is_needed=True)
        return
    _, faults = list_folder(folder.checkpoints, folder.path, follow_links=folder.follow_links)
    links = {fault.name for fault in faults if (folder.path / fault.name).is_symlink()}
    yield from (replace(fault, is_needed=True) for fault in faults if fault.name in links)
    sidecars, states = find_files(folder.checkpoints, ".json"), find_files(folder.checkpoints, ".pt")
    whole = []
    for step in sorted(sidecars.keys() | states.keys()):
        path = folder.checkpoints / f"step-{step:08d}.pt"
        if {f"checkpoints/{path.stem}{suffix}" for suffix in (".pt", ".json")} & links:
            continue
        verdict = _judge(path, step, run, is_newest=step == max(states, default=0), others=bool(sidecars))
        if verdict is not None:
            whole += [step] if verdict.state == "whole" else []
            yield verdict
    yield from _verify_pointers(folder, whole)


def whole_steps(verdicts: list[Verdict]) -> list[int]:
    """Return the steps of the checkpoints that these verdicts call whole."""
    names = [verdict.name for verdict in verdicts if verdict.state == "whole" and verdict.name.endswith(".pt")]
    return [int(Path(name).stem.removeprefix("step-")) for name in names]


def _judge(path: Path, step: int, run: RunConfig | None, *, is_newest: bool, others: bool) -> Verdict | None:
    """Return a verdict on the checkpoint of a step; None if the process that trains has deleted it meanwhile."""
    name = f"checkpoints/{path.name}"
    if not path.with_suffix(".json").exists():
        if not path.exists():
            return None
        if step == 0 or (is_newest and others):
            return Verdict(name, "remark", f"{LONE}: its save was killed, and it does not count")
        return Verdict(name, "damaged", f"{LONE}, and does not count")
    if (fault := examine(path, step, run)) is None:
        return Verdict(name)
    still_there = path.with_suffix(".json").exists()
    return Verdict(name, "damaged", fault.what, is_needed=not fault.is_damage) if still_there else None


def examine(path: Path, step: int, run: RunConfig | None) -> Fault | None:
    """Return what is wrong with the checkpoint in a file, by its sidecar and its content; None if nothing is."""
    sizes = [record.get("bytes") for record in read_versions(path.with_suffix(".json"))]
    try:
        with open_regular(path) as file:
            size = os.fstat(file.fileno()).st_size
        if sizes and isinstance(sizes[0], int) and size not in sizes:
            return Fault(f"size {size}, expected {sizes[0]}")
        _require_memory(path, size)
        return find_fault(read_verified(path.with_suffix(".json")), step, run, _free(path))
    except OSError as error:
        return Fault(f"cannot be read: {error.strerror}", is_damage(error))
    except (DamageError, GanzooError) as error:
        schema = read_json(path.with_suffix(".json")).get("schema")
        return _explain(error, is_newer=isinstance(schema, int) and schema > SCHEMA)


def _explain(error: DamageError | GanzooError, *, is_newer: bool = False) -> Fault:
    if isinstance(error, DamageError):
        return Fault(str(error))
    return Fault(error.what, not is_newer and not isinstance(error, ResourceError))


def _require_memory(path: Path, size: int) -> None:
    if size > available_bytes():
        raise ResourceError(f"cannot be read: its {size:,} bytes do not fit in memory", where=str(path))


def read_lone(path: Path, step: int, run: RunConfig | None) -> tuple[bytes, Fault | None]:
    """Return the bytes of a state without a sidecar, and what is wrong with it: its CRC must speak for it."""
    data = b""
    try:
        size = path.stat().st_size
        _require_memory(path, size)
        data = read_regular(path, size)
        if data.startswith(b"PK") and (bad := zipfile.ZipFile(BytesIO(data)).testzip()):
            return data, Fault(f"{bad} differs from its CRC")
        return data, find_fault(deserialise(path, data), step, run, _free(path))
    except OSError as error:
        return data, Fault(f"cannot be read: {error.strerror}", is_damage(error))
    except (zipfile.BadZipFile, NotImplementedError, RuntimeError) as error:
        return data, Fault(f"cannot be read: {error}")
    except (DamageError, GanzooError) as error:
        return data, _explain(error)


def _free(path: Path) -> tuple[str, ...]:
    """Return the settings in which a checkpoint may differ from its run: one that was kept from another run in more."""
    with suppress(CheckpointError):
        return IN_NEW_FOLDER if read_manifest(path.parent.parent).origin else FREE
    return FREE


def find_fault(state: Mapping[str, Any], step: int, run: RunConfig | None, free: tuple[str, ...]) -> Fault | None:
    """Return why a state that was loaded cannot be gone on with; None if it can be.

    Settings that begin with a word of `free` may differ from those of the run.
    """
    if missing := [part for part in PARTS if part not in state]:
        return Fault(f"lacks {', '.join(missing)}")
    if state["step"] != step:
        return Fault(f"holds step {state['step']}")
    for path, tensor in checkpoint.list_tensors(state):
        if tensor.is_floating_point() and not torch.isfinite(tensor).all():
            return Fault(f"{path} is not finite")
    if run is None:
        return None
    try:
        check_settings(state["settings"], run, free)
    except GanzooError as error:
        return Fault(f"of another run: {error.what}", is_damage=False)
    except (AttributeError, TypeError, ValueError):
        return Fault("holds no settings")
    return None


def _verify_pointers(folder: RunFolder, whole: list[int]) -> Iterator[Verdict]:
    latest, best = (folder.checkpoints / name for name in ("latest.json", "best.json"))
    if fault := find_latest_fault(latest, whole):
        yield Verdict("checkpoints/latest.json", "damaged", fault)
    elif latest.exists():
        yield Verdict("checkpoints/latest.json", "whole", f"step {read_json(latest).get('step')}")
    if fault := find_best_fault(best, whole):
        yield Verdict("checkpoints/best.json", "damaged", fault)
    elif best.exists():
        yield Verdict("checkpoints/best.json", "whole", f"step {read_json(best).get('step')}")


def find_latest_fault(path: Path, whole: list[int]) -> str:
    """Return what is wrong with latest.json, given the steps of the whole checkpoints; "" if nothing is.

    A first save that was killed leaves none.
    """
    if not whole or (not path.exists() and len(whole) == 1):
        return ""
    if not path.exists():
        return "is missing"
    record = read_json(path)
    if not isinstance(record.get("schema"), int) or record["schema"] > SCHEMA:
        return "is not what a save writes"
    if record.get("step") not in whole:
        return f"points to step {record.get('step')}, which is not whole"
    versions = read_versions(path.parent / f"step-{record['step']:08d}.json")
    same = record.get("sha256") in [version.get("sha256") for version in versions]
    return "" if same else "has another SHA-256 than the sidecar"


def find_best_fault(path: Path, whole: list[int]) -> str:
    """Return what is wrong with best.json, given the steps of the whole checkpoints; "" if nothing is.

    It names a step that is about to be saved, and a kill may come before that is.
    """
    if not path.exists():
        return ""
    record = read_json(path)
    step, score = record.get("step"), record.get("score")
    if type(step) is not int or not isinstance(score, int | float) or not math.isfinite(score):
        return "holds no step with a score"
    return "" if step in whole or step > max(whole, default=0) else f"points to step {step}, which is not whole"
