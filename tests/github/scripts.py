"""Scripts for a client without a network: answers in turn, and what a failure comes to."""

from collections.abc import Callable, Iterator

import httpx
import pytest

from flowforge.errors import GitHubError
from flowforge.github.answer import Answer
from flowforge.github.http import Client

MakeClient = Callable[..., Client]
Handler = Callable[[httpx.Request], httpx.Response]


def in_turn(*answers: httpx.Response | httpx.TransportError, then: int = 200) -> Handler:
    """Answer with these, one after the other, and then for ever with an empty object."""
    left: Iterator[httpx.Response | httpx.TransportError] = iter(answers)

    def handle(_: httpx.Request) -> httpx.Response:
        answer = next(left, None) or httpx.Response(then, json={})
        if isinstance(answer, httpx.TransportError):
            raise answer
        return answer

    return handle


def fail(client: Client, verb: Callable[[Client], Answer] = lambda client: client.get("/x")) -> GitHubError:
    """Return what a request raises."""
    with pytest.raises(GitHubError) as caught:
        verb(client)
    return caught.value
