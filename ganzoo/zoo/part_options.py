"""Options that every dataset has beside its own, without torch: a part of its samples, and mirror images."""

from __future__ import annotations

from dataclasses import dataclass, field, fields, make_dataclass
from functools import cache
from typing import get_type_hints

from ganzoo.settings.options import NonNegativeInt, Wanted

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


@cache
def add_options(component: type) -> type:
    """Return a dataclass with the options of a dataset and those of its part; its own go first, also by name."""
    own, hints = {f.name for f in fields(component)}, get_type_hints(PartOptions, include_extras=True)
    more = [(f.name, hints[f.name], field(default=f.default)) for f in fields(PartOptions) if f.name not in own]
    return make_dataclass(component.__name__, more, bases=(component,), frozen=True, kw_only=True)
