"""The list of planted faults, and the decorator that adds one."""

from dataclasses import dataclass

PLANTED = []
"""(kind, class, check, words of the message)."""


def planted(kind, check, words):
    """Make a class a frozen dataclass with a docstring, and note which check must find its fault."""

    def note(cls):
        cls = cls if "__dataclass_params__" in vars(cls) else dataclass(frozen=True)(cls)
        PLANTED.append((kind, cls, check, words))
        return cls

    return note
