"""Reports that `post` is handed: a report, or one error; its page is bounded and shows no credential."""

import json
import tempfile
from collections.abc import Iterator
from pathlib import Path

from flowforge.cli.posted_report import MOST_UNVERIFIED, commit_of, read_report
from flowforge.errors import ExitCode, PostError, Problem, Where
from flowforge.plan.action import Action, Reason
from flowforge.plan.address import Address, Repo, Scope
from flowforge.plan.change import Change
from flowforge.plan.decide import Plan
from flowforge.plan.facts import Presence, Wanted
from flowforge.plan.report import Outcome, Report, Result
from flowforge.plan.safety import Brake
from flowforge.render.as_github import commands
from flowforge.render.as_markdown import bare_page_of, page_of
from flowforge.render.document import error_document
from flowforge.render.results import plan_document, report_document
from flowforge.render.sums import is_well
from fuzz.planted import MARK, TOKEN, check_said
from fuzz.target import Target

_MOST = 2_000
_WORDS = (
    '"',
    "::error::",
    "`",
    "|",
    "<b>",
    "@all",
    "#1",
    "null",
    "true",
    "[]",
    "{}",
    "-1",
    "1e999",
    "\\ud800",
    "blocked",
)


def law(data: bytes) -> None:
    """Read a file as a report, and show it in every form: no page is too long, no line but a command of ours."""
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "report.json"
        path.write_bytes(data.replace(MARK.encode(), TOKEN.encode()))
        try:
            report = read_report(path, MOST_UNVERIFIED)
        except PostError as error:
            check_said(str(error).replace(folder, ""), data)
            return
    commit_of(report)
    is_well(report)
    for page in (page_of(report), bare_page_of(report)):
        assert len(page.text(_MOST).encode()) <= _MOST, "a page that is too long"
        check_said(page.text(), data)
    for line in commands(report):
        assert line.startswith(("::error", "::warning", "::notice")), "no command"
        assert line.isprintable(), "a character that does not print"
        check_said(line, data)


def seeds() -> Iterator[bytes]:
    """Yield a plan, a report and errors, as they are written."""
    address = Address(Scope(Repo.parse("acme/api"), environment="a b"), "ANTHROPIC_API_KEY")
    wanted = Wanted(address, Presence.PRESENT, MARK, Where("m.yaml", 3, 5), "ci-key", "anthropic_api_key")
    change = Change(address, Action.BLOCKED, Reason.UNREADABLE, detail=f"say `{MARK}`", wanted=wanted)
    brake = Brake("FF503", "too many", "--allow-deletes 3", "look")
    for changes in ((), (change,)):
        plan = plan_document(
            Plan(changes), brakes=[brake], warnings=["m.yaml:1:2: look"], requests=1, to_come=0, eta=0.0
        )
        problem = Problem("FF120", "wrong", "m.yaml:1:2", "why", "fix")
        report = Report(tuple(Result(each.address, Outcome.FAILED, problem) for each in changes))
        for document in (
            plan,
            report_document(report, plan, ExitCode.PARTIAL),
            error_document([problem], ExitCode.ERROR, plan),
            error_document([problem], ExitCode.ERROR),
        ):
            yield json.dumps(document).encode()
    yield b'{"format": "flowforge.plan-file", "version": 1}'


TARGET = Target(law, seeds, _WORDS, longest=16_384)
