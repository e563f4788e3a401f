"""A run in Python: samples that notebooks draw, generators that take names, tables, figures, pages."""

import io
import pickle
import sys

import numpy as np
import pytest
import torch
from PIL import Image

import ganzoo
from support.zoo import ZOO

SETTINGS = {"eval.batch_size": 8, "optim.batch_size": 8, "model.width": 8, "model.depth": 1, "train.log_every": 1}


@pytest.fixture(scope="module")
def run(tmp_path_factory):
    """A run of three steps whose generator knows ten classes."""
    out = tmp_path_factory.mktemp("api") / "run"
    return ganzoo.run(
        model="mlp", conditioner="cgan", steps=3, image_size=8, scores=False, options=SETTINGS, out=out, zoo=ZOO
    )


@pytest.fixture(scope="module")
def blind(tmp_path_factory):
    """A run of one step whose generator ignores labels."""
    out = str(tmp_path_factory.mktemp("api") / "blind")
    return ganzoo.run(model="mlp", steps=1, image_size=8, scores=False, options=SETTINGS, out=out, zoo=ZOO)


def test_samples_are_a_tensor_an_array_and_a_picture(run):
    x = run.samples(6, seed=1)
    assert (x.dtype, tuple(x.shape), x.labels.shape) == (torch.uint8, (6, 1, 8, 8), (6,))
    assert np.array_equal(np.asarray(x), x.plain().numpy())
    with Image.open(io.BytesIO(x._repr_png_())) as picture:
        cells = np.asarray(picture.resize((picture.width // 22, picture.height // 22), Image.Resampling.NEAREST))
        assert picture.size == (28 * 22, 18 * 22)  # 3 x 2 images of 8 pixels with gaps of 2, enlarged to 600 or more
    assert np.array_equal(cells[:8, :8], np.asarray(x)[0, 0])


def test_a_part_of_samples_is_drawn_and_what_is_computed_is_a_plain_tensor(run):
    x = run.samples(4)
    assert x[:2]._repr_png_() and x[0]._repr_png_()
    assert x[0, 0, 0]._repr_png_() is None
    assert type(x + 1) is type(x.float()) is torch.Tensor


def test_samples_are_saved_as_a_plain_tensor(run, tmp_path):
    x = run.samples(2)
    torch.save(x, tmp_path / "x.pt")
    assert torch.equal(torch.load(tmp_path / "x.pt", weights_only=True), x.plain())
    assert type(pickle.loads(pickle.dumps(x))) is torch.Tensor


def test_several_classes_come_in_turn(run):
    assert run.samples(5, label=["3", 7]).labels.tolist() == [3, 7, 3, 7, 3]
    assert run.samples(2, label="4").labels.tolist() == [4, 4]


def test_a_generator_of_classes_takes_numbers_names_and_tensors(run):
    G, z_dim = run.generator()
    z = torch.randn(2, z_dim)
    expected = G(z, torch.tensor([3, 3]))
    for y in (3, "3", [3, 3], ["3", 3]):
        assert torch.equal(G(z, y), expected) and torch.equal(G(z, y=y), expected)
    with pytest.raises(ganzoo.ConfigError, match=r"G\(z, y='0'\)"):
        G(z)
    with pytest.raises(ganzoo.ConfigError, match=r"class 'cat' is not in 0\.\.9, nor a name of one"):
        G(z, "cat")
    with pytest.raises(ganzoo.ConfigError, match="3 labels for 2 latents"):
        G(z, [1, 2, 3])
    assert torch.equal(pickle.loads(pickle.dumps(G))(z, "3"), expected)


def test_a_generator_without_classes_takes_latents_alone(blind):
    G, z_dim = blind.generator()
    assert G(torch.randn(2, z_dim)).shape == (2, 1, 8, 8)
    with pytest.raises(ganzoo.ConfigError, match="it ignores labels"):
        G(torch.randn(2, z_dim), "3")


def test_a_notebook_shows_the_grid_and_the_settings_and_escapes_names(run, tmp_path):
    (tmp_path / "<b>").symlink_to(run.path)
    shown = ganzoo.Run(tmp_path / "<b>")._repr_html_()
    assert "data:image/png;base64," in shown and "complete, step 3 of 3" in shown
    assert "&lt;b&gt;" in shown and "<code>" in shown and "/<b>" not in shown


def test_the_log_is_a_frame_of_pandas(run):
    assert list(run.frame()["step"]) == [1, 2, 3]
    assert run.frame("evaluations").empty


def test_a_frame_without_pandas_says_what_to_install(run, monkeypatch):
    monkeypatch.setitem(sys.modules, "pandas", None)
    with pytest.raises(ganzoo.ResourceError, match="pip install"):
        run.frame()


def test_a_plot_has_the_numbers_of_the_log(run):
    (axes,) = run.plot("lr/g").axes
    steps, values = axes.lines[0].get_data()
    assert (list(steps), list(values)) == ([1, 2, 3], [record["lr/g"] for record in run.log])
    assert [axes.get_title() for axes in run.plot().axes] == ["loss", "mean logit"]
    with pytest.raises(ganzoo.ConfigError, match="the log has no number 'lr'") as caught:
        run.plot("lr")
    assert "lr/d, lr/g" in caught.value.hint


def test_a_run_is_pickled_by_its_folder(run):
    again = pickle.loads(pickle.dumps(ganzoo.Run(run.path)))
    assert (again.path, again.status) == (run.path, run.status)


def test_a_run_checks_its_files_and_writes_its_page(run, tmp_path):
    assert {verdict.state for verdict in run.verify()} == {"whole"}
    assert run.report(str(tmp_path / "page.html")).read_text().startswith("<!doctype html>")


def test_last_and_names_below_runs_stand_for_folders(run, tmp_path, monkeypatch):
    (tmp_path / "runs").mkdir()
    (tmp_path / "runs" / "mine").symlink_to(run.path)
    monkeypatch.chdir(tmp_path)
    assert ganzoo.Run("mine").status["step"] == 3
    with pytest.raises(ganzoo.CheckpointError, match="not a run folder") as caught:
        ganzoo.Run("nowhere")
    assert caught.value.hint == "ganzoo runs"


def test_a_folder_that_is_there_is_refused_in_the_words_of_python(run):
    with pytest.raises(ganzoo.FolderError) as caught:
        ganzoo.run(model="mlp", out=run.path, zoo=ZOO)
    assert caught.value.hint == f'ganzoo.Run("{run.path}").resume(), or out="OTHER_FOLDER"'
