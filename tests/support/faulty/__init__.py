"""Components that break one promise each, beside the check that must find it and the words that say so."""

from support.faulty import (  # noqa: F401 - each adds its faults to PLANTED
    augmentations,
    components,
    conditioners,
    datasets,
    descent,
    enforcers,
    engines,
    extractors,
    losses,
    metrics,
    models,
    observers,
    regularizers,
    training_checks,
)
from support.faulty.plant import PLANTED as PLANTED
