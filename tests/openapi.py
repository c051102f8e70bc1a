"""GitHub's description of its API, as far as FlowForge and its sandbox speak it."""

import json
from pathlib import Path
from typing import Final

from openapi_core import OpenAPI

DERIVED: Final = Path(__file__).with_name("data") / "github-openapi.json"


def github_description() -> OpenAPI:
    """Return the description that `make openapi` derived from GitHub's own."""
    return OpenAPI.from_dict(json.loads(DERIVED.read_text(encoding="utf-8")))
