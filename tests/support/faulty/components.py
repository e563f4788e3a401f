"""Components with a fault that any kind may have."""

from dataclasses import dataclass

import torch

import ganzoo
from ganzoo.builtin.losses import NonSaturating
from ganzoo.testing import components
from support.faulty.plant import planted


@planted("loss", components.its_first_line_is_help, "no docstring")
@dataclass(frozen=True)
class Silent(NonSaturating):
    pass


@planted("loss", components.it_cites_its_source, "arXiv:1701.07875")
class Uncited(NonSaturating):
    """A loss that somebody published somewhere."""


@planted("loss", components.its_options_construct_it, "options that are allowed")
class Unusable(NonSaturating):
    """A loss; nobody's invention."""

    def __post_init__(self):
        raise ganzoo.ConfigError("weight is 0, which is refused")


@planted("loss", components.its_options_survive_a_recipe, "options that TOML can hold")
class Nothing(NonSaturating):
    """A loss; nobody's invention."""

    weight: float = 1.0

    def __post_init__(self):
        object.__setattr__(self, "weight", None)


@planted("loss", components.making_it_draws_no_random_numbers, "no random numbers of torch")
class Drawing(NonSaturating):
    """A loss; nobody's invention."""

    def __post_init__(self):
        torch.rand(1)


def _nested():
    @dataclass(frozen=True)
    class Local(NonSaturating):
        """A loss; nobody's invention."""

    return Local


planted("loss", components.its_class_is_found_by_name, "at the top level of its module")(_nested())
