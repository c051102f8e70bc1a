"""The format `html`: one file with its style and its script inside, which asks the network for nothing.

It is made of the public JSON alone, and can be read without its script.
"""

import base64
import hashlib
from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from functools import cache
from itertools import groupby
from pathlib import Path
from typing import Any, Final

from flowforge.render.alike import some
from flowforge.render.audit_notes import AuditEntry, groups_of, sentence_of
from flowforge.render.page.audit_rows import rows_of_audit
from flowforge.render.page.elements import Child, Element, element, listed, own, page
from flowforge.render.page.rows import KINDS, RANKS, PageRow, rows_of, rows_of_report
from flowforge.render.page.status_rows import CREDENTIAL_COLUMNS, CREDENTIALS, SECRET_COLUMNS, rows_of_status
from flowforge.render.status_view import closing_sentence

# The last sentence for people begins with one of these: `flowforge.render.text` and `recap` write it.
_SENTENCES: Final = ("Audit: ", "Plan: ", "No changes", "Done: ", "Not all done: ")
_COLUMNS: Final = ("What", "Where", "Secret", "Why")
_AUDIT: Final = "flowforge.audit"
_AUDIT_COLUMNS: Final = ("What", "Where", "Finding", "Why")
_STATUS: Final = "flowforge.status"
_TITLES: Final = {
    "flowforge.plan": "Plan",
    "flowforge.report": "What apply did",
    "flowforge.error": "Stopped",
    _AUDIT: "Audit",
    _STATUS: "Status",
}


def write(document: Mapping[str, Any], lines: Sequence[str]) -> str:
    """Return the page of a plan, of a report, of an audit, of a status, or of what stopped a run."""
    title = _TITLES[document["format"]]
    plan = document if document["format"] == "flowforge.plan" else document.get("plan")
    rows = _rows_of(document, plan)
    return page(
        element(
            "html",
            _head(f"{title} · FlowForge"),
            element(
                "body",
                element("a", "Skip to the rows", href="#rows", class_="skip"),
                _top(document, title, lines, rows),
                _tools(rows) if rows else None,
                element(
                    "main",
                    *_notices(document, plan or {}),
                    *_groups(rows, document["format"]),
                    id="rows",
                    tabindex="-1",
                ),
                element("footer", f"FlowForge {document['flowforge']}"),
                own("script", _asset("page.js")),
            ),
            lang="en",
        )
    )


def _rows_of(document: Mapping[str, Any], plan: Mapping[str, Any] | None) -> list[PageRow]:
    if document["format"] == _AUDIT:
        return rows_of_audit(document)
    if document["format"] == _STATUS:
        return rows_of_status(document)
    return rows_of_report(document) if "results" in document else rows_of(plan) if plan else []


@cache
def _asset(name: str) -> str:
    return (Path(__file__).parent / "page" / name).read_text(encoding="utf-8")


def _hash(text: str) -> str:
    digest = base64.b64encode(hashlib.sha256(text.encode()).digest()).decode()
    return f"'sha256-{digest}'"


def policy() -> str:
    """Return the page's own content security policy: its one style and its one script, and nothing else."""
    # Names on the page come from outside. Should one ever get past the escaping, no script but ours would run.
    style, script = _hash(_asset("page.css")), _hash(_asset("page.js"))
    return f"default-src 'none'; style-src {style}; script-src {script}; base-uri 'none'; form-action 'none'"


def _head(title: str) -> Element:
    return element(
        "head",
        element("meta", charset="utf-8"),
        element("meta", http_equiv="Content-Security-Policy", content=policy()),
        element("meta", name="viewport", content="width=device-width, initial-scale=1"),
        element("meta", name="color-scheme", content="light dark"),
        element("meta", name="referrer", content="no-referrer"),
        element("title", title),
        own("style", _asset("page.css")),
    )


def _top(document: Mapping[str, Any], title: str, lines: Sequence[str], rows: Sequence[PageRow]) -> Element:
    # A second sentence may follow it, that the plan is incomplete, so the last line alone will not do.
    sentence = next((line for line in reversed(lines) if line.startswith(_SENTENCES)), "")
    if document["format"] == _STATUS:
        sentence = closing_sentence(document)
    elif not document.get("complete", True):
        sentence = f"{sentence} It is incomplete: not everything was seen.".strip()
    return element(
        "header",
        element("h1", title),
        element("p", sentence, class_="sentence") if sentence else None,
        _glance(rows),
    )


def _glance(rows: Iterable[PageRow]) -> Element | None:
    counts = Counter(row.kind for row in rows)
    found = (kind for kind in KINDS if counts[kind])
    chips = (element("li", element("b", f"{counts[kind]:,}"), f" {KINDS[kind][1]}", class_=kind) for kind in found)
    return listed("ul", chips, class_="glance", aria_label="How many of each")


def _tools(rows: Iterable[PageRow]) -> Element:
    """Return what filters. Its script shows it: without the script it would do nothing."""
    found = {row.kind for row in rows}
    options = [element("option", KINDS[kind][1], value=kind) for kind in KINDS if kind in found]
    return element(
        "div",
        element("label", "Find ", element("input", type="search", id="find", autocomplete="off", spellcheck="false")),
        element("label", "Show ", element("select", element("option", "all", value=""), *options, id="kind")),
        element("output", id="shown", aria_live="polite"),
        class_="tools",
        id="tools",
        role="search",
        hidden="",
    )


def _notices(document: Mapping[str, Any], plan: Mapping[str, Any]) -> Iterable[Child]:
    warnings = dict.fromkeys([*plan.get("warnings", ()), *document.get("warnings", ())])
    unresolved = (
        _told(f"{each['entry']} ({each['where']}): its repositories are not known", [each["sentence"]], each["fix"])
        for each in plan.get("unresolved", ())
    )
    yield _notice("Errors", (_problem(each) for each in document.get("errors", ())), "bad")
    # A report has its plan's too, but apply ran, so they were admitted.
    if "results" not in document:
        yield _notice("What apply will refuse", (_problem(each) for each in plan.get("brakes", ())), "bad")
    yield _notice("Workflows that will fail", map(_audited, groups_of(plan.get("audit") or ())), "bad")
    yield _notice("Entries without known repositories", unresolved, "bad")
    yield _notice("Warnings", (element("li", each) for each in warnings), "warn")
    yield _notice("Credentials that expire", map(_expiry, plan.get("credentials", ())), "")


def _notice(title: str, items: Iterable[Child], mood: str) -> Child:
    found = listed("ul", items)
    return (
        element("section", element("h2", title), found, class_=f"notice {mood}".strip()) if found is not None else None
    )


def _problem(problem: Mapping[str, Any]) -> Element:
    where = f"{problem['where']}: " if problem.get("where") else ""
    return _told(f"{problem['code']} {where}{problem['what']}", [problem.get("why")], problem["fix"])


def _audited(group: Sequence[AuditEntry]) -> Element:
    repos = some([entry["repo"] for entry in group])
    return _told(f"{repos}: {sentence_of(group[0])}", [group[0]["why"]], group[0]["fix"])


def _told(what: str, why: Iterable[str | None], fix: str | None) -> Element:
    lines = [element("p", each, class_="more") for each in why if each]
    return element("li", what, *lines, element("p", f"Fix: {fix}", class_="fix") if fix else None)


def _expiry(credential: Mapping[str, Any]) -> Element:
    left = credential["days_left"]
    # `sums_of` counts one with no days left as expired, and the page must not say otherwise.
    when = f"{left:,} days left" if left > 0 else "expired"
    return element("li", f"{credential['name']}: {credential['expires_at']} ({when})")


def _columns(format_: str, target: str) -> Sequence[str]:
    if format_ == _STATUS:
        return CREDENTIAL_COLUMNS if target == CREDENTIALS else SECRET_COLUMNS
    return _AUDIT_COLUMNS if format_ == _AUDIT else _COLUMNS


def _groups(rows: Sequence[PageRow], format_: str) -> Iterable[Element]:
    # `groupby` joins neighbours alone: the rows come sorted by target.
    for number, (target, each) in enumerate(groupby(rows, lambda row: row.target), 1):
        mine = list(each)
        name = f"target-{number}"
        heads = (element("th", column, scope="col", role="columnheader") for column in _columns(format_, target))
        yield element(
            "section",
            element("h2", target, " ", element("small", f"{len(mine):,}", class_="number"), id=name),
            element(
                "table",
                # Its rows are drawn as grids, and some browsers then forget what they are.
                element("thead", element("tr", *heads, role="row"), role="rowgroup"),
                element("tbody", *map(_row, mine), role="rowgroup"),
                aria_labelledby=name,
                role="table",
            ),
            class_="group",
        )


def _row(row: PageRow) -> Element:
    mark, label = KINDS[row.kind]
    return element(
        "tr",
        _cell(element("span", mark, class_="mark", aria_hidden="true"), f" {label}"),
        _cell(row.place, element("div", row.store, class_="more") if row.store else None),
        _cell(row.secret, element("div", row.credential, class_="more") if row.credential else None),
        _cell(row.why, element("p", f"Fix: {row.fix}", class_="fix") if row.fix else None, _more(row)),
        class_=row.kind,
        data_rank=str(RANKS[row.kind]),
        role="row",
    )


def _cell(*children: Child) -> Element:
    return element("td", *children, role="cell")


def _more(row: PageRow) -> Element | None:
    found = listed("ul", (element("li", each) for each in row.more))
    return element("details", element("summary", "More"), found) if found is not None else None
