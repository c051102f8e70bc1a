"""The page: whatever stands in a name, the page has the elements that we wrote, and the text that was given."""

import base64
import hashlib
import re
from collections.abc import Sequence
from dataclasses import replace
from html.parser import HTMLParser
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from flowforge.errors import ExitCode, Problem, harmless
from flowforge.plan.action import Action
from flowforge.plan.address import Repo
from flowforge.plan.audience import Access, Audience, Viewer, Visibility
from flowforge.plan.report import Outcome
from flowforge.render.as_html import policy
from flowforge.render.document import Document, error_document
from flowforge.render.formats import HTML
from flowforge.render.page.rows import KINDS, rows_of, rows_of_report
from flowforge.render.results import plan_document
from tests.browser.documents import changes, of_plan, of_report, plan

EVIL = (
    "::error::x",
    "a|b",
    "`x`",
    "<script>alert(1)</script>",
    "</script><script>alert(1)</script>",
    "</title></style><img src=x onerror=alert(1)>",
    "--><!--",
    '" onmouseover="alert(1)',
    "&lt;b&gt;&amp;",
    "@everyone",
    "#1",
    "##[group]x",
    "line\n::error::x",
    "\r\n<b>",
    "\u202eevil",
    "\x00\x1b[31m\x85",
    "]]><![CDATA[",
    "שלום",
)
TEXTS = st.sampled_from(EVIL) | st.text(max_size=12) | st.lists(st.sampled_from(EVIL), max_size=3).map("".join)
_TARGETS = ("Reviews", "Production")
VOID = {"meta", "input", "link", "br", "hr", "img"}


class Reader(HTMLParser):
    """Reads a page back: its elements with their attributes, and the text of each part that is named."""

    def __init__(self, text: str) -> None:
        super().__init__(convert_charrefs=True)
        self.shape: list[tuple[str, tuple[str, ...]]] = []
        self.texts: list[str] = []
        self.open: list[str] = []
        self.code: dict[str, str] = {}
        self.others: list[str] = []
        self.feed(text)
        self.close()

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        """Note an element."""
        self.shape.append((tag, tuple(sorted(name for name, _ in attrs))))
        if tag not in VOID:
            self.open.append(tag)

    def handle_endtag(self, tag: str) -> None:
        """Note its end, which must be that of the one that was opened last."""
        assert tag == self.open.pop()

    def handle_data(self, data: str) -> None:
        """Note a text, or the text of a style or script."""
        within = self.open[-1] if self.open else ""
        if within in {"style", "script"}:
            self.code[within] = self.code.get(within, "") + data
        elif data.strip():
            self.texts.append(data)

    def handle_comment(self, data: str) -> None:
        """Note what the page has none of."""
        self.others.append(data)

    handle_pi = unknown_decl = handle_comment


def named(texts: Sequence[str]) -> Document:
    """Return a document whose every text from outside is one of these in turn."""
    at = iter(range(10**6))

    def put(value: Any, key: str = "") -> Any:  # noqa: ANN401 -- any JSON
        if isinstance(value, dict):
            return {name: put(each, name) for name, each in value.items()}
        if isinstance(value, list):
            return [put(each, key) for each in value]
        ours = {"format", "action", "outcome", "store", "reason", "flowforge"}
        return texts[next(at) % len(texts)] if isinstance(value, str) and key not in ours else value

    document: Document = put(of_plan(8)[0])
    return document


@given(st.lists(TEXTS, min_size=1, max_size=5))
def test_no_text_becomes_an_element(texts: list[str]) -> None:
    """Whatever the names and sentences are, the page has the elements and attributes of any other such page."""
    page, plain = (Reader(HTML.write(named(each), [])) for each in ([f"{text}." for text in texts], ["plain"]))
    tags = {("ul", ("class",)), ("li", ())}
    assert ([], [], plain.code) == (page.open, page.others, page.code)
    assert [] == [each for each in set(page.shape) - set(plain.shape) if each not in tags]
    assert plain.shape.count(("td", ("role",))) == page.shape.count(("td", ("role",)))


@pytest.mark.parametrize("evil", EVIL)
def test_every_text_is_shown_as_it_is(evil: str) -> None:
    """Read back, a target's name is the name, but for its line ends."""
    document = named([f"x{evil}y"])
    shown = "".join(Reader(HTML.write(document, [])).texts)
    assert " ".join(f"x{evil}y".replace("\r", "").split("\n")) in shown.replace("\r", "")


@given(st.lists(TEXTS, min_size=1, max_size=5))
def test_no_line_is_a_command_to_a_log(texts: list[str]) -> None:
    """No line begins with a text from outside; what is printed last only ever escapes what does not print."""
    lines = HTML.write(named(texts), [])
    assert [] == [line for line in lines.split("\n") if line.lstrip().startswith("::")]


def test_what_is_printed_last_changes_nothing_of_ours() -> None:
    """The style and the script pass the printer as they are: otherwise the policy would not know them."""
    for made in (of_plan(8), of_report(8)):
        page = HTML.write(*made)
        assert page == harmless(page)


def test_its_policy_admits_its_own_style_and_script_alone() -> None:
    """The hashes are those of what stands in the page; everything else is forbidden."""
    page = Reader(HTML.write(*of_plan(8)))
    hashes = {
        name: base64.b64encode(hashlib.sha256(text.encode()).digest()).decode() for name, text in page.code.items()
    }
    assert policy() == (
        f"default-src 'none'; style-src 'sha256-{hashes['style']}'; script-src 'sha256-{hashes['script']}'; "
        "base-uri 'none'; form-action 'none'"
    )
    assert [] == re.findall(r"\s(?:src|href|style|on\w+)=\"(?!#rows)", HTML.write(*of_plan(8)))


def test_every_kind_of_row_has_its_word() -> None:
    """Each action of a plan and each outcome of an apply is one that the page can show."""
    assert set() == {each.value for each in (*Action, *Outcome)} - set(KINDS)


def test_a_plan_says_what_its_text_says() -> None:
    """The sentence, the brakes, what is not known, the warnings and the expiries stand above the rows, by target."""
    document, lines = of_plan(14, ("Reviews", "Production"))
    texts = Reader(HTML.write(document, lines)).texts
    assert [
        f"{lines[-5]} It is incomplete: not everything was seen.",
        "What apply will refuse",
        "FF501 it would delete 3 secrets",
        "Fix: run apply with --allow-deletes 3",
        "target Experiments (flowforge.yaml:31:5): its repositories are not known",
        "ci-key: 2026-12-24 (26 days left)",
        "Reviews ",
        "Production ",
    ] == [
        each
        for each in texts
        if each.startswith(("Plan: ", "What ap", "FF", "Fix: run", "target ", "ci-key:", *_TARGETS))
    ]
    rows = rows_of(document)
    assert (["blocked", "delete", "update", "update", "create", "none", "none"], 14) == (
        [row.kind for row in rows[:7]],
        len(rows),
    )


def test_a_row_says_all_that_is_known_of_it() -> None:
    """Where it is written, GitHub's time, drift, what differs, and who sees an organization's secret."""
    change = next(each for each in changes(7) if each.drift)
    viewers = tuple(Viewer(Repo.parse(f"acme/r{number:02}"), number) for number in range(25))
    access = Access(Audience.selected(viewers[:1]), Audience.selected(viewers))
    seen = replace(change, access=access)
    document = plan_document(replace(plan(7), changes=(seen,)), brakes=(), warnings=(), requests=1, to_come=1, eta=1.0)
    (row,) = rows_of(document)
    assert ("flowforge.yaml:16:5", "2026-11-02T09:15:00Z") == (
        row.more[0].removeprefix("written at "),
        row.more[1].removeprefix("last changed on GitHub "),
    )
    assert "changed outside FlowForge" == row.more[2]
    assert (20, "4 more: now sees it too; the JSON has all") == (
        sum(each.endswith("now sees it too") for each in row.more),
        row.more[-1],
    )
    assert Visibility.SELECTED.value == document["changes"][0]["access"]["after"]["visibility"]


def test_a_report_says_what_became_of_each_row() -> None:
    """Its own sentence, and in each row the outcome, the error with its fix, and the target from the plan."""
    document, lines = of_report(14, ("Reviews",))
    texts = Reader(HTML.write(document, lines)).texts
    first = rows_of_report(document)[0]
    assert ("What apply did", True, "Reviews", "failed", "GitHub refused the write: 403 Forbidden") == (
        texts[2],
        any(each.startswith("Not all done: ") for each in texts),
        first.target,
        first.kind,
        first.why,
    )
    assert ("give the token that permission", "FF310") == (first.fix, first.more[0])


@pytest.mark.parametrize("planned", [False, True])
def test_what_stopped_a_run_is_a_page_too(planned: bool) -> None:  # noqa: FBT001 -- the table's column
    """Each problem with its place, why and fix; and the plan where there was one."""
    problem = Problem("FF120", 'the key "repo" is not known here', "flowforge.yaml:3:5", "it is new", "write repos")
    made = of_plan(7)[0] if planned else None
    page = Reader(HTML.write(error_document([problem], ExitCode.ERROR, made), [str(problem)]))
    at = page.texts.index('FF120 flowforge.yaml:3:5: the key "repo" is not known here')
    assert ("Errors", "it is new", "Fix: write repos") == (page.texts[at - 1], *page.texts[at + 1 : at + 3])
    assert (7 if planned else 0) == page.shape.count(("tr", ("class", "data-rank", "role")))
