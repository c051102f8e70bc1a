"""Texts from outside on a page, and pasted lines of logs: no element is theirs, and none of a credential is shown."""

from collections.abc import Iterator
from html.parser import HTMLParser
from typing import Final

from flowforge.cli.explanations.find import codes_of, failures_of
from flowforge.errors import ExitCode, Problem
from flowforge.render.document import error_document
from flowforge.render.formats import HTML
from fuzz.planted import MARK, TOKEN, check_hidden
from fuzz.target import Target

_WORDS: Final = (
    "<script>",
    "</script>",
    "<!--",
    "]]>",
    "&lt;",
    '"',
    "'",
    "</style>",
    "<img src=x onerror=x>",
    "FF504",
    "\n::",
)


class _Shape(HTMLParser):
    """The elements of a page, in their order."""

    def __init__(self, page: str) -> None:
        super().__init__()
        self.tags: list[tuple[str, int]] = []
        self.feed(page)
        self.close()

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.tags.append((tag, len(attrs)))


def _page(text: str) -> str:
    return HTML.write(error_document([Problem("FF100", text, text, text, text)], ExitCode.ERROR), [f"Plan: {text}"])


def law(data: bytes) -> None:
    """Put any text wherever a problem has one: the page is made of the same elements as with any other."""
    text = f"x{data.decode('utf-8', 'replace').replace(MARK, TOKEN)}"
    page = HTML.write(error_document([Problem("FF100", text, text, text, text)], ExitCode.ERROR), [])
    check_hidden(page, data)
    assert _Shape(_page(text)).tags == _Shape(_page("x")).tags, "an element that is not ours"
    assert not [line for line in page.split("\n") if line.lstrip().startswith("::")], "a command to a log"
    assert len(failures_of(text)) < len(text) + 2
    assert all(code in text.upper() for code in codes_of(text))


def seeds() -> Iterator[bytes]:
    """Yield what would be markup, a command, or a line of a log."""
    for word in (*_WORDS, "Header '14' has invalid value", f"401 {MARK} Invalid bearer token", "acme/api", "\u202e"):
        yield word.encode()


TARGET: Final = Target(law, seeds, _WORDS)
