"""What docs/why-lipschitz.md claims: each claim again at a smaller size, and the numbers of the page."""

import importlib
import json
import sys
from functools import cache
from statistics import mean

import pytest
import torch

from ganzoo.errors import ConfigError
from support.checkout import ROOT

SCRIPTS = ROOT / "docs" / "lipschitz"
PAGE = (ROOT / "docs" / "why-lipschitz.md").read_text(encoding="utf-8")
RESULTS = json.loads((SCRIPTS / "results.json").read_text(encoding="utf-8"))
EXPERIMENTS = ("surfaces", "depth", "curves", "modes", "settings")


@pytest.fixture(scope="module", autouse=True)
def scripts():
    """The scripts import each other by name, as they do for who starts one of them."""
    before = set(sys.modules)
    sys.path.insert(0, str(SCRIPTS))
    yield
    sys.path.remove(str(SCRIPTS))
    for name in set(sys.modules) - before:
        if str(getattr(sys.modules[name], "__file__", "")).startswith(str(SCRIPTS)):
            del sys.modules[name]


def script(name):
    return importlib.import_module(name)


@cache
def play(name, *case):
    return script(name).play(*case).numbers


def cases(name, **wanted):
    """The cases of results.json with these values."""
    rows = RESULTS[name]["cases"]
    return [row for row in rows if all(row[key] == value for key, value in wanted.items())]


# Each claim, at a smaller size


def test_a_penalised_critic_has_slope_1_between_real_and_fake_and_a_clipped_one_has_not():
    penalised, clipped = (play("surfaces", "gaussians25", critic, 0, 80) for critic in ("gp 10", "clip 0.01"))
    assert penalised["slope"] == pytest.approx(1, abs=0.15)
    assert clipped["slope"] < 0.1


def test_a_weakly_penalised_critic_stands_out_at_the_modes_more_than_a_clipped_one():
    penalised, clipped = (play("surfaces", "gaussians8", critic, 0, 200) for critic in ("gp 0.1", "clip 0.01"))
    assert penalised["peak"] > 1.5 * clipped["peak"]


def test_gradients_explode_or_vanish_with_depth_under_clipping_and_stay_under_the_penalty():
    factors = {critic: play("depth", critic, 0, 20)["factor"] for critic in script("depth").CRITICS}
    assert factors["clip 0.1"] > 3
    assert factors["clip 0.01"] < 1 / 3
    assert factors["clip 0.001"] < 1 / 30
    assert 2 / 3 < factors["gp 10"] < 3 / 2


def test_clipping_piles_weights_up_at_its_ends_and_the_penalty_does_not():
    clipped, penalised = (play("depth", critic, 0, 20)["at the ends"] for critic in ("clip 0.01", "gp 10"))
    assert clipped > 0.8
    assert penalised < 0.01


def test_the_loss_of_a_penalised_critic_falls_with_the_distance_of_samples():
    numbers = play("curves", "wgan gp", 0, 320)
    assert numbers["last W1"] < 0.8 * numbers["first W1"]
    assert numbers["rho"] > 0.9


@pytest.mark.full
def test_the_loss_of_a_classifier_does_not_while_its_samples_get_better():
    numbers = play("curves", "bce", 0, 480)
    assert numbers["last W1"] < 0.5 * numbers["first W1"]
    assert numbers["rho"] < 0.3


@pytest.mark.full
def test_bce_collapses_on_the_ring_where_wgan_with_the_penalty_does_not():
    """After 800 updates bce has 4 of 8 modes at KL 0.76, the other all 8 at 0.004; of four modes alike it is ln 2."""
    plain, penalised = (play("modes", "gaussians8", method, 0, 800) for method in ("bce", "wgan gp"))
    assert plain["modes"] <= 6 and plain["KL-modes"] > 0.4
    assert penalised["modes"] == 8 and penalised["KL-modes"] < 0.05


def test_batch_norm_in_a_penalised_critic_is_refused():
    with pytest.raises(ConfigError, match="batch norm in D"):
        script("games").set_up("gaussians8", "wgan", "gp", 0, model__name="normed", model__norm_d=True)


# What the measures are, by numbers known by hand


def test_noisy_data_are_the_data_plus_noise_as_wide_as_they_are():
    points = torch.tensor([[-1.0, 0.0], [1.0, 0.0], [0.0, -1.0], [0.0, 1.0]]).repeat(100, 1)
    generator = script("games").NoisyData(points)
    fake = generator(torch.randn(200_000, 3, generator=torch.Generator().manual_seed(0)), None)
    assert generator.std == pytest.approx(0.5**0.5, rel=0.01)
    assert fake.var(dim=0) == pytest.approx([1.0, 1.0], rel=0.02)  # 1/2 of the data and 1/2 of the noise


def test_the_peak_of_a_cone_is_its_slope_and_that_of_a_plane_is_nothing():
    peak, x = script("surfaces").peak, torch.zeros(5, 2)
    assert peak(lambda x: -3 * x.norm(dim=1), x) == pytest.approx(3, rel=1e-5)
    assert peak(lambda x: 2 * x[:, 0] - x[:, 1], x) == pytest.approx(0, abs=1e-5)


def test_norms_that_halve_towards_the_first_layer_have_a_factor_of_a_half():
    assert script("depth").factor_per_layer([0.125, 0.25, 0.5, 1.0]) == pytest.approx(0.5)
    assert script("depth").factor_per_layer([0.0, 0.25, 0.5, 1.0]) == pytest.approx(0.5)


# The page


@pytest.mark.parametrize("name", EXPERIMENTS)
def test_the_tables_of_the_page_are_those_of_the_results(name):
    assert script(name).table(RESULTS[name]["cases"]) in PAGE


@pytest.mark.parametrize("name", EXPERIMENTS)
def test_every_figure_is_in_the_page_and_small(name):
    assert f"(lipschitz/{name}.png)" in PAGE
    assert 1_000 < (SCRIPTS / f"{name}.png").stat().st_size < 150_000


@pytest.mark.parametrize("name", EXPERIMENTS)
def test_the_results_are_of_the_cases_that_the_scripts_play_now(name):
    assert len(RESULTS[name]["cases"]) == len(script(name).cases(quick=False))


def test_all_figures_take_less_than_15_minutes_of_two_cores():
    assert sum(RESULTS[name]["processor seconds"] for name in EXPERIMENTS) < 2 * 15 * 60


# What the page says in words


def test_slopes_are_near_1_under_the_penalty_and_nowhere_near_under_clipping():
    assert all(abs(case["slope"] - 1) < 0.15 for case in cases("surfaces", critic="gp 10"))
    assert all(case["slope"] < 0.01 for case in cases("surfaces", critic="clip 0.01"))


DATA = ("gaussians8", "gaussians25", "swissroll")


@pytest.mark.parametrize("data", DATA)
def test_a_clipped_critic_finds_less_of_the_distance_and_stands_out_less_at_the_data(data):
    clipped, penalised, weakly = (cases("surfaces", data=data, critic=c) for c in ("clip 0.01", "gp 10", "gp 0.1"))
    assert max(case["found"] for case in clipped) < min(case["found"] for case in penalised)
    assert 2 * mean(case["peak"] for case in clipped) < mean(case["peak"] for case in weakly)


def test_the_page_says_how_much_higher_the_peaks_of_a_weak_penalty_are():
    means = {
        critic: [mean(case["peak"] for case in cases("surfaces", data=data, critic=critic)) for data in DATA]
        for critic in ("gp 0.1", "clip 0.01")
    }
    ratios = [weak / clipped for weak, clipped in zip(means["gp 0.1"], means["clip 0.01"], strict=True)]
    assert f"peaks at the data that are {min(ratios):.2f} to {max(ratios):.2f} times as high" in PAGE


def test_norms_change_by_a_factor_per_layer_under_clipping_alone():
    assert all(case["factor"] > 7 for case in cases("depth", critic="clip 0.1"))
    assert all(1 / 13 < case["factor"] < 1 / 12 for case in cases("depth", critic="clip 0.01"))
    assert all(case["factor"] < 1 / 100 for case in cases("depth", critic="clip 0.001"))
    assert all(0.9 < case["factor"] < 1.2 for case in cases("depth", critic="gp 10"))


def test_the_loss_of_a_penalised_critic_follows_the_distance_for_every_seed():
    penalised, plain = cases("curves", method="wgan gp"), cases("curves", method="bce")
    assert min(case["rho early"] for case in penalised) > 0.99
    assert min(case["rho"] for case in penalised) > max(case["rho"] for case in plain) + 0.3


def test_wgan_with_the_penalty_covers_more_modes_than_bce_on_the_ring_and_of_stacked_digits_for_every_seed():
    for data in ("gaussians8", "stacked-digits"):
        plain, penalised = (cases("modes", data=data, method=method) for method in ("bce", "wgan gp"))
        assert min(case["modes"] for case in penalised) >= 4 * max(case["modes"] for case in plain)


def test_bce_with_its_own_settings_has_more_stacked_digits_than_where_d_is_ahead():
    ahead, usual = (cases("modes", data="stacked-digits", method=m) for m in ("bce", "bce, DCGAN's settings"))
    assert max(case["modes"] for case in ahead) < min(case["modes"] for case in usual)


@pytest.mark.parametrize("level", [0.2, 0.3, 0.4])
def test_more_settings_work_with_the_penalty_than_with_clipping_and_most_with_bce(level):
    good = [sum(case["W1"] < level for case in cases("settings", method=m)) for m in ("wgan clip", "wgan gp", "bce")]
    assert good[0] < good[1] < good[2]


def test_the_penalty_wants_the_betas_of_its_paper():
    ours, usual = (cases("settings", method="wgan gp", betas=betas) for betas in ([0.0, 0.9], [0.5, 0.999]))
    assert sum(case["W1"] < 0.3 for case in ours) > 5 * sum(case["W1"] < 0.3 for case in usual)


def test_batch_norm_was_never_in_a_penalised_critic():
    assert {case["norm in"] for case in cases("settings", method="wgan gp")} == {"G", "nowhere"}
    assert {case["norm in"] for case in cases("settings", method="bce")} == {"G and D", "nowhere"}
