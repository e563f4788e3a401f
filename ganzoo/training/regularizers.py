"""The regularizers of a run, each with the state that it keeps."""

from __future__ import annotations

import functools
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import replace

import torch
from torch import Tensor, nn

from ganzoo.contracts import Game, Regularizer, Verdict, overrides


class Regularizers(nn.Module):
    """Several regularizers, whose terms are summed. Their states are trained, saved and copied as this module."""

    def __init__(self, parts: Sequence[Regularizer] = (), states: Sequence[nn.Module] = ()) -> None:
        super().__init__()
        self.parts, self.states = tuple(parts), nn.ModuleList(states)

    def discriminator_terms(self, game: Game, *, real: Verdict, fake: Verdict) -> dict[str, Tensor]:
        """Return {"d/regularizer": the sum of the terms of D's loss}; {} if no part has one."""
        played = self._play("discriminator_term", game)
        return _named_sum("d/regularizer", [part.discriminator_term(own, real=real, fake=fake) for part, own in played])

    def generator_terms(self, game: Game, *, fake: Verdict) -> dict[str, Tensor]:
        """Return {"g/regularizer": the sum of the terms of G's loss}; {} if no part has one."""
        played = self._play("generator_term", game)
        return _named_sum("g/regularizer", [part.generator_term(own, fake=fake) for part, own in played])

    def _play(self, term: str, game: Game) -> Iterator[tuple[Regularizer, Game]]:
        """Yield each part that has this term, with the game that has its state."""
        for part, state in zip(self.parts, self.states, strict=True):
            if overrides(part, term, Regularizer):
                yield part, replace(game, state=state)


def _named_sum(name: str, terms: list[Tensor]) -> dict[str, Tensor]:
    return {name: add_up(terms)} if terms else {}


def add_up(terms: Iterable[Tensor]) -> Tensor:
    """Return the sum of scalars, of which there is one at least, from the first to the last."""
    return functools.reduce(torch.add, terms)
