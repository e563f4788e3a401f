"""The second Ctrl-C in a notebook, or at a prompt, ends what was typed there and not the process."""

import os
import signal
import sys
import types

import pytest

from ganzoo.runs.signals import Interrupts


def test_a_second_interrupt_in_a_notebook_ends_the_cell_alone(monkeypatch):
    ipython = types.ModuleType("IPython")
    ipython.get_ipython = lambda: object()
    monkeypatch.setitem(sys.modules, "IPython", ipython)
    monkeypatch.setattr(os, "_exit", lambda code: pytest.fail("the kernel ended"))
    before = signal.signal(signal.SIGINT, signal.default_int_handler)
    try:
        with pytest.raises(KeyboardInterrupt), Interrupts() as interrupts:
            os.kill(os.getpid(), signal.SIGINT)
            assert interrupts.ending == signal.SIGINT
            os.kill(os.getpid(), signal.SIGINT)
    finally:
        signal.signal(signal.SIGINT, before)


def test_a_second_interrupt_of_a_script_ends_it(monkeypatch):
    monkeypatch.delitem(sys.modules, "IPython", raising=False)
    codes = []
    monkeypatch.setattr(os, "_exit", codes.append)
    before = signal.signal(signal.SIGINT, signal.default_int_handler)
    try:
        with Interrupts():
            os.kill(os.getpid(), signal.SIGINT)
            os.kill(os.getpid(), signal.SIGINT)
    finally:
        signal.signal(signal.SIGINT, before)
    assert codes == [130]
