"""Places where the cells of a grid run."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Generator, Sequence
from typing import ClassVar

from ganzoo.cells import Cell, Ending


class Engine(ABC):
    """A place where the cells of a grid run."""

    is_here: ClassVar[bool] = False
    """True if cells run on this machine, so that data and weights which are missing here are missing there."""

    @property
    def cells_at_once(self) -> int:
        """Number of cells that run at once; 0 if it is not known beforehand."""
        return 0

    @property
    def threads_per_cell(self) -> int:
        """CPU threads of each cell; 0 if the number is not known beforehand."""
        return 0

    @abstractmethod
    def run(self, cells: Sequence[Cell]) -> Generator[tuple[Cell, Ending]]:
        """Give each cell to `ganzoo.execute` once, with its share of the machine; yield it with its ending.

        In any order, some at once. A cell whose worker dies is given to another one, since a run goes on where it was.
        When the generator is closed, what still runs is stopped and waited for.
        """
