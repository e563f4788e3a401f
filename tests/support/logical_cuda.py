"""CUDA without a GPU: tensors lie on the CPU, but each storage is said to lie on one of two devices.

Arithmetic and autograd are real. Two modes of torch turn "cuda" into the CPU, follow where each result would lie, and
note what a GPU would refuse or wait for. They lean on private names of torch, so that `test_logical_cuda.py` plants
every kind of fault to see it found.
"""

import sys
import traceback
import warnings
from contextlib import ExitStack, contextmanager
from unittest import mock

import torch
from torch import Tensor
from torch.overrides import TorchFunctionMode
from torch.utils._python_dispatch import TorchDispatchMode
from torch.utils._pytree import tree_leaves

from support.checkout import ROOT
from support.logical_places import CPU, CUDA, Event, Places

aten = torch.ops.aten
READS = (aten._local_scalar_dense, aten.nonzero, aten.masked_select, aten.equal, aten.is_nonzero, aten.bincount)
READS += (aten._unique2, aten.unique_dim, aten.unique_consecutive)
"""Operations whose result, or its size, the host reads: it waits for the device."""
CHECKED_ON_THE_CPU = ("one_hot",)
"""Functions that read their input for a check on a CPU, and do not on CUDA."""


BACKWARD = (Tensor.backward, torch.autograd.grad, torch.autograd.backward)


def is_ours(filename):
    """Return whether a file is of this project, and not of the modes."""
    return filename.startswith(str(ROOT)) and "site-packages" not in filename and filename != __file__


def _caller():
    """Return the file of the Python code that called the present operation."""
    frame = sys._getframe()
    while frame.f_code.co_filename == __file__ or frame.f_code.co_filename.endswith("_python_dispatch.py"):
        frame = frame.f_back
    return frame.f_code.co_filename


class Logical:
    """What is known of tensors and functions while the modes are on."""

    def __init__(self):
        self.places, self.events, self.silent = Places(), [], False
        self.inside = []
        """Functions that Python called and that have not returned, with the device of their arguments."""

    def note(self, kind, what):
        if self.silent:
            return
        ours = [frame for frame in traceback.extract_stack() if is_ours(frame.filename)]
        lines = [f"{frame.filename.removeprefix(f'{ROOT}/')}:{frame.lineno}" for frame in ours]
        self.events.append(Event(kind, str(what), lines[-1] if lines else ""))

    def kinds(self):
        return {event.kind for event in self.events}

    def move(self, tensor, place, non_blocking):
        """Return the tensor on another device; only what is sent from pinned memory does not wait."""
        if self.places.of(tensor) == place:
            return tensor
        if not (place == CUDA and non_blocking and self.places.is_pinned(tensor)):
            self.note("copy", f"{tuple(tensor.shape)} to {place.type}")
        moved = tensor.clone()
        self.places.put(moved, place)
        return moved


class Operations(TorchDispatchMode):
    """Every operation of torch, also of backward passes: computed on the CPU, its result placed."""

    @classmethod
    def _should_skip_dynamo(cls):
        return False  # else calls come through torch's compiler, which takes seconds to import

    def __init__(self, logical):
        super().__init__()
        self.logical = logical

    def __torch_dispatch__(self, func, types, args=(), kwargs=None):
        kwargs = dict(kwargs or {})
        tensors = [leaf for leaf in tree_leaves((args, kwargs)) if isinstance(leaf, Tensor)]
        place = self._judge(func, tensors, args, kwargs)
        if kwargs.get("device") is not None:
            kwargs["device"] = CPU
        if kwargs.get("pin_memory"):
            kwargs["pin_memory"] = False
        given = {tensor.untyped_storage()._cdata for tensor in tensors}
        out, places = func(*args, **kwargs), self.logical.places
        for made in tree_leaves(out):
            if not isinstance(made, Tensor) or made.untyped_storage()._cdata in given:  # a view, or in place
                continue
            if func.overloadpacket is not aten.set_ or not places.knows(made):  # set_ gives a tensor a known storage
                places.put(made, place)
        return out

    def _judge(self, func, tensors, args, kwargs):
        """Return where the result lies, and note what is wrong."""
        logical, of = self.logical, self.logical.places.of
        name, asked = func.overloadpacket, kwargs.get("device")
        there = {of(tensor) for tensor in tensors}
        if name is aten._to_copy:
            place = torch.device(asked.type, 0) if asked is not None and asked.type == "cuda" else of(args[0])
            if place != of(args[0]):
                logical.note("copy", f"{name} to {place.type}")
            return place
        if name is aten.copy_:
            if of(args[0]) != of(args[1]):
                logical.note("copy", f"{name} from {of(args[1]).type} to {of(args[0]).type}")
            return of(args[0])
        if name in (aten.index, aten.index_put, aten.index_put_, aten._index_put_impl_):
            return self._judge_index(name, *args[:2])
        if CUDA in there and any(of(tensor) == CPU and tensor.ndim > 0 for tensor in tensors):
            logical.note("mix", f"{name} of {[(tuple(tensor.shape), of(tensor).type) for tensor in tensors]}")
        if CUDA in there and name in READS:
            logical.note("read", name)
        if asked is not None and torch.device(asked).type == "cuda":
            return CUDA
        if tensors:  # a CPU that is asked for may be the physical device of an argument, which C++ passes on
            return CUDA if CUDA in there else CPU
        return self._place_of_nothing()

    def _place_of_nothing(self):
        """Return where a tensor lies that is made of no other: beside the arguments of the function that makes it.

        Functions that are called within a backward pass are not seen: what Python code makes there lies on the CPU.
        """
        func, place = self.logical.inside[-1] if self.logical.inside else (None, CPU)
        return CPU if func in BACKWARD and is_ours(_caller()) else place

    def _judge_index(self, name, x, indices):
        of = self.logical.places.of
        for index in indices:
            if index is None:
                continue
            if of(index) != of(x):
                self.logical.note(*(("mix", name) if of(x) == CPU else ("copy", f"{name} by an index on the CPU")))
            if of(x) == CUDA and index.dtype in (torch.bool, torch.uint8):
                self.logical.note("read", f"{name} by a mask")
        return of(x)


class Functions(TorchFunctionMode):
    """Every function that Python calls with tensors: where they lie is asked for, or changed, here."""

    def __init__(self, logical):
        super().__init__()
        self.logical = logical

    def __torch_function__(self, func, types, args=(), kwargs=None):
        kwargs, logical = kwargs or {}, self.logical
        name = getattr(func, "__name__", "")
        if special := SPECIAL.get(func):
            return special(logical, func, args, kwargs)
        place = self._place_of(args, kwargs)
        silent, logical.silent = logical.silent, logical.silent or name in CHECKED_ON_THE_CPU
        logical.inside.append((func, place))
        try:
            out = func(*args, **kwargs)
        finally:
            logical.inside.pop()
            logical.silent = silent
        for made in tree_leaves(out):
            if isinstance(made, Tensor) and not logical.places.knows(made):
                logical.places.put(made, place)
        return out

    def _place_of(self, args, kwargs):
        asked = kwargs.get("device")
        if asked is not None:
            return CUDA if torch.device(asked).type == "cuda" else CPU
        tensors = (leaf for leaf in tree_leaves((args, kwargs)) if isinstance(leaf, Tensor))
        return CUDA if any(self.logical.places.of(tensor) == CUDA for tensor in tensors) else CPU


def _to(logical, func, args, kwargs):
    """Tensor.to: first to the device, then to type and memory order there."""
    x, *rest = args
    if rest and isinstance(rest[0], Tensor):
        return logical.move(x.to(rest[0].dtype), logical.places.of(rest[0]), False)
    asked = {key: value for key, value in kwargs.items() if key != "copy"}
    device, dtype, non_blocking, order = torch._C._nn._parse_to(*rest, **asked)
    if device is not None:
        x = logical.move(x, CUDA if device.type == "cuda" else CPU, non_blocking)
    wanted = {"dtype": dtype, "memory_format": order, "copy": kwargs.get("copy") or None}
    wanted = {key: value for key, value in wanted.items() if value is not None}
    return _followed(logical, func, (x,), wanted) if wanted else x


def _followed(logical, func, args, kwargs):
    """Call, and place the result where its first argument lies."""
    out = func(*args, **kwargs)
    if not logical.places.knows(out):
        logical.places.put(out, logical.places.of(args[0]))
    return out


def _copied(logical, func, args, kwargs):
    """Tensor.__deepcopy__, which copies a storage without any operation."""
    out = func(*args, **kwargs)
    logical.places.put(out, logical.places.of(args[0]))
    return out


def _read(logical, func, args, kwargs):
    """Tensor.tolist and numpy."""
    if logical.places.of(args[0]) == CUDA:
        logical.note("mix" if func is Tensor.numpy else "read", func.__name__)
    return func(*args, **kwargs)


def _made(logical, func, args, kwargs):
    """torch.tensor and as_tensor, which move data to a device without an operation that a mode sees."""
    device = kwargs.get("device")
    out = func(*args, **{key: value for key, value in kwargs.items() if key != "device"})
    if device is not None:
        logical.places.put(out, CUDA if torch.device(device).type == "cuda" else CPU)
    return out


def _pinned(logical, func, args, kwargs):
    out = args[0].clone()
    logical.places.put(out, CPU)
    logical.places.pin(out)
    return out


SPECIAL = {
    Tensor.device.__get__: lambda logical, func, args, kwargs: logical.places.of(args[0]),
    Tensor.is_cuda.__get__: lambda logical, func, args, kwargs: logical.places.of(args[0]) == CUDA,
    Tensor.is_cpu.__get__: lambda logical, func, args, kwargs: logical.places.of(args[0]) == CPU,
    Tensor.get_device: lambda logical, func, args, kwargs: 0 if logical.places.of(args[0]) == CUDA else -1,
    Tensor.cpu: lambda logical, func, args, kwargs: logical.move(args[0], CPU, False),
    Tensor.cuda: lambda logical, func, args, kwargs: logical.move(args[0], CUDA, kwargs.get("non_blocking", False)),
    Tensor.pin_memory: _pinned,
    Tensor.is_pinned: lambda logical, func, args, kwargs: logical.places.is_pinned(args[0]),
    Tensor.to: _to,
    Tensor.__deepcopy__: _copied,
    Tensor.tolist: _read,
    Tensor.numpy: _read,
    torch.tensor: _made,
    torch.as_tensor: _made,
}

FAKE = {
    "is_available": lambda: True,
    "is_bf16_supported": lambda *_, **__: True,
    "device_count": lambda: 1,
    "current_device": lambda: 0,
    "get_device_name": lambda *_: "logical",
    "mem_get_info": lambda *_: (2**36, 2**36),
    "max_memory_allocated": lambda *_: 0,
    "reset_peak_memory_stats": lambda *_: None,
    "synchronize": lambda *_: None,
    "get_rng_state": lambda *_: torch.get_rng_state(),
    "get_rng_state_all": list,
    "set_rng_state": lambda *_: None,
    "manual_seed_all": lambda *_: None,
    "is_current_stream_capturing": lambda: False,
    "_lazy_init": lambda: None,
}


def _patches(logical):
    """Yield what makes torch believe in a device: its queries, autocast, random states and groups of tensors."""
    yield from (mock.patch.object(torch.cuda, name, fake) for name, fake in FAKE.items())
    autocast, fork = torch.autocast, torch.random.fork_rng
    yield mock.patch.object(torch, "autocast", lambda _, *args, **kwargs: autocast("cpu", *args, **kwargs))
    yield mock.patch.object(torch.random, "fork_rng", lambda *_, **__: fork([]))
    yield mock.patch.object(torch.optim.Optimizer, "_accelerator_graph_capture_health_check", lambda _: None)
    grouped = torch.optim.Optimizer._group_tensors_by_device_and_dtype

    def by_place(lists, with_indices=False):
        groups = {}
        for (_, dtype), group in grouped(lists, with_indices).items():
            first = next(tensor for tensors in group[0] for tensor in tensors if tensor is not None)
            groups[logical.places.of(first), dtype] = group
        return groups

    yield mock.patch.object(torch.optim.Optimizer, "_group_tensors_by_device_and_dtype", staticmethod(by_place))
    yield mock.patch("torch.nn.utils.clip_grad._group_tensors_by_device_and_dtype", by_place)


@contextmanager
def logical_cuda():
    """Within the body a CUDA device seems to be there; yields what is known of tensors and what went wrong."""
    logical = Logical()
    with ExitStack() as stack, warnings.catch_warnings():
        warnings.simplefilter("ignore")  # torch warns of autocast types and of its own private names
        for patch in _patches(logical):
            stack.enter_context(patch)
        stack.enter_context(Operations(logical))
        stack.enter_context(Functions(logical))
        yield logical
