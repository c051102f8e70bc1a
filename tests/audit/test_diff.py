"""The diff of edits: whatever is edited, git makes of it what was meant."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from flowforge.audit.fixes.diff import diff, edited, overlap
from flowforge.workflows.layout import TextEdit

TWENTY = "".join(f"{number}\n" for number in range(1, 21))


def _at(*lines: int, text: str = "x\n") -> list[TextEdit]:
    """Return edits that put a text before these lines of the twenty."""
    starts = [TWENTY.index(f"{line}\n") if line < 10 else TWENTY.index(f"\n{line}\n") + 1 for line in lines]
    return [TextEdit(start, start, text) for start in starts]


def _heads(found: str) -> list[str]:
    return [line for line in found.split("\n") if line.startswith("@@")]


@pytest.mark.parametrize(
    ("lines", "heads"),
    [
        ((1,), ["@@ -1,3 +1,4 @@"]),
        ((10,), ["@@ -7,6 +7,7 @@"]),
        ((20,), ["@@ -17,4 +17,5 @@"]),
        # Up to six lines between two of them are shown, and they are one piece.
        ((5, 11), ["@@ -2,12 +2,14 @@"]),
        ((5, 12), ["@@ -2,6 +2,7 @@", "@@ -9,6 +10,7 @@"]),
        ((2, 10, 12, 20), ["@@ -1,4 +1,5 @@", "@@ -7,8 +8,10 @@", "@@ -17,4 +20,5 @@"]),
    ],
)
def test_the_pieces_of_a_diff(lines: tuple[int, ...], heads: list[str]) -> None:
    """Three lines are shown around each change, each piece is counted on from those before it."""
    assert heads == _heads(diff("a.yml", TWENTY, _at(*lines)))


@pytest.mark.parametrize(
    ("path", "named"),
    [("a/b-1.yml", "a/a/b-1.yml"), ("a b.yml", '"a/a b.yml"'), ('a"b', '"a/a\\042b"'), ("é", '"a/\\303\\251"')],
)
def test_the_name_of_a_file(path: str, named: str) -> None:
    """One of other letters stands in quotes, as git reads it."""
    assert f"--- {named}" == diff(path, TWENTY, _at(3)).split("\n")[1]


@pytest.mark.parametrize(
    ("edits", "expected"),
    [
        ([(0, 1, ""), (1, 2, "")], False),
        ([(0, 2, ""), (1, 2, "")], True),
        ([(5, 9, ""), (0, 6, "")], True),
        ([(3, 3, "a"), (3, 3, "b")], False),
        ([], False),
    ],
)
def test_edits_that_touch(edits: list[tuple[int, int, str]], expected: bool) -> None:  # noqa: FBT001 -- a table
    """Two that change the same text, in whatever order they are given."""
    assert expected is overlap([TextEdit(*each) for each in edits])


def test_what_goes_on_in_a_line_stands_first() -> None:
    """Of two texts at one place, that which ends no line."""
    assert "a!\nb\nc" == edited("a\nc", [TextEdit(1, 1, "\nb"), TextEdit(1, 1, "!")])


texts = st.lists(st.sampled_from(["a", "b", "", " c"]), max_size=25).map("\n".join)


@given(texts, st.lists(st.tuples(st.integers(0, 60), st.integers(0, 8), texts), max_size=3))
def test_git_makes_of_it_what_was_meant(text: str, places: list[tuple[int, int, str]]) -> None:
    """Whatever is put in, taken away or replaced, with a line end at the end and without."""
    edits: list[TextEdit] = []
    for start, length, new in sorted(places):
        if (not edits or start > edits[-1].end) and start + length <= len(text):
            edits.append(TextEdit(start, start + length, new))
    after = edited(text, edits)
    assert after == _patched(text, diff("f", text, edits))


def _patched(text: str, patch: str) -> str:
    """Return what a reader of unified diffs makes of a text; git does the same, in a process for each."""
    old, new, at = _lines(text), [], 0
    body = patch.split("\n")[3:]
    for number, line in enumerate(body):
        if line.startswith("@@"):
            start = int(line.split()[1].split(",")[0][1:]) - 1
            start += line.split()[1].endswith(",0")
            new += old[at:start]
            at = start
        elif line[:1] in {" ", "-", "+"}:
            shown = line[1:] + ("" if body[number + 1].startswith("\\") else "\n")
            if line[0] != "+":
                assert shown == old[at]
                at += 1
            if line[0] != "-":
                new.append(shown)
    return "".join(new + old[at:])


def _lines(text: str) -> list[str]:
    return [line + "\n" for line in text.split("\n")[:-1]] + [line for line in text.split("\n")[-1:] if line]
