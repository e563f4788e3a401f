"""One thread per test worker, one zoo per session, a dataset made on the spot, and random weights of Inception."""

import os
import tempfile
from dataclasses import dataclass

import pytest
import torch
from torch import nn

from ganzoo.builtin.features import fidelity
from ganzoo.contracts import Dataset, Samples
from ganzoo.zoo.catalogue import load_zoo

os.environ["GANZOO_CACHE"] = tempfile.mkdtemp(prefix="ganzoo-references-")  # before `runs` copies the environment
os.environ["GANZOO_DISABLE_PLUGINS"] = "all"  # what is installed beside is not what is tested, in this process
torch.set_num_threads(1)  # two workers share two cores
ZOO = load_zoo()


@pytest.fixture(scope="session")
def zoo():
    return ZOO


@dataclass(frozen=True)
class Stripes(Dataset):
    """64 images of two classes, vertical and horizontal stripes, made on the spot; nobody's invention."""

    image_size: int = 8
    channels: int = 1

    def load(self) -> Samples:
        size = self.image_size
        ramp = (torch.arange(size) % 4 * 80).to(torch.uint8)
        vertical, horizontal = ramp.expand(size, size), ramp[:, None].expand(size, size)
        x = torch.stack([vertical, horizontal] * 32)[:, None].repeat(1, self.channels, 1, 1)
        return Samples(x, torch.arange(64) % 2, ("vertical", "horizontal"))


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
