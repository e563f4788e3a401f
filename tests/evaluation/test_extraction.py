"""Images to features: exact moments, bounded memory, one answer for every batch size."""

import weakref

import numpy as np
import pytest
import torch
from torch import nn

from ganzoo.builtin.features.convnet import ConvNet
from ganzoo.contracts import Extractor, Features
from ganzoo.data.images import from_uint8
from ganzoo.errors import EvaluationError, PluginError
from ganzoo.evaluation import extraction
from ganzoo.evaluation.extraction import BLOCK, extract, in_batches

torch.set_num_threads(1)
CPU = torch.device("cpu")


def extractor_of(function):
    return Extractor("stub", {"weights": "0", "resize": "none", "dtype": "float32"}, function)


def flat(x):
    """The pixels themselves are the features."""
    return Features(x.flatten(1).float())


def random_images(count, size=4, channels=1, seed=0):
    shape, generator = (count, channels, size, size), torch.Generator().manual_seed(seed)
    return torch.randint(0, 256, shape, dtype=torch.uint8, generator=generator)


def relative_error(found, expected):
    found, expected = np.asarray(found), np.asarray(expected)
    return np.abs(found - expected).max() / np.abs(expected).max()


# Numbers


@pytest.mark.parametrize("count", [2, 3, BLOCK, BLOCK + 1, 2 * BLOCK + 500])
def test_mean_and_covariance_are_those_of_numpy(count):
    x = random_images(count)
    found = extract(in_batches(x, 100, CPU), extractor_of(flat))
    rows = x.flatten(1).double().numpy()
    assert (found.count, found.mean.dtype, found.covariance.dtype) == (count, torch.float64, torch.float64)
    assert relative_error(found.mean, rows.mean(0)) < 1e-12
    assert relative_error(found.covariance, np.cov(rows, rowvar=False)) < 1e-12
    assert found.logits is None


def test_a_mean_far_from_zero_costs_no_digits():
    """4 million +- 74, as float32 holds exactly; a sum of squares would keep nine digits of the covariance."""
    x = random_images(3000)
    far = extract(in_batches(x, 64, CPU), extractor_of(lambda x: Features(2.0**22 + x.flatten(1))))
    near = extract(in_batches(x, 64, CPU), extractor_of(flat))
    assert relative_error(far.covariance, near.covariance) < 1e-12
    assert relative_error(far.mean - 2.0**22, near.mean) < 1e-10


def test_alike_images_have_no_variance_at_all():
    x = random_images(1).expand(BLOCK + 7, -1, -1, -1)
    found = extract(in_batches(x, 50, CPU), extractor_of(flat))
    assert found.covariance.abs().max() == 0
    assert torch.equal(found.mean, x[0].flatten().double())


def test_rows_and_logits_are_kept_in_order_and_their_copies_are_not_those_of_the_extractor():
    x = random_images(BLOCK + 10)
    found = extract(in_batches(x, 33, CPU), extractor_of(lambda x: Features(x.flatten(1).float(), -x[:, 0, 0].float())))
    assert torch.equal(found.rows, x.flatten(1).float())
    assert torch.equal(found.logits, -x[:, 0, 0].float())


# Batch size


def convolution(seed=0):
    """A fixed random convolution with tanh, and logits."""
    weight = torch.randn(24, 3, 5, 5, generator=torch.Generator().manual_seed(seed)) / 75**0.5

    def look(x):
        rows = torch.conv2d(from_uint8(x), weight).tanh().mean((2, 3))
        return Features(rows, rows[:, :10])

    return extractor_of(look)


def network(seed=0):
    """The plan of the shipped extractors with random weights, in eval mode."""
    torch.manual_seed(seed)
    net = ConvNet(3, (16, 32, 64)).eval().requires_grad_(False)
    for module in net.modules():
        if isinstance(module, nn.BatchNorm2d):
            module.running_var.uniform_(0.5, 2)
    return extractor_of(lambda x: Features(*net(from_uint8(x))))


@pytest.mark.parametrize("extractor", [convolution(), network()], ids=["convolution", "convnet"])
def test_the_batch_size_does_not_matter(extractor):
    """Rows agree to 1e-5 of the largest: float32 convolutions round by the size of their batch; moments likewise."""
    x = random_images(150, size=32, channels=3)
    one, seven, many = [extract(in_batches(x, batch, CPU), extractor) for batch in (1, 7, 64)]
    for found in (one, seven):
        assert relative_error(found.rows, many.rows) < 1e-5
        assert relative_error(found.logits, many.logits) < 1e-5
        assert relative_error(found.mean, many.mean) < 1e-5
        assert relative_error(found.covariance, many.covariance) < 1e-5


@pytest.mark.parametrize("batch", [1, 7, 64, BLOCK, 3000])
def test_where_features_agree_to_the_bit_so_do_the_moments(batch):
    """Each sum is over the same blocks, so the batch size does not even change the rounding."""
    x = random_images(2 * BLOCK + 77)
    rooted = extractor_of(lambda x: Features(x.flatten(1).float().sqrt()))
    found, expected = [extract(in_batches(x, size, CPU), rooted) for size in (batch, 100)]
    assert torch.equal(found.mean, expected.mean)
    assert torch.equal(found.covariance, expected.covariance)
    assert torch.equal(found.rows, expected.rows)


# Memory


@pytest.mark.parametrize("keep", [100, BLOCK + 100])
def test_any_number_of_images_fits_since_an_even_pick_of_rows_and_no_batch_is_kept(keep, monkeypatch):
    seen = []

    def stream():
        for i in range(200):
            batch = random_images(32, seed=i)
            seen.append(weakref.ref(batch))
            alive.append(sum(ref() is not None for ref in seen))
            yield batch

    alive = []
    monkeypatch.setattr(extraction, "KEEP", keep)
    found = extract(stream(), extractor_of(flat), 6400)
    everything = torch.cat([random_images(32, seed=i) for i in range(200)]).flatten(1)
    assert (found.count, found.rows.shape) == (6400, (keep, 16))
    assert torch.equal(found.rows, everything[extraction.kept_rows(6400)].float())
    assert relative_error(found.covariance, np.cov(everything.double(), rowvar=False)) < 1e-12
    assert max(alive) <= 3  # the one being made, the one before, which its maker still holds, and no other


def test_features_leave_no_graph_behind():
    weight = torch.ones(16, 3, requires_grad=True)
    found = extract([random_images(5)], extractor_of(lambda x: Features(x.flatten(1).float() @ weight)))
    assert not found.rows.requires_grad
    assert not found.covariance.requires_grad


def test_batches_cover_all_images_once_in_order():
    x = random_images(10)
    parts = list(in_batches(x, 4, CPU))
    assert [len(part) for part in parts] == [4, 4, 2]
    assert torch.equal(torch.cat(parts), x)


# Refusals


@pytest.mark.parametrize("count", [0, 1])
def test_fewer_than_two_images_are_refused(count):
    with pytest.raises(EvaluationError, match=f"{count} images are too few") as caught:
        extract(in_batches(random_images(count), 4, CPU), extractor_of(flat))
    assert caught.value.exit_code == 7


def test_an_empty_batch_among_others_is_no_fault():
    x = random_images(4)
    assert extract([x[:0], x[:2], x[2:2], x[2:]], extractor_of(flat)).count == 4


@pytest.mark.parametrize("bad", [torch.nan, torch.inf])
@pytest.mark.parametrize("part", ["rows", "logits"])
def test_features_that_are_not_finite_are_refused_with_the_number_of_the_image(bad, part):
    x = torch.zeros(2000, 1, 4, 4, dtype=torch.uint8)
    x[1500] = 1

    def look(x):
        poisoned = torch.where(x.flatten(1) == 1, bad, 0.0)
        return Features(*((poisoned, poisoned * 0) if part == "rows" else (x.flatten(1).float(), poisoned)))

    with pytest.raises(EvaluationError, match="features of stub are nan or inf") as caught:
        extract(in_batches(x, 300, CPU), extractor_of(look))
    assert caught.value.where == "image 1500 is the first"


@pytest.mark.parametrize(
    "x", [torch.rand(4, 1, 4, 4).double(), torch.zeros(4, 4, 4, dtype=torch.uint8)], ids=["double", "3-D"]
)
def test_what_is_neither_a_uint8_image_nor_float32_is_refused(x):
    with pytest.raises(EvaluationError, match="scores are of uint8 images"):
        extract([x], extractor_of(flat))


@pytest.mark.parametrize(
    "features",
    [
        Features(torch.zeros(3, 2)),
        Features(torch.zeros(4, 2, 2)),
        Features(torch.zeros(4, 2, dtype=torch.float16)),
        Features(torch.zeros(4, 2), torch.zeros(3, 10)),
    ],
    ids=["a row too few", "maps", "half precision", "logits of other images"],
)
def test_an_extractor_that_breaks_its_contract_is_named(features):
    with pytest.raises(PluginError, match="'stub' break their contract"):
        extract([random_images(4)], extractor_of(lambda _: features))
