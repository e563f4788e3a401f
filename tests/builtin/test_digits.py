"""The shipped digits, and what all datasets have in common."""

import pytest
import torch
from torch.nn.functional import avg_pool2d

from ganzoo.builtin.datasets import register_datasets
from ganzoo.builtin.datasets.digits import Digits, read_digits
from ganzoo.errors import ConfigError
from ganzoo.settings.options import list_options, validate

torch.set_num_threads(1)


def test_the_digits_are_the_1797_of_the_uci_test_set():
    images, labels = read_digits()
    assert images.shape == (1797, 8, 8)
    assert labels.bincount().tolist() == [178, 182, 177, 183, 181, 182, 181, 179, 174, 180]
    assert images[0, 0].tolist() == [0, 0, 5, 13, 9, 1, 0, 0]
    assert (images.min(), images.max(), images.sum()) == (0, 16, 561718)


def test_digits_at_their_own_size_span_the_range():
    samples = Digits(image_size=8).load()
    assert samples.x.dtype == torch.uint8
    assert samples.x[0, 0, 0].tolist() == [0, 0, 80, 207, 143, 16, 0, 0]  # 255/16 of the row above
    assert (samples.x.min(), samples.x.max()) == (0, 255)


def test_digits_have_32_pixels_one_channel_and_ten_classes():
    samples = Digits().load()
    assert (samples.spec.shape, samples.spec.num_classes, len(samples)) == ((1, 32, 32), 10, 1797)
    assert samples.class_names == tuple("0123456789")
    blocks = avg_pool2d(samples.x.float(), 4).flatten()  # back to 8x8
    original = Digits(image_size=8).load().x.float().flatten()
    assert torch.corrcoef(torch.stack([blocks, original]))[0, 1] > 0.98


@pytest.mark.parametrize("name", sorted(register_datasets()))
@pytest.mark.parametrize("size", [7, 1025, 32.5, True])
def test_image_sizes_out_of_range_are_refused(name, size):
    fields = register_datasets()[name].__dataclass_fields__
    path = {"path": "x"} if "path" in fields else {}
    if size == 7 and name in ("npz", "npy"):
        size = -1  # 0 leaves arrays as they are, and the rest is refused when they are read
    with pytest.raises(ConfigError, match=r"dataset\.image_size"):
        validate(register_datasets()[name], {"image_size": size, **path}, "dataset")


@pytest.mark.parametrize("name", sorted(register_datasets()))
def test_help_explains_every_option(name):
    dataset = register_datasets()[name]
    assert [o.name for o in list_options(dataset) if f"`{o.name}`" not in dataset.__doc__] == []


def test_there_is_no_folder_without_a_path():
    with pytest.raises(ConfigError, match=r"dataset\.path"):
        validate(register_datasets()["folder"], {"path": ""}, "dataset")
