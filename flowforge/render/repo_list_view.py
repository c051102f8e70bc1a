"""The repos that were chosen, and by which entry, as text and as JSON (schemas/repos.schema.json)."""

from collections.abc import Iterable

from flowforge.errors import printable
from flowforge.plan.facts import Unresolved
from flowforge.plan.repo_list import ChosenRepo, RepoList
from flowforge.render.document import Document, head
from flowforge.render.phrases import count


def roll_lines(roll: RepoList) -> Iterable[str]:
    """Yield a line for each repo of each entry, then how many repos there are."""
    rows = [(printable(str(each.repo)), printable(each.entry), str(each.where), _how(each)) for each in roll.choices]
    widths = [max((len(row[column]) for row in rows), default=0) for column in range(3)]
    for *cells, how in rows:
        yield "  ".join([*(cell.ljust(width) for cell, width in zip(cells, widths, strict=True)), how])
    yield from unresolved_lines(roll.unresolved)
    if rows or roll.unresolved:
        yield ""
    # A repo that several entries choose has a line for each, and counts once.
    repos = {each.repo for each in roll.choices}
    yield f"{count(len(repos), 'repo')}{', and more that are not known' if roll.unresolved else ''}."


def unresolved_lines(unresolved: Iterable[Unresolved]) -> Iterable[str]:
    """Yield the entries whose repos are not known, each with the reason and the fix."""
    for entry in unresolved:
        yield printable(f"! {entry.entry} ({entry.where})  its repositories are not known: {entry.unreadable.sentence}")
        yield f"    fix: {printable(entry.unreadable.remedy)}"


def roll_document(roll: RepoList) -> Document:
    """Return the public JSON."""
    return {
        **head("repos", roll.host),
        "complete": not roll.unresolved,
        "repos": [_choice(each) for each in roll.choices],
        "unresolved": [unresolved_entry(each) for each in roll.unresolved],
        "warnings": [printable(warning) for warning in roll.warnings],
    }


def unresolved_entry(entry: Unresolved) -> Document:
    """Return an entry whose repos are not known."""
    return {
        "entry": printable(entry.entry),
        "where": printable(str(entry.where)),
        "why": entry.unreadable.why.value,
        "sentence": printable(entry.unreadable.sentence),
        "fix": printable(entry.unreadable.remedy),
        "input_missing": entry.unreadable.why.input_missing,
    }


def _how(choice: ChosenRepo) -> str:
    found = f"found by the selector of {' and '.join(map(printable, choice.by))}" if choice.by else "named"
    return f"{found}; new to {printable(choice.new_to)}" if choice.new_to else found


def _choice(choice: ChosenRepo) -> Document:
    return {
        "repo": printable(str(choice.repo)),
        "entry": printable(choice.entry),
        "where": printable(str(choice.where)),
        "selected_by": [printable(name) for name in choice.by],
        "new_to": printable(choice.new_to) or None,
    }
