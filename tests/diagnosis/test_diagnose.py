"""Planted failures are named and healthy runs are not; and what the course of a run tells."""

import json
import math
from dataclasses import replace

import numpy as np
import pytest
import torch

import ganzoo as package
from ganzoo.audit.findings import Finding, by_level
from ganzoo.builtin.datasets.digits import read_digits
from ganzoo.cli.topics import find_topic
from ganzoo.data.images import write_png
from ganzoo.diagnosis.advice import filter_advice
from ganzoo.diagnosis.course import correlate, divergence, find_lead, find_period, oscillation, uninformative_loss
from ganzoo.diagnosis.diagnose import diagnose, read_scores
from ganzoo.diagnosis.replay import find_nan
from ganzoo.errors import ConfigError, DivergedError
from ganzoo.files import read_records
from ganzoo.runs.folder import RunFolder
from ganzoo.runs.run import Run
from ganzoo.settings.sections import Choice
from ganzoo.zoo.plugins import load_zoo
from support.checkout import ROOT
from support.runs import TINY, contents, ganzoo, train

PLUGIN = ROOT / "tests" / "support" / "planted.py"
SMALL = {"model.width": 16, "dataset.image_size": 16, "eval.at_end": False, "train.device": "cpu"}

OLD = '''"""A model with a layer that torch cannot copy."""
import warnings
from dataclasses import dataclass
from torch import nn
from ganzoo import hookimpl
from ganzoo.builtin.models.mlp import MLP


@dataclass(frozen=True)
class Old(MLP):
    """With the old spectral norm; nobody's invention."""

    def generator(self, data, embedding_dim):
        network = super().generator(data, embedding_dim)
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            nn.utils.spectral_norm(network.body[0])
        return network


@hookimpl
def register_models():
    return {"old": Old}
'''

PLANTED = {
    "mode-collapse": {"model": "deaf", "loss": "bce", "steps": 60},
    "frozen-discriminator": {"loss": "bce", "steps": 60, "options": {"optim.lr_d": 1e-12}},
    "learning-rate-too-high": {"loss": "bce", "steps": 100, "options": {"optim.lr_d": 0.2, "optim.lr_g": 0.2}},
    "vanishing-gradients": {"loss": "wgan", "lipschitz": "clip", "steps": 60, "options": {"lipschitz.limit": 1e-3}},
    "batch-norm-in-penalised-critic": {"loss": "wgan", "lipschitz": "heedless", "steps": 20,
                                       "options": {"model.norm_d": "batch", "optim.n_critic": 5}},
    "critic-overfitting": {"loss": "bce", "steps": 600},
}  # fmt: skip
QUICK = ("mode-collapse", "vanishing-gradients")
HEALTHY = {
    "bce": {"loss": "bce", "steps": 600},
    "bce-at-a-high-rate": {
        "loss": "bce",
        "steps": 600,
        "dataset": "mnist-5k",
        "options": {"optim.lr_d": 4e-3, "optim.lr_g": 4e-3},
    },
    "wgan-gp": {"loss": "wgan", "lipschitz": "gp"},
    "hinge-sn": {"loss": "hinge", "lipschitz": "sn"},
    "bce-r1": {"loss": "bce", "lipschitz": "r1", "steps": 500},
    "lsgan": {"loss": "lsgan", "steps": 600},
    "wgan-gp-on-points": {"model": "mlp", "loss": "wgan", "lipschitz": "gp", "dataset": "gaussians8", "steps": 400},
}
YOUNG = {
    "bce": {"loss": "bce", "dataset": "mnist-5k", "steps": 50},
    "cgan": {"loss": "bce", "conditioner": "cgan", "dataset": "mnist-5k", "steps": 50,
             "options": {"optim.lr_d": 2e-4, "optim.lr_g": 2e-4}},
}  # fmt: skip


@pytest.fixture(scope="module")
def zoo():
    return load_zoo(files=[PLUGIN])


@pytest.fixture(scope="module")
def digits(tmp_path_factory):
    """Two folders of different digits: 200 to learn by heart, and 500 others."""
    root, (images, _) = tmp_path_factory.mktemp("digits"), read_digits()
    for name, part in (("few", images[:200]), ("others", images[200:700])):
        (root / name).mkdir()
        for i, image in enumerate(part):
            write_png(root / name / f"{i:03}.png", (image.float() * (255 / 16)).round().to(torch.uint8)[None])
    return root


def make(path, zoo, seed, *, model="dcgan", dataset="digits", options=(), **flags):
    small = {key: value for key, value in SMALL.items() if model != "mlp" or key.startswith(("eval", "train"))}
    return package.run(
        model=model, dataset=dataset, seed=seed, out=path, zoo=zoo, options=small | dict(options), **flags
    )


@pytest.mark.parametrize("seed", [0, pytest.param(1, marks=pytest.mark.full)])
@pytest.mark.parametrize(
    "name", [name if name in QUICK else pytest.param(name, marks=pytest.mark.full) for name in PLANTED]
)
def test_a_planted_failure_is_the_first_alarm(name, seed, zoo, digits, tmp_path):
    forgetful = name == "critic-overfitting"
    where = {"dataset": f"folder:{digits / 'few'}", "features": "digits-cnn"} if forgetful else {}
    run = make(tmp_path / "run", zoo, seed, **PLANTED[name], **where)
    found = diagnose(run, held_out=f"folder:{digits / 'others'}" if forgetful else None)
    assert found.alarms[0].name == name, [alarm.what for alarm in found.alarms]
    assert found.alarms[0].advice


@pytest.mark.full
@pytest.mark.parametrize("name", HEALTHY)
def test_a_healthy_run_raises_no_alarm(name, zoo, tmp_path):
    found = diagnose(make(tmp_path / "run", zoo, 0, **HEALTHY[name]))
    assert [alarm.what for alarm in found.alarms] == []


@pytest.mark.full
@pytest.mark.parametrize("name", YOUNG)
def test_a_young_run_raises_no_alarm_though_its_samples_are_alike(name, zoo, tmp_path):
    found = diagnose(make(tmp_path / "run", zoo, 0, **YOUNG[name]))
    assert [alarm.what for alarm in found.alarms] == []
    levels = {finding.name: finding.level for finding in found.findings}
    assert found.audit.numbers["spread"] < 0.2 and levels["mode-collapse"] == "unknown"


def test_every_finding_has_a_topic_that_explains_it(tmp_path):
    train(tmp_path / "run", "--no-scores")
    findings = diagnose(tmp_path / "run").findings
    assert len({finding.name for finding in findings}) == len(findings) > 14
    assert all(find_topic(finding.topic).text for finding in findings)


def test_a_rhythm_is_found_under_noise_and_a_trend():
    steps = np.arange(0, 2000, 10.0)
    noise = np.random.default_rng(0).normal(size=len(steps))
    found = find_period(steps, np.sin(2 * np.pi * steps / 250) + 0.5 * noise + steps / 500)
    assert found.period == pytest.approx(250, abs=10)
    assert 0.5 < found.strength < 0.8  # 0.5 of variance 0.5 + 0.25 is signal: 2 / 3


def remembering(coefficient, count, seed):
    """An AR(1) series: x_t = a x_(t-1) + noise."""
    rng, values = np.random.default_rng(seed), [0.0]
    for _ in range(count - 1):
        values.append(coefficient * values[-1] + rng.normal())
    return np.arange(count, dtype=float), np.array(values)


@pytest.mark.parametrize("coefficient, count", [(0.8, 60), (0.9, 200), (1.0, 200)])
def test_what_merely_remembers_has_no_rhythm(coefficient, count):
    """Of 200 such series at most 3 % may pass for periodic."""
    found = [find_period(*remembering(coefficient, count, seed)) for seed in range(200)]
    assert sum(rhythm.strength > 0.4 for rhythm in found) <= 6


def test_noise_and_a_straight_line_have_no_rhythm():
    steps = np.arange(200.0)
    assert sum(find_period(steps, np.random.default_rng(i).normal(size=200)).strength > 0.4 for i in range(20)) == 0
    assert find_period(steps, 3 * steps + 1).strength < 0.4


def test_memory_is_the_time_to_forget():
    """An AR(1) series with coefficient exp(-1 / 20) forgets to 1/e within 20 steps."""
    assert find_period(*remembering(math.exp(-1 / 20), 20_000, 1)).memory == pytest.approx(20, rel=0.25)


def log_of(losses, **more):
    return [
        {"step": i + 1, "d/adversarial": loss, "g/adversarial": -loss, "score/real": 1.0, "score/fake": 0.0, **more}
        for i, loss in enumerate(losses)
    ]


def test_who_leads_and_how_often_that_changes():
    log = [{"step": i, "score/real": 1.0, "score/fake": fake} for i, fake in enumerate([0, 0, 2, 0])]
    assert find_lead(log) == (0.75, 2)


def test_a_loss_that_falls_with_the_score_is_informative():
    steps = np.arange(10.0, 101, 10)
    log = log_of(np.linspace(-5, 0, 100))  # the critic's estimate falls from 5 to 0
    better = (steps, np.linspace(9, 1, 10))
    assert correlate(log, "d/adversarial", -1, better)[0] == pytest.approx(1)
    assert correlate(log, "g/adversarial", 1, better)[0] == pytest.approx(1)
    (fine,) = uninformative_loss(log, better, "FD")
    assert fine.level == "fine"
    (bad,) = uninformative_loss(log, (steps, np.array([3, 1, 4, 1, 5, 9, 2, 6, 5, 3.5])), "FD")
    assert bad.level == "remark"
    sparse, constant = (np.linspace(0.1, 1, 10), steps), (steps, np.ones(10))
    for scores in ((steps[:3], steps[:3]), sparse, constant):
        (unknown,) = uninformative_loss(log, scores, "FD")
        assert unknown.level == "unknown"


def test_a_loss_that_goes_round_is_named_with_its_period():
    log = log_of(np.sin(2 * np.pi * np.arange(400) / 50))
    (found,) = oscillation(log, (np.array([]), np.array([])))
    assert (found.level, found.evidence["period"]) == ("remark", 50)
    (alarm,) = oscillation(log, (np.arange(100.0), 2 + np.sin(np.arange(100.0))))
    assert alarm.level == "alarm"
    (short,) = oscillation(log[:20], (np.array([]), np.array([])))
    assert short.level == "unknown"


def test_alarms_come_first_and_causes_keep_their_order():
    findings = [
        Finding(name, level, "") for name, level in (("a", "fine"), ("b", "alarm"), ("c", "remark"), ("d", "alarm"))
    ]
    assert [finding.name for finding in by_level(findings)] == ["b", "d", "c", "a"]


def diverge(path, zoo, more=(), **choice):
    with pytest.raises(DivergedError):
        package.run(
            **({"model": "mlp"} | choice), steps=60, out=path, zoo=zoo, save_every=10, log_every=1,
            options={"dataset.image_size": 8, "eval.at_end": False, "train.device": "cpu"} | dict(more),
        )  # fmt: skip
    return Run(path, zoo)


def test_the_layer_that_broke_first_is_named(zoo, tmp_path):
    """Two passes of G in training a step, and a first one when it was built: the 26th is that of G in step 13."""
    run = diverge(tmp_path / "run", zoo, model="brittle")
    before = {path: path.read_bytes() for path in run.path.rglob("*") if path.is_file()}
    origin = find_nan(run)
    assert origin is not None
    assert origin.what == "the output of G.trunk.body.2"
    assert origin.step == Run(run.path).log[-1]["step"] + 1
    assert before == {path: path.read_bytes() for path in run.path.rglob("*") if path.is_file()}
    first = diagnose(run).alarms[0]
    assert (first.name, origin.what in first.what) == ("divergence", True)


def test_a_gradient_that_was_infinite_is_told_from_an_output(zoo, tmp_path):
    origin = find_nan(diverge(tmp_path / "run", zoo, loss="explosive"))
    assert origin is not None
    assert (origin.step, origin.since) == (1, 0)
    assert origin.what.startswith("the gradient of G.trunk.body")


def test_diagnosing_a_diverged_run_leaves_the_random_state_alone(zoo, tmp_path):
    run = diverge(tmp_path / "run", zoo, loss="explosive")
    state = torch.get_rng_state()
    find_nan(run)
    assert torch.equal(torch.get_rng_state(), state)


def test_a_gradient_whose_length_alone_overflows_is_found(zoo, tmp_path):
    run = diverge(tmp_path / "run", zoo, loss="wgan", lipschitz="gp", more={"lipschitz.weight": 1e30})
    origin = find_nan(run)
    assert origin is not None
    assert origin.step >= 1


def test_a_run_that_did_not_diverge_has_no_origin():
    (fine,) = divergence("complete", None)
    assert fine.level == "fine"
    (alarm,) = divergence("diverged", None)
    assert alarm.level == "alarm"


def test_the_command_says_what_it_found_and_leaves_it_in_the_folder(tmp_path):
    run = tmp_path / "run"
    train(run, "--no-scores")
    text = ganzoo("diagnose", run).stdout
    assert text.startswith("run at step 4: ")
    assert "Looked for, and not found:" in text
    assert "critic-overfitting" in text  # digits have no held-out part
    said = json.loads(ganzoo("diagnose", run, "--json").stdout)
    assert said == json.loads((run / "diagnosis.json").read_text())
    assert {finding["level"] for finding in said["findings"]} <= {"alarm", "remark", "fine", "unknown"}


def test_another_step_can_be_looked_at(tmp_path):
    train(tmp_path / "run", "--no-scores", "--set", "train.save_every=2")
    assert diagnose(tmp_path / "run", step=2).step == 2
    ganzoo("diagnose", tmp_path / "run", "--step", 3, code=5)


def test_held_out_samples_can_be_named(digits, tmp_path):
    train(tmp_path / "run", "--no-scores")
    found = diagnose(tmp_path / "run", held_out=f"folder:{digits / 'others'}")
    assert 0 <= found.audit.numbers["held-out"] <= 1
    ganzoo("diagnose", tmp_path / "run", "--held-out", "gaussians8", code=2)


def test_points_are_compared_with_a_fresh_draw(tmp_path):
    package.run(model="mlp", dataset="gaussians8", out=tmp_path / "run", steps=2, options={"eval.at_end": False})
    assert "held-out" in diagnose(tmp_path / "run").audit.numbers


def test_a_watched_run_tells_an_alarm_once(tmp_path):
    words = [
        "--loss",
        "wgan",
        "--lipschitz",
        "clip",
        "--set",
        "lipschitz.limit=1e-4",
        "--set",
        "train.diagnose_every=1",
    ]
    told = train(tmp_path / "run", "--no-scores", *words, steps=6).stderr
    assert told.count("note: step 2: vanishing-gradients") == told.count("note: step") == 1
    assert "ALARM  vanishing-gradients" in told  # at the end, with numbers and what to try
    assert (tmp_path / "run" / "diagnosis.json").is_file()


def test_a_look_that_fails_ends_the_looks_and_not_the_run(tmp_path):
    plugin = tmp_path / "old.py"
    plugin.write_text(OLD)
    words = ["--plugin", plugin, "run", *TINY, "--model=old", "--no-scores", "--steps=4", "--out", tmp_path / "run"]
    told = ganzoo(*words, "--set=train.diagnose_every=2").stderr
    assert told.count("no more looks at what goes wrong: the networks cannot be copied") == 1
    assert "old-bce-none" in told  # and the diagnosis at the end is of networks that were just read, which can be
    assert "run at step 4: " in told
    assert Run(tmp_path / "run").status["state"] == "complete"


def test_features_that_cannot_read_the_samples_are_a_note(digits, tmp_path):
    words = ["--dataset", f"folder:{digits / 'others'}", "--features", "clip", "--no-scores"]
    train(tmp_path / "run", *words)
    config = RunFolder(tmp_path / "run")
    config.write_recipe(replace(config.read_recipe(), features=Choice("points")))
    found = diagnose(tmp_path / "run")
    assert found.notes == ("diversity is measured among the samples themselves: this extractor reads points, but "
                           "samples of shape (1, 8, 8) are images",)  # fmt: skip


def test_a_few_held_out_samples_prove_nothing(digits, tmp_path):
    few = tmp_path / "few"
    few.mkdir()
    for path in sorted((digits / "others").iterdir())[:20]:
        (few / path.name).write_bytes(path.read_bytes())
    train(tmp_path / "run", "--no-scores")
    levels = {f.name: f.level for f in diagnose(tmp_path / "run", held_out=f"folder:{few}").findings}
    assert levels["critic-overfitting"] == "unknown"


def test_held_out_classes_must_be_those_of_a_conditional_run(digits, tmp_path):
    train(tmp_path / "run", "--no-scores", "--conditioner", "cgan")
    with pytest.raises(ConfigError, match="held-out samples are"):
        diagnose(tmp_path / "run", held_out=f"folder:{digits / 'others'}")


def test_a_resumed_run_that_was_complete_is_not_diagnosed_again(tmp_path):
    train(tmp_path / "run", "--no-scores", "--set", "train.diagnose_every=2")
    before = contents(tmp_path / "run")
    ganzoo("resume", tmp_path / "run")
    assert contents(tmp_path / "run") == before


def test_advice_is_what_the_run_has_not_and_would_accept(tmp_path):
    train(tmp_path / "run", "--no-scores", "--loss", "wgan", "--lipschitz", "sn+gp")
    run = Run(tmp_path / "run")
    asked = ("--loss wgan --lipschitz gp", "--lipschitz r1", "--set lipschitz.weight=1", "--set model.norm_d=none",
             "--set optim.lr_d=1e-5", "--augment ada")  # fmt: skip
    given = filter_advice(Finding("x", "alarm", "", advice=asked), run).advice
    assert given == ("--lipschitz r1", "--set optim.lr_d=1e-5", "--augment ada")


@pytest.mark.parametrize("conditioner, given", [
    ("acgan", ("--set conditioner.fakes=false",)), ("cgan", ("--set conditioner.embedding_std=0.2",))
])  # fmt: skip
def test_advice_about_labels_is_for_conditioners_that_have_the_option(conditioner, given, tmp_path):
    set_already = ["--set", "conditioner.embedding_std=0.2"] if conditioner == "acgan" else []
    train(tmp_path / "run", "--no-scores", "--conditioner", conditioner, "--loss", "hinge", *set_already)
    asked = ("--set conditioner.embedding_std=0.2", "--set conditioner.fakes=false")
    assert filter_advice(Finding("x", "alarm", "", advice=asked), Run(tmp_path / "run")).advice == given


def test_looks_serve_as_scores_where_there_are_none(tmp_path):
    train(tmp_path / "run", "--no-scores", "--set", "train.diagnose_every=1", steps=10)
    (steps, values), name = read_scores(Run(tmp_path / "run"))
    assert list(steps) == list(range(1, 11))
    assert values[0] == read_records(RunFolder(tmp_path / "run").audits)[0]["w1"]
    assert name == "W1 of the samples"


def test_numbers_that_are_not_finite_are_null_in_json(tmp_path):
    train(tmp_path / "run", "--no-scores")
    found = diagnose(tmp_path / "run")
    broken = replace(found, audit=replace(found.audit, numbers={"a": math.nan, "b": math.inf, "c": 1.0}))
    assert broken.to_json()["numbers"] == {"a": None, "b": None, "c": 1.0}
