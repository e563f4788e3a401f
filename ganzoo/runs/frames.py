"""Records as tables of pandas, where that is installed. No torch here."""

from __future__ import annotations

from typing import Any

from ganzoo.errors import ResourceError


def import_pandas() -> Any:
    """Return pandas, which takes a second to import. Raises ResourceError if it is absent."""
    try:
        import pandas
    except ImportError as error:
        raise ResourceError("frame() needs the package pandas", hint="pip install 'ganzoo-torch[pandas]'") from error
    return pandas
