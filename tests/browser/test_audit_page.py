"""The page of an audit in a real browser: the fleet at a glance, its findings found, sorted, and read by everybody."""

from typing import Any

import pytest

from flowforge.audit.codes import CODES, Severity
from flowforge.audit.document import audit_body
from flowforge.audit.model import AuditStep, Finding, RepoAudit
from flowforge.render.audit_view import audit_lines
from flowforge.render.document import head
from flowforge.render.style import plain
from tests.browser.chromium import AXE, missing
from tests.browser.conftest import Open
from tests.render.test_html import EVIL

pytestmark = [pytest.mark.browser, pytest.mark.skipif(bool(missing()), reason=missing() or "it can be looked at")]
FILE = ".github/workflows/claude.yml"
STEP = AuditStep(FILE, 7, "ask", 0, "anthropics/claude-code-action@v1", None, ())
KINDS = ("missing-secret", "both-set", "gated", "", "unread")


def _finding(code: str, what: str = "") -> Finding:
    row = CODES[code]
    return Finding(code, Severity(row.level), FILE, 7, 1, "ask", 0, what or f"about {code}", "a rule", "mend it")


def _repo(number: int, name: str = "") -> RepoAudit:
    kind, shown = KINDS[number % len(KINDS)], name or f"acme/r{number:04}"
    if kind == "unread":
        return RepoAudit(
            shown, "It could not be read: not found.", complete=False, steps=(), references=(), findings=()
        )
    findings = (_finding(kind, name),) if kind else ()
    return RepoAudit(shown, f"Verdict of {shown}.", complete=True, steps=(STEP,), references=(), findings=findings)


def of_audit(number: int, name: str = "") -> tuple[dict[str, Any], list[str]]:
    """Return the document of so many repos, of every kind in turn, and the lines that people are shown."""
    document = {**head("audit", "github.com"), **audit_body([_repo(each, name) for each in range(number)])}
    return document, list(audit_lines(document, plain, verbose=False))


def test_the_fleet_at_a_glance(show: Open) -> None:
    """The sum stands first, then a chip for each kind; the groups are in order, worst first; nothing is asked for."""
    sheet = show(of_audit(50))
    headings = sheet.page.evaluate(
        "[...document.querySelectorAll('.group h2')].map(h => h.firstChild.textContent.trim())"
    )
    chips = sheet.page.evaluate("[...document.querySelectorAll('.glance li')].map(each => each.textContent)")
    sentence = "Audit: 10 errors, 10 warnings, 10 notes in 40 Claude steps of 50 repos; 10 repos could not be read."
    assert ([], 1, "Audit") == (sheet.said, len(sheet.asked), sheet.page.text_content("h1"))
    assert f"{sentence} It is incomplete: not everything was seen." == sheet.page.text_content(".sentence")
    assert ["10 error", "10 not read", "10 warning", "10 note", "10 nothing wrong"] == chips
    assert ["Claude will fail", "Not read", "With warnings", "Claude runs, and nothing is wrong"] == headings


def test_it_filters_and_sorts(show: Open) -> None:
    """By the code of a finding, by the kind, by the repo; a click on a heading sorts its group."""
    sheet = show(of_audit(50))
    sheet.find("missing-secret r0005")
    assert 1 == len(sheet.rows())
    sheet.find("")
    sheet.page.select_option("#kind", "unread")
    assert "10 of 50 rows" == sheet.page.text_content("#shown")
    sheet.page.select_option("#kind", "")
    heads = sheet.page.evaluate(
        "[...document.querySelectorAll('.group:first-of-type th')].map(each => each.textContent)"
    )
    assert ["What", "Where", "Finding", "Why"] == heads[:4]
    sheet.page.click("th:nth-child(2) button")
    sheet.page.click("th:nth-child(2) button")
    assert sheet.rows()[0].startswith("acme/r0045")


@pytest.mark.skipif(not AXE.exists(), reason="axe-core is not installed; make browser installs it")
@pytest.mark.parametrize("scheme", ["light", "dark"])
@pytest.mark.parametrize("width", [1200, 360])
def test_axe_finds_nothing(show: Open, scheme: str, width: int) -> None:
    """No rule of axe-core is broken: contrast of each kind, names, roles, order; details open."""
    sheet = show(of_audit(40), color_scheme=scheme, viewport={"width": width, "height": 900})
    sheet.page.evaluate("document.querySelectorAll('details').forEach(each => { each.open = true; })")
    assert ([], []) == (sheet.violations(), sheet.said)


def test_hostile_names_stay_text(show: Open) -> None:
    """A name that would be markup runs nothing, and is shown as it is."""
    for name in EVIL:
        sheet = show(of_audit(5, name))
        assert ([], 1) == (sheet.said, len(sheet.asked))


def test_five_thousand_rows(show: Open) -> None:
    """A fleet of 5,000 repos can be found through."""
    sheet = show(of_audit(5_000))
    sheet.find("r4995")
    assert 1 == len(sheet.rows())
