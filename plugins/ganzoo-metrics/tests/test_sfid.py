"""sFID: where in the network its features come from, and whose distance it is."""

import pytest
import torch
from ganzoo_metrics import InceptionSpatial, SpatialFrechetDistance
from ganzoo_metrics.sfid import built_in
from sets import feature_set
from torch.nn import functional
from torch_fidelity.feature_extractor_inceptionv3 import FeatureExtractorInceptionV3

import ganzoo


@pytest.fixture(scope="module")
def file(tmp_path_factory):
    """A file of random weights of Inception."""
    torch.manual_seed(0)
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(FeatureExtractorInceptionV3, "load_state_dict", lambda self, state: None)
        path = tmp_path_factory.mktemp("weights") / "inception.pth"
        torch.save({}, path)
        torch.save(FeatureExtractorInceptionV3("any", ["768"], path).state_dict(), path)
    return path


def test_features_are_seven_channels_of_the_sixth_mixed_layer(file, monkeypatch):
    monkeypatch.setattr(FeatureExtractorInceptionV3, "INPUT_IMAGE_SIZE", 75)  # 3 x 3 places in place of 17 x 17
    inception = built_in("features", "inception")
    found = inception(weights=str(file)).build()
    monkeypatch.setattr(inception, "build", lambda self: found)
    extractor = InceptionSpatial(weights=str(file)).load(torch.device("cpu"))
    assert extractor.label.startswith("inception-spatial@")
    assert "Mixed_6d" in extractor.fingerprint["layer"]
    images, seen = torch.randint(256, (2, 1, 20, 20), dtype=torch.uint8), []
    rows = extractor.extract(images).rows
    assert rows.shape == (2, 7 * 3 * 3)
    first = found.module.Mixed_6d.branch1x1
    with found.module.Mixed_6c.register_forward_hook(lambda _, __, output: seen.append(output)):
        found.module(images.expand(-1, 3, -1, -1))
    expected = functional.relu(first.bn(first.conv(seen[0])))[:, :7]
    assert torch.allclose(rows, expected.flatten(1), rtol=1e-4, atol=1e-6)


def test_a_missing_file_is_refused():
    with pytest.raises(ganzoo.EvaluationError, match="cannot read the weights"):
        InceptionSpatial(weights="nowhere.pth").load(torch.device("cpu"))
    assert str(InceptionSpatial(weights="nowhere.pth").weights_file()) == "nowhere.pth"


def test_it_is_the_distance_of_two_normal_distributions():
    torch.manual_seed(0)
    n, d = 20_000, 3
    real, fake = torch.randn(n, d), 2 * torch.randn(n, d) + 1
    sets = []
    for rows in (real, fake):
        given = feature_set(rows)
        sets.append(ganzoo.FeatureSet(n, given.mean, rows.double().T.cov(), rows))
    score = SpatialFrechetDistance().compute(real=sets[0], fake=sets[1])["sFD"]
    assert score.value == pytest.approx(d * 1 + d * (2 - 1) ** 2, rel=0.05)
    assert score == built_in("metric", "fid")().compute(real=sets[0], fake=sets[1])["FD"]
