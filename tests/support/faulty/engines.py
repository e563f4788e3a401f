"""Engines that break one promise each."""

from dataclasses import dataclass

from ganzoo.builtin.engines.local import Local
from ganzoo.cells import Ending, execute
from ganzoo.testing import engines
from support.faulty.plant import planted


@planted("engine", engines.its_shares_are_counts, "an int cells_at_once of at least 0")
class Uncounted(Local):
    @property
    def cells_at_once(self):
        return -1


@planted("engine", engines.each_cell_is_run_once_with_its_ending, "the endings")
class Optimist(Local):
    def run(self, cells):
        for cell in cells:
            execute(cell, {})
            yield cell, Ending("complete")


@planted("engine", engines.closing_it_stops_what_runs, "a cell that is told to save itself")
@dataclass(frozen=True)
class Careful(Local):
    """Kills what runs; nobody's invention."""

    jobs: int = 2

    def run(self, cells):
        import subprocess

        processes = [subprocess.Popen(cell.command) for cell in cells]
        processes[0].wait()
        (cells[1].folder.parent / "second.begun").touch()
        try:
            yield cells[0], Ending("complete")
        finally:
            processes[1].kill()
            processes[1].wait()
