"""What ships keeps the contracts, by the kit that the packages of others are held to."""

import tarfile
import tempfile
import zipfile
from pathlib import Path

import numpy as np
import pytest
import torch
from PIL import Image

import ganzoo.testing


def pictures():
    """A folder, an archive and files of numpy with two images of each of two classes."""
    folder = Path(tempfile.mkdtemp(prefix="ganzoo-pictures-"))
    with zipfile.ZipFile(folder / "pictures.zip", "w") as archive:
        for place, colour in {"a/1": "red", "a/2": "blue", "b/1": "white", "b/2": "navy"}.items():
            path = folder / "pictures" / f"{place}.png"
            path.parent.mkdir(parents=True, exist_ok=True)
            Image.new("RGB", (10, 8), colour).save(path)
            archive.write(path, f"{place}.png")
    images = np.random.default_rng(0).integers(0, 256, (4, 8, 8, 3), dtype=np.uint8)
    np.savez(folder / "pictures.npz", images=images, labels=[0, 0, 1, 1])
    np.save(folder / "pictures.npy", images)
    with tarfile.open(folder / "pictures.tar", "w") as archive:
        archive.add(folder / "pictures", "")
    return folder


PICTURES = pictures()
SMALL = {
    "model": {
        "mlp": {"width": 8, "depth": 1, "z_dim": 4},
        "dcgan": {"width": 2, "max_width": 8, "z_dim": 4},
        "resnet": {"width_g": 8, "width_d": 4, "z_dim": 4},
    },
    "dataset": {
        "digits": {"image_size": 8},
        "stacked-digits": {"image_size": 8, "count": 1000},
        "folder": {"path": str(PICTURES / "pictures"), "image_size": 8},
        "zip": {"path": str(PICTURES / "pictures.zip"), "image_size": 8},
        "npz": {"path": str(PICTURES / "pictures.npz")},
        "npy": {"path": str(PICTURES / "pictures.npy")},
        "webdataset": {"path": str(PICTURES / "pictures.tar"), "image_size": 8},
    },
    "metric": {"kid": {"subsets": 10, "subset_size": 50}},
    "engine": {"ray": {"address": "127.0.0.1:9"}},  # where no cluster is: test_ray.py has one
}

test_contracts = ganzoo.testing.contract_tests("ganzoo", SMALL)


@pytest.fixture(autouse=True)
def offline(monkeypatch):
    """No data and no weights but those that ship, whatever this machine has."""

    def refuse(*words, **options):
        raise OSError("no network in tests")

    for name in ("GANZOO_DATA", "TORCH_HOME"):
        monkeypatch.setenv(name, str(PICTURES / "none"))
    for name in ("GANZOO_INCEPTION_WEIGHTS", "GANZOO_VGG16_WEIGHTS", "GANZOO_CLIP_WEIGHTS"):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setattr(torch.hub, "download_url_to_file", refuse)
    monkeypatch.setattr(torch.hub, "load", refuse)
