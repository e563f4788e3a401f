"""Flags of `ganzoo table` and `ganzoo report` that choose the protocol of the scores."""

from __future__ import annotations

from collections.abc import Sequence

import click

from ganzoo.cli.ranges import Whole

PROTOCOL_OPTIONS = (
    click.option("--samples", type=Whole(), metavar="N",
                 help="Take the scores of N images.  [default: those of the runs' settings]"),
    click.option("--protocol", multiple=True, metavar="FIELD=VALUE",
                 help="Take scores by another protocol: features=inception; may be repeated."),
)  # fmt: skip


def read_protocol(samples: int | None, assignments: Sequence[str]) -> dict[str, str]:
    """Return the fields of a protocol that are asked for. Raises ConfigError for a word without "="."""
    from ganzoo.errors import ConfigError

    asked = {} if samples is None else {"samples": str(samples)}
    for assignment in assignments:
        name, equals, value = assignment.partition("=")
        if not equals:
            raise ConfigError(f"--protocol takes FIELD=VALUE, not {assignment!r}", hint="--protocol features=inception")
        asked[name.strip()] = value
    return asked
