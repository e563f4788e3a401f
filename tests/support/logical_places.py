"""The device on which each storage is said to lie, and what a device would refuse or wait for."""

from typing import NamedTuple

import torch
from torch.multiprocessing.reductions import StorageWeakRef

CPU, CUDA = torch.device("cpu"), torch.device("cuda", 0)


class Event(NamedTuple):
    """Something that a GPU would refuse or wait for."""

    kind: str
    """`mix` of devices, an error; `read` of a value by the host; `copy` for which the host waits."""
    what: str
    line: str
    """File and line of this project, or of its plugins, from which it came."""


class Places:
    """The device on which each storage is said to lie."""

    def __init__(self):
        self._known = {}
        self._pinned = {}

    def of(self, tensor):
        """Return the device of a tensor; what was made before, or by no operation, lies on the CPU."""
        _, place = self._known.get(tensor.untyped_storage()._cdata, (None, CPU))
        return place

    def knows(self, tensor):
        return tensor.untyped_storage()._cdata in self._known

    def put(self, tensor, place):
        """Note where a tensor lies; a weak reference to its storage keeps the address from being used again."""
        if len(self._known) > 20_000:
            self._known = {key: known for key, known in self._known.items() if not known[0].expired()}
        storage = tensor.untyped_storage()
        self._known[storage._cdata] = StorageWeakRef(storage), place

    def pin(self, tensor):
        storage = tensor.untyped_storage()
        self._pinned[storage._cdata] = StorageWeakRef(storage)

    def is_pinned(self, tensor):
        return tensor.untyped_storage()._cdata in self._pinned
