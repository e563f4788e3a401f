"""The Ray engine on a real cluster of two workers of one CPU each: workers die, and the tables stay the same."""

import importlib.util
import os
import re
import signal
import sys
import threading
import time
from pathlib import Path

import pytest

from ganzoo.builtin.engines import ray as engine
from ganzoo.builtin.engines.ray import RayCluster
from ganzoo.builtin.engines.storage import CellStorage
from ganzoo.cells import Cell
from ganzoo.errors import ConfigError, PluginError, ResourceError
from ganzoo.runs import checkpoint
from ganzoo.runs.folder import RunFolder, read_reports
from ganzoo.settings.sections import Choice
from support.runs import TINY, ganzoo, log, state
from support.states import same

if importlib.util.find_spec("ray") is None and not os.environ.get("GANZOO_REQUIRE_ALL"):
    pytest.skip("ray is not installed", allow_module_level=True)

pytestmark = pytest.mark.timeout(600)

SLOW = '''"""A loss that takes its time, so that a worker can be killed in the middle of a run."""

import time
from dataclasses import dataclass

from ganzoo import hookimpl
from ganzoo.builtin.losses import NonSaturating


@dataclass(frozen=True)
class Slow(NonSaturating):
    """bce, with a pause in every step."""

    pause: float = 0.0

    def discriminator_loss(self, *, real, fake):
        time.sleep(self.pause)
        return super().discriminator_loss(real=real, fake=fake)


@hookimpl
def register_losses():
    return {"slow": Slow}
'''
STEPS = 150
WORDS = [
    *TINY,
    "--loss=slow",
    f"--steps={STEPS}",
    "--samples=64",
    "--set=eval.metrics=fid",
    "--set=eval.memorisation=false",
    "--set=train.save_every=10",
    "--set=train.log_every=5",
]


@pytest.fixture(scope="module")
def place(tmp_path_factory):
    folder = tmp_path_factory.mktemp("ray")
    (folder / "slow.py").write_text(SLOW)
    return folder


def cells(place, grid, count, pause=0.03):
    """Cells that differ in their seeds, each of about five seconds and its imports."""
    program = (sys.executable, "-m", "ganzoo", "--plugin", str(place / "slow.py"))
    folder = place / grid
    return [
        Cell(
            name=f"s{seed}",
            program=program,
            arguments=(*WORDS, f"--set=loss.pause={pause}", f"--seed={seed}"),
            folder=folder / "cells" / f"s{seed}",
            log=folder / "logs" / f"s{seed}.log",
            timeout=400,
        )
        for seed in range(count)
    ]


@pytest.fixture(scope="module")
def undisturbed(place):
    """The same cells in this process, by name; pauses do not change what is learned."""
    planned = cells(place, "undisturbed", 4, pause=0.0)
    for cell in planned:
        ganzoo(*cell.program[3:], "run", *cell.arguments, "--set=train.save_every=50", "--out", cell.folder)
    return {cell.name: cell.folder for cell in planned}


@pytest.fixture(scope="module")
def cluster():
    """A head without CPUs, as the driver's machine, and two workers."""
    engine._import_ray()  # first, since it keeps Ray quiet
    from ray.cluster_utils import Cluster

    handler = signal.getsignal(signal.SIGTERM)
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("RAY_worker_niceness", "0")  # by default 15, which starves them beside other tests
        made = Cluster(initialize_head=True, head_node_args={"num_cpus": 0, "include_dashboard": False})
        yield made
        made.shutdown()
    signal.signal(signal.SIGTERM, handler)


@pytest.fixture
def workers(cluster):
    """Two workers, whatever the test before did to them."""
    while len(cluster.worker_nodes) < 2:
        cluster.add_node(num_cpus=1)
    return list(cluster.worker_nodes)


def sessions(cell):
    """The numbers of the steps that each process of a cell reported."""
    parts = re.split(r"^mlp-slow-none_digits: .*seed .*$", cell.log.read_text(), flags=re.MULTILINE)[1:]
    return [[int(step) for step in re.findall(rf"^step (\d+)/{STEPS}", part, re.MULTILINE)] for part in parts]


def wait_for(condition):
    deadline = time.monotonic() + 200
    while not condition():
        assert time.monotonic() < deadline
        time.sleep(0.05)


def saved(folder):
    """The step from which a resume would go on: a worker may be killed between a sidecar and the pointer to it."""
    return RunFolder(folder).read_json(folder / "checkpoints" / "latest.json").get("step", 0)


def during(run, planned, condition, act):
    """Let an engine run, and do something once a condition holds; returns the endings by name."""
    failures = []

    def disturb():
        try:
            wait_for(condition)
            act()
        except BaseException as error:
            failures.append(error)

    thread = threading.Thread(target=disturb)
    thread.start()
    endings = {cell.name: ending for cell, ending in run(planned)}
    thread.join()
    assert not failures
    return endings


def scores(run):
    """What a table is made of."""
    return [report["scores"] for report in read_reports(RunFolder(run))]


def assert_as_undisturbed(planned, undisturbed):
    for cell in planned:
        assert same(state(cell.folder), state(undisturbed[cell.name]))
        assert log(cell.folder) == log(undisturbed[cell.name])
        assert scores(cell.folder) == scores(undisturbed[cell.name]) != []


@pytest.mark.full
def test_cells_of_a_worker_that_is_killed_go_on_elsewhere_and_nothing_is_lost_or_run_twice(
    place, cluster, workers, undisturbed
):
    planned = cells(place, "mount", 4)
    first = [cell.folder for cell in planned[:2]]
    endings = during(
        RayCluster(address=cluster.address).run,
        planned,
        lambda: all(saved(folder) >= 20 for folder in first),
        lambda: cluster.remove_node(workers[0], allow_graceful=False),
    )
    assert {name: ending.state for name, ending in endings.items()} == dict.fromkeys(undisturbed, "complete")
    assert_as_undisturbed(planned, undisturbed)
    counts = sorted(len(sessions(cell)) for cell in planned)
    assert counts == [1, 1, 1, 2]
    (killed,) = [cell for cell in planned if len(sessions(cell)) == 2]
    assert sessions(killed)[1][0] > 20  # not from the start


def worker_of(folder):
    """The pid of the Ray worker whose child trains this run."""
    child = RunFolder(folder).read_json(folder / "status.json")["pid"]
    stat = Path(f"/proc/{child}/stat").read_text()
    return int(stat.rpartition(")")[2].split()[1])


@pytest.mark.full
def test_a_killed_worker_without_a_shared_folder_leaves_what_was_uploaded_and_the_next_goes_on(
    place, cluster, workers, undisturbed, capfd
):
    planned, storage = cells(place, "driver", 2), place / "storage"
    first = storage / "cells" / "s0"
    endings = during(
        RayCluster(address=cluster.address, storage=storage.as_uri(), sync_every=0.5).run,
        planned,
        lambda: saved(first) >= 20,
        lambda: os.kill(worker_of(first), signal.SIGKILL),
    )
    assert {ending.state for ending in endings.values()} == {"complete"}
    assert capfd.readouterr().out == ""  # which is for results
    assert_as_undisturbed(planned, undisturbed)
    again, whole = map(sessions, planned)
    assert len(again) == 2 and again[1][0] > 20 and len(whole) == 1
    kept = checkpoint.available_steps(planned[0].folder / "checkpoints")
    assert kept == checkpoint.available_steps(first / "checkpoints") == [130, 140, 150]  # as rotation left them


@pytest.mark.full
def test_runs_save_themselves_when_the_grid_is_stopped_and_go_on_later(place, cluster, workers, undisturbed):
    planned, storage = cells(place, "stopped", 3), place / "stopped-storage"
    ray = RayCluster(address=cluster.address, storage=storage.as_uri(), sync_every=0.5)
    folders = [storage / "cells" / cell.name for cell in planned[:2]]

    def stop():
        os.kill(os.getpid(), signal.SIGINT)

    with pytest.raises(KeyboardInterrupt):
        during(ray.run, planned, lambda: all(saved(folder) >= 20 for folder in folders), stop)
    states = [RunFolder(folder).read_json(folder / "status.json") for folder in folders]
    assert [status["state"] for status in states] == ["interrupted", "interrupted"]
    assert not (storage / "cells" / "s2").exists()
    assert saved(folders[0]) == states[0]["step"] < STEPS
    endings = dict(ray.run(planned[:1]))
    assert [ending.state for ending in endings.values()] == ["complete"]
    assert_as_undisturbed(planned[:1], undisturbed)


def test_without_ray_the_engine_says_what_to_install(monkeypatch, place):
    monkeypatch.setitem(sys.modules, "ray", None)
    with pytest.raises(PluginError, match=r"needs the package ray\n.*pip install 'ganzoo-torch\[ray\]'"):
        list(RayCluster().run(cells(place, "none", 1)))


def test_a_cluster_that_is_not_there_is_refused_in_words(place):
    with pytest.raises(ResourceError, match="no Ray cluster answers"):
        list(RayCluster(address="127.0.0.1:1").run(cells(place, "none", 1)))


def test_a_storage_that_cannot_be_used_is_refused_before_anything_runs(place):
    (place / "file").touch()
    with pytest.raises(ResourceError, match="cannot use the storage: NotADirectoryError"):
        list(RayCluster(address="none", storage=(place / "file" / "grid").as_uri()).run(cells(place, "none", 1)))


def test_what_a_storage_holds_follows_what_was_done_here(place):
    (cell,) = cells(place, "here", 1)
    storage = place / "follows"
    files = CellStorage(storage.as_uri(), cell)
    cell.folder.mkdir(parents=True)
    (cell.folder / "recipe.toml").touch()
    (cell.folder / "status.json").write_text('{"state": "diverged"}')
    engine._prepare(storage.as_uri(), [cell])
    assert files.read_state() == "diverged"  # begun by another engine
    engine._prepare(storage.as_uri(), [cell])
    assert files.read_state() == "diverged"
    cell.folder.rename(place / "moved-away")
    engine._prepare(storage.as_uri(), [cell])
    assert files.read_state() == ""  # begins anew


def test_a_cell_that_fits_on_no_node_is_refused_in_words(monkeypatch, place, cluster, workers):
    monkeypatch.setattr(engine, "STARTUP", 1.0)
    with pytest.raises(ResourceError, match="no node of the cluster has the 2 CPUs and 0 GPUs"):
        list(RayCluster(address=cluster.address, cpus=2.0).run(cells(place, "none", 1)))


@pytest.mark.parametrize(("option", "value"), [("cpus", 1.5), ("gpus", 2.5), ("cpus", 0.0)])
def test_shares_that_ray_does_not_know_are_refused(zoo, option, value):
    with pytest.raises(ConfigError, match=f"engine.{option}: {value} is refused"):
        zoo.create("engine", Choice("ray", {option: value}))
