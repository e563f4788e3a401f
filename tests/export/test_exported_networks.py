"""What leaves ganzoo makes the same samples: every built-in model, in each format, for any length of a batch."""

import json
import subprocess
import sys

import pytest
import torch
from PIL import Image
from torch import nn

from ganzoo.errors import ConfigError, EvaluationError, FolderError, ResourceError
from ganzoo.export import program
from ganzoo.export.program import as_program, compare, example_inputs, require_same, trace
from ganzoo.export.write import check_target, write_file
from support.checkout import ROOT
from support.exports import SMALL, make_subject
from support.pages import blocks

EACH = pytest.mark.parametrize("conditioner", ["none", "cgan", "projection", "acgan"])
MODELS = pytest.mark.parametrize("model", SMALL)


@MODELS
@EACH
def test_weights_that_come_back_make_the_same_samples_bit_for_bit(model, conditioner, tmp_path):
    assert write_file(make_subject(SMALL[model], conditioner), tmp_path / "g.safetensors") == 0


@pytest.mark.parametrize("conditioner", ["none", "cgan"])
def test_a_program_takes_labels_where_g_does(conditioner):
    subject = make_subject(SMALL["mlp"], conditioner)
    inputs = example_inputs(subject.about)
    assert [tuple(each.shape) for each in inputs] == [(64, 5), (64,)][: 1 + (conditioner == "cgan")]
    labels = torch.zeros(64, dtype=torch.long) if conditioner == "none" else torch.arange(64) % 10
    with torch.no_grad():
        samples = as_program(subject.network, subject.about)(*inputs)
        assert torch.equal(samples, subject.network(inputs[0], labels))


@pytest.mark.full
@MODELS
@EACH
def test_every_model_becomes_a_program(model, conditioner, tmp_path):
    assert write_file(make_subject(SMALL[model], conditioner), tmp_path / "g.pt2") < 1e-6


@pytest.mark.full
@MODELS
@EACH
def test_every_model_becomes_onnx(model, conditioner, tmp_path):
    subject = make_subject(SMALL[model], conditioner)
    assert write_file(subject, tmp_path / "g.onnx") < 1e-5
    import onnxruntime

    session = onnxruntime.InferenceSession(str(tmp_path / "g.onnx"))
    inputs = {each.name: (each.shape, each.type) for each in session.get_inputs()}
    labels = {} if conditioner == "none" else {"y": (["N"], "tensor(int64)")}
    assert inputs == {"z": (["N", 5], "tensor(float)")} | labels
    assert [(each.name, each.shape) for each in session.get_outputs()] == [("x", ["N", 1, 16, 16])]
    about = session.get_modelmeta().custom_metadata_map
    assert json.loads(about["ganzoo"])["z_dim"] == 5
    assert (about["range"], about["data"], about["data_licence"]) == ("[-1, 1]", "digits", "CC-BY-4.0")


@pytest.mark.full
def test_a_program_runs_where_there_is_no_ganzoo(tmp_path):
    subject = make_subject(SMALL["resnet"], "projection")
    write_file(subject, tmp_path / "g.pt2")
    code = (
        "import sys, torch\n"
        f"G = torch.export.load({str(tmp_path / 'g.pt2')!r}).module()\n"
        f"torch.save(G(*torch.load({str(tmp_path / 'in.pt')!r})), {str(tmp_path / 'out.pt')!r})\n"
        "assert 'ganzoo' not in sys.modules"
    )
    inputs = example_inputs(subject.about)
    torch.save(inputs, tmp_path / "in.pt")
    subprocess.run([sys.executable, "-c", code], check=True, cwd=tmp_path)
    with torch.no_grad():
        assert (subject.network(*inputs) - torch.load(tmp_path / "out.pt")).abs().max() < 1e-6


class _AsksForItsLength(nn.Module):
    def forward(self, z):
        return z.reshape(len(z), -1)


@pytest.mark.full
def test_a_network_of_a_plugin_may_ask_for_the_length_of_a_batch():
    subject = make_subject(SMALL["mlp"], "none")
    module = trace(_AsksForItsLength(), subject.about).module()
    assert [module(torch.zeros(n, 5)).shape[0] for n in (1, 3, 64)] == [1, 3, 64]


def test_a_difference_of_more_than_half_a_grey_level_is_refused(tmp_path):
    z = (torch.zeros(4, 2),)
    assert compare(lambda z: z, lambda z: z + 0.25, z) == 0.25
    assert compare(lambda z: z, lambda z: z if len(z) > 1 else z - 0.5, z) == 0.5  # a single sample counts too
    assert require_same(1e-6, tmp_path) == 1e-6
    for wrong in (0.01, float("nan")):
        with pytest.raises(EvaluationError, match="differs from G"):
            require_same(wrong, tmp_path)


def test_without_the_packages_of_onnx_an_error_names_them(monkeypatch, tmp_path):
    monkeypatch.setitem(sys.modules, "onnx", None)
    with pytest.raises(ResourceError) as caught:
        program.write_onnx(None, None, tmp_path / "g.onnx")
    assert "needs the package onnx" in str(caught.value)
    assert "pip install 'ganzoo-torch[onnx]'" in caught.value.hint


@pytest.mark.parametrize(
    ("name", "card", "kind", "hint"),
    [
        ("g.tflite", False, ConfigError, "-o g.onnx"),
        ("g.onnx", True, ConfigError, "-o g --card"),
        ("there", False, FolderError, "-o OTHER"),
    ],
)
def test_a_target_that_cannot_be_is_refused_before_anything_is_read(name, card, kind, hint, tmp_path):
    (tmp_path / "there").mkdir()
    with pytest.raises(kind) as caught:
        check_target(tmp_path / name, card=card)
    assert caught.value.hint == hint


@pytest.mark.full
def test_the_program_of_the_page_draws_digits_without_ganzoo_and_torch(tmp_path):
    page = (ROOT / "docs" / "export.md").read_text(encoding="utf-8")
    (program,) = [block.text for block in blocks(page) if block.text.startswith("# draw.py")]
    assert len([line for line in program.splitlines()[1:] if line]) <= 10
    write_file(make_subject(SMALL["mlp"], "cgan"), tmp_path / "digits.onnx")
    code = f"{program}\nimport sys\nassert not {{'ganzoo', 'torch'}} & set(sys.modules)"
    subprocess.run([sys.executable, "-c", code], check=True, cwd=tmp_path)
    with Image.open(tmp_path / "digits.png") as picture:
        assert picture.size == (160, 16)  # ten digits side by side
