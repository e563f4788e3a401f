"""One thread per test worker, one zoo per session, and random weights of Inception."""

import os
import tempfile

os.environ["OMP_NUM_THREADS"] = "1"  # of numpy too, and of what tests start: two workers share two cores

import pytest
import torch
from torch import nn

from ganzoo.builtin.features import fidelity

os.environ["GANZOO_CACHE"] = tempfile.mkdtemp(prefix="ganzoo-references-")  # before `runs` copies the environment
os.environ["GANZOO_DISABLE_PLUGINS"] = "all"  # what is installed beside is not what is tested, in this process
torch.set_num_threads(1)

from support.zoo import ZOO  # noqa: E402

pytest_plugins = ["support.faults"]


@pytest.fixture(scope="session")
def zoo():
    return ZOO


@pytest.fixture(scope="session")
def library():
    return fidelity.import_torch_fidelity("tests")


@pytest.fixture(scope="session")
def weights_file(library, tmp_path_factory):
    """Random weights of Inception-v3, scaled so that features are neither 0 nor huge."""
    path = tmp_path_factory.mktemp("weights") / "random.pth"
    module = library.feature_extractor_inceptionv3
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(module, "load_state_dict_from_url", lambda *_, **__: {})
        patch.setattr(module.FeatureExtractorInceptionV3, "load_state_dict", lambda *_: None)
        untrained = module.FeatureExtractorInceptionV3("random", ["2048"])
    torch.manual_seed(0)
    for layer in untrained.modules():
        if isinstance(layer, nn.Conv2d):
            nn.init.kaiming_normal_(layer.weight)  # He et al. 2015: keeps the scale through ReLU layers
    torch.save(untrained.state_dict(), path)
    return path
