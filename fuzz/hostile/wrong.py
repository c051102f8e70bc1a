"""Answers that are wrong: in their length, their protocol, their status, their times, and in each value."""

import json
from typing import Final

from fuzz.hostile.server import Call, by_name

_OK: Final = b"HTTP/1.1 200 OK\r\nContent-Type: application/json\r\n"


def _longer(call: Call) -> None:
    """Say that the body is longer than it is, and leave."""
    said = call.honest()
    call.say(said.bytes(length=len(said.body) + 1 + call.rng.randrange(10**6)))


def _shorter(call: Call) -> None:
    """Say that the body is shorter than it is."""
    said = call.honest()
    call.say(said.bytes(length=call.rng.randrange(len(said.body) + 1)))


def _strange_lengths(call: Call) -> None:
    """Say how long it is in a way that nobody understands."""
    length = call.rng.choice(("-1", "1e3", "9" * 30, "0x10", "", "5, 6", "\x80"))
    call.say(_OK + f"Content-Length: {length}\r\n\r\n".encode("latin-1") + call.honest().body)


def _reset_in_the_middle(call: Call) -> None:
    """Reset the connection somewhere in the answer, done or not."""
    data = call.honest().bytes() if call.rng.random() < 1 / 2 else _OK
    call.say(data[: call.rng.randrange(len(data))])
    call.reset()


def _old_protocol(call: Call) -> None:
    """Answer as HTTP/1.0 or 0.9, without a length."""
    first = call.rng.choice((b"HTTP/1.0 200 OK\r\n\r\n", b"HTTP/0.9 200 OK\r\n\r\n", b"", b"HTTP/2.0 200 OK\r\n\r\n"))
    call.say(first + call.honest().body)


def _garbage(call: Call) -> None:
    """Send what is no HTTP."""
    call.say(call.rng.randbytes(call.rng.randrange(1, 100_000)))


def _strange_status(call: Call) -> None:
    """Give a status that there is not, or that does not fit."""
    status = call.rng.choice((0, 99, 101, 199, 204, 205, 206, 299, 304, 308, 401, 418, 451, 499, 511, 599, 999))
    call.say(f"HTTP/1.1 {status} x\r\nContent-Length: 2\r\n\r\n{{}}".encode())


def _limits(call: Call) -> None:
    """Refuse for a rate limit, and say of the wait what no clock has."""
    wait = call.rng.choice(
        ("0", "1", "899", "901", "9" * 15, "9" * 30, "-1", "1e9", "Fri, 31 Dec 9999 23:59:59 GMT", "")
    )
    head = call.rng.choice(("Retry-After", "X-RateLimit-Remaining: 0\r\nX-RateLimit-Reset"))
    status = call.rng.choice((403, 429))
    call.say(f"HTTP/1.1 {status} x\r\n{head}: {wait}\r\nContent-Length: 2\r\n\r\n{{}}".encode())


def _strange_dates(call: Call) -> None:
    """Answer honestly at the end of the calendar."""
    date = call.rng.choice(
        ("Fri, 31 Dec 9999 23:59:59 GMT", "Sat, 01 Jan 0001 00:00:00 GMT", "x", "Mon, 23 Nov 2026 25:61:61")
    )
    said = call.honest()
    headers = tuple((name, date if name == "Date" else text) for name, text in said.headers)
    call.say(type(said)(said.status, headers, said.body).bytes())


def _elsewhere(call: Call) -> None:
    """Send the client somewhere else, for this or for the next page."""
    url = call.rng.choice(
        (
            f"http://evil.test/{call.token}",
            f"http://{call.host}{call.target}",
            f"http://{call.host}/" + "x" * 70_000,
            "//",
            "http://[",
        )
    )
    head = call.rng.choice(
        (
            f"HTTP/1.1 {call.rng.choice((301, 302, 307, 308))} x\r\nLocation: {url}",
            f'HTTP/1.1 200 OK\r\nLink: <{url}>; rel="next"',
        )
    )
    call.say(f"{head}\r\nContent-Length: 2\r\n\r\n[]".encode("latin-1"))


_LEAVES: Final = (
    *(
        "-5",
        "0",
        str(2**63),
        "9" * 400,
        "1e999",
        "NaN",
        "-Infinity",
        "1.0",
        "true",
        "null",
        "[]",
        "{}",
        '""',
        '"\\ud800"',
    ),
    *(
        '"\\u001b[2J"',
        '"::error::x"',
        '"##[set-output name=x]y"',
        '"9999-12-31T23:59:59-23:59"',
        '"0001-01-01T00:00:00+23:59"',
    ),
    *('"../../x"', '"acme/other"', '"' + "x" * 100_000 + '"', "9" * 5000),
)


def _strange_values(call: Call) -> None:
    """Change some values of the honest answer into what no reader expects there, and name some twice."""
    said = call.honest()

    def spoiled(found: object) -> str:
        if call.rng.random() < 1 / 20:
            return call.rng.choice(_LEAVES)
        if isinstance(found, dict):
            pairs = [f"{json.dumps(name)}:{spoiled(value)}" for name, value in found.items()]
            return "{" + ",".join(pairs + call.rng.choices(pairs, k=int(bool(pairs)))) + "}"
        if isinstance(found, list):
            return "[" + ",".join(map(spoiled, found)) + "]"
        return json.dumps(found)

    call.say(said.bytes(spoiled(json.loads(said.body)).encode() if said.body else None))


KINDS: Final = by_name(
    _longer,
    _shorter,
    _strange_lengths,
    _reset_in_the_middle,
    _old_protocol,
    _garbage,
    _strange_status,
    _limits,
    _strange_dates,
    _elsewhere,
    _strange_values,
)
