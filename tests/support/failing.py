"""A plugin of a single file whose loss, dataset and model fail as a test says."""

FAILING = '''"""Components that fail in the way that the variable FAIL names."""

from __future__ import annotations

import os
import sys
from dataclasses import dataclass

from ganzoo import hookimpl
from ganzoo.builtin.datasets.digits import Digits
from ganzoo.builtin.losses import NonSaturating
from ganzoo.builtin.models.mlp import MLP

calls = 0


def fail(how):
    if how == "raises":
        raise ValueError("the reason")
    if how == "exits":
        sys.exit(3)
    if how == "abandons":
        raise BaseException("the reason")
    if how == "misses":
        open("/nowhere/file")
    if how == "eats":
        raise MemoryError
    if how == "interrupts":
        raise KeyboardInterrupt


@dataclass(frozen=True)
class Failing(NonSaturating):
    """bce, which fails at the trial, or "later": in the third step."""

    def discriminator_loss(self, *, real, fake):
        global calls
        calls += 1
        what, _, how = os.environ["FAIL"].partition(" ")
        if what == "loss" or (what == "later" and calls == 4):
            fail(how)
            if how == "none":
                return None
        return super().discriminator_loss(real=real, fake=fake)


@dataclass(frozen=True)
class Lost(Digits):
    """Digits that do not load."""

    def load(self):
        what, _, how = os.environ["FAIL"].partition(" ")
        if what == "dataset":
            fail(how)
            return None
        return super().load()


@dataclass(frozen=True)
class Odd(MLP):
    """An MLP that is none."""

    def generator(self, data, embedding_dim):
        what, _, how = os.environ["FAIL"].partition(" ")
        return (lambda z, y: z) if what == "model" else super().generator(data, embedding_dim)


@hookimpl
def register_losses():
    return {"failing": Failing}


@hookimpl
def register_datasets():
    return {"lost": Lost}


@hookimpl
def register_models():
    return {"odd": Odd}
'''
