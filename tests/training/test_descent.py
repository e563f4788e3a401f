"""Optimisers and schedules by name: numbers known by hand, games, what is refused, and plugins that bring one."""

from pathlib import Path

import pytest
import torch

import ganzoo
import support.optimizers
from ganzoo.contracts import Coefficients
from ganzoo.errors import ConfigError
from ganzoo.runs import checkpoint
from ganzoo.runs.observer import Observer
from ganzoo.settings.sections import Choice
from ganzoo.settings.toml import from_tables
from ganzoo.training.compatibility import advise
from ganzoo.training.graphs import _find_obstacle, _host_state, captured_updates
from ganzoo.training.loop import advance, train
from ganzoo.training.optimizers import count_moments
from ganzoo.training.prepare import prepare
from support.recorder import Deferred
from support.runs import ganzoo as cli
from support.states import same
from support.trainings import Notebook

FILE = Path(support.optimizers.__file__)
ZOO = ganzoo.load_zoo(files=[FILE])


def rule(name):
    return ZOO.create("optimizer", Choice(name))


def training(steps=6, **optim):
    options = optim.pop("options", {})
    tables = {
        "model": {"name": "mlp", "width": 4, "depth": 1, "z_dim": 2}, "dataset": {"name": "gaussians8"},
        "optim": {"batch_size": 4, **optim}, "train": {"device": "cpu", "steps": steps, "log_every": 1}, **options,
    }  # fmt: skip
    return prepare(from_tables(tables), ZOO, Observer().note)[0]


@pytest.mark.parametrize("name", ["lion", "my-lion"])
def test_lion_moves_as_algorithm_2_says(name):
    weight = torch.nn.Parameter(torch.tensor([1.0, -2.0]))
    optimizer = rule(name).optimizer([weight], 0.1, Coefficients(0.9, 0.5, 0.5))
    weight.grad = torch.tensor([3.0, -4.0])
    optimizer.step()  # m = 0, so sign(0.1 g) = (1, -1): w - 0.1 ((1, -1) + 0.5 w), and m = 0.5 g
    assert weight.tolist() == pytest.approx([1 - 0.1 * 1.5, -2 + 0.1 * 2])
    weight.grad = torch.tensor([-20.0, 1.0])
    optimizer.step()  # 0.9 m + 0.1 g = 0.9 (1.5, -2) + (-2, 0.1) = (-0.65, -1.7)
    assert weight.tolist() == pytest.approx([0.85 - 0.1 * (-1 + 0.425), -1.8 - 0.1 * (-1 - 0.9)])


def test_optimistic_adam_is_adam_twice_less_the_step_before():
    torch.manual_seed(0)
    start, gradients = torch.randn(3, 2), torch.randn(4, 3, 2)
    adam, optimistic = (torch.nn.Parameter(start.clone()) for _ in range(2))
    one, two = (
        rule(name).optimizer([weight], 0.1, Coefficients(0.5, 0.9))
        for name, weight in (("adam", adam), ("optimistic-adam", optimistic))
    )
    expected, before = start.clone(), torch.zeros(3, 2)
    for gradient in gradients:
        adam.grad, optimistic.grad, old = gradient.clone(), gradient.clone(), adam.detach().clone()
        one.step()
        two.step()
        move = adam.detach() - old  # the gradients are given, so that this is the direction of Adam times the rate
        expected, before = expected + 2 * move - before, move
        assert torch.allclose(optimistic.detach(), expected, atol=1e-5)


def play(name, steps, lr):
    """min over x, max over y of x y, both at once from (1, 1): how far from its solution (0, 0) the players end."""
    x, y = (torch.nn.Parameter(torch.ones(1)) for _ in range(2))
    players = [rule(name).optimizer([weight], lr, Coefficients(0.0, 0.999)) for weight in (x, y)]
    for _ in range(steps):
        x.grad, y.grad = y.detach().clone(), -x.detach().clone()
        for player in players:
            player.step()
    return float(torch.cat([x, y]).detach().norm())


def test_optimistic_adam_converges_in_the_bilinear_game_in_which_descent_spirals_out():
    # gradient descent turns (x, y) and stretches it by sqrt(1 + lr^2) a step: sqrt(2) 1.01^(n / 2) at lr = 0.1
    assert play("sgd", 200, 0.1) == pytest.approx(2**0.5 * 1.01**100, rel=1e-3)
    assert play("adam", 600, 0.1) > 2**0.5
    assert play("optimistic-adam", 600, 0.1) < 1e-3


@pytest.mark.parametrize("name", ["adamw", "lion", "optimistic-adam", "my-lion"])
def test_a_run_with_any_optimiser_and_a_schedule_of_a_plugin_resumes_exactly(name, tmp_path):
    settings = {"name": name, "lr_decay": "step", "weight_decay": 0.1, "options": {"schedule": {"step": {"at": [0.4]}}}}
    whole, first, second = (training(**settings) for _ in range(3))
    torch.manual_seed(0)
    log = Notebook()
    train(whole, log)
    torch.manual_seed(0)
    train(first, Notebook(stop_after=3, folder=tmp_path))
    second.load_state_dict(checkpoint.load(tmp_path).state)
    train(second, Notebook())
    assert same(whole.state_dict(), second.state_dict())
    assert [record["lr/g"] for record in log.records.values()] == pytest.approx([2e-4] * 3 + [2e-5] * 3)


def test_a_weight_decay_that_is_ignored_is_refused_and_other_unread_settings_are_remarked(monkeypatch):
    monkeypatch.setattr(support.optimizers.MyLion, "reads", ("beta1",))
    unread = next(entry.component for entry in ZOO.entries("optimizer") if entry.name == "my-lion")
    monkeypatch.setattr(unread, "reads", ("beta1",))
    with pytest.raises(ConfigError, match="the optimizer my-lion has no weight decay") as refused:
        training(name="my-lion", weight_decay=0.1)
    assert refused.value.hint == "--set optim.weight_decay=0, or --optimizer adamw"
    run = training(name="my-lion", beta2=0.5)
    assert "optim.beta2 has no effect here: the optimizer my-lion does not read it" in "".join(advise(run.run, run.gan))
    plain = training(name="adam", beta2=0.5)
    assert "no effect" not in "".join(advise(plain.run, plain.gan))


def test_steps_are_captured_only_if_the_rule_says_so():
    assert "my-lion" in _find_obstacle(training(name="my-lion").gan, training(name="my-lion").run.optim)
    lion = training(name="lion")
    assert _find_obstacle(lion.gan, lion.run.optim) == ""


@pytest.mark.parametrize("name", ["adamw", "lion", "optimistic-adam"])
def test_recorded_steps_are_the_plain_ones(name):
    plain, captured = training(name=name, lr_decay="linear"), training(name=name, lr_decay="linear")
    captured.updates = captured_updates(captured.gan, pytest.fail, Deferred(), lambda *_: "")
    for each in (plain, captured):
        torch.manual_seed(0)
        train(each, Notebook())
    assert same(plain.gan.state_dict(), captured.gan.state_dict())


def test_a_count_in_the_state_of_an_optimiser_is_seen_as_a_change_on_the_host():
    lion = training(name="lion")
    advance(lion)
    before = _host_state(lion.gan)[1:]  # behind the random state
    advance(lion)
    assert _host_state(lion.gan)[1:] == before
    lion.gan.opt_g.state[next(lion.gan.G.parameters())]["count"] = 1
    assert _host_state(lion.gan)[1:] != before


def test_moments_are_counted_by_a_step_of_each():
    kept = {name: count_moments(rule(name), training().run.optim) for name in ("adam", "rmsprop", "sgd", "lion")}
    assert kept == {"adam": 2, "rmsprop": 1, "sgd": 0, "lion": 1}
    assert count_moments(rule("optimistic-adam"), training().run.optim) == 3


def test_several_optimisers_or_none_are_refused_with_what_to_type():
    error = cli("run", "--optimizer", "adam,lion", "--dry-run", code=2).stderr
    assert "are several names, and a run has one optimizer" in error
    assert "ganzoo compare --optimizer adam,lion" in error
    assert "Did you mean 'lion'" in cli("run", "--optimizer", "lionn", "--dry-run", code=2).stderr


def test_an_option_of_an_optimiser_that_the_run_does_not_name_is_refused():
    error = cli("run", "--set", "schedule.linear.at=1", "--dry-run", code=2).stderr
    assert "optim.lr_decay is 'none', without linear" in error
    assert "--set optim.lr_decay=linear" in error


def test_the_first_step_of_a_run_obeys_the_schedule():
    run = training(steps=4, lr_decay="cosine", lr_g=0.4)
    advance(run)
    assert run.gan.opt_g.param_groups[0]["lr"] == pytest.approx(0.4)
