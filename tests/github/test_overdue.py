"""Answers that come to no end in their time: how often they are asked for again, and when they end the run."""

from collections.abc import Callable, Iterator

import httpx
import pytest

from flowforge.errors import GitHubError
from flowforge.github.answer import Answer
from flowforge.github.body import OBJECT, RAW
from flowforge.github.clock import Patience
from flowforge.github.http import Client

MakeClient = Callable[..., Client]


def _unread(answer: httpx.Response) -> httpx.Response:
    return httpx.Response(answer.status_code, headers=answer.headers, stream=httpx.ByteStream(answer.content))


def _fail(client: Client, verb: Callable[[Client], Answer] = lambda client: client.get("/x")) -> GitHubError:
    with pytest.raises(GitHubError) as caught:
        verb(client)
    return caught.value


@pytest.mark.parametrize(
    ("before", "tries"),
    [([], 2), ([httpx.Response(502)], 3), ([httpx.Response(502)] * 2, 4), ([httpx.Response(429)], 2)],
)
def test_an_answer_that_takes_all_of_its_time(scripted: MakeClient, before: list[httpx.Response], tries: int) -> None:
    """What came to no end in its time is tried once more, whatever came before; a write may have been done."""
    time = [0.0]

    def drip() -> Iterator[bytes]:
        while True:
            time[0] += 1
            yield b" "

    left = iter([_unread(answer) for answer in before])
    client = scripted(
        lambda _: next(left, None) or httpx.Response(200, content=drip()), patience=Patience(now=lambda: time[0])
    )
    error = _fail(client, lambda client: client.put("/x", {}))
    assert str(error) == (
        f"error FF328: no usable answer in {tries} tries: no whole answer within 60 s\n  fix: run it again in a while"
    )
    sent = tries + sum(answer.status_code == 429 for answer in before)
    assert (False, sent, 120) == (error.certain, client.requests, time[0])


@pytest.mark.parametrize(
    ("seconds", "verb"),
    [
        (60, lambda client: client.get("/repos/acme/ops/contents/state.json", OBJECT)),
        (300, lambda client: client.get("/repos/acme/ops/git/blobs/1f", RAW)),
        (300, lambda client: client.put("/repos/acme/ops/contents/state.json", {})),
        (300, lambda client: client.post("/repos/acme/ops/git/blobs", {})),
        (60, lambda client: client.post("/repos/acme/ops/git/refs", {})),
        (60, lambda client: client.put("/repos/acme/ops/actions/secrets/N", {})),
    ],
)
def test_the_states_file_has_more_time(scripted: MakeClient, seconds: int, verb: Callable[[Client], Answer]) -> None:
    """Where a whole file goes to or fro the exchange may take five minutes, and one minute anywhere else."""
    time = [0.0]

    def handle(_: httpx.Request) -> httpx.Response:
        time[0] += seconds
        return httpx.Response(200, json={})

    client = scripted(handle, patience=Patience(now=lambda: time[0]))
    assert _fail(client, verb).problems[0].what == (f"no usable answer in 2 tries: no whole answer within {seconds} s")
    seconds -= 1
    assert 200 == verb(client).status


def test_a_github_that_answers_nobody_ends_the_run(scripted: MakeClient) -> None:
    """Eight requests in a row without any answer are GitHub's trouble too, where it can be reached; fewer are not."""
    silent = [True]

    def handle(_: httpx.Request) -> httpx.Response:
        if silent:
            raise httpx.ReadTimeout("x")
        return httpx.Response(200, json={})

    client = scripted(handle)
    assert ["FF328"] * 7 == [_fail(client).problems[0].code for _ in range(7)]
    silent.clear()
    client.get("/x")
    silent.append(True)
    errors = [_fail(client) for _ in range(9)]
    assert ["FF328"] * 7 + ["FF334"] * 2 == [error.problems[0].code for error in errors]
    assert str(errors[-1]) == (
        "error FF334: https://api.github.com: 8 requests in a row got no usable answer from GitHub\n"
        "  why: no answer within 15 s\n"
        "  fix: run it again in a while; see whether GitHub says that it has trouble"
    )
    assert GitHubError is type(errors[-1])
    assert 7 * 4 + 1 + 8 * 4 == client.requests
