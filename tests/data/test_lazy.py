"""Samples that are read when they are needed."""

import threading
from itertools import count, islice

import pytest
import torch

from ganzoo.data.lazy import LazySamples
from ganzoo.data.parts import take_evenly
from ganzoo.data.samples import Samples, check_samples
from ganzoo.errors import DataError, PluginError
from ganzoo.training.feed import Feed

CPU = torch.device("cpu")


class Numbered(LazySamples):
    """Samples of six numbers, each of which is the index over 100; `spoilt` are read as `wrong`."""

    dtype = torch.float32

    def __init__(self, length=50, spoilt=(), wrong=None):
        self.length, self.spoilt, self.wrong, self.threads = length, spoilt, wrong, set()

    @property
    def shape(self):
        return (self.length, 2, 3)

    def read(self, index):
        self.threads.add(threading.get_ident())
        return self.wrong if index in self.spoilt else torch.full((2, 3), index / 100)


def labelled(x):
    return Samples(x, torch.arange(len(x)) % 2, ("even", "odd"))


def test_lazy_samples_feed_the_same_batches_as_those_in_memory():
    lazy, memory = (Feed(labelled(x), 3, CPU) for x in (Numbered(), Numbered()[:]))
    for size in (8, 8, 70):
        (x, y), (same_x, same_y) = lazy.next(size), memory.next(size)
        assert torch.equal(x, same_x) and torch.equal(y, same_y)
    lazy.close()
    assert labelled(Numbered()).digests == labelled(Numbered()[:]).digests


def test_samples_are_read_ahead_by_other_threads_which_end_with_the_stream():
    x, before = Numbered(), threading.active_count()
    stream = x.stream(i % 50 for i in count())
    rows = torch.cat(list(islice(stream, 3)))
    assert torch.equal(rows[:50, 0, 0], torch.arange(50) / 100) and threading.get_ident() not in x.threads
    stream.close()
    assert threading.active_count() == before


def test_a_part_of_lazy_samples_is_that_of_the_same_samples_in_memory():
    lazy, memory = (take_evenly(labelled(x), 10) for x in (Numbered(), Numbered()[:]))
    assert lazy.x.dtype == torch.float32 and torch.equal(lazy.x[:], memory.x) and lazy.digests == memory.digests


def test_what_is_read_is_what_was_promised():
    with pytest.raises(
        PluginError, match=r"Numbered.read\(4\) gave torch.float64 \(2, 3\), and promised torch.float32"
    ):
        Numbered(spoilt=[4], wrong=torch.zeros(2, 3).double())[[3, 4]]
    with pytest.raises(PluginError, match=r"read\(4\) gave list"):
        Numbered(spoilt=[4], wrong=[0.0])[[4]]
    with pytest.raises(PluginError, match="float32 in"):
        check_samples(labelled(Numbered(spoilt=[1], wrong=torch.full((2, 3), 7.0))), "mine")


def test_a_sample_out_of_range_is_found_before_training():
    samples = labelled(Numbered(spoilt=[40], wrong=torch.full((2, 3), 7.0)))
    check_samples(samples, "mine")  # looks at two
    with pytest.raises(DataError, match="not float32 in"):
        _ = samples.digests
