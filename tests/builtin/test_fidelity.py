"""Extractors of torch-fidelity: their features are the library's own.

Inception runs for real, on random weights; CLIP, DINOv2 and VGG-16 run the library's code around networks made small.
"""

import copy
import pickle
import sys
import warnings
from typing import get_args, get_type_hints
from urllib.error import URLError

import pytest
import torch
from torch import nn

from ganzoo.builtin.features import register_features
from ganzoo.builtin.features.fidelity import CLIP, INCEPTION, VGG16, VGG16_IMAGENET, DINOv2, Inception
from ganzoo.errors import EvaluationError
from support.weights import CPU, SMALL_STATE, make_images, saved, sha256

pytestmark = pytest.mark.usefixtures("cache")


torch.set_num_threads(1)
FROM_FILE = [Inception, VGG16, CLIP]


@pytest.fixture(scope="session")
def inception(weights_file):
    return Inception(weights=str(weights_file)).load(CPU)


@pytest.fixture(scope="session")
def peer(library, weights_file):
    """torch-fidelity's own extractor, asked for features and logits as its metrics do."""
    names = ["2048", "logits_unbiased"]
    return library.FeatureExtractorInceptionV3("inception-v3-compat", names, str(weights_file))


def test_inception_gives_what_torch_fidelity_gives(inception, peer):
    images = make_images(3)
    rows, logits, _ = inception.extract(images)
    assert (rows.shape, logits.shape, rows.dtype, logits.dtype) == ((3, 2048), (3, 1008), torch.float32, torch.float32)
    own_rows, own_logits = peer(images)
    assert torch.equal(rows, own_rows)
    assert torch.equal(logits, own_logits)
    assert rows.std(dim=0).mean() > 0.01  # the images differ in their features, so equality says something


def test_float64_is_float64_and_float32_is_near_it(inception, peer, weights_file):
    images = make_images(1)
    exact = Inception(weights=str(weights_file), dtype="float64").load(CPU)
    rows, logits, _ = exact.extract(images)
    double = copy.deepcopy(peer).double()
    double.feature_extractor_internal_dtype = torch.float64
    assert rows.dtype == torch.float32
    assert torch.equal(rows, double(images)[0])
    near = inception.extract(images)
    assert not torch.equal(near.rows, rows)
    torch.testing.assert_close(near.rows, rows, rtol=0, atol=1e-5)  # features have a mean of 0.4
    torch.testing.assert_close(near.logits, logits, rtol=0, atol=1e-5)
    assert (inception.fingerprint["dtype"], exact.fingerprint["dtype"]) == ("float32", "float64")


def test_grey_is_colour_with_three_equal_channels(inception):
    grey = make_images(2, channels=1)
    rows = inception.extract(grey).rows
    assert torch.equal(rows, inception.extract(grey.repeat(1, 3, 1, 1)).rows)


def test_features_do_not_depend_on_the_batch(inception):
    images = make_images(3)
    together = inception.extract(images).rows
    alone = torch.cat([inception.extract(image[None]).rows for image in images])
    torch.testing.assert_close(together, alone, rtol=0, atol=1e-5)


def test_features_carry_no_gradient(inception):
    assert not inception.extract(make_images(1)).rows.requires_grad


def test_weights_of_another_network_are_refused(tmp_path):
    path = tmp_path / "other.pth"
    torch.save({"layer.weight": torch.zeros(2)}, path)
    with pytest.raises(EvaluationError, match=r"other\.pth has no weights of inception: .*Missing key") as caught:
        Inception(weights=str(path)).load(CPU)
    assert caught.value.where == str(path)


def test_weights_of_another_shape_are_refused(tmp_path, weights_file):
    state = torch.load(weights_file, weights_only=True)
    path = tmp_path / "narrow.pth"
    torch.save(state | {"fc.bias": torch.zeros(1000)}, path)
    with pytest.raises(EvaluationError, match=r"size mismatch for fc\.bias"):
        Inception(weights=str(path)).load(CPU)


# What an extractor reads, and what it leaves alone.


@pytest.fixture
def extractor(tmp_path, small):
    path = tmp_path / "mine.pth"
    path.write_bytes(saved(SMALL_STATE))
    return Inception(weights=str(path)).load(CPU)


@pytest.mark.parametrize(
    ("images", "fault"),
    [
        (torch.zeros(2, 3, 8, 8), "not torch.float32 4-D"),
        (torch.zeros(3, 8, 8, dtype=torch.uint8), "not torch.uint8 3-D"),
        (torch.zeros(2, 2, 8, 8, dtype=torch.uint8), "2 channels"),
        (torch.zeros(2, 4, 8, 8, dtype=torch.uint8), "4 channels"),
    ],
)
def test_images_that_were_not_quantised_or_have_other_channels_are_refused(extractor, images, fault):
    with pytest.raises(EvaluationError, match=fault):
        extractor.extract(images)


def test_autocast_around_it_changes_nothing(extractor):
    images = make_images(2)
    with torch.autocast("cpu", dtype=torch.bfloat16):
        rows = extractor.extract(images).rows
    assert torch.equal(rows, extractor.extract(images).rows)


def test_loading_leaves_random_states_alone_and_says_nothing(tmp_path, small, capfd):
    path = tmp_path / "mine.pth"
    path.write_bytes(saved(SMALL_STATE))
    before = torch.get_rng_state()
    Inception(weights=str(path)).load(CPU)  # a warning would be an error here
    assert torch.equal(torch.get_rng_state(), before)
    assert capfd.readouterr() == ("", "")


def test_a_torch_fidelity_that_does_not_import_is_worded(tmp_path, monkeypatch):
    monkeypatch.setitem(sys.modules, "torch_fidelity", None)
    path = tmp_path / "mine.pth"
    path.write_bytes(saved(SMALL_STATE))
    with pytest.raises(EvaluationError, match="inception-v3-compat needs torch_fidelity, which cannot be imported"):
        Inception(weights=str(path)).load(CPU)


# The other three: the library's code, with networks made small.


def bare(module):
    """Keep the tensors of a module and leave out its code, which TorchScript would want to compile."""
    kept = nn.Module()
    for name, tensor in module.named_parameters(recurse=False):
        kept.register_parameter(name, tensor)
    for name, child in module.named_children():
        kept.add_module(name, bare(child))
    return kept


@pytest.fixture
def clip_file(tmp_path, monkeypatch, library):
    """A CLIP of one layer of width 64, on 8x8 pixels, with 10 features; it counts as published."""
    clip = library.feature_extractor_clip
    torch.manual_seed(0)
    network = nn.Module()
    network.visual = clip.VisionTransformer(8, 4, 64, layers=1, heads=1, output_dim=10)
    network.text_projection = nn.Parameter(torch.zeros(7, 10))
    path = tmp_path / "clip.pt"
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # torch.jit is on its way out; the published files stay
        torch.jit.script(bare(network)).save(str(path))
    monkeypatch.setitem(clip.MODEL_METADATA["clip-vit-b-32"], "hash", sha256(path.read_bytes()))
    return path


def test_clip_gives_what_torch_fidelity_gives(library, clip_file):
    extractor = CLIP(weights=str(clip_file)).load(CPU)
    rows, logits, _ = extractor.extract(make_images(2))
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", FutureWarning)
        own = library.FeatureExtractorCLIP("clip-vit-b-32", ["clip"], str(clip_file))
    assert torch.equal(rows, own(make_images(2))[0])
    assert (rows.shape, logits, extractor.label) == ((2, 10), None, "clip-vit-b-32")
    assert not extractor.inception_2015
    assert extractor.fingerprint["resize"] == "TensorFlow 1.x bilinear to 8"
    assert extractor.fingerprint["weights"] == sha256(clip_file.read_bytes())


def test_clip_in_float64_is_near_float32(clip_file):
    extractors = [CLIP(weights=str(clip_file), dtype=dtype).load(CPU) for dtype in ("float32", "float64")]
    rows = [extractor.extract(make_images(2)).rows for extractor in extractors]
    assert not torch.equal(*rows)
    torch.testing.assert_close(*rows, rtol=0, atol=1e-5)


def test_clip_opens_no_program_but_the_published_one(monkeypatch, clip_file):
    clip_file.write_bytes(clip_file.read_bytes() + b"\0")
    monkeypatch.setattr(torch.jit, "load", lambda *_, **__: pytest.fail("opened"))
    with pytest.raises(EvaluationError, match="is not the published one, and a TorchScript file can run any code"):
        CLIP(weights=str(clip_file)).load(CPU)


@pytest.fixture
def hub(monkeypatch):
    """What torch.hub was asked for; it answers with half the sum of all pixels."""
    asked = []

    def load(*names):
        asked.append(names)
        network = nn.Sequential(nn.Flatten(), nn.Linear(3 * 224 * 224, 1, bias=False))
        nn.init.constant_(network[1].weight, 0.5)
        return network

    monkeypatch.setattr(torch.hub, "load", load)
    monkeypatch.setenv("XFORMERS_DISABLED", "1")  # torch-fidelity sets it for good
    return asked


def test_dinov2_gives_what_torch_fidelity_gives(library, hub):
    rows, logits, _ = DINOv2().load(CPU).extract(make_images(2))
    own = library.FeatureExtractorDinoV2("dinov2-vit-l-14", ["dinov2"])
    assert torch.equal(rows, own(make_images(2))[0])
    assert logits is None
    assert hub[0] == ("facebookresearch/dinov2", "dinov2_vitl14")


def test_dinov2_is_known_by_the_names_and_bytes_of_its_tensors(hub):
    halves = torch.full((3 * 224 * 224,), 0.5).numpy().tobytes()
    for dtype in ("float32", "float64"):
        extractor = DINOv2(variant="dinov2-vit-s-14", dtype=dtype).load(CPU)
        assert extractor.fingerprint["weights"] == sha256(b"model.1.weight" + halves)
        assert extractor.label == extractor.fingerprint["network"] == "dinov2-vit-s-14"


@pytest.mark.parametrize("kind", [URLError, RuntimeError, pickle.UnpicklingError])
def test_dinov2_offline_names_the_ways_that_it_has(monkeypatch, hub, kind):
    def fail(*_):
        raise kind("unplugged")

    monkeypatch.setattr(torch.hub, "load", fail)
    with pytest.raises(EvaluationError, match=r"no weights: cannot load dinov2-vit-s-14 .*unplugged") as caught:
        DINOv2(variant="dinov2-vit-s-14").load(CPU)
    assert all(way in caught.value.hint for way in ("--features digits-cnn", "run it once"))
    assert "FILE" not in caught.value.hint


class SmallVGG(nn.Module):
    """Features, and a classifier of which torch-fidelity deletes the last three layers."""

    def __init__(self, **_):
        super().__init__()
        self.features = nn.Sequential(nn.AdaptiveAvgPool2d(2), nn.Flatten(), nn.Linear(12, 6))
        self.classifier = nn.Sequential(*[nn.Identity() for _ in range(4)], *[nn.Linear(6, 6) for _ in range(3)])

    def forward(self, x):
        return self.classifier(self.features(x))


def test_vgg16_gives_what_torch_fidelity_gives(tmp_path, monkeypatch, library):
    monkeypatch.setattr("torchvision.models.vgg16", SmallVGG)
    torch.manual_seed(0)
    path = tmp_path / "vgg.pth"
    torch.save(SmallVGG().state_dict(), path)
    extractor = VGG16(weights=str(path)).load(CPU)
    rows, logits, _ = extractor.extract(make_images(2))
    own = library.FeatureExtractorVGG16("vgg16", ["fc2_relu"], str(path))
    assert torch.equal(rows, own(make_images(2))[0])
    assert (rows.shape, logits, rows.min().item()) == ((2, 6), None, 0.0)  # after ReLU
    assert extractor.label == f"vgg16@{sha256(path.read_bytes())[:8]}"


# Names and addresses, which are written down here and there.


def test_what_is_published_is_what_the_libraries_name(library):
    from torchvision.models import VGG16_Weights

    assert INCEPTION.url == library.feature_extractor_inceptionv3.URL_INCEPTION_V3
    assert VGG16_IMAGENET.url == VGG16_Weights.IMAGENET1K_V1.url
    for published in (INCEPTION, VGG16_IMAGENET):
        assert published.file == published.url.split("/")[-1]
        assert published.sha256[:8] in published.file
        assert len(published.sha256) == 64
    clip = CLIP(variant="clip-rn50").published()
    assert clip.sha256 in clip.file
    assert clip.sha256 in clip.url


@pytest.mark.parametrize(("cls", "module"), [(CLIP, "feature_extractor_clip"), (DINOv2, "feature_extractor_dinov2")])
def test_variants_are_those_of_torch_fidelity(library, cls, module):
    assert set(get_args(get_type_hints(cls)["variant"])) == set(getattr(library, module).MODEL_METADATA)


def test_six_extractors_of_images_are_registered():
    images = [name for name, extractor in register_features().items() if extractor.reads == "images"]
    assert sorted(set(images) - {"stacked-digits"}) == [
        *("clip", "digits-cnn", "dinov2", "inception", "photos-cnn", "vgg16"),
    ]
