"""A part of a set of samples: some of its classes, or a seeded pick that is even over all classes."""

from __future__ import annotations

import re
from collections.abc import Generator, Iterator, Sequence
from dataclasses import dataclass, replace

import numpy as np
import torch
from torch import Tensor

from ganzoo.data.lazy import LazySamples
from ganzoo.data.listing import abridge
from ganzoo.data.samples import Samples
from ganzoo.errors import ConfigError, DataError
from ganzoo.settings.options import Wanted

LISTED = 20  # names of classes in a refusal or a note


def pick_evenly(count: int, total: int, *, labels: Tensor | None = None, seed: int = 0) -> Tensor:
    """Return the sorted indices, int64 (count,), of a random pick out of `total` that is even over all of them.

    With labels int64 (total,), each class has its share to within one sample. The pick of N is within that of
    N + 1, and is the same on every machine. Raises ValueError if count is not in [0, total].
    """
    if not 0 <= count <= total:
        raise ValueError(f"cannot pick {count} out of {total}")
    order = np.argsort(_ranks(total, labels, seed), kind="stable")
    return torch.from_numpy(np.sort(order[:count]).astype(np.int64))


def _ranks(total: int, labels: Tensor | None, seed: int) -> np.ndarray:
    """Return float64 (total,): the smaller, the earlier a sample is picked.

    The j-th of the n samples of a class has (j + u) / n, so that below any t there are n * t of them, to within one;
    u in [0, 1) is the class's own, without which small classes would all come late, or all early.
    """
    draws = np.random.RandomState(seed)  # its numbers are frozen, while torch's may change with the version
    shuffled = draws.permutation(total)
    if labels is None or total == 0:
        return np.argsort(shuffled)  # the place of each sample in the shuffled order
    _, y, sizes = np.unique(labels.cpu().numpy()[shuffled], return_inverse=True, return_counts=True)
    by_class = np.argsort(y, kind="stable")
    place = np.empty(total, dtype=np.int64)
    place[by_class] = np.arange(total) - (np.cumsum(sizes) - sizes)[y[by_class]]
    ranks = np.empty(total)
    ranks[shuffled] = (place + draws.random_sample(len(sizes))[y]) / sizes[y]
    return ranks


def take_evenly(samples: Samples, count: int, *, rest: bool = False) -> Samples:
    """Return an even pick of `count` samples, or the rest that it leaves, with a note.

    Raises ConfigError if there are fewer samples, DataError if the pick leaves none.
    """
    total = len(samples)
    if count > total:
        what = f"dataset.limit={count:,} of {total:,} {_things(samples)}"
        raise ConfigError(what, hint=f"--set dataset.limit={total}, or without it")
    index = pick_evenly(count, total, labels=samples.classes)
    if rest:
        return select(
            samples, _others(index, total), [f"the {total - count:,} {_things(samples)} that the pick leaves"]
        )
    bare = 0 if samples.has_vectors else len(samples.class_names) - len(set(samples.y[index].tolist()))
    notes = [f"{count:,} of {total:,} {_things(samples)}: an even pick"]
    notes += [f"{bare} of {len(samples.class_names)} classes have none of them"] if bare else []
    return select(samples, index, notes)


def _others(index: Tensor, total: int) -> Tensor:
    """Return the other indices below `total`. Raises DataError if there are none."""
    left = torch.ones(total, dtype=torch.bool)
    left[index] = False
    if not left.any():
        raise DataError(f"dataset.limit={total:,} leaves no samples", hint="--set dataset.limit=0 (which takes all)")
    return left.nonzero().flatten()


def take_classes(samples: Samples, wanted: Wanted) -> Samples:
    """Return the samples of some classes, which keep their order and are numbered anew; with a note.

    Raises ConfigError for a class that is not there, and where labels are vectors.
    """
    names = samples.class_names
    if samples.has_vectors:
        what = f"dataset.classes={wanted}, and the labels of these samples are vectors, not classes"
        raise ConfigError(what, hint="--set dataset.limit=N (takes N samples)")
    numbers = sorted({find_class(item, names) for item in split_names(wanted)})
    index = torch.isin(samples.y, torch.tensor(numbers)).nonzero().flatten()
    kept = tuple(names[number] for number in numbers)
    if len(index) == 0:
        raise ConfigError(f"no {_things(samples)} are of the classes {abridge([*kept])}", hint=_choosing(names))
    note = f"{len(kept)} of {len(names)} classes: {abridge([*kept], LISTED)}"
    part = select(samples, index, [f"{note}; {len(index):,} of {len(samples):,} {_things(samples)}"])
    return replace(part, y=torch.searchsorted(torch.tensor(numbers), part.y), class_names=kept)


def split_names(wanted: Wanted) -> list[str]:
    """Return the classes that are named: "cat,dog" -> ["cat", "dog"]; [0, 3] -> ["0", "3"]; an empty text gives []."""
    items = wanted.split(",") if isinstance(wanted, str) else wanted if isinstance(wanted, list) else [wanted]
    return [text for item in items if (text := str(item).strip())]


def find_class(text: str, names: Sequence[str]) -> int:
    """Return the number of the class of this name or, if none has it, of this number. Raises ConfigError."""
    if (number := look_up_class(text, names)) is None:
        what = f"there is no class {text!r} among {len(names)}"
        raise ConfigError(what, where=abridge([*names], LISTED), hint=_choosing(names))
    return number


def look_up_class(label: int | str, names: Sequence[str]) -> int | None:
    """Return the number of the class of this name or, if none has it, of this number; None if there is none.

    A name may be in any case, or one word of the only name that has it: "three" for "3 - three".
    """
    if isinstance(label, str) and label in names:
        return names.index(label)
    text = str(label)
    if text.isdecimal():
        return int(text) if int(text) < len(names) else None
    folded = [name.casefold() for name in names]
    alike = [k for k, name in enumerate(folded) if name == text.casefold()]
    alike = alike or [k for k, name in enumerate(folded) if text.casefold() in re.findall(r"\w+", name)]
    return alike[0] if len(alike) == 1 else None


def select(samples: Samples, index: Tensor, notes: Sequence[str]) -> Samples:
    """Return the samples at sorted indices int64 (n,), with more notes."""
    if len(index) == len(samples):
        return replace(samples, notes=(*samples.notes, *notes))
    x = samples.x[index] if isinstance(samples.x, Tensor) else PickedSamples(samples.x, index)
    return replace(samples, x=x, y=samples.y[index], notes=(*samples.notes, *notes), known=None)


@dataclass(frozen=True, eq=False)
class PickedSamples(LazySamples):
    """Some samples of a set that is read on demand."""

    whole: LazySamples
    index: Tensor
    """Place of each in the whole set, int64 (n,)."""

    @property
    def dtype(self) -> torch.dtype:  # type: ignore[override]
        """Type of the whole set."""
        return self.whole.dtype

    @property
    def shape(self) -> tuple[int, ...]:
        """(n, *shape)."""
        return (len(self.index), *self.whole.shape[1:])

    def read(self, index: int) -> Tensor:
        """Return one sample (*shape). Raises DataError if it cannot be read any more."""
        return self.whole.read(int(self.index[index]))

    def __getitem__(self, index: slice | Sequence[int] | Tensor) -> Tensor:
        """Return samples (n, *shape). Raises DataError for one that cannot be read any more."""
        return self.whole[self.index[index]]

    def stream(self, indices: Iterator[int]) -> Generator[Tensor]:
        """Yield samples that are read ahead; see `LazySamples.stream`."""
        return self.whole.stream(int(self.index[place]) for place in indices)


def _things(samples: Samples) -> str:
    return "images" if samples.spec.images else "samples"


def _choosing(names: Sequence[str]) -> str:
    return f"--set dataset.classes=0, or names or numbers from 0 to {len(names) - 1} with commas between them"
