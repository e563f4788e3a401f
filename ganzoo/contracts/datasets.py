"""Sources of real samples."""

from __future__ import annotations

from abc import ABC, abstractmethod
from typing import ClassVar

from ganzoo.data.samples import Samples


class Dataset(ABC):
    """A source of real samples."""

    default_features: ClassVar[str] = "inception"
    """Name of the extractor by which these data are usually scored."""

    licence: ClassVar[str] = ""
    """Licence of the samples by its name in SPDX, such as "CC-BY-4.0"; empty if it is unknown."""
    source: ClassVar[str] = ""
    """DOI or address of the samples; empty if it is unknown."""

    @abstractmethod
    def load(self) -> Samples:
        """Read the samples. Raises DataError, saying what to do, if something is missing or damaged."""

    def held_out(self) -> Dataset | None:
        """Return other samples of the same distribution, whose logits show if D overfits; None unless overridden."""
        return None
