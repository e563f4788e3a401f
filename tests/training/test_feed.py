"""Batches: every sample once an epoch, an order that one integer restores, and the range of the networks."""

from dataclasses import replace

import pytest
import torch

from ganzoo.contracts import DataSpec, Samples
from ganzoo.data.samples import check_samples
from ganzoo.errors import PluginError
from ganzoo.training.feed import Feed
from ganzoo.training.ranks import SINGLE
from support.datasets import Stripes

CPU = torch.device("cpu")


def numbered(count: int) -> Samples:
    return Samples(torch.arange(count, dtype=torch.uint8)[:, None], torch.arange(count), ("all",))


def test_every_sample_comes_once_an_epoch_also_across_batches_that_span_two():
    feed = Feed(numbered(10), seed=0, device=CPU)
    drawn = torch.cat([feed.next(7)[1] for _ in range(10)])  # 70 = 7 epochs
    for epoch in drawn.reshape(7, 10):
        assert sorted(epoch.tolist()) == list(range(10))


def test_epochs_and_seeds_have_orders_of_their_own():
    feed = Feed(numbered(100), seed=0, device=CPU)
    first, second = feed.next(100)[1], feed.next(100)[1]
    other = Feed(numbered(100), seed=1, device=CPU).next(100)[1]
    assert not torch.equal(first, second) and not torch.equal(first, other)


def test_the_position_alone_restores_the_stream_at_any_point():
    reference = Feed(numbered(10), seed=5, device=CPU)
    stream = torch.cat([reference.next(1)[1] for _ in range(35)])
    for position in range(30):
        feed = Feed(numbered(10), seed=5, device=CPU)
        feed.position = position
        assert torch.equal(feed.next(5)[1], stream[position : position + 5])


@pytest.mark.fault("a batch is larger than the dataset", "it wraps round and never hangs", "F80")
def test_a_batch_larger_than_the_dataset_wraps_round_and_never_hangs():
    x, y = Feed(numbered(5), seed=0, device=CPU).next(64)
    assert len(x) == len(y) == 64
    assert sorted(torch.bincount(y).tolist()) == [12, 13, 13, 13, 13]  # 64 = 12 epochs of 5, and 4


def test_images_come_in_the_range_of_the_networks_and_channels_last():
    x, _ = Feed(Stripes(channels=3).load(), seed=0, device=CPU).next(8)
    assert x.dtype == torch.float32 and x.shape == (8, 3, 8, 8)
    assert x.min() == -1.0
    assert x.max().item() == pytest.approx(240 / 127.5 - 1, abs=1e-6)
    assert x.is_contiguous(memory_format=torch.channels_last)


def test_drawing_batches_leaves_the_random_state_alone():
    before = torch.get_rng_state()
    Feed(numbered(10), seed=0, device=CPU).next(25)
    assert torch.equal(before, torch.get_rng_state())


def test_labels_stay_with_their_images():
    samples = Stripes().load()
    x, y = Feed(samples, seed=0, device=CPU).next(64)
    rows_equal = (x[:, 0, 0] == x[:, 0, 1]).all(dim=1)  # vertical stripes repeat row by row
    assert torch.equal(rows_equal, y == 0)


# Mirror images


def ramps(count: int) -> Samples:
    """Images 0 to 200 from left to right, of which the networks see -1 at the left, or at the right if mirrored."""
    x = torch.tensor([0, 200], dtype=torch.uint8).expand(count, 1, 2, 2).contiguous()
    return Samples(x, torch.arange(count), tuple(map(str, range(count))), flip=True)


def mirrored(x: torch.Tensor) -> torch.Tensor:
    assert (x.amin(dim=(1, 2, 3)) == -1).all()
    return x[:, 0, 0, 1] == -1


def test_each_image_is_mirrored_in_every_other_epoch_and_half_of_them_in_each():
    feed = Feed(ramps(10), seed=3, device=CPU)
    x, y = feed.next(40)
    for two_epochs, labels in ((mirrored(x)[:20], y[:20]), (mirrored(x)[20:], y[20:])):
        assert two_epochs[:10].sum() == two_epochs[10:].sum() == 5
        assert labels[two_epochs].sort().values.tolist() == list(range(10))  # each once mirrored, and once not


def test_mirror_images_follow_from_the_position_alone():
    reference, whole = Feed(ramps(10), seed=5, device=CPU), ramps(10).x.clone()
    stream = mirrored(reference.next(35)[0])
    for position in range(30):
        feed = Feed(ramps(10), seed=5, device=CPU)
        feed.position = position
        assert torch.equal(mirrored(feed.next(5)[0]), stream[position : position + 5])
    assert torch.equal(reference.x, whole)


@pytest.mark.parametrize("rank", [0, 1])
def test_ranks_share_the_mirror_images_of_one_process(rank):
    whole, feed = Feed(ramps(10), 0, CPU), Feed(ramps(10), 0, CPU, replace(SINGLE, rank=rank, size=2))
    for _ in range(5):
        (x, y), (mine, labels) = whole.next(8), feed.next(8)
        share = slice(4 * rank, 4 * rank + 4)
        assert torch.equal(x[share], mine) and torch.equal(y[share], labels)


def test_without_flip_nothing_is_mirrored():
    assert not mirrored(Feed(replace(ramps(10), flip=False), 0, CPU).next(40)[0]).any()


@pytest.mark.parametrize(
    ("x", "y", "promise"),
    [
        (torch.full((4, 2), 200.0), torch.zeros(4).long(), "float32 in"),
        (torch.full((4, 2), float("nan")), torch.zeros(4).long(), "float32 in"),
        (torch.zeros(4, 2, dtype=torch.float64), torch.zeros(4).long(), "float32 in"),
        (torch.zeros(4, 2), torch.zeros(3).long(), "same length"),
        (torch.zeros(0, 2), torch.zeros(0).long(), "not 0"),
        (torch.zeros(4, 2), torch.full((4,), 7), r"int64 in \[0, 2\)"),
        (torch.zeros(4, 2), torch.zeros(4), r"int64 in \[0, 2\)"),
    ],
)
def test_a_dataset_that_breaks_its_contract_is_refused_by_promise(x, y, promise):
    with pytest.raises(PluginError, match=promise):
        check_samples(Samples(x, y, ("a", "b")), "mine")


def test_a_dataset_that_keeps_its_contract_is_accepted():
    check_samples(Stripes().load(), "stripes")
    check_samples(Samples(torch.tensor([[-1.0, 1.0]]), torch.zeros(1).long(), ("all",)), "points")


def test_images_are_what_is_uint8_whatever_the_shape():
    y = torch.zeros(4, dtype=torch.long)
    for x, are_images in ((torch.zeros(4, 1, 8, 8, dtype=torch.uint8), True), (torch.rand(4, 1, 8, 8), False)):
        check_samples(samples := Samples(x, y), "mine")
        assert samples.spec == DataSpec((1, 8, 8), images=are_images)
        assert Feed(samples, 0, CPU).next(2)[0].is_contiguous(memory_format=torch.channels_last)
    with pytest.raises(PluginError, match="uint8 samples are images"):
        check_samples(Samples(torch.zeros(4, 8, dtype=torch.uint8), y), "bytes")
