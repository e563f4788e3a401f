"""Scores against torch-fidelity's own arithmetic on the same features."""

import numpy as np
import pytest
import torch

from ganzoo.builtin.metrics.frechet import FrechetDistance
from ganzoo.builtin.metrics.inception_score import InceptionScore
from ganzoo.builtin.metrics.kernel import KernelDistance
from ganzoo.builtin.metrics.precision_recall import PrecisionRecall
from ganzoo.contracts import FeatureSet

SHAPES = [(300, 250, 20), (120, 160, 200)]  # generated, real, features: more images than features, and fewer
TOLERANCE = {torch.float64: 1e-6, torch.float32: 1e-5}  # torch-fidelity adds up kernels and means in float32


@pytest.fixture(scope="module")
def fidelity():
    import torch_fidelity.metric_fid as fid
    import torch_fidelity.metric_isc as isc
    import torch_fidelity.metric_kid as kid
    import torch_fidelity.metric_prc as prc

    return {"fid": fid, "isc": isc, "kid": kid, "prc": prc}


def images(count, dim, seed, dtype):
    """Positive, correlated rows, as those of a network whose last layer is a ReLU."""
    random = np.random.RandomState(seed)
    mixing = np.random.RandomState(0).randn(dim, dim) / dim**0.5
    rows = torch.from_numpy(random.randn(count, dim) @ mixing + 0.1 * seed).relu().to(dtype)
    logits = torch.from_numpy(3 * random.randn(count, 10)).float()
    wide = rows.double()
    return FeatureSet(count, wide.mean(dim=0), torch.cov(wide.T), rows, logits)


@pytest.fixture(params=SHAPES, ids=str)
def shape(request):
    return request.param


@pytest.fixture(params=TOLERANCE, ids=str)
def sets(request, shape):
    fakes, reals, dim = shape
    dtype = request.param
    return {"real": images(reals, dim, 2, dtype), "fake": images(fakes, dim, 1, dtype)}, TOLERANCE[dtype]


def test_frechet_distance(sets, fidelity):
    features, tolerance = sets
    ours = FrechetDistance().compute(**features)["FD"]
    fake, real = (fidelity["fid"].fid_features_to_statistics(features[which].rows) for which in ("fake", "real"))
    theirs = fidelity["fid"].fid_statistics_to_metric(fake, real, False)
    assert ours.value == pytest.approx(theirs["frechet_inception_distance"], rel=tolerance)


@pytest.mark.parametrize("splits", [1, 7, 10])
def test_inception_score(splits, sets, fidelity):
    features, _ = sets
    ours = InceptionScore(splits=splits).compute(**features)["IS"]
    theirs = fidelity["isc"].isc_features_to_metric(features["fake"].logits, splits)
    assert ours.value == pytest.approx(theirs["inception_score_mean"], rel=1e-10)
    assert (ours.std or 0) == pytest.approx(theirs["inception_score_std"], rel=1e-6)


@pytest.mark.parametrize("size", [30, 120])
def test_kernel_distance(size, sets, fidelity):
    features, tolerance = sets
    ours = KernelDistance(subset_size=size).compute(**features)["KD"]
    rows = [features[which].rows for which in ("fake", "real")]
    theirs = fidelity["kid"].kid_features_to_metric(*rows, kid_subset_size=size, verbose=False)
    assert ours.value == pytest.approx(theirs["kernel_inception_distance_mean"], rel=tolerance)
    assert ours.std == pytest.approx(theirs["kernel_inception_distance_std"], rel=10 * tolerance, abs=1e-6)


@pytest.mark.parametrize("neighbours", [1, 3, 10])
def test_precision_and_recall(neighbours, sets, fidelity):
    features, _ = sets
    ours = PrecisionRecall(neighbours).compute(**features)
    rows = [features[which].rows for which in ("fake", "real")]
    theirs = fidelity["prc"].prc_features_to_metric(*rows, prc_neighborhood=neighbours, verbose=False)
    assert {0, 1}.isdisjoint({score.value for score in ours.values()})
    for name in ("precision", "recall"):
        assert ours[name].value == pytest.approx(theirs[name], rel=1e-6)  # a float32 mean of equal counts
