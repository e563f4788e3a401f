"""A part of a dataset, by the options that every dataset has."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, fields, replace
from typing import Any

from ganzoo.contracts import Dataset, Samples
from ganzoo.data.parts import split_names, take_classes, take_evenly
from ganzoo.errors import ConfigError
from ganzoo.zoo.part_options import PartOptions


@dataclass(frozen=True)
class Part(Dataset):
    """A part of a dataset: first its classes are chosen, then an even pick among their samples."""

    whole: Dataset
    options: PartOptions
    rest: bool = False
    """True for the samples that the pick leaves."""

    def load(self) -> Samples:
        """Return the part. Raises ConfigError if it cannot be had, and what the whole dataset raises."""
        samples = self.whole.load()
        if split_names(self.options.classes):
            samples = take_classes(samples, self.options.classes)
        if self.options.limit:
            samples = take_evenly(samples, self.options.limit, rest=self.rest)
        if self.options.flip and len(samples.spec.shape) != 3:
            what = f"dataset.flip mirrors samples (C, H, W) left to right, and these have shape {samples.spec.shape}"
            raise ConfigError(what, hint="--set dataset.flip=false")
        return replace(samples, flip=samples.flip or self.options.flip)

    def held_out(self) -> Dataset | None:
        """Return what the dataset holds out, of the same classes; else the samples that the pick leaves."""
        if (other := self.whole.held_out()) is not None:
            return Part(other, PartOptions(classes=self.options.classes))
        return replace(self, rest=True) if self.options.limit and not self.rest else None


def make_dataset(component: type, values: Mapping[str, Any]) -> Dataset:
    """Construct a dataset, or a part of it if the checked values ask for one."""
    own = {f.name for f in fields(component)}
    whole: Dataset = component(**{name: value for name, value in values.items() if name in own})
    part = PartOptions(**{name: value for name, value in values.items() if name not in own})
    return whole if part == PartOptions() else Part(whole, part)
