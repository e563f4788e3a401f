"""The same two folders and the same weights file give the scores that torch-fidelity gives, by command and by API."""

import hashlib
import json
import subprocess
import sys

import numpy as np
import pytest
import torch
from PIL import Image

from support.runs import ENVIRONMENT, ganzoo

COUNT = 10
NAMES = {
    "FD": "frechet_inception_distance",
    "IS": "inception_score_mean",
    "KD": "kernel_inception_distance_mean",
    "precision": "precision",
    "recall": "recall",
}


@pytest.fixture(scope="module")
def folders(tmp_path_factory):
    """10 images of coarse coloured noise, and 10 of a finer one."""
    torch.manual_seed(0)
    root = tmp_path_factory.mktemp("images")
    for name, coarseness in (("fake", 8), ("real", 4)):
        (root / name).mkdir()
        for i in range(COUNT):
            cells = torch.randint(0, 256, (32 // coarseness, 32 // coarseness, 3), dtype=torch.uint8)
            pixels = cells.repeat_interleave(coarseness, 0).repeat_interleave(coarseness, 1)
            Image.fromarray(np.asarray(pixels)).save(root / name / f"{i}.png")
    return root / "fake", root / "real"


@pytest.fixture(scope="module")
def ours(folders, weights_file, tmp_path_factory):
    fake, real = folders
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("GANZOO_CACHE", str(tmp_path_factory.mktemp("references")))
        words = ["--dataset", f"folder:{real}", "--inception-weights", weights_file, "--metrics", "fid,is,kid,prc"]
        return json.loads(ganzoo("evaluate", fake, *words, "--json").stdout)


def by_command(fake, real, weights_file):
    command = [sys.executable, "-m", "torch_fidelity.fidelity", "--input1", fake, "--input2", real]
    command += ["--fid", "--isc", "--kid", "--prc", "--kid-subset-size", COUNT, "--json", "--silent", "--no-cache"]
    command += ["--feature-extractor", "inception-v3-compat", "--feature-extractor-weights-path", weights_file]
    shown = subprocess.run([*map(str, command), "--cpu"], env=ENVIRONMENT, capture_output=True, text=True)
    assert shown.returncode == 0, shown.stderr
    return json.loads(shown.stdout)


def by_api(fake, real, weights_file):
    import torch_fidelity

    return torch_fidelity.calculate_metrics(
        input1=str(fake), input2=str(real), fid=True, isc=True, kid=True, prc=True, kid_subset_size=COUNT,
        feature_extractor="inception-v3-compat", feature_extractor_weights_path=str(weights_file),
        cuda=False, cache=False, verbose=False, save_cpu_ram=True,
    )  # fmt: skip


@pytest.mark.full
def test_scores_equal_those_of_its_command_and_its_api(folders, weights_file, ours):
    for theirs in (by_command(*folders, weights_file), by_api(*folders, weights_file)):
        for name, key in NAMES.items():
            score = ours["scores"][f"{name}({label_of(weights_file)})-{COUNT}"]["value"]
            assert score == pytest.approx(theirs[key], rel=1e-5, abs=2e-7), name  # it adds KID up in float32
    # weights of one's own never give a FID
    assert not [name for name in ours["scores"] if name.startswith(("FID", "KID", "IS-"))]
    assert ours["protocol"]["fingerprint"]["weights"] == hashlib.sha256(weights_file.read_bytes()).hexdigest()


def label_of(weights_file):
    return f"inception@{hashlib.sha256(weights_file.read_bytes()).hexdigest()[:8]}"
