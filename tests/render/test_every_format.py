"""Hostile names in every format that can write them: whoever reads it back finds text, and nothing that acts."""

import json
import re
from collections.abc import Mapping, Sequence
from html.parser import HTMLParser
from typing import Any, Final

import pytest
from markdown_it import MarkdownIt

from flowforge.errors import harmless
from flowforge.render.formats import FORMATS, GITHUB, HTML, MARKDOWN, SARIF, TEXT, Format
from tests.render import hostile
from tests.render.test_annotations import read
from tests.rows import one_in

pytestmark = pytest.mark.no_coverage

# Of a document that is shown to people the text is made of their lines, and not of the document.
WRITTEN: Final = [
    (form, kind) for form in FORMATS for kind in hostile.EVERY_DOCUMENT if form.takes(kind) and form is not TEXT
]
MANY: Final = [f"{hostile.NAMES[number % len(hostile.NAMES)]}{number}" for number in range(100)]


class Seen(HTMLParser):
    """The tags and attributes of a page, and what is neither tag nor text."""

    def __init__(self, text: str) -> None:
        """Read it."""
        super().__init__()
        self.tags: set[str] = set()
        self.attributes: set[str] = set()
        self.comments = 0
        self.feed(text)
        self.close()

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        """Note a tag."""
        self.tags.add(tag)
        self.attributes.update(name for name, _ in attrs)

    def handle_comment(self, data: str) -> None:
        """Note a comment."""
        del data
        self.comments += 1


def printed(form: Format, document: Mapping[str, Any]) -> str:
    """Return what stdout gets of a document, as `Output` prints it."""
    text = form.write(document, ["a line"])
    return text if form.commands else harmless(text)


def acts(text: str, *, commands: bool) -> list[str]:
    """Return the lines that a runner takes for a command which they are not meant to be, or that a terminal acts on.

    The runner splits at CR and LF, trims white space, and knows `::name` and, anywhere, `##[name]`.
    """
    lines = re.split(r"\r\n|\r|\n", text)
    old = [line for line in lines if re.search(r"##(vso|teamcity)?\[", line, re.IGNORECASE)]
    new = [line for line in lines if line.strip().startswith("::") and not (commands and read(line))]
    return [*old, *new, *(line for line in lines if not line.isprintable())]


def _named(case: tuple[Format, str]) -> str:
    return f"{case[0]}-{case[1]}"


@pytest.mark.parametrize(("form", "kind"), one_in(2, WRITTEN, ids=_named))
def test_nothing_breaks_out(form: Format, kind: str) -> None:
    """No line is a command to the log, and the form's own reader finds the shape that plain names have."""
    require_text(form, kind, hostile.NAMES)


@pytest.mark.parametrize(
    ("form", "kind"), one_in(2, [each for each in WRITTEN if each[0] not in (MARKDOWN, HTML)], ids=_named)
)
def test_nothing_of_a_hundred_breaks_out(form: Format, kind: str) -> None:
    """The same of more than any form shows in full; of thousands, the tests of the pages and of the browser say it."""
    require_text(form, kind, MANY)


def require_text(form: Format, kind: str, names: Sequence[str]) -> None:
    """Require that names are text and nothing else."""
    document, plain = (hostile.EVERY_DOCUMENT[kind](each) for each in (names, ["plain"] * len(names)))
    text = printed(form, document)
    assert [] == acts(text, commands=form is GITHUB)
    assert shape(form, printed(form, plain)) == shape(form, text)


def shape(form: Format, text: str) -> object:
    """Return what a reader of the form finds beside the texts."""
    if form is GITHUB:
        # How many there are depends on the names: what is alike is said once, and more than ten are counted.
        return {command.name for line in text.splitlines() if (command := read(line))} - {"error", "warning", "notice"}
    if form is MARKDOWN:
        page = Seen(MarkdownIt("gfm-like", {"html": True, "linkify": False}).render(text))
        return page.tags - {"code"}, page.attributes, page.comments
    if form is HTML:
        page = Seen(text)
        return page.tags - {"code"}, page.attributes, page.comments
    return of_json(json.loads(text))


def of_json(found: object) -> object:
    """Return the keys and types of JSON, and lists by their distinct shapes. Of one mapping names are the keys."""
    if isinstance(found, dict):
        return tuple(sorted((key, repr(of_json(each))) for key, each in found.items() if key != "recap"))
    if isinstance(found, list):
        return tuple(sorted({repr(of_json(each)) for each in found}))
    return type(found).__name__


@pytest.mark.parametrize("name", hostile.NAMES, ids=ascii)
def test_json_says_the_very_name(name: str) -> None:
    """What is escaped for a log is the same text to a reader of JSON."""
    for form, kind in WRITTEN:
        if form.name == "json":
            document = hostile.EVERY_DOCUMENT[kind]([name])
            assert document == json.loads(printed(form, document))


@pytest.mark.parametrize("name", hostile.NAMES, ids=ascii)
def test_no_finding_of_sarif_is_a_link(name: str) -> None:
    """Its messages know `[text](address)`, and its places are URIs: neither is made of a name."""
    (run,) = json.loads(printed(SARIF, hostile.audit([name])))["runs"]
    texts = [each["message"]["text"] for each in run["results"]]
    texts += [each["help"]["text"] for each in run["tool"]["driver"]["rules"]]
    uris = [each["locations"][0]["physicalLocation"]["artifactLocation"]["uri"] for each in run["results"]]
    assert (2, []) == (len(texts), [text for text in texts if re.search(r"\[[^\]]*\]\(", text)])
    assert [] == [uri for uri in uris if not re.fullmatch(r"[A-Za-z0-9%/._~-]+", uri)]


def test_a_file_whose_name_is_no_text() -> None:
    """In SARIF it is the bytes that the disk has."""
    (run,) = json.loads(printed(SARIF, hostile.audit(["a\udcff b.yaml"])))["runs"]
    (found,) = run["results"]
    assert "a%FF%20b.yaml" == found["locations"][0]["physicalLocation"]["artifactLocation"]["uri"]
