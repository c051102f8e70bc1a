"""The mutants that no test can tell from the product, each with its reason, as `equivalent.txt` lists them."""

from collections.abc import Iterator

Identity = tuple[str, str, str, str]
LISTED = "tools/mutants/equivalent.txt"


def read(text: str) -> dict[Identity, str]:
    """Return the reason for each identity. Raises ValueError for an entry that is not whole.

    An entry is a path and a function, the line before (`-`) and after (`+`), once or more, and the reason.
    """
    found: dict[Identity, str] = {}
    for entry in filter(None, (entry.strip() for entry in text.split("\n\n"))):
        lines = [line for line in entry.splitlines() if not line.startswith("# ")]
        if not lines:
            continue
        place, _, function = lines[0].removeprefix("## ").partition(" ")
        reason = " ".join(line for line in lines[1:] if not line.startswith(("- ", "+ ")))
        pairs = list(_pairs([line for line in lines[1:] if line.startswith(("- ", "+ "))]))
        if not (lines[0].startswith("## ") and function and reason and pairs):
            message = f"an entry needs a path, a function, lines before and after, and a reason:\n{entry}"
            raise ValueError(message)
        found |= {(place, function, before, after): reason for before, after in pairs}
    return found


def _pairs(lines: list[str]) -> Iterator[tuple[str, str]]:
    """Yield what was before with each of what may come after it."""
    before = ""
    for line in lines:
        if line.startswith("- "):
            before = line[2:]
        else:
            yield before, line[2:]
