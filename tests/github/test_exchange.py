"""One exchange: how much of an answer is read, in which coding, and what is kept of it."""

import gzip
import json
import threading
import zlib
from collections.abc import Callable, Iterator

import httpx
import pytest

from flowforge.github.body import RAW, Reader, unpacked
from flowforge.github.clock import Patience
from flowforge.github.http import Client
from flowforge.github.problems import RepoError
from flowforge.github.traces import Traces
from flowforge.transport.client import UnusableError
from flowforge.transport.deadline import Deadline

MakeClient = Callable[..., Client]
Parts = Callable[[], Iterator[bytes]]


def _bomb(size: int) -> bytes:
    packer = zlib.compressobj(9, wbits=31)
    return b"".join([*(packer.compress(b" " * 1_000_000) for _ in range(size // 1_000_000)), packer.flush()])


def _endless(first: bytes, again: bytes) -> Parts:
    def parts() -> Iterator[bytes]:
        yield first
        while True:
            yield again

    return parts


def _answer(parts: bytes | Parts, coding: str = "", status: int = 200) -> Callable[[httpx.Request], httpx.Response]:
    headers = {"content-encoding": coding} if coding else {}
    return lambda _: httpx.Response(
        status, headers=headers, stream=httpx.ByteStream(parts) if isinstance(parts, bytes) else _Stream(parts())
    )


class _Stream(httpx.SyncByteStream):
    def __init__(self, parts: Iterator[bytes]) -> None:
        self._parts = parts

    def __iter__(self) -> Iterator[bytes]:
        return self._parts


def _detail(client: Client, accept: str = "application/json") -> str:
    with pytest.raises(RepoError) as caught:
        client.get("/x", accept)
    return caught.value.no.detail


@pytest.mark.parametrize(
    ("parts", "coding"),
    [
        (b'{"a": 1}', ""),
        (b'{"a": 1}', "identity"),
        (gzip.compress(b'{"a": 1}'), "gzip"),
        (gzip.compress(b'{"a": 1}'), " X-GZIP "),
        (lambda: (gzip.compress(b'{"a": 1}')[at : at + 1] for at in range(100)), "gzip"),
    ],
    ids=["plain", "identity", "gzip", "x-gzip", "a byte at a time"],
)
def test_the_codings_that_are_read(scripted: MakeClient, parts: bytes | Parts, coding: str) -> None:
    """Plain or gzip, in parts of any size, is read; gzip is what is asked for."""
    asked: list[str] = []

    def handle(request: httpx.Request) -> httpx.Response:
        asked.append(request.headers["accept-encoding"])
        return _answer(parts, coding)(request)

    assert ({"a": 1}, ["gzip"]) == (scripted(handle).get("/x").data, asked)


@pytest.mark.parametrize(
    ("parts", "coding", "what"),
    [
        (gzip.compress(gzip.compress(b"{}")), "gzip, gzip", "an answer in a coding that was not asked for"),
        (b"{}", "br", "an answer in a coding that was not asked for"),
        (b"{}", "deflate", "an answer in a coding that was not asked for"),
        (b"{}", "gzip", "an answer whose gzip is damaged"),
        (zlib.compress(b"{}"), "gzip", "an answer whose gzip is damaged"),
        (gzip.compress(b"{}")[:-1], "gzip", "an answer whose gzip is cut short"),
        (gzip.compress(b"{}")[:5], "gzip", "an answer whose gzip is cut short"),
        (gzip.compress(b"{}")[:-4] + b"\0\0\0\1", "gzip", "an answer whose gzip is damaged"),
        (gzip.compress(b"") + gzip.compress(b"{}"), "gzip", "an answer that goes on after its gzip ends"),
        (_endless(gzip.compress(b"{}"), b"\0"), "gzip", "an answer that goes on after its gzip ends"),
        (b" " * 4_000_001, "", "an answer of more than 4 MB"),
        (_endless(b"", b" " * 1000), "", "an answer of more than 4 MB"),
        (_bomb(5_000_000), "gzip", "an answer of more than 4 MB"),
        (_endless(gzip.compress(b"")[:10], b"\0\0\0\xff\xff" * 1000), "gzip", "an answer of more than 4 MB"),
        (b"[" + b"{}," * 50_000 + b"{}]", "", "an answer of more than 50,000 values"),
        (gzip.compress(json.dumps([[]] * 26_000).encode()), "gzip", "an answer of more than 50,000 values"),
    ],
    ids=[
        *("gzip in gzip", "br", "deflate", "not gzip", "zlib", "cut", "cut in its head", "wrong length", "two members"),
        *("junk after it", "large", "endless", "a bomb", "empty blocks", "objects", "lists"),
    ],
)
def test_an_answer_that_is_not_githubs(scripted: MakeClient, parts: bytes | Parts, coding: str, what: str) -> None:
    """Other codings, gzip in gzip, bombs and heaps of values are read no further, and given up after four tries."""
    client = scripted(_answer(parts, coding))
    assert (f"no usable answer in 4 tries: {what}", 4) == (_detail(client), client.requests)


@pytest.mark.parametrize(
    ("path", "megabytes", "values"),
    [("/x", 4, 50_000), ("/app/installations/7/access_tokens", 8, 200_000), ("/graphql", 16, 200_000)],
    ids=["usual", "a token's repos", "many files"],
)
def test_the_largest_answer(scripted: MakeClient, path: str, megabytes: int, values: int) -> None:
    """What is as large as an answer may be is read, with as many values as it may have; a byte or value more is not."""
    data = ["x" * 3_500_000, *[1] * (values - 1)]
    body = json.dumps(data).replace(" ", "").encode().ljust(megabytes * 1_000_000)
    assert (megabytes * 1_000_000, values) == (len(body), body.count(b",") + body.count(b"["))
    assert data == scripted(_answer(body)).get(path).data
    for more, what in ((body + b" ", f"{megabytes} MB"), (body.replace(b"1]", b"1,1]").rstrip(), f"{values:,} values")):
        with pytest.raises(RepoError) as caught:
            scripted(_answer(more)).get(path)
        assert f"no usable answer in 4 tries: an answer of more than {what}" == caught.value.no.detail


def test_the_largest_file() -> None:
    """GitHub's most is 100 MB: that much is read, and not a byte more."""
    parts, reader = [bytes(1_000_000)] * 100, Reader(Traces())
    assert 100_000_000 == len(reader.raw(parts, "", Deadline(60)))
    with pytest.raises(UnusableError, match="an answer of more than 100 MB"):
        reader.raw([*parts, b"x"], "", Deadline(60))


def test_a_bomb_is_unpacked_a_little_at_a_time() -> None:
    """However much a piece of gzip comes to, less than a megabyte of it is in memory before the bound is looked at."""
    sizes = list(map(len, unpacked([_bomb(3_000_000)], "gzip", 4_000_000, Deadline(60))))
    assert 3_000_000 == sum(sizes)
    assert max(sizes) < 1_000_000


def test_an_empty_answer_in_a_coding(scripted: MakeClient) -> None:
    """No body at all is empty in any coding."""
    assert scripted(_answer(b"", "gzip", 204)).put("/x", {}).data is None


@pytest.mark.parametrize("coding", ["", "gzip"])
def test_a_states_file(scripted: MakeClient, coding: str) -> None:
    """A file's own bytes may be more than any JSON; beyond GitHub's most they are none of GitHub's."""
    piece = bytes(1_000_000)
    packer = zlib.compressobj(1, wbits=31)

    def parts(count: int) -> Iterator[bytes]:
        for _ in range(count):
            yield packer.compress(piece) if coding else piece
        if coding:
            yield packer.flush()

    assert bytes(5_000_000) == scripted(_answer(lambda: parts(5), coding)).get("/x", RAW).data
    packer = zlib.compressobj(1, wbits=31)
    client = scripted(_answer(_endless(_bomb(101_000_000) if coding else b"", piece), coding))
    assert "no usable answer in 4 tries: an answer of more than 100 MB" == _detail(client, RAW)


@pytest.mark.parametrize(
    ("status", "body", "detail"),
    [
        (404, b'{"message": "' + b"x" * 70_000 + b'"}', "not found, or invisible to this token"),
        (422, b'{"message": "' + b"x" * 70_000 + b'"}', "GitHub refused the request with 422"),
        (502, b"x" * 5_000_000, "no usable answer in 4 tries: it answered 502 Bad Gateway"),
        (422, b'{"message": "No."}', 'GitHub refused the request with 422: "No."'),
    ],
)
def test_what_an_error_says_is_short(scripted: MakeClient, status: int, body: bytes, detail: str) -> None:
    """Of an error the status counts, however much is said of it; a text of 64 KB or more is not read."""
    assert detail == _detail(scripted(_answer(body, status=status)))


def test_large_answers_are_read_one_at_a_time(scripted: MakeClient) -> None:
    """Four workers get as many large answers; never is more than a megabyte of more than one of them in memory."""
    going, most, lock = [0], [0], threading.Lock()
    begun = threading.Barrier(4)

    def parts() -> Iterator[bytes]:
        yield b" " * 1_000_000
        begun.wait(timeout=30)
        yield b" "
        with lock:
            going[0] += 1
            most[0] = max(most[0], going[0])
        yield b" " * 1_000_000
        yield b"{}"
        with lock:
            going[0] -= 1

    def handle(request: httpx.Request) -> httpx.Response:
        return httpx.Response(200, stream=_Stream(iter([b"{}"]) if request.url.path == "/first" else parts()))

    client = scripted(handle)
    client.get("/first")
    found: list[object] = []
    threads = [threading.Thread(target=lambda: found.append(client.get("/x").data)) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(timeout=60)
    assert ([{}] * 4, 1) == (found, most[0])


def test_a_client_that_is_closed_leaves_no_thread(scripted: MakeClient) -> None:
    """What reads large answers ends with the client, and is one thread for all of them."""
    before = set(threading.enumerate())
    client = scripted(_answer(b" " * 1_000_000 + b"{}"))
    for _ in range(3):
        assert {} == client.get("/x").data
    (thread,) = set(threading.enumerate()) - before
    client.close()
    thread.join(timeout=60)
    assert not thread.is_alive()


def test_a_large_answer_waits_no_longer_than_its_own_time(scripted: MakeClient) -> None:
    """Who waits for another's large answer gives up when the own time is over."""
    client = scripted(_answer(b" " * 1_000_000 + b"{}"), patience=Patience(exchange=0.1))
    with client._wire._reader._large:
        assert "no usable answer in 2 tries: no whole answer within 0.1 s" == _detail(client)
    client = scripted(_answer(b" " * 1_000_000 + b"{}"))
    assert {} == client.get("/x").data


@pytest.mark.parametrize(("size", "told"), [(64_000, True), (64_001, False)])
def test_a_long_refusal(scripted: MakeClient, size: int, *, told: bool) -> None:
    """Of an error's body 64,000 bytes are read, a hundred times what GitHub sends; of a longer one nothing is told."""
    body = b'{"message": "No."}'.ljust(size)
    client = scripted(lambda _: httpx.Response(422, stream=httpx.ByteStream(body)))
    with pytest.raises(RepoError) as caught:
        client.get("/x")
    assert told is ("No." in str(caught.value)), caught.value


@pytest.mark.parametrize("name", ["x", "set-cookie", "location", "content-encoding"])
def test_a_heap_of_headers(scripted: MakeClient, name: str) -> None:
    """Two hundred headers are read, which is far more than GitHub sends, and no more."""
    number = [200]

    def handle(_: httpx.Request) -> httpx.Response:
        return httpx.Response(200, headers=[(name, "")] * number[0], stream=httpx.ByteStream(b"{}"))

    client = scripted(handle)
    assert {} == client.get("/x").data
    number[0] += 1
    assert "no usable answer in 4 tries: an answer of more than 200 headers" == _detail(client)


def test_no_cookie_is_kept(scripted: MakeClient) -> None:
    """What somebody sets is neither kept nor sent back."""
    sent: list[str | None] = []

    def handle(request: httpx.Request) -> httpx.Response:
        sent.append(request.headers.get("cookie"))
        return httpx.Response(200, json={}, headers={"set-cookie": "a=b; Max-Age=60"})

    client = scripted(handle)
    client.get("/x")
    client.get("/x")
    with client._wire.connections.one() as http:
        assert ([None, None], 0) == (sent, len(http.cookies.jar))


def test_an_address_that_is_no_url(scripted: MakeClient) -> None:
    """An address that an answer named, and that is too long to be a URL, is an answer's fault and not ours."""
    client = scripted(lambda _: httpx.Response(200, json={}))
    with pytest.raises(RepoError) as caught:
        client.get("/" + "x" * 70_000)
    assert "no usable answer in 4 tries: the address to ask is no URL" == caught.value.no.detail
