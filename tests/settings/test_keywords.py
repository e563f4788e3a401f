"""Keywords of Python become settings; what is none says what to type."""

from pathlib import Path

import numpy as np
import pytest
import torch

from ganzoo.errors import ConfigError
from ganzoo.settings.keywords import read_keywords, read_options


def test_keywords_are_settings_and_none_says_nothing():
    said = read_keywords({"loss": "wgan", "steps": 5, "batch_size": 8, "seed": None, "log_every": 2, "scores": False})
    assert said == {
        "loss.name": "wgan",
        "train.steps": 5,
        "optim.batch_size": 8,
        "train.log_every": 2,
        "eval.at_end": False,
    }


def test_paths_are_absolute_and_know_the_home_folder(tmp_path, monkeypatch):
    monkeypatch.setenv("HOME", str(tmp_path))
    (tmp_path / "photos").mkdir()
    assert read_keywords({"data_root": "~/data"}) == {"dataset.root": str(tmp_path / "data")}
    assert read_keywords({"dataset": Path("~/photos")}) == {
        "dataset.name": "folder",
        "dataset.path": str(tmp_path / "photos"),
    }


def test_numbers_of_numpy_and_torch_are_numbers():
    said = read_keywords({"steps": np.int64(7), "seed": torch.tensor(3)}) | read_options(
        {"optim.lr_g": np.float64(0.5)}
    )
    assert said == {"train.steps": 7, "train.seed": 3, "optim.lr_g": 0.5}
    assert {type(value) for value in said.values()} == {int, float}


def test_weights_of_inception_imply_inception():
    said = read_keywords({"inception_weights": "/w.pth"})
    assert said == {"features.name": "inception", "features.weights": "/w.pth"}


@pytest.mark.parametrize(
    ("keywords", "what", "hint"),
    [
        ({"lr": 1e-3}, "no keyword is named 'lr'", 'options={"optim.lr_g": 0.001, "optim.lr_d": 0.001}'),
        ({"epochs": 3}, "no keyword is named 'epochs'", "steps=20_000 (updates of G)"),
        ({"stepz": 3}, "Did you mean 'steps'?", "any setting"),
        ({"beta1": 0.5}, "is a setting of [optim]", 'options={"optim.beta1": 0.5}'),
        ({"loss": ["bce", "wgan"]}, "loss takes a name", "ganzoo.compare(loss=['bce', 'wgan'])"),
        ({"loss": dict}, "loss takes a name", "ganzoo.load_zoo(files="),
        ({"seeds": 3}, "no keyword is named 'seeds'", "ganzoo.compare(..., seeds=3)"),
    ],
)
def test_what_is_no_keyword_says_what_to_type(keywords, what, hint):
    with pytest.raises(ConfigError) as caught:
        read_keywords(keywords)
    assert what in caught.value.what and hint in caught.value.hint


def test_options_are_a_mapping_of_whole_keys():
    with pytest.raises(ConfigError) as caught:
        read_options({"lr_g": 1})
    assert caught.value.hint == 'options={"optim.lr_g": ...}'
    with pytest.raises(ConfigError, match="settings by their keys"):
        read_options([1])
