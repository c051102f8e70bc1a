"""What `doctor` found, for people and as a document."""

from collections.abc import Iterator

from flowforge.errors import printable
from flowforge.plan.diagnosis import Checkup, Diagnosis, Health
from flowforge.render.document import Document, head

_MARKS = {Health.WELL: "=", Health.WRONG: "!", Health.UNKNOWN: "?"}


def checkup_lines(checkup: Checkup) -> Iterator[str]:
    """Yield a line for each thing that was looked at, below a wrong one its fix, and what it comes to."""
    for each in checkup.lines:
        code = f" ({each.code})" if each.code else ""
        yield f"{_MARKS[each.health]} {each.check}: {printable(each.what)}{code}"
        if each.fix:
            yield f"    fix: {printable(each.fix)}"
    count = checkup.wrong
    told = "Nothing is wrong" if not count else f"{count} {'thing is' if count == 1 else 'things are'} wrong"
    open_ = sum(each.health is Health.UNKNOWN for each in checkup.lines)
    yield f"{told}, and {open_} {'is' if open_ == 1 else 'are'} not known." if open_ else f"{told}."


def checkup_document(checkup: Checkup) -> Document:
    """Return the document `flowforge.checkup`."""
    return {
        **head("checkup", checkup.host),
        "exit_code": int(checkup.exit_code),
        "wrong": checkup.wrong,
        "checks": [_entry(each) for each in checkup.lines],
    }


def _entry(each: Diagnosis) -> Document:
    return {
        "check": each.check,
        "health": each.health.value,
        "what": printable(each.what),
        "fix": printable(each.fix) or None,
        "code": each.code or None,
    }
