"""`--batch 1,10%,rest`: how many repos each batch of a rotation has."""

import re
from typing import Final

from flowforge.data_class import dataclass
from flowforge.errors import Problem, UsageError, quote

_REST: Final = "rest"
_PART: Final = re.compile(r"([1-9][0-9]{0,5})(%?)", re.ASCII)
_WHOLE: Final = 100


@dataclass(frozen=True, slots=True)
class Sizes:
    """The sizes of the batches before the last, which has the rest."""

    parts: tuple[tuple[int, bool], ...] = ()
    """Each a number, and whether that is a percentage of all repos of the credential."""

    @classmethod
    def parse(cls, text: str) -> "Sizes":
        """Read `1,10%,rest`. Raises UsageError FF901."""
        *parts, last = (part.strip() for part in text.split(","))
        found = [_PART.fullmatch(part) for part in parts]
        if last != _REST or not all(found):
            what = f"--batch {quote(text)} is no list of batches"
            fix = "write numbers of repos or percentages, and `rest` at the end: 1,10%,rest"
            raise UsageError(Problem("FF901", what, fix=fix))
        sizes = tuple((int(each[1]), bool(each[2])) for each in found if each)
        if any(share and number > _WHOLE for number, share in sizes):
            what = f"--batch {quote(text)} has more than 100%"
            raise UsageError(Problem("FF901", what, fix="write percentages up to 100%: 1,10%,rest"))
        return cls(sizes)

    def of(self, number: int, total: int, left: int) -> int:
        """Return how many repos a batch has. number: the first is 1. total: of all batches. left: from this one on."""
        if number > len(self.parts):
            return left
        size, share = self.parts[number - 1]
        # Rounded up, so that no batch is empty.
        return min(left, -(-size * total // _WHOLE) if share else size)

    @property
    def is_one(self) -> bool:
        """Whether there is but one batch."""
        return not self.parts
