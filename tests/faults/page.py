"""Print docs/faults.md: the fault matrix for people. `make docs` puts it there."""

from collections.abc import Iterator, Sequence

from tests.faults.row import BOTH_NEW, BOTH_OLD, NEITHER, Row
from tests.faults.table import FAMILIES

_HEAD = """# When things go wrong

Each row is a fault that a test makes for real while two repos, `acme/api` and `acme/web`, hold an old value that
FlowForge wrote and the manifest wants a new one ("first" means that they hold nothing yet): what is printed, beside the
changes and the counts of each repo; the exit code; which value GitHub holds; what the next plan says once the fault is
gone. Whatever an apply leaves undone, the next one puts right, after what a message asks a person to do.

<!-- Made from tests/faults by `make docs`. -->
"""
_COLUMNS = ("fault", "command", "printed", "exit", "GitHub holds", "the next plan")
_HOLDS: dict[tuple[str, ...], str] = {BOTH_NEW: "both new", BOTH_OLD: "both old", NEITHER: "nothing"}


def page() -> str:
    """Return the page: a table for each family; a slow row only repeats a quick one in another way."""
    return "".join([_HEAD, *(f"\n## {name}\n\n{_table(rows)}" for name, rows in FAMILIES.items())])


def _table(rows: Sequence[Row]) -> str:
    lines = [_COLUMNS, ("---",) * len(_COLUMNS), *(tuple(_cells(row)) for row in rows if not row.slow)]
    return "".join(f"| {' | '.join(cells)} |\n" for cells in lines)


def _cells(row: Row) -> Iterator[str]:
    expected = row.expected
    yield row.fault
    yield f"`{' '.join((row.command, *row.more))}`{', first' if row.fresh else ''}"
    yield "<br>".join(f"`{line.strip()}`".replace("|", "\\|") for line in expected.printed) or "nothing"
    yield "killed" if expected.code < 0 else str(expected.code)
    yield _HOLDS.get(expected.holds) or "api {}, web {}".format(*expected.holds)
    api, _, web = expected.then.replace("_", " ").partition("; web: ")
    yield f"both: {web}" if api == f"api: {web}" else expected.then.replace("_", " ")


if __name__ == "__main__":
    print(page(), end="")
