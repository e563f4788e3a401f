"""The model card: what the hub's own library reads in its metadata, and what people read below."""

import pytest

import ganzoo
from ganzoo.export.card import make_card
from ganzoo.export.description import Description, describe
from ganzoo.export.metadata import write_metadata
from support.exports import SMALL, make_subject
from support.made_runs import make_report
from support.runs import ganzoo as command
from support.zoo import ZOO

ModelCard = pytest.importorskip("huggingface_hub").ModelCard
SETTINGS = {"optim.batch_size": 8, "model.width": 8, "model.depth": 1, "dataset.image_size": 8}


def make_description(**values):
    about = make_subject(SMALL["mlp"], "cgan").about
    settings = {kind: {"name": "none"} for kind in ("loss", "lipschitz")} | dict(about.settings)
    return Description(**{**vars(about), "settings": settings, **values})


def test_the_hub_reads_licence_tags_and_scores():
    report = make_report({"FD(digits-cnn)-2k": 12.5, "KD(digits-cnn)-2k": 1e-7})
    report["scores"]["FD(digits-cnn)-2k"] |= {"low": 11.5, "high": 13.5}
    card = ModelCard(make_card(make_description(scores=(report,)), licence="MIT"))
    assert (card.data.license, card.data.library_name) == ("mit", "ganzoo")
    assert card.data.pipeline_tag == "unconditional-image-generation"
    assert "gan" in card.data.tags
    first, second = card.data.eval_results
    assert (first.metric_type, first.metric_value, first.dataset_type) == ("fd", 12.5, "digits")
    assert (first.metric_args, first.dataset_split) == ({"low": 11.5, "high": 13.5, "samples": 2000}, "train")
    assert second.metric_value == 1e-7  # 1e-07 would be a text to YAML
    assert "| FD(digits-cnn)-2k | 12.5 | 11.5 to 13.5 | lower | 2,000 | digits train, 1,797 | digits-cnn |" in card.text


def test_names_cannot_break_out_of_the_card():
    run = type(make_description().run)('x": [\n# <script>', 1)
    about = make_description(run=run, classes=("a|b", "<img>"))
    assert ModelCard(make_card(about)).data.tags[0] == "gan"
    assert "\\<script\\>" in make_card(about)
    assert "a\\|b, \\<img\\>" in make_card(about)
    assert "license" not in write_metadata(about, "")


def test_the_command_writes_card_picture_weights_and_description(tmp_path):
    run = ganzoo.run(model="mlp", steps=2, scores=False, options=SETTINGS, out=tmp_path / "run", zoo=ZOO)
    report = make_report(12.5)
    report["protocol"]["generated"]["step"] = 2
    run.folder.write_json(run.folder.scores, {"reports": [report]})
    said = command("export", run.path, tmp_path / "out", "--card", "--licence", "MIT")
    assert f"ganzoo push {tmp_path / 'out'} OWNER/NAME" in said.stderr
    files = sorted(path.name for path in (tmp_path / "out").iterdir())
    assert files == ["README.md", "model.json", "model.safetensors", "samples.png"]
    card = ModelCard.load(tmp_path / "out" / "README.md")
    (fd,) = card.data.eval_results
    assert (fd.metric_name, fd.metric_value) == ("FD(digits-cnn)-2k", 12.5)
    for heading in ("Load it", "Inputs and output", "Scores", "Data", "Settings", "Limits"):
        assert f"\n## {heading}\n" in card.text
    assert describe(run, 2, 64).scores[0]["protocol"] == report["protocol"]
    assert not describe(run, 1, 64).scores  # they are of another checkpoint
    command("export", run.path, tmp_path / "out", code=10)
    command("export", run.path, code=2)
    command("export", run.path, "-o", tmp_path / "g.pt2", "--licence", "mit", code=2)
