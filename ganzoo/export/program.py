"""A generator as a program of tensors: traced by torch.export, written as .pt2 or ONNX, and compared with G."""

from __future__ import annotations

import warnings
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

import torch
from torch import Tensor, nn

from ganzoo.errors import EvaluationError, ResourceError
from ganzoo.export.description import OUTPUT, Description
from ganzoo.training.labels import spread_labels
from ganzoo.training.latents import draw_latents

if TYPE_CHECKING:
    from torch.export import ExportedProgram

COMPARED = 64
"""Latents on which what was written is compared with G."""
MOST_DIFFERENCE = 0.5 / 127.5
"""Largest difference from G that is accepted: half a grey level, in samples that lie in [-1, 1]."""
METADATA = "ganzoo"
"""Key of the description among the metadata of a file."""

Program = Callable[..., Tensor]
"""A function of z (N, Z), and of y where the generator takes labels, that gives samples (N, *shape)."""


class WithoutLabels(nn.Module):
    """z (N, Z) -> samples (N, *shape) of a generator that ignores labels."""

    def __init__(self, network: nn.Module) -> None:
        super().__init__()
        self.network = network

    def forward(self, z: Tensor) -> Tensor:
        """z (N, Z) -> (N, *shape)."""
        x: Tensor = self.network(z, z.new_zeros(z.shape[0], dtype=torch.long))
        return x


class WithLabels(nn.Module):
    """z (N, Z), y (N,) or (N, A) -> samples (N, *shape)."""

    def __init__(self, network: nn.Module) -> None:
        super().__init__()
        self.network = network

    def forward(self, z: Tensor, y: Tensor) -> Tensor:
        """z (N, Z), y (N,) -> (N, *shape)."""
        x: Tensor = self.network(z, y)
        return x


def as_program(network: nn.Module, about: Description) -> nn.Module:
    """Return a generator whose inputs are those that its description names, in eval mode."""
    return (WithLabels if about.takes_labels else WithoutLabels)(network).eval()


def example_inputs(about: Description, count: int = COMPARED, vectors: Tensor | None = None) -> tuple[Tensor, ...]:
    """Return latents (count, Z) of seed 0, and labels of each kind in turn where the generator takes some."""
    z = draw_latents(count, about.z_dim, 0)
    if about.data.label_shape:
        known = torch.zeros(1, *about.data.label_shape) if vectors is None else vectors
        return z, known[torch.arange(count) % len(known)]
    return (z, spread_labels(count, len(about.classes))) if about.classes else (z,)


def trace(program: nn.Module, about: Description) -> ExportedProgram:
    """Trace a program for any length of a batch. Raises EvaluationError if torch.export cannot.

    What reads the length of a batch by len() is a constant to it, unless the code of Python is traced too, which takes
    longer; that is the second try.
    """
    from torch.export import Dim

    inputs, batch = example_inputs(about, 2), Dim("N", min=1)
    shapes = tuple({0: batch} for _ in inputs)
    for strict in (False, True):
        try:
            with warnings.catch_warnings(), torch.no_grad():
                warnings.simplefilter("ignore")  # of torch about its own parts
                return torch.export.export(program, inputs, dynamic_shapes=shapes, strict=strict)
        except Exception as error:  # of many kinds
            failure = error
    what = f"torch.export cannot trace G of model {about.generator['model']['name']}"
    where = f"{type(failure).__name__}: {str(failure).partition(chr(10))[0][:200]}"
    raise EvaluationError(what, where=where, hint="-o g.safetensors (which needs no trace)") from failure


def write_program(program: ExportedProgram, about: Description, path: Path) -> Program:
    """Write a .pt2 file, and return the program that is read from it."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        torch.export.save(program, path, extra_files={f"{METADATA}.json": about.to_text()})
        read: Program = torch.export.load(path).module()
    return read


def write_onnx(program: ExportedProgram, about: Description, path: Path) -> Program:
    """Write an ONNX file, check it, and return the function that onnxruntime makes of it.

    Raises ResourceError if the packages that this needs are absent.
    """
    onnx, runtime = _import_onnx()
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        made: Any = torch.onnx.export(program, dynamo=True, output_names=[OUTPUT], verbose=False)
    for name, value in _metadata(about).items():
        made.model.metadata_props[name] = value
    _name_batches([*made.model.graph.inputs, *made.model.graph.outputs])
    made.save(path)
    onnx.checker.check_model(str(path), full_check=True)
    return open_onnx(runtime, path)


def _name_batches(values: Sequence[Any]) -> None:
    """Call the first axis of inputs and outputs N."""
    import onnx_ir

    for value in values:
        value.shape = onnx_ir.Shape(["N", *value.shape[1:]])


def open_onnx(runtime: Any, path: Path) -> Program:
    """Return an ONNX file as a function of tensors."""
    session = runtime.InferenceSession(str(path), providers=["CPUExecutionProvider"])
    names = [each.name for each in session.get_inputs()]

    def run(*inputs: Tensor) -> Tensor:
        given = {name: each.numpy() for name, each in zip(names, inputs, strict=True)}
        return torch.from_numpy(session.run(None, given)[0])

    return run


def _metadata(about: Description) -> dict[str, str]:
    """Return what programs that read ONNX show of a file; "ganzoo" is all of it, as JSON."""
    output = about.outputs[OUTPUT]
    return {
        METADATA: about.to_text(),
        "range": json_words(output["range"]),
        "to_uint8": output.get("to_uint8", ""),
        "classes": "\n".join(about.classes),
        "data": about.data.dataset,
        "data_licence": about.data.licence or "unknown",
        "data_source": about.data.source or "unknown",
    }


def json_words(values: Sequence[float]) -> str:
    """Return numbers as text: [-1, 1]."""
    return f"[{', '.join(f'{value:g}' for value in values)}]"


def _import_onnx() -> tuple[Any, Any]:
    try:
        import onnx
        import onnxruntime
        import onnxscript  # noqa: F401  # torch.onnx needs it
    except ImportError as error:
        what = f"an ONNX file needs the package {error.name}"
        raise ResourceError(what, hint="pip install 'ganzoo-torch[onnx]', or -o g.pt2, or -o g.safetensors") from error
    return onnx, onnxruntime


@torch.no_grad()
def compare(original: Program, written: Program, inputs: tuple[Tensor, ...]) -> float:
    """Return the largest difference between two programs, for the whole batch and for its first sample alone."""
    first = tuple(each[:1] for each in inputs)
    pairs = [(original(*given), written(*given)) for given in (inputs, first)]
    return max(float((a.float() - b.float()).abs().max()) for a, b in pairs)


def require_same(difference: float, path: Path) -> float:
    """Return the difference. Raises EvaluationError if it is nan, or above half a grey level."""
    if not difference <= MOST_DIFFERENCE:
        what = (
            f"what was written differs from G by {difference:.2g}, more than half a grey level ({MOST_DIFFERENCE:.2g})"
        )
        raise EvaluationError(what, where=str(path), hint="-o g.safetensors (which holds the weights themselves)")
    return difference
