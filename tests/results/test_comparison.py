"""Rows over seeds, their ranks, the effect of each axis, and which runs may not be compared."""

import math

import pytest
from scipy import stats

from ganzoo.errors import ConfigError
from ganzoo.results.comparison import Change, choose_metric, choose_results, make_table
from ganzoo.results.read import read_results
from support.made_runs import FD, KD, PRECISION, make_report, make_result, make_row, write_run


def ranks(table):
    return {row.axes["loss.name"]: row.rank for row in table.rows}


# rows and ranks


def test_rows_are_over_seeds_and_ranked_the_best_first():
    runs = [
        *make_row([20, 21, 22], loss="bce"),
        *make_row([10, 11, 12.5], loss="wgan"),
        *make_row([10.5, 11, 13], loss="r"),
    ]
    table = make_table(runs)
    assert ranks(table) == {"wgan": "best", "r": "alike", "bce": "worse"}
    assert [row.axes["loss.name"] for row in table.rows] == ["wgan", "r", "bce"]
    assert table.rows[0].last[FD].values == {0: 10, 1: 11, 2: 12.5}
    assert table.rows[0].p_adjusted is None
    assert table.rows[1].p_adjusted > stats.ttest_ind([10.5, 11, 13], [10, 11, 12.5], equal_var=False).pvalue
    assert "Welch's two-sided t-test" in table.test
    assert "the best among 3 rows" in table.test


def test_the_highest_wins_where_higher_is_better():
    runs = [
        make_result(seed, {FD: fd + seed, PRECISION: precision + seed / 100}, axes={"loss.name": loss})
        for seed in (0, 1)
        for loss, fd, precision in (("bce", 1.0, 0.2), ("wgan", 5.0, 0.9))
    ]
    assert ranks(make_table(runs))["bce"] == "best"
    table = make_table(runs, metric="precision")
    assert (table.metric, table.better) == (PRECISION, "higher")
    assert [row.axes["loss.name"] for row in table.rows] == ["wgan", "bce"]
    assert ranks(table)["wgan"] == "best"


def test_a_row_of_survivors_wins_nothing():
    runs = [*make_row([1, 2, None], "diverged", loss="wgan"), *make_row([5, 6, 7], loss="bce")]
    table = make_table(runs)
    assert ranks(table) == {"wgan": "", "bce": "best"}
    row = table.rows[1]
    assert (row.failures, row.ended, row.last[FD].n, row.reason) == ({"diverged": 1}, 3, 2, "seed 2: diverged: because")
    assert any("not ranked" in note for note in table.notes)


@pytest.mark.parametrize("state", ["missing", "running", "interrupted"])
def test_a_row_that_is_not_done_wins_nothing(state):
    runs = [*make_row([1, 2, None], state, loss="wgan"), *make_row([5, 6, 7], loss="bce")]
    table = make_table(runs)
    assert ranks(table) == {"bce": "best", "wgan": ""}
    assert table.rows[1].unranked == "unfinished"
    assert "Rows with runs that are not done or not scored are means over the seeds so far: not ranked." in table.notes
    alone = make_table(runs[:3])
    assert [row.rank for row in alone.rows] == [""]


def test_a_row_of_one_seed_wins_nothing_beside_rows_of_several():
    table = make_table([*make_row([5], loss="wgan"), *make_row([10, 20], loss="bce")])
    assert {row.axes["loss.name"]: (row.rank, row.unranked) for row in table.rows} == {
        "bce": ("best", ""),
        "wgan": ("", "one seed"),
    }
    assert any(note.startswith("Rows of one seed") for note in table.notes)


def test_rows_of_one_seed_each_are_untested():
    table = make_table([*make_row([5], loss="wgan"), *make_row([10], loss="bce")])
    assert ranks(table) == {"wgan": "best", "bce": "untested"}


def test_two_rows_are_tested_without_an_adjustment():
    table = make_table([*make_row([1, 2, 4], loss="wgan"), *make_row([5, 6, 9], loss="bce")])
    expected = stats.ttest_ind([1, 2, 4], [5, 6, 9], equal_var=False).pvalue
    assert table.rows[1].p_adjusted == pytest.approx(expected, rel=1e-9)
    assert "adjusted" not in table.test


def test_rows_without_a_score_are_not_called_rows_of_one_seed():
    runs = [make_result(seed, reports=[], axes={"loss.name": loss}) for seed in (0, 1, 2) for loss in ("bce", "wgan")]
    assert not any("one seed" in note for note in make_table(runs).notes)
    single = make_table([*make_row([1.0], loss="bce"), *make_row([2.0], loss="wgan")])
    assert sum("Each row is one seed" in note for note in single.notes) == 1


def test_rows_of_other_seeds_are_tested_too():
    seeds = [make_result(seed, 5.0 + seed, axes={"loss.name": "bce"}) for seed in (7, 8, 9)]
    table = make_table([*make_row([1, 2, 3], loss="wgan"), *seeds])
    assert ranks(table) == {"wgan": "best", "bce": "worse"}


@pytest.mark.parametrize("seeds", [2, 3, 5])
def test_scores_without_spread_give_no_test(seeds):
    table = make_table([*make_row([1.0] * seeds, loss="wgan"), *make_row([2.0] * seeds, loss="bce")])
    assert ranks(table) == {"wgan": "best", "bce": "untested"}
    assert table.rows[1].p_adjusted is None


def test_a_constant_difference_is_judged_by_the_spread_over_seeds():
    table = make_table([*make_row([10, 11], loss="wgan"), *make_row([12, 13], loss="bce")])
    assert ranks(table)["bce"] == "alike"
    assert table.rows[1].p_adjusted == pytest.approx(stats.ttest_ind([10, 11], [12, 13], equal_var=False).pvalue)


def test_equal_means_are_best_together():
    table = make_table([*make_row([1, 3], loss="wgan"), *make_row([2, 2], loss="r"), *make_row([9, 9.5], loss="bce")])
    assert ranks(table) == {"wgan": "best", "r": "best", "bce": "worse"} | {"bce": table.rows[2].rank}
    assert table.render("md").count("**") == 4


@pytest.mark.parametrize("value", [math.nan, math.inf, None])
def test_a_score_that_is_no_number_is_none(value):
    runs = [*make_row([5, 6], loss="bce"), make_result(0, 1.0, axes={"loss.name": "wgan"})]
    table = make_table([*runs, make_result(1, {FD: value}, axes={"loss.name": "wgan"})])
    assert ranks(table) == {"bce": "best", "wgan": ""}
    assert table.rows[1].reason == f"seed 1: its {FD} is {value}"
    assert "nan" not in table.render("json").replace(str(value), "").lower()


def test_cells_that_came_to_nothing_are_rows_with_their_reason():
    runs = [*make_row([1, 2], loss="wgan"), *make_row([None, None], "refused", loss="gp")]
    row = make_table(runs).rows[-1]
    assert (row.axes["loss.name"], row.rank, row.last, row.reason) == ("gp", "", {}, "refused: because")


def test_a_run_without_scores_says_what_to_type():
    runs = [*make_row([1, 2], loss="wgan"), make_result(0, axes={"loss.name": "bce"})]
    table = make_table(runs)
    assert table.rows[-1].reason == "not scored: ganzoo evaluate runs/bce/s0"
    assert ranks(table) == {"wgan": "best", "bce": ""}


def test_a_grid_without_a_score_is_a_table_all_the_same():
    table = make_table(make_row([None, None], "running", loss="bce"), metric="fid")
    assert (table.metric, table.effects, table.test, table.rows[0].rank) == ("", (), "", "")


def test_the_best_checkpoints_rank_where_that_is_asked_for():
    runs = [
        make_result(0, reports=[make_report(last), make_report(best, "best")], axes={"loss.name": loss})
        for loss, last, best in (("bce", 1.0, 9.0), ("wgan", 2.0, 3.0))
    ]
    assert ranks(make_table(runs))["bce"] == "best"
    assert ranks(make_table(runs, checkpoint="best"))["wgan"] == "best"
    assert make_table(runs).rows[0].best[FD].mean == 9.0


def test_costs_are_means_over_complete_runs():
    runs = [make_result(seed, 1.0, seconds=seconds) for seed, seconds in enumerate((10.0, 20.0))]
    runs.append(make_result(2, state="diverged", seconds=1.0))
    (row,) = make_table(runs).rows
    assert (row.seconds, row.flops) == (15.0, None)


def test_rows_can_be_sorted_by_an_axis():
    runs = [make_result(0, 1 / size, axes={"optim.batch_size": size}) for size in (128, 32, 64)]
    assert [row.axes["optim.batch_size"] for row in make_table(runs).rows] == [128, 64, 32]
    assert [row.axes["optim.batch_size"] for row in make_table(runs, sort="optim.batch_size").rows] == [32, 64, 128]


# grouping


def make_cube(change=None):
    """2 models x 2 losses x 2 seeds; FD = 10, resnet +4, wgan +1 (+3 with resnet), seed 1 +0.5."""
    change = change or {}
    return [
        make_result(
            seed,
            None if (model, loss, seed) in change else 10 + 4 * (model == "resnet") + gain + seed / 2,
            axes={"model.name": model, "loss.name": loss},
            state=change.get((model, loss, seed), "complete"),
        )
        for model in ("dcgan", "resnet")
        for loss, gain in (("bce", 0), ("wgan", 3 if model == "resnet" else 1))
        for seed in (0, 1)
    ]


def test_what_is_left_out_of_the_rows_is_averaged_over():
    table = make_table(make_cube(), group_by=["model"])
    assert (table.axes, table.averaged) == (("model.name",), ("loss.name",))
    assert {row.axes["model.name"]: dict(row.last[FD].values) for row in table.rows} == {
        "dcgan": {0: 10.5, 1: 11.0},
        "resnet": {0: 15.5, 1: 16.0},
    }
    assert "Averaged over loss." in table.notes


def test_a_mean_over_fewer_settings_is_not_ranked():
    table = make_table(
        make_cube({("dcgan", "wgan", 0): "refused", ("dcgan", "wgan", 1): "refused"}), group_by=["model"]
    )
    assert {row.axes["model.name"]: row.rank for row in table.rows} == {"dcgan": "", "resnet": "best"}
    assert any("some of the settings" in note for note in table.notes)


def test_a_seed_that_lacks_a_setting_is_left_out_of_the_mean():
    table = make_table(make_cube({("dcgan", "wgan", 0): "missing"}), group_by=["model"])
    assert {row.axes["model.name"]: dict(row.last[FD].values) for row in table.rows} == {
        "resnet": {0: 15.5, 1: 16.0},
        "dcgan": {1: 11.0},
    }
    assert [row.unranked for row in table.rows] == ["", "unfinished"]


def test_marginal_effects_are_those_by_hand():
    loss, model = sorted(make_table(make_cube()).effects, key=lambda effect: effect.axis)
    # wgan instead of bce: +1 twice with dcgan, +3 twice with resnet: mean 2, std 2 / sqrt(3), t of 3 df 3.182
    assert (loss.value, loss.instead_of, loss.pairs, loss.left_out) == ("wgan", "bce", 4, 0)
    assert loss.difference.mean == pytest.approx(2)
    assert loss.difference.half_width == pytest.approx(3.18245 * 2 / math.sqrt(3) / 2, rel=1e-5)
    # resnet instead of dcgan: +4 twice with bce, +6 twice with wgan
    assert (model.value, model.difference.mean, model.pairs) == ("resnet", 5, 4)


def test_pairs_that_did_not_complete_are_left_out_and_counted():
    effects = make_table(make_cube({("resnet", "wgan", 1): "diverged"})).effects
    assert {effect.axis: (effect.pairs, effect.left_out) for effect in effects} == {
        "model.name": (3, 1),
        "loss.name": (3, 1),
    }


def make_methods(costs=True):
    """2 losses x 2 enforcers x 2 seeds: wgan with gp implies five updates of D, and D sees five times the images."""
    for seed in (0, 1):
        for loss in ("bce", "wgan"):
            for enforcer in ("none", "gp"):
                implied = loss == "wgan" and enforcer == "gp"
                settings = {"optim.n_critic": 5 if implied else 1, "loss.margin": 1.0 if loss == "wgan" else None}
                images, flops = (64_000, 2e9) if implied else (12_800, 1e9)
                yield make_result(
                    seed, 10.0 + seed * implied, axes={"loss.name": loss, "lipschitz.name": enforcer},
                    settings=settings | {"train.log_every": seed}, images=images if costs else None, flops=flops,
                )  # fmt: skip


def test_an_effect_names_what_else_differs_within_its_pairs():
    (loss,) = [effect for effect in make_table(list(make_methods())).effects if effect.axis == "loss.name"]
    assert loss.of_methods
    assert loss.changes == (
        Change("images", 12_800, 64_000, 2),
        Change("flops", 1e9, 2e9, 2),
        Change("optim.n_critic", 1, 5, 2),
    )
    line = "in 2 pairs images 12.8k → 64k, FLOPs 1.0e9 → 2.0e9, optim.n_critic 1 → 5"
    assert f"over 4 pairs; not loss alone, but also {line}" in make_table(list(make_methods())).render()


def test_effects_of_equal_settings_say_so_and_flops_make_no_method_of_an_axis():
    plain = [
        make_result(seed, seed + 1.0 + 3 * (loss == "wgan") * seed, axes={"loss.name": loss}, flops=flops, images=64)
        for seed in (0, 1)
        for loss, flops in (("bce", 1e9), ("wgan", 2e9))
    ]
    table = make_table(plain)
    assert not table.effects[0].of_methods
    assert "all other settings equal, FLOPs 1.0e9 → 2.0e9" in table.render()
    assert "all other settings equal\n" in make_table(make_cube()).render()


def test_rows_of_unequal_cost_are_remarked_on_unless_one_cost_is_equal():
    remark = "Rows differ in cost, by up to 5 times the images seen by D and 2 times the FLOPs"
    assert any(note.startswith(remark) for note in make_table(list(make_methods())).notes)
    assert not any("differ in cost" in note for note in make_table(list(make_methods(costs=False))).notes)


def test_an_axis_of_recipes_is_all_their_settings():
    runs = [
        make_result(seed, 1.0 + seed, axes={"recipe": recipe}, settings={"optim.n_critic": n}, images=64 * n)
        for seed in (0, 1)
        for recipe, n in (("sngan", 1), ("wgan_gp", 5))
    ]
    assert [change.name for change in make_table(runs).effects[0].changes] == ["images"]


def test_equal_differences_have_no_interval():
    runs = [*make_row([1, 2], loss="bce"), *make_row([4, 5], loss="wgan")]
    assert "wgan instead of bce: 3 each over 2 pairs" in make_table(runs).render()


def loose(seed, score, **settings):
    names = {"model.name": "mlp", "loss.name": "bce", "optim.n_critic": 1}
    return make_result(
        seed, score, grid=False, settings=names | {k.replace("_", ".", 1): v for k, v in settings.items()}
    )


def test_runs_on_their_own_are_grouped_by_components_and_not_by_what_follows_from_them():
    runs = [loose(0, 1.0), loose(1, 2.0), loose(0, 3.0, loss_name="wgan", optim_n_critic=5)]
    table = make_table(runs)
    assert table.axes == ("loss.name",)
    assert [len(row.results) for row in table.rows] == [2, 1]


def test_a_setting_that_varies_with_the_same_components_is_an_axis():
    runs = [loose(0, 1.0), loose(0, 3.0, optim_lr_g=1.0, optim_lr_d=1.0), loose(0, 4.0, loss_name="wgan")]
    table = make_table(runs)
    assert table.axes == ("loss.name", "optim.lr_d")  # lr_g goes with it, and is told apart by it
    assert [row.axes["optim.lr_d"] for row in table.rows] == [None, 1.0, None]


def test_where_a_run_writes_and_how_it_is_scored_are_no_axes():
    runs = [loose(0, 1.0), loose(1, 2.0, train_log_every=5, eval_every=7, dataset_root="/data")]
    (row,) = make_table(runs).rows
    assert row.last[FD].n == 2


def test_runs_that_repeat_a_seed_are_no_seeds_of_their_own():
    table = make_table([loose(0, 1.0), loose(0, 3.0), loose(1, 5.0)])
    assert table.rows[0].last[FD].values == {0: 2.0, 1: 5.0}
    assert any("One run has the settings and the seed of another" in note for note in table.notes)


def test_an_unknown_axis_is_refused_with_the_nearest():
    with pytest.raises(ConfigError, match="Did you mean 'loss'") as caught:
        make_table(make_cube(), group_by=["los"])
    assert caught.value.hint == "--group-by model,loss"


# metrics

NAMES = [FD, "FD-infinity(digits-cnn)-2k", "IS(digits-cnn)-2k", KD, PRECISION, "recall(digits-cnn)-2k"]


@pytest.mark.parametrize(
    ("asked", "expected"),
    [(None, FD), ("fid", FD), ("fd", FD), ("FID-infinity", NAMES[1]), ("kid", KD), ("prec", PRECISION), (KD, KD)],
)
def test_scores_may_be_named_loosely(asked, expected):
    assert choose_metric(asked, NAMES) == expected


def test_the_names_of_inception_are_found_too():
    assert choose_metric("fd", ["IS-50k", "FID-50k", "KID-50k"]) == "FID-50k"
    assert choose_metric(None, ["IS-50k", "FID-50k"]) == "FID-50k"


def test_a_score_that_is_not_there_or_not_one_is_refused():
    with pytest.raises(ConfigError, match="no score is called 'lpips'") as caught:
        choose_metric("lpips", [FD, KD])
    assert caught.value.hint == f"--metric '{FD}', or --metric '{KD}'"
    with pytest.raises(ConfigError, match=r"precision.* or recall"):
        choose_metric("digits", NAMES[4:])


def test_a_mean_over_runs_of_which_some_were_not_scored_does_not_win():
    results = [
        make_result(seed, score, axes={"loss.name": loss, "lipschitz.name": name})
        for seed in (0, 1)
        for loss, name, score in (("bce", "none", 10), ("bce", "gp", 20), ("wgan", "none", 10), ("wgan", "gp", None))
    ]
    table = make_table(results, group_by=["loss"])
    assert {row.axes["loss.name"]: row.rank for row in table.rows} == {"bce": "best", "wgan": ""}


def test_runs_are_chosen_by_a_value():
    results = [make_result(0, 10, axes={"loss.name": loss, "optim.lr_g": lr}) for loss in ("a", "b") for lr in (1, 2)]
    assert choose_results(results, []) == results
    assert choose_results(results, ["loss=b", "optim.lr_g=2"]) == [results[3]]
    with pytest.raises(ConfigError, match=r"--only 'loss=c' leaves no run") as error:
        choose_results(results, ["loss=c"])
    assert error.value.hint == "--only loss=a, or --only loss=b"


@pytest.mark.parametrize(("conditioner", "more"), [("none", ()), ("cgan", ("conditioner.name",))])
def test_runs_all_alike_name_their_conditioner_and_no_none(tmp_path, conditioner, more):
    run = write_run(tmp_path / "run", 10.0, conditioner=conditioner)
    assert make_table(read_results([run])).axes == ("model.name", "loss.name", "lipschitz.name", *more)
