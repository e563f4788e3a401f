"""The conformance kit: every check finds a fault that was planted for it, and says what to do."""

import inspect
import json
import subprocess
import sys
from functools import partial
from itertools import islice

import pytest

import ganzoo.testing as kit
from ganzoo.testing import cases, components, networks, training_checks
from ganzoo.testing.expectations import ConformanceError
from ganzoo.testing.subjects import Subject
from ganzoo.zoo.checks import CONTRACTS
from ganzoo.zoo.plugins import load_zoo
from support.faulty import PLANTED
from support.packages import make_wheel, pip_install
from support.runs import ENVIRONMENT, ganzoo

ALL = [*components.CHECKS, *(check for checks in cases.CHECKS.values() for check in checks), *training_checks.CHECKS]
IDS = [f"{check.__module__.rpartition('.')[2]}-{check.__name__}-{cls.__name__}" for _, cls, check, _ in PLANTED]


def subject_of(kind, component, **options):
    """A component as it is found once it is registered."""
    zoo, name = load_zoo(disabled=["all"]), component.__name__.lower()
    zoo.add("faulty", CONTRACTS[kind][0], kind, {name: component})
    return Subject(kind, name, component, zoo, options)


def run(subject, check):
    cases.Case(subject.label, check.__name__, partial(check, subject)).run()


@pytest.mark.parametrize(("kind", "component", "check", "words"), PLANTED, ids=IDS)
def test_a_planted_fault_is_found_and_said(kind, component, check, words):
    with pytest.raises(ConformanceError, match=words) as failure:
        run(subject_of(kind, component), check)
    assert all(part in str(failure.value) for part in ("expected  ", "\n  came    ", "\n  try     "))


def test_every_check_has_a_planted_fault():
    assert {check for check in ALL if check is not training_checks.it_trains_on_cuda} == {
        check for _, _, check, _ in PLANTED
    }


def test_every_check_says_in_a_sentence_what_it_is_for():
    assert [check.__name__ for check in ALL if not (inspect.getdoc(check) or "").endswith(".")] == []


def test_states_differ_where_a_bit_does():
    import torch

    one = {"a": [torch.zeros(2), 1.0], "b": (torch.ones(1),)}
    other = {"a": [torch.tensor([0.0, -0.0]), 2.0], "b": (torch.ones(2),)}
    assert list(networks.differences(one, one)) == []
    assert list(networks.differences(one, other)) == ["a.1", "b.0"]
    assert networks.fingerprint(one) == networks.fingerprint({**one}) != networks.fingerprint(other)


# A package that pip installed


SOUND = """
from dataclasses import dataclass
import ganzoo
from torch.nn.functional import softplus

@dataclass(frozen=True)
class Sound(ganzoo.AdversarialLoss):
    '''The non-saturating loss; Goodfellow et al. 2014, arXiv:1406.2661.'''

    def discriminator_loss(self, *, real, fake):
        return softplus(-real).mean() + softplus(fake).mean()

    def generator_loss(self, *, fake, real=None):
        return softplus(-fake).mean()

@ganzoo.hookimpl
def register_losses():
    return {"sound": Sound}
"""
WRONG = """
from dataclasses import dataclass
import ganzoo

@dataclass(frozen=True)
class MeanDistance(ganzoo.Metric):
    '''Squared distance of the means; nobody's invention.'''

    weight: float = 1.0

    def compute(self, *, real, fake):
        if fake.count < 2:
            raise ganzoo.EvaluationError("two images at least")
        return {"distance": ganzoo.Score(self.weight * float((real.mean - fake.mean).square().sum()), "higher")}

@ganzoo.hookimpl
def register_metrics():
    return {"distance": MeanDistance}
"""
FAULT = "equal sets are better than unlike ones"
CHECKS_OF_A_METRIC = len(components.CHECKS) + len(cases.CHECKS["metric"])


@pytest.fixture(scope="module")
def installed(tmp_path_factory):
    """A folder into which pip installed a sound package, one with a fault, and one that does not import."""
    place = tmp_path_factory.mktemp("packages")
    sources = {"ganzoo-sound": SOUND, "ganzoo-wrong": WRONG, "ganzoo-broken": "import nope_nope"}
    pip_install(place / "site", *[make_wheel(place, name, source) for name, source in sources.items()])
    return place / "site"


@pytest.fixture
def on_path(installed, monkeypatch):
    monkeypatch.delenv("GANZOO_DISABLE_PLUGINS", raising=False)
    monkeypatch.syspath_prepend(str(installed))


@pytest.mark.full
def test_check_of_an_installed_package_prints_a_row_for_each_check(on_path):
    header, *rows = ganzoo("check", "ganzoo-sound").stdout.splitlines()
    assert header.split() == ["component", "check", "result"]
    assert {row[:10].strip() for row in rows} == {"loss sound", "together"}
    assert {row.rpartition("  ")[2].partition(":")[0] for row in rows} <= {"ok", "skipped"}
    assert len(rows) == len(components.CHECKS) + len(cases.CHECKS["loss"]) + len(training_checks.CHECKS) + 1


def test_check_of_a_wrong_package_ends_with_4_and_says_what_to_do(on_path):
    result = ganzoo("check", "ganzoo_wrong", code=4)
    below = result.stdout.partition(FAULT)[2].splitlines()
    assert below[0].split() == ["failed"]
    assert below[1].startswith("  expected  better scores of equal sets") and "lower or higher?" in below[3]
    assert f"1 of {CHECKS_OF_A_METRIC} checks of ganzoo_wrong failed" in result.stderr


def test_check_of_a_broken_package_says_its_fault_and_how_to_see_more(on_path):
    said = ganzoo("check", "ganzoo-broken", code=4).stderr
    assert "No module named 'nope_nope'" in said and "ganzoo plugins --traceback ganzoo-broken" in said


def test_check_of_what_is_not_installed_suggests_the_nearest(on_path):
    said = ganzoo("check", "ganzoo-soundd", code=4).stderr
    assert "no plugin 'ganzoo-soundd' is installed. Did you mean 'ganzoo-sound'?" in said


def test_a_disabled_plugin_is_not_checked(on_path):
    assert "is disabled" in ganzoo("--no-plugin", "ganzoo-sound", "check", "ganzoo-sound", code=4).stderr


@pytest.mark.full
def test_one_line_enrols_a_package_and_so_does_a_flag_without_any_line(installed, tmp_path):
    line = 'test_contracts = ganzoo.testing.contract_tests("ganzoo-wrong")'
    (tmp_path / "test_it.py").write_text(f"import ganzoo.testing\n\n{line}\n")
    (tmp_path / "empty").mkdir()
    ways = [["test_it.py"], ["-p", "ganzoo.testing", "--ganzoo", "ganzoo-wrong", "empty"]]
    options = {"env": ENVIRONMENT | {"PYTHONPATH": str(installed)}, "stdout": subprocess.PIPE, "text": True}
    words = [sys.executable, "-m", "pytest", "-q", "-p", "no:cacheprovider", "-W", "error"]
    for process in [subprocess.Popen([*words, *way], cwd=tmp_path, **options) for way in ways]:
        shown, _ = process.communicate(timeout=200)
        assert process.returncode == 1, shown
        assert f"metric-distance-{FAULT.replace(' ', '_')}" in shown
        assert "expected  better scores of equal sets" in shown and "Traceback" not in shown
        assert f"1 failed, {CHECKS_OF_A_METRIC - 2} passed, 1 skipped" in shown


# A single file


def test_check_of_a_file_takes_the_options_that_it_needs(tmp_path):
    path = tmp_path / "mine.py"
    path.write_text(WRONG.replace("weight: float = 1.0", "weight: float").replace('"higher"', '"lower"'))
    rows = json.loads(ganzoo("check", path, "--set", "metric.distance.weight=2.0", "--json").stdout)
    states = [row["state"] for row in rows]
    assert (states.count("ok"), states.count("skipped")) == (CHECKS_OF_A_METRIC - 1, 1)  # it needs no generator
    rows = json.loads(ganzoo("check", path, "--json").stdout)
    assert [row["state"] for row in rows].count("skipped") == CHECKS_OF_A_METRIC - 3
    assert "no value for weight: --set metric.distance.weight=VALUE" in {row["why"] for row in rows}
    assert "options for model.distance" in ganzoo("check", path, "--set", "model.distance.weight=2.0", code=2).stderr


def test_a_crash_of_a_component_is_a_failure_with_its_line(tmp_path):
    path = tmp_path / "crash.py"
    path.write_text(SOUND.replace("softplus(-fake).mean()", "[fake][1]"))
    why = {outcome.check: outcome.why for outcome in islice(kit.check(str(path)), 12)}
    said = why["generator loss falls when fake logits rise"]
    assert said.startswith("IndexError: list index out of range") and f"{path}:" in said and "[fake][1]" in said


BUFFER = """
from dataclasses import dataclass

import ganzoo
import torch
from torch import nn


class Counter(nn.Module):
    def __init__(self):
        super().__init__()
        self.register_buffer("seen", torch.zeros(2, dtype=torch.long))

    def forward(self, x):
        self.seen += (x.detach() > 0).sum()
        return x * 1.0


class Crash(nn.Module):
    def forward(self, x):
        if torch.distributed.is_initialized():
            raise ZeroDivisionError("a bug")
        return x * 1.0


@dataclass(frozen=True)
class Counting(ganzoo.Augmentation):
    '''Counts bright pixels, and on each process its own; nobody's invention.'''

    def transform(self, data):
        return Counter()


@dataclass(frozen=True)
class Failing(ganzoo.Augmentation):
    '''Fails where two processes train; nobody's invention.'''

    def transform(self, data):
        return Crash()


@ganzoo.hookimpl
def register_augmentations():
    return {"counting": Counting, "failing": Failing}
"""


def test_processes_that_fail_or_end_apart_are_named(tmp_path):
    path = tmp_path / "apart.py"
    path.write_text(BUFFER)
    (case,) = [case for case in cases.list_cases(load_zoo(files=[path]), str(path)) if case.component == "together"]
    with pytest.raises(ConformanceError) as failure:
        case.run()
    assert "augment counting: the weights of the two processes differ; " in str(failure.value)
    assert "augment failing: ZeroDivisionError: a bug" in str(failure.value)
