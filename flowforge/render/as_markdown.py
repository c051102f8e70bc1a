"""The format `markdown`: what a reviewer reads first. It is made of the document alone, whoever wrote that.

First the last sentence of the text, then a table by target, what apply will refuse, what expires; the rest is folded.
Only our own words stand inside of HTML; text from outside goes through `markdown_text`.
"""

from collections import Counter
from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from typing import Final

from flowforge.errors import ExitCode
from flowforge.plan.report import RECAP, Outcome
from flowforge.render.alike import gathered
from flowforge.render.audit_markdown import audit_page
from flowforge.render.audit_notes import AuditEntry, groups_of, sentence_of
from flowforge.render.closing import closing, done_sentence
from flowforge.render.document import Document
from flowforge.render.markdown_text import code, prose
from flowforge.render.pages import Page, Section
from flowforge.render.phrases import count
from flowforge.render.plan_rows import Line, cause_of, lines_of, results_of, sign_of
from flowforge.render.status_page import status_page
from flowforge.render.sums import TROUBLE, counted_as, is_done, outcomes_of, sums_of

_BY_TARGET: Final = ("create", "update", "delete", "blocked", "drift", "in_sync")
_SETTLED: Final = frozenset({Outcome.IN_SYNC, Outcome.ASSUMED, Outcome.LEFT})
_NO_TARGET: Final = "*no longer in the manifest*"
_NAMED: Final = 3
_COLUMNS: Final = ("target", "where", "secret", "credential", "why")
# The exit codes of a run that wrote nothing.
_UNTOUCHED: Final = frozenset({ExitCode.ERROR, ExitCode.REFUSED, ExitCode.INTERRUPTED})


def write(document: Mapping[str, object], lines: Sequence[str] = ()) -> str:
    """Return the whole page. lines: what people were shown."""
    return page_of(dict(document), lines).text()


def page_of(document: Document, lines: Sequence[str] = ()) -> Page:
    """Return the page of any document that this format takes. lines: those of the text, whose last sums it up."""
    match document["format"]:
        case "flowforge.plan":
            return Page(_plan_sentence(document), tuple(_plan_sections(document)))
        case "flowforge.report":
            return Page(_report_sentence(document), tuple(_report_sections(document)))
        case "flowforge.error":
            return Page(_error_sentence(document), tuple(_error_sections(document)))
        case "flowforge.status":
            return status_page(document)
        case "flowforge.audit":
            return audit_page(document)
    sections = (_problems(document.get("errors", ())), _warnings(document["warnings"]))
    if document["format"] == "flowforge.adoption" and document["recorded"]:
        counts = document["counts"]
        # What the text ends with is what to do next.
        said = f"Recorded: {counts['assumed']:,} assumed, {counts['proven']:,} proven."
    else:
        said = prose(lines[-1]) if lines else ""
    return Page(said, sections)


def bare_page_of(document: Document) -> Page:
    """Return the page of a document that nobody vouches for: counts and lines, and nothing that it says in words."""
    if document["format"] == "flowforge.report":
        return Page(_report_sentence(document), (_outcomes_by_target(document), _result_lines(document, bare=True)))
    if document["format"] == "flowforge.status":
        return status_page(document, bare=True)
    if document["format"] == "flowforge.audit":
        return audit_page(document, bare=True)
    plan = document.get("plan") if document["format"] == "flowforge.error" else document
    if plan is None:
        return Page(_error_sentence(document), ())
    sentence = _plan_sentence(plan) if plan is document else f"{_error_sentence(document)} {_plan_sentence(plan)}"
    return Page(sentence, (_by_target(plan), _plan_lines(plan, bare=True)))


def _plan_sentence(plan: Document) -> str:
    return " ".join(closing(sums_of(plan))).replace("see the lines above", "see the lines below")


def _report_sentence(report: Document) -> str:
    expired = sums_of(report["plan"]).expired
    said = done_sentence(outcomes_of(report), expired, complete=is_done(report) and not report["interrupted"])
    return f"Interrupted. {said}" if report["interrupted"] else said


def _error_sentence(document: Document) -> str:
    refused = document["exit_code"] == ExitCode.REFUSED
    stopped = "Refused by a safety limit" if refused else f"Stopped by {count(len(document['errors']), 'error')}"
    return f"{stopped}; nothing was written." if document["exit_code"] in _UNTOUCHED else f"{stopped}."


def _plan_sections(plan: Document) -> Iterator[Section]:
    yield _by_target(plan)
    yield Section("apply will refuse this", tuple(map(_brake, plan["brakes"])))
    yield Section("Workflows that will fail", tuple(map(_audited, groups_of(plan.get("audit") or ()))))
    yield _expiries(plan)
    yield _unresolved(plan["unresolved"])
    yield _plan_lines(plan)
    yield _warnings(plan["warnings"])


def _report_sections(report: Document) -> Iterator[Section]:
    yield _outcomes_by_target(report)
    yield _problems(report["errors"])
    yield _expiries(report["plan"])
    yield _unresolved(report["plan"]["unresolved"])
    yield _result_lines(report)
    notes = [f"- {code(row['address'])}: {prose(note)}" for row in report["results"] for note in row["notes"]]
    yield Section("Notes", tuple(notes), folded=True)
    yield _warnings([*report["warnings"], *report["plan"]["warnings"]])


def _error_sections(document: Document) -> Iterator[Section]:
    plan = document.get("plan")
    # What refused it stands among the plan's brakes too, and there with its flag.
    held = {brake["code"] for brake in plan["brakes"]} if plan else set()
    yield _problems(each for each in document["errors"] if each["code"] not in held)
    if plan is not None:
        yield from _plan_sections(plan)


def _by_target(plan: Document) -> Section:
    """Return how many lines of each sort a target has."""
    tallies: dict[str | None, Counter[str]] = {}
    for row in plan["changes"]:
        tallies.setdefault(row["target"], Counter()).update(counted_as(row))
    rows = (_counted(target, [tally[name] for name in _BY_TARGET]) for target, tally in tallies.items())
    return Section("By target", tuple(rows), ("target", *(name.replace("_", " ") for name in _BY_TARGET)))


def _outcomes_by_target(report: Document) -> Section:
    targets = {row["address"]: row["target"] for row in report["plan"]["changes"]}
    tallies: dict[str | None, Counter[Outcome]] = {}
    for row in report["results"]:
        tallies.setdefault(targets.get(row["address"]), Counter())[Outcome(row["outcome"])] += 1
    rare = [each for each in Outcome if each not in RECAP and any(tally[each] for tally in tallies.values())]
    # What is in sync is the least of the news, and stands behind what was done.
    shown = (*RECAP[1:], RECAP[0], *rare)
    rows = (_counted(target, [tally[each] for each in shown]) for target, tally in tallies.items())
    return Section("By target", tuple(rows), ("target", *(each.value.replace("_", " ") for each in shown)))


def _counted(target: str | None, numbers: Iterable[int]) -> str:
    return _row(
        _NO_TARGET if target is None else code(target), *(f"{number:,}" if number else "" for number in numbers)
    )


def _brake(brake: Document) -> str:
    return f"- {brake['code']}: {prose(brake['what'])}. {code(brake['flag'])} admits it: {prose(brake['fix'])}."


def _audited(group: Sequence[AuditEntry]) -> str:
    named = ", ".join(code(entry["repo"]) for entry in group[:_NAMED])
    more = f" and {len(group) - _NAMED:,} more" if len(group) > _NAMED else ""
    return f"- {named}{more}: {code(group[0]['code'])}: {_sentences(sentence_of(group[0]), group[0]['fix'])}"


def _expiries(plan: Document) -> Section:
    rows = (
        _row(code(each["name"]), code(each["expires_at"]), _days(each["days_left"]))
        for each in sorted(plan.get("credentials", ()), key=lambda each: (each["days_left"], each["name"]))
    )
    return Section("Expiry", tuple(rows), ("credential", "expires", "days left"))


def _days(left: int) -> str:
    return f"{left:,}" if left > 0 else f"**{left:,}, expired**"


def _unresolved(entries: Iterable[Document]) -> Section:
    rows = (
        f"- {code(each['entry'])} ({code(each['where'])}): {prose(each['sentence'])}; {prose(each['fix'])}"
        for each in entries
    )
    return Section("Entries whose repositories are not known", tuple(rows))


def _plan_lines(plan: Document, *, bare: bool = False) -> Section:
    """Return the lines, what is blocked first. bare: without any sentence of the document."""
    lines = [line for line in lines_of(plan, bare=bare) if line.sign != "="]
    groups = _groups(lines, first={"!"})
    rows = (_told(sign_of(group[0].sign), group) for group in groups)
    return Section("Lines", tuple(rows), ("", *_COLUMNS), folded=True)


def _result_lines(report: Document, *, bare: bool = False) -> Section:
    lines = [line for line in results_of(report, bare=bare) if line.sign not in _SETTLED]
    rows = (_told(group[0].sign.replace("_", " "), group) for group in _groups(lines, first=TROUBLE))
    return Section("Lines", tuple(rows), ("outcome", *_COLUMNS), folded=True)


def _groups(lines: Iterable[Line], *, first: Collection[str]) -> Sequence[Sequence[Line]]:
    """Return the lines, more than ten as one that differ in nothing but the repo. first: the signs that stand first."""
    # A comment has a limit of length, and a thousand repos may differ in nothing but their names.
    alone, many = gathered(lines, Line.apart_from_repo, verbose=False)
    return sorted([*([line] for line in alone), *many], key=lambda group: group[0].sign not in first)


def _told(sign: str, group: Sequence[Line]) -> str:
    line = group[0]
    named = ", ".join(code(each.place) for each in group[:_NAMED])
    more = f" and {len(group) - _NAMED:,} more" if len(group) > _NAMED else ""
    where = named if len(group) == 1 else f"{len(group):,} places: {named}{more}"
    target = "" if line.target is None else code(line.target)
    return _row(sign, target, where, code(line.secret), code(line.credential), _sentences(line.why, line.fix))


def _problems(problems: Iterable[Document]) -> Section:
    return Section("Errors", tuple(map(_problem, problems)))


def _problem(problem: Document) -> str:
    where = f" {code(problem['where'])}:" if problem["where"] else ""
    return f"- {problem['code']}:{where} {_sentences(cause_of(problem), problem['fix'])}"


def _sentences(what: str, fix: str | None) -> str:
    return f"{prose(what)}. Fix: {prose(fix)}" if fix else prose(what)


def _warnings(warnings: Iterable[str]) -> Section:
    return Section("Warnings", tuple(f"- {prose(each)}" for each in warnings), folded=True)


def _row(*cells: str) -> str:
    return f"| {' | '.join(cells)} |"
