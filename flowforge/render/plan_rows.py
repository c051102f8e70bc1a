"""The lines of a plan as its public document has them, for the views that are made of that document."""

from collections.abc import Hashable, Iterator
from typing import Final, NamedTuple

from flowforge.plan.action import Action, Reason
from flowforge.render.document import Document
from flowforge.render.sums import is_reported_drift

# What a line begins with, as in the text, and the word for it.
_SIGNS: Final = {
    "+": "create",
    "~": "update",
    "-": "delete",
    "!": "blocked",
    "?": "drift",
    "=": "in sync",
    " ": "listed",
}
_OF_ACTION: Final = {Action.CREATE: "+", Action.UPDATE: "~", Action.DELETE: "-", Action.BLOCKED: "!"}
_WORDS: Final = {each.value: each.text for each in Reason}
# With nothing to do and nothing to decide, as for the lines of the text.
_SETTLED: Final = frozenset({Reason.IN_SYNC, Reason.ASSUMED, Reason.ALREADY_ABSENT, Reason.GONE, Reason.NOT_CHECKED})


class Line(NamedTuple):
    """A line of a plan."""

    sign: str
    """One of `+ ~ - ! ? =` and a space, as in the text, `=` for whatever says nothing new; of a result, its outcome."""
    target: str | None
    """The target; None where the manifest does not name the secret."""
    place: str
    """The repo or organization, with the store or environment where it is not the usual one."""
    secret: str
    """The name of the secret."""
    credential: str
    """The credential, or that the line is about who sees the secret."""
    why: str
    """The reason, in words."""
    fix: str
    """What to do; empty where there is nothing."""
    where: str
    """Where the manifest names it; empty where it does not."""
    usual: str
    """What stands in the place beside the repo."""

    def apart_from_repo(self) -> Hashable:
        """Return all but the repo."""
        return self.sign, self.target, self.usual, self.secret, self.credential, self.why, self.fix


def lines_of(plan: Document, *, bare: bool = False) -> Iterator[Line]:
    """Yield a line for each row. bare: the reason in our own words, whatever the document says of it."""
    for row in plan["changes"]:
        usual = _beside(row)
        action = Action(row["action"])
        # Elsewhere nobody has to mend anything: apply does what the line says.
        helps = not bare and (action is Action.BLOCKED or row["target"] is None)
        yield Line(
            _sign(row),
            row["target"],
            f"{row['repo'] or row['org']}{usual and f' {usual}'}",
            row["secret"],
            "access" if row.get("access") else row["credential"] or "",
            _WORDS[row["reason"]] if bare else row["sentence"],
            _shared(row) if helps else "",
            row["where"] or "",
            usual,
        )


def results_of(report: Document, *, bare: bool = False) -> Iterator[Line]:
    """Yield a line for each result of an apply, whose sign is its outcome. bare: without a reason."""
    planned = {row["address"]: row for row in report["plan"]["changes"]}
    for row in report["results"]:
        # The document may be anybody's, so a result may have no row in its plan.
        change, usual, error = planned.get(row["address"], {}), _beside(row), row["error"]
        why = f"{error['code']}: {cause_of(error)}" if error else row.get("sentence") or ""
        yield Line(
            row["outcome"],
            change.get("target"),
            f"{row['repo'] or row['org']}{usual and f' {usual}'}",
            row["secret"],
            "access" if change.get("access") else change.get("credential") or "",
            "" if bare else why,
            "" if bare else (error or row).get("fix") or "",
            change.get("where") or "",
            usual,
        )


def cause_of(problem: Document) -> str:
    """Return what is wrong, with what makes it a problem."""
    return f"{problem['what']}: {problem['why']}" if problem["why"] else str(problem["what"])


def sign_of(sign: str) -> str:
    """Return the sign of a line with its word, as our own words in markdown."""
    word = _SIGNS[sign]
    return f"`{sign}` {word}" if sign.strip() else word


def _beside(row: Document) -> str:
    if row["environment"]:
        return f"environment {row['environment']}"
    return "" if row["store"] == "actions" else str(row["store"])


def _sign(row: Document) -> str:
    if is_reported_drift(row):
        return "?"
    if row["action"] != Action.NONE:
        return _OF_ACTION[Action(row["action"])]
    # Without drift nobody knows of a change; the sentence counts the values that were not checked.
    quiet = row["reason"] in _SETTLED or (row["reason"] == Reason.VALUE_NOT_CHECKED and not row["drift"])
    return "=" if quiet or row["target"] is not None else " "


def _shared(row: Document) -> str:
    """Return the fix without the address of the row, so that it may be that of others too."""
    return (row["fix"] or "").replace(row["address"], "ADDRESS")
