"""What `ganzoo diagnose` left in run folders, as a report shows it."""

import json

import numpy as np
import pytest
from PIL import Image

from ganzoo.results.read import read_results
from ganzoo.results.report import diagnoses, write_report
from support.report_pages import SCRIPT, Elements, decode, rows_of
from support.report_runs import make_diagnosis, make_run, write, write_figure

COLLAPSED, CLIPPED = ("mode-collapse", "alarm", "samples.png"), ("unused-capacity", "remark", "weights.png")
FINE, UNKNOWN = ("dead-units", "fine", "layers.png"), ("critic-overfitting", "unknown", "")


def diagnosed(folder):
    return diagnoses.make_diagnoses(rows_of(folder))


def test_alarms_and_remarks_are_shown_with_pictures_and_the_rest_is_counted(tmp_path):
    make_diagnosis(make_run(tmp_path / "run"), COLLAPSED, CLIPPED, FINE, UNKNOWN, step=50, notes=["nothing held out"])
    (run,) = diagnosed(tmp_path)["diagnoses"]
    assert (run["when"], run["verdict"]) == ("seed 0, step 50 of 100", "1 alarm, 1 remark, 1 not found")
    assert (run["unknown"], run["notes"]) == (["critic-overfitting"], ["nothing held out"])
    first, second = run["findings"]
    assert (first["name"], first["level"], first["what"]) == (*COLLAPSED[:2], "what shows mode-collapse")
    assert first["evidence"] == [
        ("distance among generated samples, over that among real", "0.1235"),
        ("norm", "not finite"),
    ]
    assert (first["advice"], first["topic"]) == (["--loss wgan", "--lipschitz r1"], "clip")
    assert first["picture"].uri != second["picture"].uri
    pixels = np.asarray(decode(second["picture"]).convert("L"))[200]
    assert not second["picture"].lossy and np.flatnonzero(pixels == 0).tolist() == list(range(575, 600))


def test_a_picture_that_two_findings_name_is_shown_once(tmp_path):
    names = ("vanishing-gradients", "exploding-gradients")
    make_diagnosis(make_run(tmp_path / "run"), *[(name, "alarm", "layers.png") for name in names])
    (run,) = diagnosed(tmp_path)["diagnoses"]
    assert [finding["picture"] is None for finding in run["findings"]] == [False, True]


def test_nothing_of_diagnoses_is_in_a_report_without_any(tmp_path):
    make_run(tmp_path / "run")
    assert diagnosed(tmp_path) == {"diagnoses": [], "diagnosis_remarks": []}
    page = Elements(write_report(read_results([tmp_path]), tmp_path / "report.html").read_text())
    assert ("id", "diagnosis") not in page.attributes and "Diagnosis" not in page.text


def test_rows_without_a_diagnosis_are_named(tmp_path):
    make_diagnosis(make_run(tmp_path / "one", loss="bce"), COLLAPSED)
    make_run(tmp_path / "other", loss="wgan")
    found = diagnosed(tmp_path)
    assert [run["label"] for run in found["diagnoses"]] == ["bce"]
    assert found["diagnosis_remarks"] == ["Without a diagnosis: wgan."]


def test_many_diagnoses_share_one_budget_and_each_run_has_its_first_picture(tmp_path, monkeypatch):
    monkeypatch.setattr(diagnoses, "MOST", 6)
    monkeypatch.setattr(diagnoses, "BUDGET", 60_000)
    names = ["samples", "weights", "logits"]
    for seed in range(4):
        folder = make_run(tmp_path / f"{seed}", seed, frames=1)
        make_diagnosis(folder, *[(name, "alarm", f"{name}.png") for name in names])
        for name in names:
            noise = np.random.default_rng(seed).integers(0, 256, (300, 300), np.uint8)
            Image.fromarray(noise).save(folder / "diagnosis" / f"{name}.png", compress_level=1)
    found = [[finding["picture"] for finding in run["findings"]] for run in diagnosed(tmp_path)["diagnoses"]]
    assert [[picture is not None for picture in own] for own in found] == [[True, i < 2, False] for i in range(4)]
    assert 30_000 < sum(len(picture.uri) for own in found for picture in own if picture) * 3 / 4 <= 60_000


@pytest.mark.fault("a diagnosis names HTML and pictures of other folders", "text, and no picture from elsewhere")
def test_what_a_diagnosis_says_is_text_and_pictures_come_from_its_folder_alone(tmp_path):
    folder = make_run(tmp_path / "run")
    write_figure(tmp_path / "secret.png")
    make_diagnosis(folder, (SCRIPT, "alarm", ""), (f"<img src=x>{SCRIPT}", "remark", ""), notes=[f"<b>{SCRIPT}"])
    said = json.loads((folder / "diagnosis.json").read_text())
    said["findings"][0] |= {"figure": "../../secret.png", "advice": [f"<i>{SCRIPT}"], "what": SCRIPT, "topic": SCRIPT}
    write(folder / "diagnosis.json", said)
    page = Elements(write_report(read_results([tmp_path]), tmp_path / "report.html").read_text())
    assert page.tags.count("script") == 3 and not {"b", "i"} & set(page.tags)
    assert page.text.count(SCRIPT) == 7
    assert all(value.startswith("data:") for name, value in page.attributes if name == "src")
    (run,) = diagnosed(tmp_path)["diagnoses"]
    assert [finding["picture"] for finding in run["findings"]] == [None, None]


def test_a_torn_picture_of_a_diagnosis_is_named_and_so_is_a_torn_diagnosis(tmp_path):
    folder = make_run(tmp_path / "run")
    make_diagnosis(folder, COLLAPSED)
    path = folder / "diagnosis" / "samples.png"
    path.write_bytes(path.read_bytes()[:100])
    assert diagnosed(tmp_path)["diagnosis_remarks"] == ["Left out, for they cannot be read: run/samples.png."]
    (folder / "diagnosis.json").write_text('{"step"')
    (remark,) = diagnosed(tmp_path)["diagnosis_remarks"]
    assert "run/diagnosis.json cannot be read: it is not JSON" in remark
