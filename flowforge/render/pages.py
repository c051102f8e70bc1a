"""A page of markdown: a sentence, and sections whose rows are left out where it would be too long, biggest first."""

from collections.abc import Sequence
from typing import Final

from flowforge.data_class import dataclass

# What a section that was cut says.
_CUT: Final = "… and {0:,} more, which do not fit here."


@dataclass(frozen=True, slots=True)
class Section:
    """A part of a page: rows of a table, or of a list."""

    title: str
    """Our own words: they may stand inside of HTML."""
    rows: tuple[str, ...]
    """Its lines, each of them one row."""
    columns: tuple[str, ...] = ()
    """The heads of a table's columns, in our own words; none for a list."""
    folded: bool = False
    """Whether it opens when somebody clicks on it."""

    @property
    def size(self) -> int:
        """How many bytes its rows take."""
        return sum(map(_size, self.rows))

    @property
    def frame(self) -> int:
        """How many bytes all but its rows takes at most."""
        # With the longest number that the last line may hold, and the line ends between the parts.
        return _size(self._framed([], len(self.rows)) + "\n".join(self._head)) + 4

    def text(self, most: int | None = None) -> str:
        """Return the section. most: how many bytes its rows may take."""
        kept = self.rows if most is None or self.size <= most else _first(self.rows, most)
        return self._framed(kept, len(self.rows) - len(kept))

    @property
    def _head(self) -> list[str]:
        return [f"| {' | '.join(self.columns)} |", "|---" * len(self.columns) + "|"] if self.columns else []

    def _framed(self, kept: Sequence[str], left: int) -> str:
        body = "\n".join([*self._head, *kept] if kept else [])
        inner = "\n\n".join(filter(None, (body, _CUT.format(left) if left else "")))
        if not self.folded:
            return f"**{self.title}**\n\n{inner}"
        # An empty line ends a block of HTML: what follows is markdown, and the rows are read as such.
        return f"<details><summary>{self.title} ({len(self.rows):,})</summary>\n\n{inner}\n\n</details>"


@dataclass(frozen=True, slots=True)
class Page:
    """A whole page."""

    sentence: str
    """What is said first."""
    sections: tuple[Section, ...]
    """What follows, in its order."""

    def text(self, most: int | None = None) -> str:
        """Return the page, in at most so many bytes of UTF-8: then rows are left out of the longest sections first."""
        sections = [each for each in self.sections if each.rows]
        whole = self._joined([each.text() for each in sections])
        if most is None or _size(whole) <= most:
            return whole
        frame = _size(self.sentence) + sum(each.frame + 2 for each in sections)
        share = _share([each.size for each in sections], most - frame)
        return self._joined([each.text(share) for each in sections])

    def _joined(self, parts: Sequence[str]) -> str:
        return "\n\n".join([self.sentence, *parts])


def _share(sizes: Sequence[int], room: int) -> int:
    """Return how much each of these sizes may have at most, so that all together have room."""
    left, waiting = max(room, 0), len(sizes)
    # The smallest first: what a short section leaves is shared among the longer ones.
    for size in sorted(sizes):
        if size * waiting > left:
            return left // waiting
        left, waiting = left - size, waiting - 1
    return left


def _first(rows: Sequence[str], most: int) -> list[str]:
    kept, used = [], 0
    for row in rows:
        used += _size(row)
        if used > most:
            break
        kept.append(row)
    return kept


def _size(text: str) -> int:
    return len(text.encode("utf-8", "replace")) + 1
