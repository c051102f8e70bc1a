"""A unified diff of edits that `git apply` takes: lines end at a line feed alone, and all else in them is kept."""

import re
from collections.abc import Iterator, Sequence
from itertools import pairwise
from typing import Final

from flowforge.data_class import dataclass
from flowforge.workflows.layout import TextEdit

CONTEXT: Final = 3
"""Lines that are shown before and behind what changes."""
_SIMPLE: Final = re.compile(r"[A-Za-z0-9._/-]+")
_NO_END: Final = "\\ No newline at end of file\n"


@dataclass(slots=True)
class _Block:
    """Lines that change: old ones from `start` to before `end`, counted from 0, and what comes for them."""

    start: int
    end: int
    lines: list[str]


def edited(text: str, edits: Sequence[TextEdit]) -> str:
    """Return a text with edits made. They do not overlap; what is put at one place stays in its order."""
    parts, done = [], 0
    for edit in sorted(edits, key=_order):
        parts += [text[done : edit.start], edit.text]
        done = edit.end
    return "".join([*parts, text[done:]])


def _order(edit: TextEdit) -> tuple[int, int, bool]:
    # What goes on in a line stands before the lines that come behind it.
    return edit.start, edit.end, "\n" in edit.text


def overlap(edits: Sequence[TextEdit]) -> bool:
    """Return whether two edits touch the same text."""
    ordered = sorted(edits)
    return any(two.start < one.end for one, two in pairwise(ordered))


def diff(path: str, text: str, edits: Sequence[TextEdit]) -> str:
    """Return the diff of a file; its path is from the root of the repository."""
    before, after = _named(f"a/{path}"), _named(f"b/{path}")
    head = f"diff --git {before} {after}\n--- {before}\n+++ {after}\n"
    lines = _lines(text)
    return head + "".join(_hunks(lines, _blocks(text, lines, edits)))


def _lines(text: str) -> list[str]:
    found = [line + "\n" for line in text.split("\n")]
    found[-1] = found[-1][:-1]
    return found if found[-1] else found[:-1]


def _blocks(text: str, lines: Sequence[str], edits: Sequence[TextEdit]) -> list[_Block]:
    found: list[_Block] = []
    grouped: list[list[TextEdit]] = []
    for edit in sorted(edits, key=_order):
        line = text.count("\n", 0, edit.start)
        if found and line < found[-1].end:
            grouped[-1].append(edit)
            found[-1].end = max(found[-1].end, text.count("\n", 0, edit.end) + 1)
        else:
            grouped.append([edit])
            found.append(_Block(line, text.count("\n", 0, edit.end) + 1, []))
    for block, own in zip(found, grouped, strict=True):
        offset = sum(map(len, lines[: block.start]))
        old = lines[block.start : block.end]
        moved = [TextEdit(each.start - offset, each.end - offset, each.text) for each in own]
        _trim(block, old, _lines(edited("".join(old), moved)))
    return found


def _trim(block: _Block, old: Sequence[str], new: list[str]) -> None:
    """Leave out of a block what does not change at its ends."""
    shortest = min(len(old), len(new))
    head = next((n for n in range(shortest) if old[n] != new[n]), shortest)
    tail = next((n for n in range(shortest - head) if old[-1 - n] != new[-1 - n]), shortest - head)
    block.start, block.end = block.start + head, block.end - tail
    block.lines = new[head : len(new) - tail]


def _hunks(lines: Sequence[str], blocks: Sequence[_Block]) -> Iterator[str]:
    groups: list[list[_Block]] = []
    for block in blocks:
        if groups and block.start - groups[-1][-1].end <= 2 * CONTEXT:
            groups[-1].append(block)
        else:
            groups.append([block])
    shift = 0
    for group in groups:
        first, last = max(group[0].start - CONTEXT, 0), min(group[-1].end + CONTEXT, len(lines))
        body, at = [], first
        for block in group:
            body += [_line(" ", each) for each in lines[at : block.start]]
            body += [_line("-", each) for each in lines[block.start : block.end]]
            body += [_line("+", each) for each in block.lines]
            at = block.end
        body += [_line(" ", each) for each in lines[at:last]]
        more = sum(len(block.lines) - (block.end - block.start) for block in group)
        yield f"@@ -{first + 1},{last - first} +{first + 1 + shift},{last - first + more} @@\n"
        yield from body
        shift += more


def _line(sign: str, line: str) -> str:
    return sign + line if line.endswith("\n") else f"{sign}{line}\n{_NO_END}"


def _named(path: str) -> str:
    """Return a path as git writes it: in quotes, with its bytes escaped, where it is not of plain characters."""
    if _SIMPLE.fullmatch(path):
        return path
    plain = range(0x20, 0x7F)
    bytes_ = path.encode("utf-8", "surrogateescape")
    shown = (chr(each) if each in plain and each not in b'"\\' else f"\\{each:03o}" for each in bytes_)
    return '"' + "".join(shown) + '"'
