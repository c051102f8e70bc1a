"""GitHub's description of its API, as far as FlowForge and its sandbox speak it."""

import json
from functools import cache
from pathlib import Path
from typing import Final

import httpx
from openapi_core import OpenAPI
from openapi_core.testing import MockRequest, MockResponse

DERIVED: Final = Path(__file__).with_name("data") / "github-openapi.json"


@cache
def github_description() -> OpenAPI:
    """Return the description that `make openapi` derived from GitHub's own."""
    return OpenAPI.from_dict(json.loads(DERIVED.read_text(encoding="utf-8")))


def check(github: OpenAPI, answer: httpx.Response) -> None:
    """Validate what was asked and what was answered. Raise on any difference."""
    asked = answer.request
    request = MockRequest(
        "https://api.github.com",
        asked.method.lower(),
        asked.url.raw_path.decode().partition("?")[0],
        args=dict(asked.url.params),
        data=asked.content or None,
        content_type="application/json",
    )
    kind = answer.headers.get("content-type", "").partition(";")[0]
    response = MockResponse(answer.content, answer.status_code, content_type=kind)
    github.validate_request(request)
    github.validate_response(request, response)
