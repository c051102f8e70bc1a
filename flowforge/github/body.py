"""The bytes of an answer: the media types that are asked for, the one coding, and bounds on what is read.

No answer may hold up a run or fill the memory. What is packed is unpacked a piece at a time, and each bound holds for
what came and for what it unpacks to.
"""

import io
import threading
import zlib
from collections.abc import Iterable, Iterator
from concurrent.futures import ThreadPoolExecutor
from itertools import chain
from typing import Final

from flowforge.data_class import dataclass
from flowforge.github.answer import NOT_JSON, PAGE, is_page, parsed
from flowforge.github.traces import Traces
from flowforge.transport.client import UnusableError
from flowforge.transport.deadline import Deadline, OverdueError

JSON: Final = "application/vnd.github+json"
OBJECT: Final = "application/vnd.github.object+json"  # JSON that is one shape for files of every size, and for folders
RAW: Final = "application/vnd.github.raw+json"
CODING: Final = "gzip"
_LARGE: Final = 1_000_000
_RAW_BYTES: Final = 100_000_000  # GitHub's own most
_REFUSAL_BYTES: Final = 64_000
_PIECE: Final = 1 << 16
_GZIP: Final = 31  # zlib's number for gzip alone


@dataclass(frozen=True, slots=True)
class Most:
    """How much an answer in JSON may have."""

    bytes: int
    values: int


# A page of 100 repos has some 700 KB in 20,000 values, a file of 1 MB (the most that JSON carries) 1.4 MB as base64.
USUAL: Final = Most(4_000_000, 50_000)
# The answer with a token of an App's installation describes each of the repos that it is for, and those may be 500.
WITH_REPOS: Final = Most(8_000_000, 200_000)
# The workflow files of a hundred repos, which may be larger: then half as many are asked for.
OF_MANY_FILES: Final = Most(16_000_000, 200_000)


class _TooLargeError(UnusableError):
    def __init__(self, most: int) -> None:
        super().__init__(f"an answer of more than {most // 1_000_000} MB")


class Reader:
    """Reads the bodies of answers for all workers of a client. traces: of what no text of them may hold.

    What has more than 1 MB is read and parsed one at a time, in one piece of memory and one thread: each thread of
    Python's has memory of its own from the system, and gives little of it back.
    """

    def __init__(self, traces: Traces) -> None:
        """Take the traces of the tokens that no text of an answer may hold."""
        self._traces = traces
        self._large = threading.Lock()
        self._space = bytearray()
        self._thread = ThreadPoolExecutor(1, "large-answers")

    def close(self) -> None:
        """End the thread."""
        self._thread.shutdown(wait=False)

    def json(self, parts: Iterable[bytes], coding: str, deadline: Deadline, most: Most = USUAL) -> object:
        """Read JSON; of what is none nothing is read but its beginning.

        Raises UnusableError for what is larger, packed otherwise or of too many values, and OverdueError.
        """
        return self.json_and_bytes(parts, coding, deadline, most)[0]

    def json_and_bytes(
        self, parts: Iterable[bytes], coding: str, deadline: Deadline, most: Most
    ) -> tuple[object, bytearray]:
        """Read JSON, and return its bytes too; of more than 1 MB, and of what is no JSON, none. Raises as `json`."""
        body = bytearray()
        pieces = unpacked(parts, coding, most.bytes, deadline)
        for part in pieces:
            body += part
            if is_page(body):
                return PAGE, bytearray()
            if len(body) > _LARGE:
                return self._in_turn(body, pieces, deadline, most), bytearray()
        return self.known(body, most), body

    def known(self, body: bytes | bytearray, most: Most) -> object:
        """Read JSON that has come already. Raises UnusableError for what has too many values."""
        _count(body, len(body), most)
        return parsed(body, self._traces)

    def _in_turn(self, begun: bytearray, rest: Iterable[bytes], deadline: Deadline, most: Most) -> object:
        if not self._large.acquire(timeout=deadline.left()):
            raise OverdueError
        try:
            if len(self._space) < most.bytes:
                self._space = bytearray(most.bytes)
            space = self._space
            size = 0
            for part in chain((begun,), rest):
                space[size : size + len(part)] = part
                size += len(part)
            _count(space, size, most)
            return self._thread.submit(lambda: parsed(space[:size], self._traces)).result()
        finally:
            self._large.release()

    def raw(self, parts: Iterable[bytes], coding: str, deadline: Deadline) -> bytes:
        """Read a file's own bytes, of at most 100 MB. Raises as `json`, and UnusableError for a token in it."""
        body = io.BytesIO()  # whose bytes can be had without a copy of them
        for part in unpacked(parts, coding, _RAW_BYTES, deadline):
            body.write(part)
        if self._traces.within(body.getvalue()):
            raise UnusableError("a file that holds the token itself")
        return body.getvalue()

    def refusal(self, parts: Iterable[bytes], coding: str, deadline: Deadline) -> object:
        """Read the body of an error: a few lines of JSON. Of a longer text, some page of HTML, nothing is used."""
        body = bytearray()
        try:
            for part in unpacked(parts, coding, _REFUSAL_BYTES, deadline):
                body += part
        except _TooLargeError:
            return PAGE if is_page(body) else NOT_JSON
        return parsed(body, self._traces)


def _count(body: bytes | bytearray, size: int, most: Most) -> None:
    if sum(body.count(each, 0, size) for each in (b",", b"[", b"{")) > most.values:
        message = f"an answer of more than {most.values:,} values"
        raise UnusableError(message)


def unpacked(parts: Iterable[bytes], coding: str, most: int, deadline: Deadline) -> Iterator[bytes]:
    """Yield the pieces of a body, unpacked. coding: the header `Content-Encoding`. Raises as `Reader.json`."""
    pieces = _bounded(parts, most, deadline)
    codings = [each for each in map(str.strip, coding.lower().split(",")) if each not in {"", "identity"}]
    if not codings:
        return pieces
    if codings not in (["gzip"], ["x-gzip"]):
        raise UnusableError("an answer in a coding that was not asked for")
    return _bounded(_unzipped(pieces), most, deadline)


def _bounded(parts: Iterable[bytes], most: int, deadline: Deadline) -> Iterator[bytes]:
    total = 0
    for part in parts:
        deadline.left()
        total += len(part)
        if total > most:
            raise _TooLargeError(most)
        yield part


def _unzipped(parts: Iterable[bytes]) -> Iterator[bytes]:
    """Unpack one gzip member; nothing may come after it."""
    unpacker, begun = zlib.decompressobj(_GZIP), False
    try:
        for part in parts:
            begun, left = True, part
            while left and not unpacker.eof:
                yield unpacker.decompress(left, _PIECE)
                left = unpacker.unconsumed_tail
            if left or unpacker.unused_data:
                raise UnusableError("an answer that goes on after its gzip ends")
        while begun and not unpacker.eof and (piece := unpacker.decompress(b"", _PIECE)):
            yield piece
    except zlib.error:
        raise UnusableError("an answer whose gzip is damaged") from None
    if begun and not unpacker.eof:
        raise UnusableError("an answer whose gzip is cut short")
