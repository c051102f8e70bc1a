"""What adopt records, as text and as JSON (schemas/adoption.schema.json)."""

from collections.abc import Iterable, Sequence

from flowforge.errors import ExitCode, printable
from flowforge.plan.address import Address
from flowforge.plan.adoption import Adoptable, Adopted, Adoption, is_blocked
from flowforge.plan.change import Change
from flowforge.plan.decide import Plan
from flowforge.render.access import place_entry
from flowforge.render.document import Document, head, problem_entry
from flowforge.render.phrases import count
from flowforge.render.repo_list_view import unresolved_entry
from flowforge.render.rows import change_lines
from flowforge.render.style import Style, plain


def adoption_lines(adoption: Adoption, *, style: Style = plain) -> Iterable[str]:
    """Yield a line for each secret that would be recorded, then those that would not, then the sum."""
    rows = [_cells(each) for each in adoption.taken]
    widths = [max((len(row[column]) for row in rows), default=0) for column in range(4)]
    for each, row in zip(adoption.taken, rows, strict=True):
        padded = "  ".join(cell.ljust(width) for cell, width in zip(row, widths, strict=True) if width)
        # GitHub never shows the value of a secret, so only variables can be compared.
        how = "will be assumed to hold its value" if each.assumed else "holds its value"
        yield style(f"= {padded}  {how}; last changed {printable(each.change.seen_at)}", "=")
    yield from change_lines(Plan(adoption.left, adoption.unresolved), verbose=True, style=style)
    if rows or adoption.left or adoption.unresolved:
        yield ""
    yield f"{_sum(adoption)}."


def adopted_lines(adopted: Adopted) -> Iterable[str]:
    """Yield what was recorded."""
    adoption = adopted.adoption
    for problem in adopted.problems:
        yield from (printable(line) for line in str(problem).splitlines())
    yield from (f"warning: {printable(warning)}" for warning in adopted.warnings)
    proven = len(adoption.taken) - adoption.assumed
    yield f"Recorded: {adoption.assumed:,} assumed, {proven:,} proven."
    if adoption.assumed and not adopted.problems:
        yield "Run `flowforge apply --prove` to write the assumed ones and prove them."


def adoption_document(adopted: Adopted, warnings: Sequence[str], exit_code: ExitCode, host: str = "") -> Document:
    """Return the public JSON. host: the one that has the repos."""
    adoption = adopted.adoption
    return {
        **head("adoption", host),
        "complete": adoption.exit_code is ExitCode.DONE,
        "exit_code": int(exit_code),
        "interrupted": adopted.interrupted,
        "counts": {
            "assumed": adoption.assumed,
            "proven": len(adoption.taken) - adoption.assumed,
            "left": len(adoption.left) - adoption.blocked,
            "blocked": adoption.blocked,
        },
        "recorded": [_recorded(each) for each in adoption.taken],
        "not_recorded": [_left(change) for change in adoption.left],
        "unresolved": [unresolved_entry(each) for each in adoption.unresolved],
        "errors": [problem_entry(problem) for problem in adopted.problems],
        "warnings": [printable(warning) for warning in (*warnings, *adopted.warnings)],
    }


def _sum(adoption: Adoption) -> str:
    proven, left = len(adoption.taken) - adoption.assumed, len(adoption.left) - adoption.blocked
    parts = (
        (adoption.assumed, f"{count(adoption.assumed, 'secret')} to be recorded as assumed"),
        (proven, f"{count(proven, 'variable')} as {'it is' if proven == 1 else 'they are'}"),
        (left, f"{left:,} left to apply"),
        (adoption.blocked, f"{adoption.blocked:,} blocked"),
        (len(adoption.unresolved), count(len(adoption.unresolved), "entry", "entries") + " without known repos"),
    )
    said = ", ".join(words for number, words in parts if number)
    # "Nothing to adopt" comes first, because the numbers that follow it are of what stays undone.
    return said if adoption.taken else f"Nothing to adopt{': ' if said else ''}{said}"


def _cells(each: Adoptable) -> tuple[str, str, str, str]:
    change = each.change
    scope = change.address.scope
    place = "" if scope.place == "actions" else scope.place
    credential = change.wanted.credential if change.wanted else ""
    return printable(str(scope.repo)), printable(place), printable(change.address.secret), printable(credential)


def _recorded(each: Adoptable) -> Document:
    change, wanted = each.change, each.change.wanted
    return {
        **_address(change.address),
        "credential": printable(wanted.credential) if wanted else None,
        "target": printable(wanted.target) if wanted else None,
        "updated_at": change.seen_at,
        "assumed": each.assumed,
    }


def _left(change: Change) -> Document:
    return {
        **_address(change.address),
        "reason": change.reason.value,
        "sentence": printable(change.sentence),
        "fix": printable(change.remedy) or None,
        "blocked": is_blocked(change),
    }


def _address(address: Address) -> Document:
    scope = address.scope
    return {
        "address": printable(str(address)),
        **place_entry(scope),
        "store": scope.store.value,
        "environment": printable(scope.environment) or None,
        "secret": printable(address.secret),
    }
