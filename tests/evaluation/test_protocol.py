"""What a score is called, and which scores may not be ranked."""

from dataclasses import replace

import pytest

from ganzoo.contracts import Extractor
from ganzoo.evaluation.protocol import Generated, Protocol, Reference, name_score

INCEPTION = Extractor("inception", {"weights": "67"}, lambda images: images, inception_2015=True)
OWN = Extractor("inception@1a2b3c4d", {"weights": "1a"}, lambda images: images)
DIGITS = Extractor("digits-cnn", {"weights": "d1"}, lambda images: images)

PROTOCOL = Protocol(
    features="digits-cnn",
    fingerprint={"weights": "d1", "resize": "bilinear to 32", "dtype": "float32"},
    generated=Generated(2000, "generator", "ema", 250, 0, "none", "none", "fp32"),
    reference=Reference("mnist", {"split": "train"}, 60_000, "abc"),
)


@pytest.mark.parametrize(
    ("name", "extractor", "count", "expected"),
    [
        ("FD", INCEPTION, 50_000, "FID-50k"),
        ("KD", INCEPTION, 10_000, "KID-10k"),
        ("IS", INCEPTION, 5_000, "IS-5k"),
        ("precision", INCEPTION, 50_000, "precision(inception)-50k"),
        ("FD", OWN, 50_000, "FD(inception@1a2b3c4d)-50k"),
        ("IS", OWN, 50_000, "IS(inception@1a2b3c4d)-50k"),
        ("FD", DIGITS, 2_000, "FD(digits-cnn)-2k"),
        ("FD", DIGITS, 1_797, "FD(digits-cnn)-1797"),
        ("FD", DIGITS, 500, "FD(digits-cnn)-500"),
    ],
)
def test_only_the_weights_that_define_fid_give_that_name(name, extractor, count, expected):
    assert name_score(name, extractor, count) == expected


def test_another_step_or_seed_may_be_ranked():
    other = replace(PROTOCOL, generated=replace(PROTOCOL.generated, step=500, seed=1))
    assert PROTOCOL.differences(other) == {}


@pytest.mark.parametrize(
    ("change", "expected"),
    [
        ({"generated": replace(PROTOCOL.generated, count=5000)}, {"generated.count": (2000, 5000)}),
        ({"generated": replace(PROTOCOL.generated, weights="raw")}, {"generated.weights": ("ema", "raw")}),
        ({"generated": replace(PROTOCOL.generated, precision="bf16")}, {"generated.precision": ("fp32", "bf16")}),
        (
            {"reference": Reference("mnist", {"split": "test"}, 10_000, "def")},
            {"reference.count": (60_000, 10_000), "reference.sha256": ("abc", "def")},
        ),
        (
            {"fingerprint": {"weights": "d2", "resize": "bilinear to 32", "dtype": "float32"}},
            {"features.weights": ("d1", "d2")},
        ),
        (
            {"fingerprint": {"weights": "d1", "resize": "bilinear to 32"}},
            {"features.dtype": ("float32", None)},
        ),
    ],
)
def test_what_moves_a_score_forbids_to_rank_it(change, expected):
    assert PROTOCOL.differences(replace(PROTOCOL, **change)) == expected


def test_protocols_are_plain_json_values():
    assert PROTOCOL.to_json()["reference"] == {
        "dataset": "mnist",
        "options": {"split": "train"},
        "count": 60_000,
        "sha256": "abc",
    }
