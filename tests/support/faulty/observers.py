"""Observers that break one promise each."""

import random
from dataclasses import dataclass

from ganzoo.contracts import Observer
from ganzoo.testing import observers
from support.faulty.plant import planted


@planted("observer", observers.it_listens_to_something, "a method of its own")
class Deaf(Observer):
    def on_record(self, record):
        raise AssertionError


@planted("observer", observers.it_takes_a_run_that_completes, "evaluation.* to raise nothing")
class Exact(Observer):
    """Asks every score for what those while training alone have."""

    def evaluation(self, record):
        assert record["selection"] > 0


@planted("observer", observers.it_takes_a_run_that_fails_and_goes_on, "start.* to raise nothing")
class Once(Observer):
    def start(self, settings, path, step):
        (path / "mine").mkdir()


@planted("observer", observers.it_leaves_the_files_of_the_run, "others: log.jsonl")
@dataclass
class Helpful(Observer):
    """Adds to the log; nobody's invention."""

    def start(self, settings, path, step):
        self.log = path / "log.jsonl"

    def record(self, record):
        self.log.write_text("better")


@planted("observer", observers.it_changes_no_global_state, "the random state of python")
class Sampler(Observer):
    def record(self, record):
        if random.random() < 0.1:
            print(record["step"])
