"""A run whose commands are killed again and again, and one that is not: python -m support.kills FOLDER KILLS SEED

A killed command is followed by another one: `resume` mostly, now and then `report`, `evaluate` or `diagnose`. Each time
that the run is complete and scored it is made longer. At last both runs are brought to the same length, and compared.
"""

import json
import os
import shutil
import sys
from collections import Counter
from contextlib import suppress
from pathlib import Path
from random import Random

from tensorboard.backend.event_processing.event_accumulator import EventAccumulator

from ganzoo.files import read_records
from ganzoo.runs import checkpoint
from ganzoo.runs.folder import RunFolder, read_reports
from ganzoo.runs.log import TIMINGS
from ganzoo.runs.scores import is_scored
from ganzoo.runs.verdicts import damaged_among
from ganzoo.runs.verify import verify_run
from support.lives import import_all, live
from support.runs import TINY, assert_equal_runs

STAGE = 20
"""Steps by which the run is made longer; a multiple of all cadences, so that a last step has no records of its own.

The learning rates must not depend on the length either.
"""

CADENCES = [
    "--set=optim.lr_decay=none",
    "--set=train.save_every=5",
    "--set=train.log_every=2",
    "--eval-every=10",
    "--set=train.sample_every=10",
]
WORDS = [*TINY, *CADENCES, "--loss=wgan", "--lipschitz=gp", "--augment=diffaug"]
AUDITS = ["--set=train.diagnose_every=10"]
"""They take most of the time of a life, so that few kills go without."""
OTHERS = {"report": 0.08, "evaluate": 0.06, "diagnose": 0.06}
"""Command -> its share of the lives; the others resume the run."""

VERIFIED_EVERY = 5
"""After one life of so many, every file of the run is read."""

STARTED_EVERY = 10
"""One life of so many is a new process, which also imports torch; the others are forked."""

NOT_KEPT = ("seconds", "created", "time")


class Tormentor:
    """The process that starts commands and kills them."""

    def __init__(self, place, seed, *, audits):
        self.place, self.random, self.run_words = place, Random(seed), [*WORDS, *(AUDITS if audits else [])]
        self.folder, self.output = RunFolder(place / "killed"), place / "output.txt"
        self.steps, self.lives, self.reached = STAGE, 0, 0
        self.kills, self.completed = Counter(), Counter()
        self.spans = {"forked": 1.0, "started": 4.0}

    def torment(self, kills):
        """Live and die until so many commands were killed; then let one end."""
        while self.kills.total() < kills:
            self.lives += 1
            command = self.choose()
            forked = self.lives % STARTED_EVERY != 0
            self.one_life(command, forked)
            self.check()
        while not self.is_done():
            self.expect_end(live(self.words("resume"), self.output))

    def choose(self):
        """Return the name of the next command; a run that never began is started."""
        if not self.folder.recipe.is_file():
            shutil.rmtree(self.folder.path, ignore_errors=True)
            return "run"
        if self.is_done():
            self.steps += STAGE
        others = list(OTHERS)
        weights = [*OTHERS.values(), 1 - sum(OTHERS.values())]
        return self.random.choices([*others, "resume"], weights)[0]

    def is_done(self):
        folder = self.folder
        steps = checkpoint.available_steps(folder.checkpoints)
        return bool(steps) and steps[-1] == self.steps and is_scored(folder, self.steps)

    def words(self, command):
        path = self.folder.path
        return {
            "run": ["run", *self.run_words, "--steps", self.steps, "--out", path],
            "resume": ["resume", path, "--steps", self.steps],
            "report": ["report", path, "-o", self.place / "report.html"],
            "evaluate": ["evaluate", path],
            "diagnose": ["diagnose", path],
        }[command]

    def one_life(self, command, forked):
        """Kill a command at a random moment: any, or one while a checkpoint is saved, or while it is scored."""
        way = "forked" if forked else "started"
        before = self.status().get("pid")
        aims = {
            "any": (None, self.spans[way]),
            "training": (lambda: self.status().get("pid") != before, self.spans[way] / 3),
            "saving": (self.is_saving, 0.01),
            "scoring": (self.is_complete, self.spans[way] / 3),
        }
        after, span = aims[self.random.choice([*aims]) if command in ("run", "resume") else "any"]
        end = live(self.words(command), self.output, seconds=self.random.uniform(0, span), after=after, forked=forked)
        if end.killed:
            self.kills[self.phase(command, before), way] += 1
            assert "Traceback" not in end.said, end.said
        else:
            self.completed[command] += 1
            self.spans[way] += 0.2 * (1.2 * end.seconds - self.spans[way])
            self.expect_end(end, command)

    def status(self):
        with suppress(OSError, ValueError):
            return json.loads(self.folder.status.read_bytes())
        return {}

    def is_saving(self):
        return any(self.folder.checkpoints.glob(".*.tmp-*"))

    def is_complete(self):
        return self.status().get("state") == "complete"

    def phase(self, command, before):
        """What a command that was killed was doing, by what it left behind."""
        if command not in ("run", "resume"):
            return command
        status = self.status()
        if status.get("pid") == before:
            return "start-up"
        if self.is_saving():
            return "saving"
        return "scoring" if status.get("state") == "complete" else "training"

    def expect_end(self, end, command="resume"):
        """A command that was let live did its work, or had no checkpoint to do it with."""
        allowed = {0, 5} if command in ("evaluate", "diagnose") and not self.reached else {0}
        assert end.code in allowed, end.said
        assert "Traceback" not in end.said, end.said
        assert "corrupt" not in end.said, end.said

    def check(self):
        """No kill cost a checkpoint that had been saved, or left half a file under a name that counts."""
        steps = checkpoint.available_steps(self.folder.checkpoints)
        assert max(steps, default=0) >= self.reached
        self.reached = max(steps, default=0)
        assert not list(self.folder.path.rglob("*.corrupt"))
        report = self.place / "report.html"
        assert not report.exists() or report.read_text().rstrip().endswith("</html>")
        if self.lives % VERIFIED_EVERY == 0 and self.folder.recipe.is_file():
            assert not damaged_among(verify_run(self.folder.path))


def events(run):
    """The scalars that TensorBoard shows, but times and the settings that the run began with."""
    found = EventAccumulator(str(run / "tb"), size_guidance={"scalars": 0})
    found.Reload()
    tags = [tag for tag in found.Tags()["scalars"] if tag not in TIMINGS]
    return {tag: [(event.step, event.value) for event in found.Scalars(tag)] for tag in tags}


def records(path):
    return [{key: value for key, value in record.items() if key not in NOT_KEPT} for record in read_records(path)]


def scores(folder):
    reports = {report["checkpoint"]: report for report in read_reports(folder)}
    return {name: (report["scores"], report["protocol"], report["memorisation"]) for name, report in reports.items()}


def assert_nothing_differs(one, other):
    """Tensors, log, pictures, evaluations, audits, scores and TensorBoard's scalars of two runs are equal."""
    assert_equal_runs(one.path, other.path)
    for name in ("evaluations", "audits"):
        assert records(getattr(one, name)) == records(getattr(other, name)), name
    assert scores(one) == scores(other)
    assert events(one.path) == events(other.path)


def main():
    place, kills, seed = Path(sys.argv[1]), int(sys.argv[2]), int(sys.argv[3])
    place.mkdir(parents=True, exist_ok=True)
    os.environ["GANZOO_CACHE"] = str(place / "cache")
    print(f"seed {seed} of the moments")
    import_all()
    tormentor = Tormentor(place, seed, audits=kills >= 50)
    tormentor.torment(kills)
    whole = RunFolder(place / "whole")
    tormentor.expect_end(
        live(["run", *tormentor.run_words, "--steps", tormentor.steps, "--out", whole.path], tormentor.output)
    )
    for (phase, way), number in sorted(tormentor.kills.items()):
        print(f"{number:4d} killed  {phase:9} {way}")
    print(
        f"{tormentor.kills.total():4d} killed, {tormentor.completed.total()} ended, {tormentor.steps} steps", flush=True
    )
    assert_nothing_differs(tormentor.folder, whole)


if __name__ == "__main__":
    main()
