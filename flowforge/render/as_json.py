"""The format `json`: the public document, as its schema in schemas/ describes it."""

import json
from collections.abc import Mapping, Sequence
from typing import Any


def write(document: Mapping[str, Any], lines: Sequence[str] = ()) -> str:
    """Return a document: the same input gives the same bytes, ASCII, so that no terminal's encoding matters."""
    del lines
    return json.dumps(document, indent=2)
