"""Several processes train one run: what they have in common, what they share, and how they end together."""

import json
import shutil
import subprocess
import sys

import pytest
import torch
from filelock import FileLock

from ganzoo.contracts import DataSpec
from ganzoo.errors import ConfigError
from ganzoo.runs import checkpoint
from ganzoo.runs.run import Run
from ganzoo.settings.sections import OptimConfig
from ganzoo.settings.toml import from_tables
from ganzoo.training import randomness
from ganzoo.training.build import build_gan
from ganzoo.training.device import choose_device
from ganzoo.training.feed import Feed
from ganzoo.training.prepare import check_shares
from ganzoo.training.ranks import SINGLE, Ranks, joined, read_ranks
from support.checkout import ROOT
from support.datasets import Stripes
from support.product import HANDFUL
from support.runs import ENVIRONMENT, TINY, ganzoo, log, state, wait_for
from support.zoo import ZOO

DEVICE = choose_device("cpu", "fp32")
CPU = DEVICE.torch_device
PAIR = [Ranks(0, 2, 0), Ranks(1, 2, 1)]
TORCHRUN = [sys.executable, "-m", "torch.distributed.run", "--standalone", "--nproc-per-node=2"]

# sgd: Adam divides by the root of a gradient's square, and so makes rounding of near-zero gradients visible
PLAIN = [
    *TINY,
    "--set=optim.name=sgd",
    "--set=optim.lr_g=0.02",
    "--set=optim.lr_d=0.02",
    "--set=train.log_every=1",
    "--precision=fp32",
]
SN = [*PLAIN, "--loss=hinge", "--lipschitz=sn+r1", "--set=optim.n_critic=2", "--samples=16"]


def torchrun(*words, launcher=TORCHRUN, **environment):
    """Start two ranks; returns torchrun's process, with the output of both."""
    options = {"stdout": subprocess.PIPE, "stderr": subprocess.PIPE, "text": True}
    return subprocess.Popen([*launcher, *map(str, words)], env=ENVIRONMENT | environment, **options)


def finish(process, seconds=240):
    """Wait for torchrun to end; one that hangs does not outlive the test, and neither do its ranks."""
    try:
        shown, said = process.communicate(timeout=seconds)
    finally:
        process.terminate()
    return process.returncode, shown, said


def lock_is_free(run):
    with FileLock(run / "run.lock", timeout=0):
        return True


def assert_close(one, other):
    """Weights, moving averages and what is not arithmetic of two checkpoints are equal, numbers to rounding."""
    for network in ("G", "D", "G_ema"):
        torch.testing.assert_close(one[network], other[network], rtol=1e-4, atol=1e-6)
    assert (one["step"], one["position"]) == (other["step"], other["position"])
    assert torch.equal(one["random"]["torch"], other["random"]["torch"])


# What each rank has of a batch


def test_shares_of_a_batch_are_its_rows_in_order():
    rows = torch.arange(8)
    assert [rows[ranks.share(8)].tolist() for ranks in PAIR] == [[0, 1, 2, 3], [4, 5, 6, 7]]
    assert rows[SINGLE.share(8)].tolist() == rows.tolist()


def test_ranks_read_the_batches_of_one_process_between_them():
    whole = Feed(Stripes().load(), 3, CPU)
    shares = [Feed(Stripes().load(), 3, CPU, ranks) for ranks in PAIR]
    for _ in range(12):  # 12 x 6 samples: past the end of the first epoch of 64
        x, y = whole.next(6)
        parts = [feed.next(6) for feed in shares]
        assert torch.equal(torch.cat([part[0] for part in parts]), x)
        assert torch.equal(torch.cat([part[1] for part in parts]), y)
    assert [feed.position for feed in shares] == [72, 72]


def test_ranks_draw_the_latents_of_one_process_between_them():
    y = torch.zeros(6, dtype=torch.long)

    def draw(ranks):
        torch.manual_seed(0)
        gan = build_gan(from_tables({"model": {"name": "mlp"}}), ZOO, DataSpec((1, 8, 8), 2), DEVICE, ranks)
        return gan.sample_z(y[ranks.share(6)]), torch.get_rng_state()

    (z, after), *parts = [draw(ranks) for ranks in (SINGLE, *PAIR)]
    assert torch.equal(torch.cat([part[0] for part in parts]), z)
    assert all(torch.equal(part[1], after) for part in parts)


def test_within_a_step_ranks_draw_apart_and_after_it_have_one_random_state_again():
    def draw(ranks):
        randomness.seed_everything(0)
        with ranks.distinct_draws(CPU):
            inside = torch.rand(4)
        return inside, torch.rand(4)

    (one, after_one), (other, after_other) = map(draw, PAIR)
    assert not torch.isclose(one, other).any()
    assert torch.equal(after_one, after_other)
    alone, after = draw(SINGLE)
    assert not torch.equal(alone, after) and torch.equal(alone, after_one)  # alone, the step draws as ever


@pytest.mark.parametrize(
    ("sizes", "name", "hint"), [({"batch_size": 9}, "batch_size", "8"), ({"batch_size_g": 5}, "batch_size_g", "4")]
)
def test_a_batch_without_equal_shares_is_refused_with_the_nearest_that_has(sizes, name, hint):
    with pytest.raises(ConfigError, match="no equal shares for 2 ranks") as refusal:
        check_shares(OptimConfig(**({"batch_size": 8} | sizes)), PAIR[0])
    assert (refusal.value.where, refusal.value.hint) == (f"optim.{name}", f"--set optim.{name}={hint}")
    check_shares(OptimConfig(batch_size=9), SINGLE)


# Who is who


def test_without_torchrun_a_process_is_alone_and_torch_distributed_is_not_set_up(monkeypatch):
    monkeypatch.setenv("WORLD_SIZE", "2")  # as some clusters set it
    assert read_ranks() == SINGLE
    with joined(SINGLE, "cpu"):
        assert not torch.distributed.is_initialized()
    assert SINGLE.maximum(3, 1) == [3, 1]


def test_torchrun_says_which_rank_a_process_is(monkeypatch):
    for name, value in {"RANK": "5", "WORLD_SIZE": "8", "LOCAL_RANK": "1"}.items():
        monkeypatch.setenv(name, value)
    assert read_ranks() == Ranks(rank=5, size=8, local=1)
    assert not read_ranks().is_main


@pytest.mark.parametrize("words", [["compare", "--dry-run"], ["list"], ["run", "--dry-run"]])
def test_what_is_for_one_process_is_refused_under_torchrun(monkeypatch, words):
    for name, value in {"RANK": "0", "WORLD_SIZE": "2", "LOCAL_RANK": "0"}.items():
        monkeypatch.setenv(name, value)
    assert "one process only" in ganzoo(*words, code=2).output


# Two processes


@pytest.fixture(scope="module")
def runs(tmp_path_factory):
    """The same run by one process and by two, with what the two showed."""
    place = tmp_path_factory.mktemp("ranks")
    words = ["run", *SN, "--steps=8", "--eval-every=4"]
    code, shown, said = finish(torchrun("-m", "ganzoo", *words, "--out", place / "two"))
    assert code == 0, said
    ganzoo(*words, "--out", place / "one")
    return place / "one", place / "two", shown, said


@pytest.mark.full
def test_two_ranks_end_where_one_process_with_the_joint_batch_does(runs):
    one, two, *_ = runs
    assert_close(state(two), state(one))
    fresh = checkpoint.load(one / "checkpoints", 4, quarantine=False).state
    moved = (fresh["D"]["trunk.body.1.bias"] - state(one)["D"]["trunk.body.1.bias"]).abs().max()
    assert moved > 1e-3  # a thousand times what is called rounding


@pytest.mark.full
def test_two_ranks_log_the_terms_and_scores_of_the_joint_batch(runs):
    one, two, *_ = runs
    assert [record["step"] for record in log(two)] == list(range(1, 9))
    for of_one, of_two in zip(log(one), log(two), strict=True):
        assert of_two == pytest.approx(of_one, rel=1e-3, abs=1e-5)
    scores = [[record["selection"] for record in Run(run).evaluations] for run in (one, two)]
    assert scores[1] == pytest.approx(scores[0], rel=1e-2)
    assert [report["checkpoint"] for report in Run(two).scores] == ["last", "best"]


@pytest.mark.full
def test_rank_0_alone_shows_something_and_the_manifest_counts_the_ranks(runs):
    one, two, shown, said = runs
    assert shown.count("complete: 8 of 8 steps") == 1
    assert said.count("step 8/8  ") == 1
    assert [Run(run).manifest["device"]["ranks"] for run in (one, two)] == [1, 2]
    assert Run(two).status["state"] == "complete" and lock_is_free(two)


@pytest.mark.full
def test_one_process_goes_on_with_a_run_of_two_ranks_and_says_that_it_does(runs):
    one, two, *_ = runs
    ganzoo("resume", one, "--steps=12")
    result = ganzoo("resume", two, "--steps=12")
    assert "not bit-exact: the run began on 2 ranks, this is 1" in result.stderr
    assert_close(state(two), state(one))


@pytest.mark.full
def test_two_ranks_go_on_with_a_run_of_one_and_a_signal_to_torchrun_saves_it(tmp_path):
    run = tmp_path / "run"
    ganzoo("run", *SN, "--no-scores", "--steps=4", "--out", run)
    process = torchrun("-m", "ganzoo", "resume", run, "--steps=100000")
    wait_for(lambda: len(log(run)) > 8, process, seconds=120)
    process.terminate()
    code, shown, said = finish(process)
    assert code != 0 and shown == ""
    assert "not bit-exact: the run began on 1 rank, this is 2" in said
    assert said.count("stopped by signal 15") == 1 and "another rank has ended" not in said
    status = Run(run).status
    assert status["state"] == "interrupted" and status["step"] > 8 and lock_is_free(run)
    assert checkpoint.available_steps(run / "checkpoints")[-1] == status["step"]
    ganzoo("resume", run, "--steps", status["step"] + 2)
    assert Run(run).status["state"] == "complete"


INSIDE = """
import json, sys
from pathlib import Path
sys.path.insert(0, sys.argv[2])
import torch
from support.product import HANDFUL, ROWS, make_row
from support.zoo import ZOO
from ganzoo import layers
from ganzoo.testing.networks import fingerprint
from ganzoo.settings.toml import from_tables
from ganzoo.errors import DivergedError
from ganzoo.runs.observer import Observer
from ganzoo.training.prepare import prepare
from ganzoo.training.ranks import joined, read_ranks
from ganzoo.training.steps import discriminator_step, generator_step
from ganzoo.training.loop import advance, measure

torch.set_num_threads(1)
ranks, place, epsilons = read_ranks(), Path(sys.argv[1]), []
uniform = layers.per_sample_uniform

def remember(x):
    epsilons.append(uniform(x))
    return epsilons[-1]

layers.per_sample_uniform = remember
tables = {
    "dataset": {"name": "digits", "image_size": 16}, "model": {"name": "dcgan", "width": 4},
    "loss": {"name": "wgan"}, "lipschitz": {"name": "gp"}, "optim": {"batch_size": 8}, "train": {"device": "cpu"},
}
with joined(ranks, "cpu"):
    training, _ = prepare(from_tables(tables), ZOO, Observer().note, ranks)
    gan = training.gan
    with torch.no_grad():
        next(gan.G.parameters()).add_(ranks.rank)  # as if it had been built differently
    training.align()
    for _ in range(3):
        discriminator_step(gan, *training.feed.next(8))
        terms = generator_step(gan, *training.feed.next(8))
    state = training.state_dict() | {"epsilons": list(epsilons), "share": len(epsilons[0])}
    state["gradients"] = [weight.grad is not None for weight in gan.D.parameters()]
    try:
        measure(gan, terms | {"d/penalty": torch.tensor(float("nan") if ranks.rank else 1.0)}, 3)
    except DivergedError as error:
        state["diverged"] = error.what
    state["heard"] = ranks.maximum(ranks.rank, 1 - ranks.rank)
    state["gathered"] = ranks.gather(torch.tensor([0.1, 0.2]) + ranks.rank).tolist()
    state["rows"] = []
    for row in ROWS[:HANDFUL]:
        training = make_row(row, ranks=ranks)
        training.align()
        for _ in range(2):
            advance(training)
        state["rows"].append(fingerprint([training.gan.state_dict()]))
    torch.save(state, place / f"{ranks.rank}.pt")
"""


@pytest.fixture(scope="module")
def inside(tmp_path_factory):
    """What two ranks hold after three steps of a generator with batch normalisation against a gradient penalty."""
    place = tmp_path_factory.mktemp("inside")
    (place / "inside.py").write_text(INSIDE)
    code, _, said = finish(torchrun(place / "inside.py", place, ROOT / "tests"))
    assert code == 0, said
    return [torch.load(place / f"{rank}.pt") for rank in (0, 1)]


def test_ranks_hold_the_same_weights_averages_and_random_states_after_steps(inside):
    one, other = inside
    for network in ("G", "D", "G_ema"):
        assert one[network].keys() == other[network].keys()
        assert all(torch.equal(tensor, other[network][name]) for name, tensor in one[network].items()), network
    assert any("running_var" in name for name in one["G"])
    assert torch.equal(one["random"]["torch"], other["random"]["torch"])
    assert torch.equal(one["random"]["numpy"][1], other["random"]["numpy"][1])
    assert one["random"]["python"] == other["random"]["python"]
    assert one["position"] == other["position"] == 48


def test_ranks_draw_different_numbers_in_the_penalty_and_new_ones_at_each_step(inside):
    drawn = torch.cat([torch.cat([epsilon.flatten() for epsilon in state["epsilons"]]) for state in inside])
    assert [state["share"] for state in inside] == [4, 4]
    assert len(drawn) == len(drawn.unique()) == 2 * 3 * 4


def test_a_term_that_is_not_finite_on_one_rank_ends_all_of_them(inside):
    assert [state["diverged"] for state in inside] == ["diverged by step 3: d/penalty is nan"] * 2


def test_ranks_hear_the_highest_number_of_each_place(inside):
    assert [state["heard"] for state in inside] == [[1, 1], [1, 1]]


def test_ranks_gather_the_values_of_all_in_their_order(inside):
    assert [state["gathered"] for state in inside] == [pytest.approx([0.1, 0.2, 1.1, 1.2])] * 2


def test_ranks_end_rows_of_all_axes_with_equal_states(inside):
    one, other = (state["rows"] for state in inside)
    assert one == other and len(set(one)) == HANDFUL


BROKEN = '''
import os
from dataclasses import dataclass
from ganzoo import hookimpl
from ganzoo.builtin.losses import NonSaturating

steps = 0

@dataclass(frozen=True)
class Broken(NonSaturating):
    """bce, which fails on rank 1 at the fifth update of G."""

    def generator_loss(self, *, fake, real=None):
        global steps
        steps += 1
        if os.environ["RANK"] == "1" and steps == 5:
            raise ZeroDivisionError("a bug of rank 1")
        return super().generator_loss(fake=fake, real=real)

@hookimpl
def register_losses():
    return {"broken": Broken}
'''


ONE_NAN = """
import math
from dataclasses import dataclass
from ganzoo import hookimpl
from ganzoo.builtin.losses import NonSaturating

updates = 0

@dataclass(frozen=True)
class OneNaN(NonSaturating):
    \"\"\"bce, which is nan at the fifth update of D.\"\"\"

    def discriminator_loss(self, *, real, fake):
        global updates
        updates += len(real) != 2  # a trial by which operations are counted
        return super().discriminator_loss(real=real, fake=fake) * (math.nan if updates == 5 else 1)

@hookimpl
def register_losses():
    return {"one-nan": OneNaN}
"""


@pytest.mark.fault("two ranks meet a loss that is nan, with --on-nan rollback", "both go back to the same step", "F43")
@pytest.mark.full
def test_ranks_go_back_together(tmp_path):
    (tmp_path / "one_nan.py").write_text(ONE_NAN)
    words = ["--plugin", tmp_path / "one_nan.py", "run", *PLAIN, "--loss=one-nan", "--steps=8", "--on-nan=rollback"]
    each = ["--set=train.save_every=3", "--set=train.log_every=1"]
    code, _, said = finish(torchrun("-m", "ganzoo", *words, *each, "--out", tmp_path / "run"), seconds=120)
    assert code == 0, said
    assert said.count("rolled back to step 3 (1/3), rates x 0.5") == 1
    assert [record["step"] for record in log(tmp_path / "run")] == list(range(1, 9))
    assert checkpoint.load(tmp_path / "run" / "checkpoints").state["rollbacks"][0]["diverged"] == 5


@pytest.mark.fault("two ranks resume a run whose checkpoints are gone", "both end at once, and one says why")
@pytest.mark.full
def test_a_run_without_checkpoints_is_refused_on_all_ranks_and_begins_anew_on_all_if_asked(tmp_path):
    run = tmp_path / "run"
    ganzoo("run", *PLAIN, "--steps=2", "--out", run)
    shutil.rmtree(run / "checkpoints")
    code, _, said = finish(torchrun("-m", "ganzoo", "resume", run), seconds=60)
    assert code != 0 and said.count("ganzoo: the run has trained 2 steps") == 1
    assert "ganzoo: another rank" not in said and lock_is_free(run)
    code, _, said = finish(torchrun("-m", "ganzoo", "resume", run, "--restart"), seconds=60)
    assert code == 0, said
    assert checkpoint.available_steps(run / "checkpoints") == [0, 2]


@pytest.mark.full
def test_an_error_on_one_rank_ends_all_and_the_status_says_that_the_run_failed(tmp_path):
    (tmp_path / "broken.py").write_text(BROKEN)
    words = ["--plugin", tmp_path / "broken.py", "run", *PLAIN, "--loss=broken", "--steps=100000"]
    code, shown, said = finish(torchrun("-m", "ganzoo", *words, "--out", tmp_path / "run"), seconds=120)
    assert code != 0 and shown == ""
    assert "ZeroDivisionError: a bug of rank 1" in said
    assert "ganzoo: another rank has ended" in said and "Traceback" not in said.partition("ganzoo: ")[2][:300]
    assert Run(tmp_path / "run").status["state"] == "failed" and lock_is_free(tmp_path / "run")
    assert json.loads((tmp_path / "run" / "manifest.json").read_text())["device"]["ranks"] == 2
    assert checkpoint.available_steps(tmp_path / "run" / "checkpoints") == [0]


@pytest.mark.full
def test_two_ranks_start_a_run_and_go_on_with_it_by_one_command(tmp_path):
    words = ["-m", "ganzoo", "run", *PLAIN, "--no-scores", "--steps=100000", "--set=train.save_every=5"]
    process = torchrun(*words, "--out", tmp_path / "run", "--auto-resume")
    wait_for(lambda: len(log(tmp_path / "run")) > 8, process, seconds=240)
    process.terminate()
    finish(process)
    reached = Run(tmp_path / "run").status["step"]
    assert reached > 8
    process = torchrun(*words, "--out", tmp_path / "run", "--auto-resume")
    wait_for(lambda: len(log(tmp_path / "run")) > reached + 3, process, seconds=240)
    process.terminate()
    _, _, said = finish(process)
    assert "not bit-exact" not in said and lock_is_free(tmp_path / "run")
    assert [record["step"] for record in log(tmp_path / "run")] == list(
        range(1, Run(tmp_path / "run").status["step"] + 1)
    )
    code, _, said = finish(torchrun(*words, "--seed=1", "--out", tmp_path / "run", "--auto-resume"), seconds=120)
    assert code != 0 and said.count("ganzoo: the folder holds another run: train.seed 0 -> 1") == 1
    assert "ganzoo: another rank" not in said
