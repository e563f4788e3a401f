"""A network that stands in for Inception, and an empty cache of weights."""

import pytest
import torch

from support.weights import Small, publish


@pytest.hookimpl(tryfirst=True)  # before -m chooses
def pytest_collection_modifyitems(items):
    """Mark the longest case of the kit; test_ranks.py trains some rows of all axes on two ranks by default."""
    for item in items:
        if item.name == "test_contracts[together-two_processes_agree]":
            item.add_marker(pytest.mark.full)


@pytest.fixture
def small(library, monkeypatch):
    monkeypatch.setattr(library, "FeatureExtractorInceptionV3", Small)
    monkeypatch.setattr(Small, "files", [], raising=False)
    return Small


@pytest.fixture
def cache(tmp_path, monkeypatch):
    """An empty cache of torch, and no way to any server."""
    for variable in ("TORCH_HUB", "http_proxy", "https_proxy", "HTTP_PROXY", "HTTPS_PROXY", "all_proxy", "ALL_PROXY"):
        monkeypatch.delenv(variable, raising=False)
    for name in ("INCEPTION", "VGG16", "CLIP"):
        monkeypatch.delenv(f"GANZOO_{name}_WEIGHTS", raising=False)
    monkeypatch.setenv("TORCH_HOME", str(tmp_path / "torch"))
    monkeypatch.setattr(torch.hub, "_hub_dir", None)
    publish(monkeypatch, url="http://127.0.0.1:1/")  # nothing listens there
    return tmp_path / "torch" / "hub" / "checkpoints"
