"""`ganzoo export`: G_ema of a run, written as a file or a folder, and compared with the run."""

from __future__ import annotations

import os
import shutil
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from torch import Tensor

from ganzoo.data.listing import printable
from ganzoo.errors import ConfigError, FolderError
from ganzoo.export.card import write_card
from ganzoo.export.description import Description, describe
from ganzoo.export.program import (
    Program,
    as_program,
    compare,
    example_inputs,
    require_same,
    trace,
    write_onnx,
    write_program,
)
from ganzoo.export.weights import DESCRIPTION, WEIGHTS, network_of, rebuild, write_weights
from ganzoo.files import write_output
from ganzoo.runs.run import Run
from ganzoo.training.gan import Generator
from ganzoo.zoo.catalogue import Zoo

SUFFIXES = (".onnx", ".pt2", ".safetensors")


@dataclass(frozen=True)
class Exported:
    """A file or folder that was written, and how far it is from the run."""

    path: Path
    step: int
    difference: float
    """Largest difference of its samples from those of G, over 64 latents; samples lie in [-1, 1]."""


@dataclass(frozen=True, eq=False)
class Subject:
    """The generator that is to be written."""

    network: Generator
    vectors: Tensor | None
    about: Description
    zoo: Zoo


def check_target(out: Path, *, card: bool = False) -> None:
    """Raise ConfigError for a suffix that is none of ours, or a card beside a file; FolderError if it exists."""
    suffix = out.suffix.lower()
    if suffix and suffix not in SUFFIXES and not suffix[1:].isdecimal():
        what = f"cannot export to {printable(out.name)}: {suffix} is no format of it"
        raise ConfigError(
            what, where=f"it takes {', '.join(SUFFIXES)}, or a folder", hint=f"-o {printable(out.stem)}.onnx"
        )
    if card and suffix in SUFFIXES:
        raise ConfigError("a card lies in a folder, beside the weights", hint=f"-o {printable(out.stem)} --card")
    if os.path.lexists(out):
        raise FolderError("there is something of this name", where=str(out), hint=f"-o OTHER{suffix}")


def export_run(run: Run, out: Path, *, step: int | None = None, card: bool = False, licence: str = "") -> Exported:
    """Write G_ema of a run, and return what was written: .onnx, .pt2, .safetensors, or a folder with weights and JSON.

    The file is read again, and what it makes of 64 latents compared with the run. `card` writes README.md too, with a
    picture of samples; `licence` is that of the weights. Raises ConfigError, FolderError, CheckpointError;
    EvaluationError if the network cannot be traced or differs; ResourceError if a package is missing.
    """
    check_target(out, card=card)
    network, vectors, z_dim, step = network_of(run, step)
    subject = Subject(network, vectors, describe(run, step, z_dim), run.zoo)
    with _new(out) as place:
        if out.suffix.lower() in SUFFIXES:
            difference = write_file(subject, place)
        else:
            difference = _write_folder(subject, place)
            if card:
                write_card(run, subject.about, place, licence=licence)
    return Exported(out, step, difference)


@contextmanager
def _new(out: Path) -> Iterator[Path]:
    """Yield a place in a temporary folder beside `out`, and move it there when the body is done. Raises FolderError."""
    try:
        out.parent.mkdir(parents=True, exist_ok=True)
        folder = Path(tempfile.mkdtemp(prefix=f".{out.name}.tmp-", dir=out.parent))
    except OSError as error:
        raise _unwritable(out, error) from error
    try:
        place = folder / (out.name if out.suffix.lower() in SUFFIXES else "folder")
        yield place
        place.replace(out)
    except OSError as error:
        raise _unwritable(out, error) from error
    finally:
        shutil.rmtree(folder, ignore_errors=True)


def _unwritable(out: Path, error: OSError) -> FolderError:
    return FolderError(f"cannot write it: {error.strerror or error}", where=str(out), hint=f"-o OTHER{out.suffix}")


def write_file(subject: Subject, place: Path) -> float:
    """Write one file, and return its largest difference from G. Raises what `export_run` raises."""
    suffix = place.suffix.lower()
    if suffix == ".safetensors":
        write_weights(subject.network, subject.vectors, subject.about, place)
        return _compare(subject, _rebuilt(subject, place), place)
    traced = trace(as_program(subject.network, subject.about), subject.about)
    write = write_onnx if suffix == ".onnx" else write_program
    return _compare(subject, write(traced, subject.about, place), place)


def _write_folder(subject: Subject, folder: Path) -> float:
    """Write model.json and model.safetensors, and return the largest difference from G."""
    folder.mkdir()
    difference = write_file(subject, folder / WEIGHTS)
    write_output(folder / DESCRIPTION, subject.about.to_text().encode())
    return difference


def _rebuilt(subject: Subject, path: Path) -> Program:
    network, _ = rebuild(subject.about, path, subject.zoo, "cpu")
    return as_program(network, subject.about)


def _compare(subject: Subject, written: Program, place: Path) -> float:
    inputs = example_inputs(subject.about, vectors=subject.vectors)
    return require_same(compare(as_program(subject.network, subject.about), written, inputs), place)
