"""Extractors with files of random weights, against the networks of torchvision themselves."""

import hashlib

import pytest
import torch
from ganzoo_features import ResNet50, SwAV, SwinT
from torch import nn
from torchvision import models

import ganzoo

CPU = torch.device("cpu")
MEAN = torch.tensor([0.485, 0.456, 0.406]).reshape(1, 3, 1, 1)
DEVIATION = torch.tensor([0.229, 0.224, 0.225]).reshape(1, 3, 1, 1)


def as_is(network):
    return network.state_dict()


def as_swav(network):
    """Names of the authors' checkpoint: wrapped for several GPUs, with a projection in place of the last layer."""
    state = {f"module.{name}": value for name, value in network.state_dict().items() if not name.startswith("fc.")}
    return state | {"module.projection_head.0.weight": torch.zeros(2, 2), "module.prototypes.weight": torch.zeros(2, 2)}


CASES = {
    "resnet50": (ResNet50, "resnet50", "fc", as_is, 2048),
    "swin-t": (SwinT, "swin_t", "head", as_is, 768),
    "swav": (SwAV, "resnet50", "fc", as_swav, 2048),
}


@pytest.mark.parametrize("name", CASES)
def test_features_are_those_before_the_last_layer(name, tmp_path):
    extractor_class, plan, last, names, dim = CASES[name]
    torch.manual_seed(0)
    network = getattr(models, plan)(weights=None).eval()
    path = tmp_path / "weights.pth"
    torch.save({"state_dict": names(network)} if name == "swav" else names(network), path)
    before = torch.get_rng_state()
    extractor = extractor_class(weights=str(path), size=64).load(CPU)
    sha256 = hashlib.sha256(path.read_bytes()).hexdigest()
    assert extractor.label == f"{name}@{sha256[:8]}" and extractor.fingerprint["weights"] == sha256
    assert "to 64" in extractor.fingerprint["resize"]

    images = torch.randint(256, (2, 3, 64, 64), generator=torch.Generator().manual_seed(1)).to(torch.uint8)
    found = extractor.extract(images)
    with torch.no_grad():
        logits = network((images / 255 - MEAN) / DEVIATION)
        head = getattr(network, last)
        setattr(network, last, nn.Identity())
        rows = network((images / 255 - MEAN) / DEVIATION)
    assert found.rows.shape == (2, dim) and torch.allclose(found.rows, rows, rtol=1e-4, atol=1e-5)
    assert found.logits is None if name == "swav" else torch.allclose(found.logits, logits, rtol=1e-4, atol=1e-5)
    assert torch.allclose(extractor.extract(images[1:]).rows, found.rows[1:], rtol=1e-3, atol=1e-4)
    assert torch.equal(torch.get_rng_state(), before) and head is not None


def test_other_sizes_and_grey_images_become_colour_images_of_the_size():
    read = ResNet50(size=32).read
    grey = torch.full((2, 1, 20, 28), 255, dtype=torch.uint8)
    assert torch.allclose(read(grey), ((1 - MEAN) / DEVIATION).expand(2, 3, 32, 32), atol=1e-5)
    with pytest.raises(ganzoo.EvaluationError, match="4 channels"):
        read(torch.zeros(1, 4, 32, 32, dtype=torch.uint8))


@pytest.mark.parametrize(
    ("content", "what"),
    [
        (None, "there is no such file"),
        (b"PK nothing", "damaged, or holds code"),
        ({"conv1.weight": 3}, "other than named tensors"),
        ({"conv1.weight": torch.zeros(64, 3, 7, 7)}, "Missing key"),
    ],
)
def test_a_file_without_the_weights_is_refused(content, what, tmp_path):
    path = tmp_path / "weights.pth"
    if isinstance(content, bytes):
        path.write_bytes(content)
    elif content is not None:
        torch.save(content, path)
    with pytest.raises(ganzoo.EvaluationError, match=what) as refused:
        ResNet50(weights=str(path)).load(CPU)
    assert refused.value.hint == "--set features.weights=FILE"


def test_without_an_option_the_file_is_that_of_the_cache(monkeypatch, tmp_path):
    monkeypatch.setattr(torch.hub, "get_dir", lambda: str(tmp_path))
    assert SwinT().weights_file() == tmp_path / "checkpoints" / "swin_t-704ceda3.pth"
    assert models.Swin_T_Weights.DEFAULT.url.endswith("/swin_t-704ceda3.pth")
    assert models.ResNet50_Weights.DEFAULT.url.endswith("/" + ResNet50.published)
