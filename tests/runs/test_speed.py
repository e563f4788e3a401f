"""What `ganzoo bench` measures: the baseline learns the same, times and operations add up, nothing is left behind."""

import json

import pytest
import torch
from click.testing import CliRunner

from ganzoo.cli import cli
from ganzoo.runs import speed as bench
from ganzoo.runs.baseline import Baseline
from ganzoo.runs.observer import Observer
from ganzoo.runs.speed import PHASES, Spread
from ganzoo.training.costs import measure_costs
from ganzoo.training.device import choose_device
from ganzoo.training.prepare import prepare
from ganzoo.training.steps import discriminator_step, generator_step
from ganzoo.training.timing import measure_product
from ganzoo.zoo.recipes import settle
from support.runs import TINY
from support.states import same
from support.zoo import ZOO

CPU = torch.device("cpu")
MLP = {"model.name": "mlp", "model.width": 16, "dataset.image_size": 8, "optim.batch_size": 8}


def settled(**chosen):
    flags = {"loss.name": "wgan", "lipschitz.name": "gp", "train.precision": "fp32"}
    return settle(flags=flags | chosen, sets=MLP).run


def invoke(*words):
    return CliRunner().invoke(cli, ["bench", *TINY, "--seconds=0", "--repeats=2", *words])


@pytest.mark.parametrize("lipschitz", ["none", "gp", "clip", "sn"])
def test_the_plain_loop_learns_what_our_steps_learn(lipschitz):
    run = settled(**{"lipschitz.name": lipschitz})
    training, samples = prepare(run, ZOO, Observer().note)
    gan, baseline = training.gan, Baseline(run, ZOO, samples, CPU)
    gan.per_sample = False  # as the baseline loop, which passes D twice, so that the power method of sn moves twice
    for name in ("G", "D", "G_ema"):
        getattr(baseline.gan, name).load_state_dict(getattr(gan, name).state_dict())
    batch = training.feed.next(8)
    torch.manual_seed(0)
    discriminator_step(gan, *batch)
    generator_step(gan, *batch)
    torch.manual_seed(0)
    baseline._update_discriminator(*batch)
    baseline._update_generator(*batch)
    baseline._move_average()
    for ours, theirs in ((gan.G, baseline.gan.G), (gan.D, baseline.gan.D), (gan.G_ema, baseline.gan.G_ema)):
        for name, tensor in ours.state_dict().items():
            torch.testing.assert_close(tensor, theirs.state_dict()[name], rtol=1e-4, atol=1e-5)


def test_the_plain_loop_takes_every_layer_the_long_way_in_contiguous_memory():
    run = settle(recipe=None, flags={"model.name": "resnet", "loss.name": "wgan", "lipschitz.name": "gp"}).run
    _, samples = prepare(run, ZOO, Observer().note)
    baseline = Baseline(run, ZOO, samples, CPU)
    weights = [weight for weight in baseline.gan.D.parameters() if weight.ndim == 4]
    assert all(weight.is_contiguous() for weight in weights)
    assert {type(layer).__name__ for layer in baseline.gan.D.modules() if getattr(layer, "literal", False)} == {
        "ConvPool",
        "Rectifier",
    }


def test_a_measurement_adds_up(monkeypatch):
    monkeypatch.setattr(bench, "measure_product", lambda dtype, device, size: 5e9)
    run = settled()
    speed = bench.measure_speed(run, ZOO, Observer(), repeats=3, seconds=0, against="eager")
    training, samples = prepare(run, ZOO, Observer().note)
    assert speed.flops_per_step == measure_costs(training.gan, samples, run.optim)["flops_per_step"]
    assert speed.flops_per_s == pytest.approx(speed.flops_per_step / speed.step_ms.median * 1000)
    assert speed.share == pytest.approx(speed.flops_per_s / 5e9)
    assert speed.images_per_s.median == pytest.approx(run.optim.n_critic * 8 / speed.step_ms.median * 1000)
    assert tuple(speed.phases_ms) == PHASES
    assert all(spread.median > 0 for phase, spread in speed.phases_ms.items() if phase != "penalty")
    baseline = speed.against
    assert baseline.ratio == Spread.of(baseline.pairs) and len(baseline.pairs) == 3
    assert baseline.flops_per_step > speed.flops_per_step  # a gradient of zeros, gradients of weights that do not move
    assert baseline.bound >= baseline.ratio.median * speed.share * 0.3


def test_without_a_penalty_that_phase_takes_no_time():
    speed = bench.measure_speed(settled(**{"lipschitz.name": "none"}), ZOO, Observer(), repeats=1, seconds=0)
    assert speed.phases_ms["penalty"] == Spread(0.0, 0.0, 0.0)
    assert speed.against is None


def test_measuring_phases_leaves_the_optimisers_and_enforcers_of_the_run_in_place():
    training, samples = prepare(settled(), ZOO, Observer().note)
    gan = training.gan
    parts = gan.opt_d, gan.opt_g, gan.lipschitz
    bench._time_phases(training, samples)
    assert (gan.opt_d, gan.opt_g, gan.lipschitz) == parts and training.gan is gan


def test_the_command_prints_a_page_or_one_json_object_and_writes_nothing(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    page = invoke("--against=eager")
    assert page.exit_code == 0, page.output
    for word in ("images/s", "penalty", "GFLOP", "memory", "eager", "ratio", "2 pairs"):
        assert word in page.stdout
    assert max(map(len, page.stdout.splitlines())) <= 100
    record = json.loads(invoke("--json").stdout)
    assert record["against"] is None and record["share"] > 0 and record["images_per_s"]["low"] > 0
    assert list(tmp_path.iterdir()) == []


def test_the_rate_of_a_product_is_counted_as_two_operations_per_multiplication(monkeypatch):
    clock = iter([0.0, 9.0, 10.0, 12.0, 20.0, 21.0])  # the first does not count; the best takes one second
    monkeypatch.setattr("ganzoo.training.timing.time.perf_counter", lambda: next(clock))
    assert measure_product(torch.float32, CPU, 10, repeats=2) == 2000.0


@pytest.mark.parametrize(("amx", "avx", "chosen"), [(1, 0, "bf16"), (0, 1, "bf16"), (0, 0, "fp32")])
def test_a_cpu_gets_bf16_where_it_multiplies_it(monkeypatch, amx, avx, chosen):
    monkeypatch.setattr(torch.cpu, "_is_amx_tile_supported", lambda: amx)
    monkeypatch.setattr(torch.cpu, "_is_avx512_bf16_supported", lambda: avx)
    assert choose_device("cpu", "auto").precision == chosen
    assert choose_device("cpu", "bf16").precision == "bf16"


def test_nothing_is_timed_to_choose_a_precision_since_a_busy_cpu_would_get_another(monkeypatch):
    monkeypatch.setattr(torch.cpu, "_is_amx_tile_supported", lambda: True)
    monkeypatch.setattr("ganzoo.training.timing.time.perf_counter", iter(()).__next__)  # raises
    assert choose_device("cpu", "auto").precision == "bf16"


def test_bf16_on_a_processor_without_it_is_said_to_be_slow(monkeypatch):
    notes = []
    observer = Observer()
    observer.note = notes.append
    run = settled(**{"train.precision": "bf16"})
    for has in (True, False):
        monkeypatch.setattr("ganzoo.training.compatibility.has_bf16", lambda has=has: has)
        prepare(run, ZOO, observer.note)
    (note,) = notes
    assert "no bf16 arithmetic" in note and "--precision auto" in note


def test_penalties_take_their_norms_in_float32_under_bf16():
    """Squares of a gradient of 1e-3 over 3,072 pixels: bf16 would lose most of their sum."""
    from ganzoo.layers import gradient_norm

    def critic(x):
        return (x * 1e-3).flatten(1).sum(dim=1)

    norm = gradient_norm(critic, torch.randn(2, 3, 32, 32).bfloat16())
    assert norm.dtype == torch.float32
    assert norm.tolist() == pytest.approx([1e-3 * 3072**0.5] * 2, rel=0.01)
    assert same(norm[0], norm[1])
