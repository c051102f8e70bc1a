"""The format `markdown`: what a reviewer is told first, whatever the names are, and however many."""

import re
from collections.abc import Iterator
from html.parser import HTMLParser
from itertools import product
from typing import Final

import pytest
from hypothesis import given
from hypothesis import strategies as st
from markdown_it import MarkdownIt
from markdown_it.token import Token

from flowforge.render import as_markdown
from flowforge.render.as_markdown import bare_page_of, page_of
from flowforge.render.markdown_text import code, prose
from flowforge.render.pages import Page, Section
from tests.render import hostile
from tests.rows import one_in

# What a page has of its own, and nothing else.
TAGS: Final = {
    "details",
    "summary",
    "p",
    "strong",
    "em",
    "table",
    "thead",
    "tbody",
    "tr",
    "th",
    "td",
    "code",
    "ul",
    "li",
}
# What GitHub makes a link of in the texts of a page that are no code.
LINKED: Final = re.compile(r"@\w|#\d|\bGH-\d|://|\bwww\.\w", re.IGNORECASE)
READER: Final = MarkdownIt("commonmark", {"html": True}).enable(["table", "strikethrough"])


class Seen(HTMLParser):
    """A page as a browser reads it: its tags, and its texts outside of code."""

    def __init__(self, page: str) -> None:
        """Read a page of HTML."""
        super().__init__(convert_charrefs=True)
        self.tags: list[str] = []
        self.texts: list[str] = []
        self.codes: list[str] = []
        self.attributes: list[str] = []
        self.others: list[str] = []
        self._in_code = False
        self.feed(page)
        self.close()

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        """Note a tag."""
        self.tags.append(tag)
        self.attributes += [name for name, _ in attrs if name != "style"]
        self._in_code = self._in_code or tag == "code"

    def handle_endtag(self, tag: str) -> None:
        """Note that code ends."""
        self._in_code = self._in_code and tag != "code"

    def handle_data(self, data: str) -> None:
        """Note a text."""
        (self.codes if self._in_code else self.texts).append(data)

    def handle_comment(self, data: str) -> None:
        """Note what nobody sees."""
        self.others.append(data)


def seen(page: str) -> Seen:
    """Read a page of markdown, then its HTML."""
    return Seen(READER.render(page))


def html_of(tokens: list[Token]) -> Iterator[str]:
    """Yield the pieces of markdown that are HTML: blocks as a whole, and tags within a line."""
    for token in tokens:
        if token.type in {"html_block", "html_inline"}:
            yield token.content
        yield from html_of(token.children or [])


@pytest.mark.parametrize(("kind", "name"), one_in(3, product(hostile.DOCUMENTS, hostile.NAMES), ids=ascii))
def test_a_hostile_name_stays_text(kind: str, name: str) -> None:
    """No tag, attribute, comment or link comes of it; tables keep their columns; HTML has our own words alone."""
    document = hostile.DOCUMENTS[kind]([name, "plain"])
    for page in (as_markdown.write(document), bare_page_of(document).text()):
        found = seen(page)
        assert (set(), [], []) == (set(found.tags) - TAGS, found.attributes, found.others)
        assert [] == [text for text in found.texts if LINKED.search(text)]
        html = {re.sub(r"\([\d,]+\)", "(N)", each.strip()) for each in html_of(READER.parse(page))}
        ours = {f"<details><summary>{each} (N)</summary>" for each in ("Lines", "Warnings", "Notes")}
        assert set() == html - ours - {"</details>", "<code>", "</code>"}
        widths = [line.count(" | ") for line in page.splitlines() if line.startswith("| ")]
        assert set(widths) <= {2, 5, 6, 8}, widths
        assert "\u202e" not in page
        assert page.isprintable() or all(line.isprintable() for line in page.split("\n"))


@given(st.text(st.sampled_from("ab `|\\<>&@#1-_*~[]()!:/$%\n\r\u202e\ud800GHw.")))
def test_whatever_a_text_holds_it_reads_back(text: str) -> None:
    """As code and in a sentence, in a cell: a reader of markdown and of HTML gets the very text, but for escapes."""
    for shown in (code(text), prose(text)):
        row = seen(f"| head |\n|---|\n| {shown} |")
        assert (["table", "thead", "tr", "th", "tbody", "tr", "td"], [], []) == (
            [tag for tag in row.tags if tag != "code"],
            row.attributes,
            row.others,
        )
        assert [] == [each for each in row.texts if LINKED.search(each)]
    cell = seen(f"| head |\n|---|\n| {code(text)} |")
    escaped = "".join(
        char if char.isprintable() else char.encode("unicode_escape", "surrogatepass").decode() for char in text
    )
    assert [escaped] * bool(escaped) == ["".join(cell.codes)] * bool(cell.codes) or "::" in text or "##[" in text


@pytest.mark.no_coverage
@pytest.mark.parametrize(
    ("most", "kind"), one_in(6, product([65_536, 5_000], hostile.DOCUMENTS), ids=lambda each: f"{each[1]}-{each[0]}")
)
def test_a_long_page_is_folded_biggest_first(kind: str, most: int) -> None:
    """5,000 rows of hostile names fit; what does not is counted, and the small parts are whole."""
    names = [f"{hostile.NAMES[number % len(hostile.NAMES)]}{number}" for number in range(5_000)]
    document = hostile.DOCUMENTS[kind](names)
    holder = document if kind == "plan" else document["plan"]
    holder["credentials"], holder["brakes"] = holder["credentials"][:3], holder["brakes"][:2]
    page = page_of(document).text(most)
    assert most * 0.7 < len(page.encode()) <= most
    assert page.count(" days left |\n|---|---|---|\n| ") == 1
    left = [int(each.replace(",", "")) for each in re.findall(r"… and ([\d,]+) more, which do not fit here\.", page)]
    assert len(left) >= 3, left
    assert set(seen(page).tags) <= TAGS


def test_a_page_that_fits_is_whole() -> None:
    """The limit changes nothing where it is not reached, and a tiny one leaves the first sentence."""
    page = page_of(hostile.plan(["a", "b"]))
    assert page.text() == page.text(65_536)
    assert page.text(10).startswith(page.sentence)


def test_the_first_sentence_is_counted_from_the_rows() -> None:
    """Whatever a document says of itself: its own counts and answers are not believed."""
    document = hostile.plan(["a"], in_sync=True, complete=True, proven=True, unresolved=[], warnings=[], brakes=[])
    document["counts"] = dict.fromkeys(document["counts"], 0)
    sentence = "No changes found; 1 blocked. The plan is incomplete: see the lines below."
    assert (sentence, sentence) == (page_of(document).sentence, bare_page_of(document).sentence)


def test_nobody_vouches_for_a_bare_page() -> None:
    """It has counts and lines, and none of the sentences, fixes, brakes and warnings of the document."""
    spoken = "SPOKEN"
    document = hostile.plan(["a"])
    row = document["changes"][0]
    row |= {"sentence": spoken, "fix": spoken}
    for key in ("what", "fix", "flag"):
        document["brakes"][0][key] = spoken
    document["warnings"] = [spoken]
    document["unresolved"][0] |= {"entry": spoken, "sentence": spoken, "fix": spoken}
    document["credentials"][0]["name"] = spoken
    assert (True, False) == (spoken in page_of(document).text(), spoken in bare_page_of(document).text())


@given(
    st.lists(st.tuples(st.integers(0, 40), st.integers(1, 30), st.booleans(), st.booleans()), max_size=4),
    st.integers(500, 6_000),
)
def test_no_page_is_longer_than_it_may_be(shapes: list[tuple[int, int, bool, bool]], most: int) -> None:
    """Whatever the sections are, as long as their heads fit; and nothing is left out where all of it fits."""
    columns = ("one", "two")
    parts = [
        Section("Title", tuple(f"| é{'x' * size} | {each} |" for each in range(rows)), columns if table else (), folded)
        for rows, size, table, folded in shapes
    ]
    page = Page("Said.", tuple(parts))
    text = page.text(most)
    assert len(text.encode()) <= most
    assert (text == page.text()) is (len(page.text().encode()) < most)
