"""Names that want to be more than text, and documents that are full of them."""

import json
from collections.abc import Callable, Sequence
from functools import wraps
from typing import Any, Concatenate, Final, ParamSpec

from jsonschema import Draft202012Validator

from flowforge.resources import schema_text

P = ParamSpec("P")
_Make = Callable[Concatenate[Sequence[str], P], dict[str, Any]]
_JUDGED: Final = 100

NAMES: Final = (
    "::error::gone",
    "::error file=x,line=1::gone",
    "##[error]gone",
    "##vso[task.complete]",
    "a|b",
    "a\\|b",
    "a\\",
    "|",
    "`x`",
    "``",
    "`",
    "<script>alert(1)</script>",
    "</details>",
    "<!-- flowforge post pr -->",
    "--><img src=x onerror=alert(1)>",
    "&lt;b&gt;",
    "@everyone",
    "#1",
    "GH-1",
    "acme/repo#1",
    "https://evil.example/",
    "www.evil.example",
    "[click](https://evil.example/)",
    "![x](https://evil.example/x.png)",
    "**bold** _it_ ~~gone~~ $x$",
    "# head",
    "- item",
    "1. item",
    "---",
    "    code",
    "> quote",
    "two\nlines",
    "two\r\n\r\n<b>paragraphs",
    "\n| a | b |\n|---|---|\n",
    "a\u202eb",
    "\u200f\u2066x",
    "%0A::error::gone",
    "a%3Ab,line=1",
    "x\u0085::error::gone\u2028::error::gone",
    "\ud800",
    "ünïcödé 名前",
)


def change(name: str, number: int = 0, **more: object) -> dict[str, Any]:
    """Return a row of a plan that has a name wherever a name can stand."""
    return {
        "address": f"acme/{name}/actions/{name}{number}",
        "repo": f"acme/{name}{number}",
        "org": None,
        "store": "actions",
        "environment": name,
        "secret": name,
        "action": "blocked",
        "reason": "unreadable",
        "why": "failed",
        "sentence": name,
        "fix": f"say `{name}` to {name}",
        "credential": name,
        "target": name,
        "where": f"{name}:{number + 1}:2",
        "new_to": name,
        "updated_at": None,
        "drift": False,
        "accepted": False,
        "applicable": True,
        "differences": [],
        "access": None,
        **more,
    }


def _fits(kind: str) -> Callable[[_Make[P]], _Make[P]]:
    """Let the schema of a kind judge what is made. It takes rows one by one: of thousands it gets the first hundred."""

    def of(make: _Make[P]) -> _Make[P]:
        @wraps(make)
        def made(names: Sequence[str], /, *args: P.args, **more: P.kwargs) -> dict[str, Any]:
            document = make(names, *args, **more)
            judged = document if len(names) <= _JUDGED else make(names[:_JUDGED], *args, **more)
            Draft202012Validator(json.loads(schema_text(kind))).validate(judged)
            return document

        return made

    return of


def problem(name: str) -> dict[str, Any]:
    """Return an error that has a name in each of its texts."""
    return {"code": "FF120", "what": name, "where": f"{name}:3:4", "why": name, "fix": name}


@_fits("plan")
def plan(names: Sequence[str], /, **more: object) -> dict[str, Any]:
    """Return a plan's document whose lines, brakes and warnings have these names."""
    changes = [change(name, number) for number, name in enumerate(names)]
    counts = dict.fromkeys(("create", "update", "delete", "in_sync", "assumed", "drift", "unchecked", "listed"), 0)
    return {
        "format": "flowforge.plan",
        "version": 1,
        "flowforge": "0.0.0",
        "has_changes": False,
        "in_sync": False,
        "complete": False,
        "proven": False,
        "counts": {**counts, "blocked": len(changes)},
        "requests": 1,
        "requests_to_come": 0,
        "eta_seconds": 0.0,
        "offline": False,
        "changes": changes,
        "credentials": [{"name": name, "expires_at": name, "days_left": 1} for name in names],
        "unresolved": [
            {"entry": name, "where": f"{name}:1:1", "why": "failed", "sentence": name, "fix": name} for name in names
        ],
        "brakes": [{"code": "FF503", "what": name, "flag": name, "fix": name} for name in names],
        "warnings": [*names, *(f"{name}:1:1: {name}" for name in names)],
        **more,
    }


@_fits("report")
def report(names: Sequence[str], /) -> dict[str, Any]:
    """Return a report's document that has these names."""
    planned = plan(names)
    kept = ("address", "repo", "org", "store", "environment", "secret")
    results = [
        {
            **{key: row[key] for key in kept},
            "outcome": "failed",
            "sentence": None,
            "fix": None,
            "error": problem(name),
            "notes": [name],
        }
        for name, row in zip(names, planned["changes"], strict=True)
    ]
    return {
        "format": "flowforge.report",
        "version": 1,
        "flowforge": "0.0.0",
        "has_changes": True,
        "in_sync": False,
        "complete": False,
        "exit_code": 3,
        "interrupted": False,
        "counts": {"failed": len(results)},
        "results": results,
        "recap": {name: {"failed": 1} for name in names},
        "errors": [problem(name) for name in names],
        "warnings": list(names),
        "plan": planned,
    }


@_fits("error")
def error(names: Sequence[str], /) -> dict[str, Any]:
    """Return an error's document that has these names, with a plan."""
    return {
        "format": "flowforge.error",
        "version": 1,
        "flowforge": "0.0.0",
        "exit_code": 4,
        "errors": [problem(name) for name in names],
        "has_changes": True,
        "in_sync": False,
        "complete": False,
        "plan": plan(names),
    }


@_fits("adoption")
def adoption(names: Sequence[str], /) -> dict[str, Any]:
    """Return the document of `adopt` that has these names."""
    rows = plan(names)["changes"]
    kept = ("address", "repo", "org", "store", "environment", "secret")
    places = [{key: row[key] for key in kept} for row in rows]
    return {
        "format": "flowforge.adoption",
        "version": 1,
        "flowforge": "0.0.0",
        "complete": False,
        "exit_code": 3,
        "interrupted": False,
        "counts": {"assumed": len(names), "proven": 0, "left": 0, "blocked": len(names)},
        "recorded": [
            {**place, "credential": name, "target": name, "updated_at": name, "assumed": True}
            for name, place in zip(names, places, strict=True)
        ],
        "not_recorded": [
            {**place, "reason": "unreadable", "sentence": name, "fix": name, "blocked": True}
            for name, place in zip(names, places, strict=True)
        ],
        "unresolved": plan(names)["unresolved"],
        "errors": [problem(name) for name in names],
        "warnings": list(names),
    }


@_fits("validation")
def validation(names: Sequence[str], /) -> dict[str, Any]:
    """Return the document of `validate` whose warnings have these names."""
    return {
        "format": "flowforge.validation",
        "version": 1,
        "flowforge": "0.0.0",
        "valid": True,
        **dict.fromkeys(("secrets", "repos", "organizations", "selectors"), 1),
        "warnings": [*names, *(f"{name}:1:1: {name}" for name in names)],
    }


@_fits("audit")
def audit(names: Sequence[str], /) -> dict[str, Any]:
    """Return an audit's document whose findings have these names."""
    findings = [
        {
            "code": "missing-secret",
            "level": "error",
            **dict.fromkeys(("line", "column", "step"), 1),
            **dict.fromkeys(("file", "job", "what", "why", "fix"), name),
        }
        for name in names
    ]
    repos = [
        {
            **dict.fromkeys(("repo", "verdict"), name),
            "complete": True,
            "steps": [],
            "references": [],
            "findings": findings if number == 0 else [],
        }
        for number, name in enumerate(names)
    ]
    return {"format": "flowforge.audit", "version": 1, "flowforge": "0.0.0", "complete": True, "repos": repos}


def status(names: Sequence[str]) -> dict[str, Any]:
    """Return the document of `status` whose credentials, secrets, runs and warnings have these names."""
    runs = [
        {**dict.fromkeys(("workflow", "url", "concluded_at", "conclusion"), name), "run": number}
        for number, name in enumerate(names)
    ]
    told = ("name", "type", "source", "owner", "value_since", "issued_at", "expires_at")
    document = {
        "format": "flowforge.status",
        "version": 1,
        "flowforge": "0.0.0",
        "host": "github.com",
        "complete": False,
        "today": "2026-11-28",
        "credentials": [
            {**dict.fromkeys(told, name), "places": 1, "expiry_basis": "declared", "days_left": 1, "older": [name]}
            for name in names
        ],
        "secrets": [
            {
                **dict.fromkeys(("repo", "store", "secret", "credential", "sentence", "why"), name),
                **dict.fromkeys(("written_at", "value_since"), name),
                "address": f"acme/{name}/actions/{name}{number}",
                "state": "drifted",
                "life": "failing",
                "evidence": run,
                "last_good": run,
            }
            for number, (name, run) in enumerate(zip(names, runs, strict=True))
        ],
        "warnings": list(names),
    }
    Draft202012Validator(json.loads(schema_text("status"))).validate(document)
    return document


DOCUMENTS: Final = {"plan": plan, "report": report, "error": error}
# With those that no comment is made of.
EVERY_DOCUMENT: Final = {**DOCUMENTS, "adoption": adoption, "validation": validation, "audit": audit, "status": status}
