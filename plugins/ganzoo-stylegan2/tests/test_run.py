import pathlib
import tomllib

import ganzoo_stylegan2
import pytest
import torch

import ganzoo.testing

TINY = {"model.channel_max": 8, "model.channel_base": 64, "model.z_dim": 8, "model.w_dim": 8, "model.path_every": 2}
QUICK = {
    "optim.batch_size": 8,
    "optim.lr_decay": "none",
    "eval.at_end": False,
    "dataset.image_size": 16,
    "train.log_every": 1,
}
CLOCK = {"seconds", "images_per_s"}


def train(out, steps, recipe="stylegan2_small", **chosen):
    chosen = {"dataset": "digits", "device": "cpu", "precision": "fp32"} | chosen
    return ganzoo.run(recipe, steps=steps, out=out, options=TINY | QUICK, **chosen)


def state(run):
    return run.generator(ema=False)[0].state_dict()


def log(run):
    return [{key: value for key, value in record.items() if key not in CLOCK} for record in run.log]


def test_a_run_resumes_exactly_with_what_the_regulariser_remembers(tmp_path):
    whole = train(tmp_path / "whole", steps=5)
    resumed = train(tmp_path / "parts", steps=3).resume(steps=5)
    assert state(whole)["trunk.path_length.calls"].item() == 5
    assert state(whole)["trunk.path_length.average"].item() > 0
    assert all(torch.equal(value, state(resumed)[name]) for name, value in state(whole).items())
    penalties = [record["g/penalty"] for record in log(whole)]
    assert [penalty > 0 for penalty in penalties] == [False, True, False, True, False]
    assert [record["g/penalty"] for record in log(resumed)] == penalties


def test_samples_are_the_same_each_time(tmp_path):
    run = train(tmp_path / "run", steps=2)
    assert torch.equal(run.samples(4, seed=1), run.samples(4, seed=1))
    assert not torch.equal(run.samples(4, seed=1), run.samples(4, seed=2))


@pytest.mark.parametrize("conditioner", ["cgan", "projection", "acgan"])
def test_labels_reach_the_images(tmp_path, conditioner):
    run = train(tmp_path / "run", steps=2, conditioner=conditioner)
    assert not torch.equal(run.samples(2, label=3), run.samples(2, label=4))


def test_it_trains_with_minibatch_deviation_where_no_enforcer_speaks_of_single_samples(tmp_path):
    run = train(tmp_path / "run", steps=2, recipe=None, model="stylegan2", loss="hinge", lipschitz="clip")
    gan, _ = run.restore()
    assert gan.D.trunk.deviation.group == 4


def test_asking_for_it_under_r1_is_refused_before_a_step(tmp_path):
    options = {"model.minibatch_std": "on"}
    with pytest.raises(ganzoo.ConfigError, match="each logit depend on its group"):
        ganzoo.run("stylegan2_small", dataset="digits", steps=1, out=tmp_path / "run", options=options)
    assert not (tmp_path / "run" / "checkpoints").exists()


def test_the_models_of_both_recipes_are_those_of_their_source():
    recipes = pathlib.Path(ganzoo_stylegan2.__file__).parent / "recipes"
    paper, small = (tomllib.loads((recipes / f"{name}.toml").read_text()) for name in ("stylegan2", "stylegan2_small"))
    for recipe in (paper, small):
        assert recipe["loss"]["name"] == "bce" and recipe["lipschitz"]["name"] == "r1"
        assert [recipe["optim"][name] for name in ("lr_g", "lr_d", "beta1", "beta2")] == [2.5e-3, 2.5e-3, 0.0, 0.99]
        assert "arXiv:1912.04958" in recipe["source"]
    assert paper["lipschitz"]["gamma"] == 0.01 and paper["optim"]["batch_size"] == 64
    assert paper["train"]["steps"] * 64 == 100_000_000
    assert paper["train"]["ema_decay"] ** (500_000 / 64) == pytest.approx(0.5, abs=0.01)


def test_choosing_the_model_its_loss_and_its_enforcer_brings_the_small_recipe(tmp_path):
    run = train(tmp_path / "run", steps=1, recipe=None, model="stylegan2", loss="bce", lipschitz="r1")
    assert (run.config.optim.lr_d, run.config.optim.beta1, run.config.optim.beta2) == (2.5e-3, 0.0, 0.99)
    assert run.config.lipschitz.options["gamma"] == 0.1
    assert run.config.model.options["path_weight"] == 2.0


def test_the_generator_leaves_its_run_and_comes_back(tmp_path):
    assert ganzoo.testing.check_export(train(tmp_path / "run", steps=2), tmp_path) < 1e-5
