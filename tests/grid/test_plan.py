"""Axes become cells: what is on the command line, what each cell is trained with, what is refused and why."""

import re
from dataclasses import replace

import pytest
from click.testing import CliRunner

from ganzoo.builtin.engines.local import Local
from ganzoo.cli import cli
from ganzoo.cli.flags import PluginChoice
from ganzoo.cli.settings import read_settings
from ganzoo.errors import ConfigError
from ganzoo.grid import run as grid_run
from ganzoo.grid.axes import component_axes, parse_seeds, split_assignments, split_values
from ganzoo.grid.config import Budget, GridConfig, parse_budget
from ganzoo.grid.plan import plan
from ganzoo.runs.observer import Observer
from ganzoo.settings.toml import parse_assignment, to_toml
from ganzoo.training.dry_run import make_dry_run
from support.runs import ganzoo

TINY = {"dataset.image_size": 8, "model.width": 16, "model.depth": 1, "model.z_dim": 4}
NO_SETTINGS = ("out", "auto_resume", "dry_run", "as_json")
"""Flags of `run` that say nothing of how it trains."""
AXES = {"model": ["mlp"], "loss": ["bce", "wgan"], "lipschitz": ["none", "gp"]}


def settled(cell):
    """The settings that the cell's own command line gives."""
    context = cli.commands["run"].make_context("run", list(cell.arguments))
    flags = {key: value for key, value in context.params.items() if key not in NO_SETTINGS}
    return read_settings(PluginChoice(), **flags).run


def test_every_combination_and_seed_is_a_cell_and_the_first_seed_comes_first(zoo):
    cells = plan(GridConfig(AXES, seeds=(0, 7), flags=TINY), zoo)
    assert [cell.name for cell in cells] == [
        f"mlp-{loss}-{lipschitz}-s{seed}" for seed in (0, 7) for loss in ("bce", "wgan") for lipschitz in ("none", "gp")
    ]
    assert cells[5].axes == {"model.name": "mlp", "loss.name": "bce", "lipschitz.name": "gp"}
    assert cells[5].run.train.seed == 7


def test_a_cell_is_settled_as_ganzoo_run_would_settle_its_command_line(zoo):
    for cell in plan(GridConfig(AXES, flags=TINY, sets={"optim.beta1": 0.25}, evals=3), zoo):
        run = settled(cell)
        assert (run.optim, run.train, run.eval) == (cell.run.optim, cell.run.train, cell.run.eval)
        assert all(run.choice(kind) == cell.run.choice(kind) for kind in ("model", "loss", "lipschitz", "dataset"))
    assert cell.run.optim.n_critic == 5  # wgan with gp brings its recipe
    assert cell.run.optim.beta1 == 0.25


def test_recipes_and_settings_are_axes_too(zoo):
    axes = {"recipe": ["dcgan", "wgan_gp"], "optim.lr_g": ["1e-4", "2e-4"]}
    cells = plan(GridConfig(axes), zoo)
    assert [cell.name for cell in cells] == [
        *("dcgan-lr_g=0.0001-s0", "dcgan-lr_g=0.0002-s0", "wgan_gp-lr_g=0.0001-s0", "wgan_gp-lr_g=0.0002-s0")
    ]
    assert cells[0].axes == {"recipe": "dcgan", "optim.lr_g": 1e-4}  # a number, which can be put in order
    assert [cell.run.optim.lr_g for cell in cells] == [1e-4, 2e-4, 1e-4, 2e-4]
    assert [cell.run.loss.name for cell in cells] == ["bce", "bce", "wgan", "wgan"]
    assert [settled(cell).optim for cell in cells] == [cell.run.optim for cell in cells]


def test_a_dataset_with_a_path_keeps_it_on_the_command_line(zoo, tmp_path):
    axes = {"model": ["dcgan"], "dataset": [f"folder:{tmp_path}"]}
    (cell,) = plan(GridConfig(axes), zoo)
    assert f"folder:{tmp_path}" in cell.arguments
    assert settled(cell).dataset == cell.run.dataset


def test_what_cannot_be_combined_is_a_cell_with_its_reason(zoo):
    cells = plan(GridConfig({"model": ["mlp"], "lipschitz": ["sn", "sn+clip", "gp+gp"]}, flags=TINY), zoo)
    assert [bool(cell.refused) for cell in cells] == [False, False, True]  # sn+clip is seen when it is built
    assert "names a part twice" in cells[2].refused
    tried = plan(
        GridConfig({"lipschitz": ["sn", "sn+clip"]}, flags=TINY | {"model.name": "mlp"}), zoo,
        lambda run: make_dry_run(run, zoo, Observer().note),
    )  # fmt: skip
    assert "do not combine" in tried[1].refused


def test_a_name_that_nobody_knows_is_a_slip_and_no_cell(zoo):
    with pytest.raises(ConfigError, match=r"no loss is named 'wgam'\. Did you mean 'wgan'"):
        plan(GridConfig({"loss": ["bce", "wgam"]}), zoo)
    with pytest.raises(ConfigError, match="no recipe is named 'dgcan'"):
        plan(GridConfig({"recipe": ["dgcan"]}), zoo)


def test_if_nothing_can_be_the_grid_is_refused(zoo):
    with pytest.raises(ConfigError, match=r"every combination is refused; the first: .*names a part twice"):
        plan(GridConfig({"lipschitz": ["gp+gp", "sn+sn"]}), zoo)


# Budgets


def steps(zoo, budget, loss="wgan", lipschitz="gp"):
    axes = {"model": ["mlp"], "loss": [loss], "lipschitz": [lipschitz]}
    measured = (lambda run: make_dry_run(run, zoo, Observer().note)) if budget.is_measured else None
    return plan(GridConfig(axes, flags=TINY, budget=budget), zoo, measured)[0]


def test_a_budget_of_steps_or_images_is_spent_to_the_last_whole_step(zoo):
    assert steps(zoo, Budget("steps", 123)).run.train.steps == 123
    assert steps(zoo, Budget("images", 1000)).run.train.steps == 1000 // (5 * 32)  # n_critic 5, batch 32 on digits
    assert steps(zoo, Budget("images", 1000), "bce", "none").run.train.steps == 1000 // 32
    assert steps(zoo, Budget("images", 1)).run.train.steps == 1


def test_a_budget_of_operations_or_seconds_is_divided_by_what_a_step_takes(zoo):
    cell = steps(zoo, Budget("flops", 1e9))
    assert cell.run.train.steps == 1e9 // cell.dry_run.flops_per_step
    cell = steps(zoo, Budget("seconds", 5))
    assert cell.run.train.steps == 5 // cell.dry_run.seconds_per_step


def test_steps_that_were_measured_before_are_taken_again(zoo):
    request = GridConfig({"model": ["mlp"]}, flags=TINY, budget=Budget("seconds", 5))
    assert plan(request, zoo, known={"mlp": 77})[0].run.train.steps == 77


def test_the_runs_of_one_dataset_read_it_once_to_measure_their_steps(zoo, monkeypatch):
    read = []
    load = grid_run.load_dataset
    monkeypatch.setattr(grid_run, "load_dataset", lambda choice, zoo: read.append(choice.name) or load(choice, zoo))
    axes = {"dataset": ["gaussians8", "swissroll"], "loss": ["bce", "hinge"]}
    request = GridConfig(axes, flags={"model.name": "mlp", "model.width": 16}, budget=Budget("flops", 1e8))
    shared = plan(request, zoo, grid_run.dry_runner_for(Local(), zoo))
    assert read == ["gaussians8", "swissroll"]
    alone = plan(request, zoo, lambda run: make_dry_run(run, zoo, Observer().note))
    assert [cell.run.train.steps for cell in shared] == [cell.run.train.steps for cell in alone]


def test_looks_are_spread_over_the_run(zoo):
    (cell,) = plan(GridConfig({"model": ["mlp"]}, budget=Budget("steps", 10), evals=4), zoo)
    assert (cell.run.eval.every, cell.run.train.sample_every) == (3, 3)  # 3, 6, 9 and the end


def test_what_was_asked_for_is_not_spread(zoo):
    budget = Budget("steps", 100)
    for said, every, pictures in (
        ({"eval.every": 7}, 7, 50),
        ({"train.sample_every": 9}, 50, 9),
        ({"eval.at_end": False}, 0, 50),
    ):
        (cell,) = plan(GridConfig({"model": ["mlp"]}, flags=said, budget=budget, evals=2), zoo)
        assert (cell.run.eval.every, cell.run.train.sample_every) == (every, pictures)


def test_a_step_that_fails_costs_its_own_row(zoo):
    def dry_run_but_wgan(run):
        if run.loss.name == "wgan":
            raise ValueError("of the plugin")
        return make_dry_run(run, zoo, Observer().note)

    cells = plan(GridConfig({"model": ["mlp"], "loss": ["bce", "wgan"]}, flags=TINY), zoo, dry_run_but_wgan)
    assert [cell.refused for cell in cells] == ["", "a step fails: ValueError: of the plugin"]


def test_operations_that_torch_does_not_count_are_no_budget(zoo):
    def free(run):
        return replace(make_dry_run(run, zoo, Observer().note), flops_per_step=0.0)

    request = GridConfig({"model": ["mlp"], "loss": ["bce"]}, flags=TINY, budget=Budget("flops", 1e9))
    with pytest.raises(ConfigError, match="a step has no FLOPs that torch counts"):
        plan(request, zoo, free)


# Names


def test_values_that_lose_letters_in_a_file_name_keep_a_name_of_their_own(zoo, tmp_path):
    values = [f"folder:{tmp_path}/a/b", f"folder:{tmp_path}/a-b", f"folder:{tmp_path}/ä", f"folder:{tmp_path}/ö"]
    values.append(f"folder:{tmp_path}/{'long' * 100}")
    cells = plan(GridConfig({"dataset": values}), zoo)
    assert len({cell.name for cell in cells}) == len(values)
    assert all(re.fullmatch(r"[A-Za-z0-9._+=-]{1,60}", cell.name) for cell in cells)


def test_two_values_that_mean_the_same_are_refused(zoo):
    with pytest.raises(ConfigError, match=r"mlp-lr_g=0.0001 is there twice"):
        plan(GridConfig({"model": ["mlp"], "optim.lr_g": ["1e-4", "0.0001"]}), zoo)


# Words


@pytest.mark.parametrize(
    ("text", "values"),
    [
        ("bce,wgan", ["bce", "wgan"]),
        ("1e-4, 2e-4,1e-4", ["1e-4", "2e-4"]),
        ("\"fid,is\",'kid,prc'", ['"fid,is"', "'kid,prc'"]),
        ("[1, 2],[3]", ["[1, 2]", "[3]"]),
        (",", []),
    ],
)
def test_values_are_split_at_commas_that_stand_alone(text, values):
    assert split_values(text) == values


def test_the_path_of_data_may_have_a_comma(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    (tmp_path / "a,b").mkdir()
    (tmp_path / "c,d.toml").touch()
    axes = component_axes(["c,d.toml", "sngan,wgan"], {"dataset": "folder:a,b", "loss": None})
    assert axes == {"recipe": ["c,d.toml", "sngan", "wgan"], "dataset": ["folder:a,b"]}
    quoted = component_axes([], {"dataset": "\"folder:x,y\",mnist,'zip:a,b.zip'"})["dataset"]
    assert quoted == ["folder:x,y", "mnist", "zip:a,b.zip"]
    axes, settings = split_assignments(["dataset.root=a,b", "optim.lr_g=1e-4,2e-4", 'eval.metrics="fid,is"'])
    assert (axes, settings) == (
        {"optim.lr_g": ["1e-4", "2e-4"]}, {"dataset.root": "a,b", "eval.metrics": "fid,is"},
    )  # fmt: skip


def test_seeds_are_ranges_and_lists():
    assert parse_seeds("0..2,9,1") == (0, 1, 2, 9)
    assert parse_seeds("3") == (0, 1, 2)  # three seeds
    assert parse_seeds("7,") == parse_seeds("7..7") == (7,)
    assert parse_seeds("0") == (0,)
    with pytest.raises(ConfigError, match="may be a number of seeds, or a seed"):
        parse_seeds("1234")
    for wrong in ("", "2..0", "1..", "a", "-1", "1.5", "²"):
        with pytest.raises(ConfigError, match="neither a number of seeds nor a list"):
            parse_seeds(wrong)


def test_budgets_are_a_unit_and_an_amount():
    assert parse_budget("images=2e5") == Budget("images", 200_000)
    for wrong in ("images", "images=", "epochs=3", "steps=0", "seconds=nan", "flops=inf", "steps=-1"):
        with pytest.raises(ConfigError, match="is not a unit and an amount above 0"):
            parse_budget(wrong)


@pytest.mark.parametrize("value", [1, 1e-4, True, "adam", "a=b", "0.5", [1, 2], ["a", "b"], ""])
def test_a_value_survives_the_command_line(value):
    assert parse_assignment(f"a.b={to_toml(value)}") == ("a.b", value)


# The command


def test_a_dry_run_lists_the_cells_with_their_time_and_the_refused_with_their_reason(tmp_path):
    words = ["--model", "mlp", "--image-size", 8, "--lipschitz", "none,sn+clip", "--seeds", "0..1"]
    output = ganzoo("compare", *words, "--budget", "images=640", "--dry-run", "--out", tmp_path / "grid").output
    assert "mlp-bce-none-s1" in output
    assert "mlp-bce-sn+clip-s0  refused: an enforcer that re-parametrises" in output
    assert "2 cells, 2 refused," in output
    assert not (tmp_path / "grid").exists()


@pytest.mark.parametrize(
    ("words", "reason"),
    [
        (["--set", "eval.samples=10,20"], "eval.samples is no axis"),
        (["--budget", "steps=3", "--steps", "4"], "both say how long a run is"),
        (["--budget", "steps=3", "--set", "train.steps=4,5"], "both say how long a run is"),
        (["--set", "train.seed=5"], "--set train.seed does not make an axis"),
        (["--set", "model.name=mlp,dcgan"], "--model mlp,dcgan"),
        (["--loss", "bce,wgam"], "no loss is named 'wgam'"),
        (["--loss", ","], "--loss names nothing"),
        (["--engine", "lokal"], "no engine is named 'lokal'. Did you mean 'local'"),
        (["--jobs", "-1"], "--jobs: -1 is refused: must be at least 1"),
        (["--seeds", "x"], "--seeds 'x' is neither a number of seeds nor a list"),
    ],
)
def test_a_request_that_cannot_be_is_refused_before_anything_is_written(tmp_path, words, reason):
    result = CliRunner().invoke(cli, ["compare", *words, "--out", str(tmp_path / "grid")])
    assert (result.exit_code, (tmp_path / "grid").exists()) == (2, False), result.output
    assert reason in result.output
