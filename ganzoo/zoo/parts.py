"""Options that every dataset has beside its own: a part of its samples, and mirror images."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field, fields, make_dataclass, replace
from functools import cache
from typing import Any, get_type_hints

from ganzoo.contracts import Dataset, Samples
from ganzoo.data.parts import Wanted, split_names, take_classes, take_evenly
from ganzoo.errors import ConfigError
from ganzoo.settings.options import NonNegativeInt

HELP = """\
Every dataset also has these options. `limit`: number of samples, an even pick
over all classes, the same on every machine; 0 is all. `classes`: those to take,
by name or number: cat,dog or [0, 3]; default all. `flip`: show each image
mirrored, left to right, in every other epoch of training; scores compare with
the images as they are."""


@dataclass(frozen=True)
class PartOptions:
    """Options that say which part of a dataset is used, and how."""

    limit: NonNegativeInt = 0
    classes: Wanted = ""
    flip: bool = False


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
            raise ConfigError("dataset.flip mirrors images, and these are points", hint="--set dataset.flip=false")
        return replace(samples, flip=samples.flip or self.options.flip)

    def held_out(self) -> Dataset | None:
        """Return what the dataset holds out, of the same classes; else the samples that the pick leaves."""
        if (other := self.whole.held_out()) is not None:
            return Part(other, PartOptions(classes=self.options.classes))
        return replace(self, rest=True) if self.options.limit and not self.rest else None


@cache
def add_options(component: type) -> type:
    """Return a dataclass with the options of a dataset and those of its part; its own go first, also by name."""
    own, hints = {f.name for f in fields(component)}, get_type_hints(PartOptions, include_extras=True)
    more = [(f.name, hints[f.name], field(default=f.default)) for f in fields(PartOptions) if f.name not in own]
    return make_dataclass(component.__name__, more, bases=(component,), frozen=True, kw_only=True)


def make_dataset(component: type, values: Mapping[str, Any]) -> Dataset:
    """Construct a dataset, or a part of it if the checked values ask for one."""
    own = {f.name for f in fields(component)}
    whole: Dataset = component(**{name: value for name, value in values.items() if name in own})
    part = PartOptions(**{name: value for name, value in values.items() if name not in own})
    return whole if part == PartOptions() else Part(whole, part)
