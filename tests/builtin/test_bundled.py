"""The extractors that ship with ganzoo: their weights are the published ones, and their distances mean something."""

import importlib.util
import tarfile
from itertools import pairwise
from pathlib import Path

import pytest
import torch
from safetensors import safe_open

from ganzoo.builtin.datasets.digits import Digits
from ganzoo.builtin.features import bundled
from ganzoo.builtin.features.bundled import DigitsCNN, PhotosCNN
from ganzoo.data.decoding import DecodeOptions, decode_image
from ganzoo.errors import EvaluationError
from support.checkout import ROOT

CIFAR = ROOT.parent / "shared" / "data" / "cifar10-jpeg.tar.xz"
CPU = torch.device("cpu")
BOTH = pytest.mark.parametrize("component", [DigitsCNN, PhotosCNN])
MEGABYTES = 2**20


@pytest.fixture(scope="session")
def validate():
    """docs/extractors/validate.py, which measures what the page on extractors shows."""
    spec = importlib.util.spec_from_file_location("validate", ROOT / "docs" / "extractors" / "validate.py")
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


@pytest.fixture(scope="session")
def photos():
    """Every tenth test image of cifar10-jpeg, 1,000 in all, with their classes."""
    if not CIFAR.is_file():
        pytest.skip("shared/data with cifar10-jpeg is not beside this checkout")
    with tarfile.open(CIFAR) as archive:
        wanted = [member for member in archive if member.name.startswith("test/") and member.isfile()]
        files = {member.name: archive.extractfile(member).read() for member in wanted[::10]}
    names = sorted(files)
    classes = sorted({name.split("/")[-2] for name in names})
    images = [decode_image(files[name], DecodeOptions(3, 32)).pixels for name in names]
    return torch.stack(images), torch.tensor([classes.index(name.split("/")[-2]) for name in names])


def assert_distances_grow(measured):
    untouched = measured["blur"][0.0]
    assert untouched < measured["random pixels"][1.0] / 30
    for change in ("added noise", "blur", "classes left"):
        distances = list(measured[change].values())
        assert all(less < more for less, more in pairwise(distances)), (change, distances)


def test_distances_of_digits_grow_with_noise_blur_and_dropped_classes(validate):
    samples = Digits().load()
    assert_distances_grow(validate.measure(DigitsCNN().load(CPU), samples.x, samples.y))


@pytest.mark.full
def test_distances_of_photos_grow_with_noise_blur_and_dropped_classes(validate, photos):
    assert_distances_grow(validate.measure(PhotosCNN().load(CPU), *photos))


def test_the_classifier_of_photos_is_right_as_often_as_it_says(photos):
    x, y = photos
    with safe_open(Path(bundled.__file__).parent / "photos-cnn.safetensors", "pt") as file:
        stated = float(file.metadata()["test_accuracy"])
    assert stated >= 0.88
    right = (PhotosCNN().load(CPU).extract(x).logits.argmax(1) == y).float().mean()
    assert right == pytest.approx(stated, abs=3 * (stated * (1 - stated) / len(y)) ** 0.5)  # 1,000 of 10,000


def test_the_classifier_of_digits_knows_the_shipped_ones():
    samples = Digits().load()
    assert (DigitsCNN().load(CPU).extract(samples.x).logits.argmax(1) == samples.y).float().mean() > 0.99


@BOTH
def test_weights_are_small_and_their_hash_is_in_the_fingerprint(component):
    path = Path(bundled.__file__).parent / f"{component.name}.safetensors"
    assert path.stat().st_size < 4 * MEGABYTES
    extractor = component().load(CPU)
    assert extractor.fingerprint["weights"] == component.sha256
    assert extractor.label == component.name
    assert not extractor.inception_2015


@BOTH
def test_damaged_weights_are_refused(component, monkeypatch):
    monkeypatch.setattr(component, "sha256", "0" * 64)
    with pytest.raises(EvaluationError, match="damaged"):
        component().load(CPU)


@BOTH
def test_loading_takes_nothing_from_the_random_state(component):
    before = torch.get_rng_state()
    component().load(CPU)
    assert torch.equal(torch.get_rng_state(), before)


@BOTH
def test_an_image_has_its_features_whatever_its_batch(component):
    x = torch.randint(0, 256, (20, component.channels, 32, 32), dtype=torch.uint8, generator=torch.Generator())
    extract = component().load(CPU).extract
    whole = extract(x).rows
    assert whole.shape == (20, component.widths[-1])
    for size in (1, 7):
        parts = torch.cat([extract(x[i : i + size]).rows for i in range(0, 20, size)])
        torch.testing.assert_close(parts, whole, rtol=1e-5, atol=1e-5)


def test_grey_images_are_read_as_colour_and_never_the_reverse():
    grey = torch.randint(0, 256, (3, 1, 32, 32), dtype=torch.uint8)
    extract = PhotosCNN().load(CPU).extract
    assert torch.equal(extract(grey).rows, extract(grey.repeat(1, 3, 1, 1)).rows)
    with pytest.raises(EvaluationError, match="reads grey images"):
        DigitsCNN().load(CPU).extract(grey.repeat(1, 3, 1, 1))


@BOTH
def test_other_sizes_are_resized(component):
    flat = torch.full((2, component.channels, 50, 20), 77, dtype=torch.uint8)
    extract = component().load(CPU).extract
    torch.testing.assert_close(extract(flat).rows, extract(flat[:, :, :32, :1].expand(-1, -1, -1, 32)).rows)


@BOTH
def test_floating_images_are_refused(component):
    with pytest.raises(EvaluationError, match="uint8"):
        component().load(CPU).extract(torch.zeros(2, component.channels, 32, 32))


def test_images_with_transparency_are_refused_with_a_way_to_score_them():
    with pytest.raises(EvaluationError, match="these have 4 channels") as caught:
        PhotosCNN().load(torch.device("cpu")).extract(torch.zeros(2, 4, 32, 32, dtype=torch.uint8))
    assert caught.value.hint.startswith("ganzoo sample RUN --folder -o DIR ")
