"""The state that a run ended in, in its status.json: complete, interrupted, diverged or failed."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager, suppress

from ganzoo.errors import DivergedError, RunInterrupted
from ganzoo.runs import checkpoint
from ganzoo.runs.folder import RunFolder
from ganzoo.training.costs import peak_memory_mb
from ganzoo.training.loop import Training


@contextmanager
def errors_to_status(training: Training, folder: RunFolder) -> Iterator[None]:
    """Write an error that ends the run to its status, then raise it again; a divergence also says where the run is."""
    try:
        yield
    except RunInterrupted:
        raise
    except BaseException as error:
        with suppress(OSError):  # a full disk may be the error itself
            write_end(name_end(error), training, folder)
        if isinstance(error, DivergedError):
            raise _locate(error, folder) from None
        raise


def name_end(error: BaseException) -> str:
    """Return the state of a run that an error ended."""
    if isinstance(error, KeyboardInterrupt | RunInterrupted):
        return "interrupted"
    return "diverged" if isinstance(error, DivergedError) else "failed"


def write_end(state: str, training: Training, folder: RunFolder) -> None:
    """Write the state in which the run ended, with its step and its peak memory."""
    folder.write_status(state, training.step, training.run.train.steps, _peak_memory_mb(training, folder))


def _peak_memory_mb(training: Training, folder: RunFolder) -> float | None:
    """Return the peak memory of the run, over the processes before this one too; None if the system does not say."""
    peak, before = peak_memory_mb(training.gan.device.torch_device), folder.read_memory_mb()
    return before if peak is None else max(before or 0.0, round(peak, 1))


def _locate(error: DivergedError, folder: RunFolder) -> DivergedError:
    """Add the run folder, its last good checkpoint and the command that diagnoses it."""
    saved = max(checkpoint.available_steps(folder.checkpoints), default=0)
    hint = f"{error.hint}; {folder.diagnose_command} finds where it began"
    return DivergedError(error.what, where=f"{folder.path} (last good checkpoint: step {saved})", hint=hint)
