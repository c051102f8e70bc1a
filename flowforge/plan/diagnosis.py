"""What `flowforge doctor` finds: a line for each thing it looks at, well or wrong, with what mends it."""

import shlex
from collections.abc import Iterable, Mapping, Sequence
from enum import StrEnum
from pathlib import Path
from typing import Final

from flowforge.data_class import dataclass
from flowforge.errors import ExitCode, FlowForgeError, printable
from flowforge.plan.facts import Unreadable

_MOST_NAMED: Final = 3


class Health(StrEnum):
    """How something is."""

    WELL = "well"
    WRONG = "wrong"
    UNKNOWN = "unknown"
    """It could not be looked at, and nothing says that it is wrong."""


@dataclass(frozen=True, slots=True)
class Diagnosis:
    """One thing that was looked at."""

    check: str
    """What was looked at, a word that stays the same: `token`, `state`."""
    health: Health
    """How it is."""
    what: str
    """What was found, as a sentence without its full stop."""
    fix: str = ""
    """What mends it, as an imperative sentence."""
    code: str = ""
    """The code of the error that a run would end with; empty where there is none."""


@dataclass(frozen=True, slots=True)
class Checkup:
    """All that was looked at."""

    lines: tuple[Diagnosis, ...]
    """In the order in which a run would meet it."""
    host: str = ""
    """The host that has the repos; empty where it is not known."""

    @property
    def wrong(self) -> int:
        """How many things are wrong."""
        return sum(each.health is Health.WRONG for each in self.lines)

    @property
    def exit_code(self) -> ExitCode:
        """3 where something is wrong."""
        return ExitCode.PARTIAL if self.wrong else ExitCode.DONE


def well(check: str, what: str) -> Diagnosis:
    """Return a line about what is well."""
    return Diagnosis(check, Health.WELL, what)


def wrong(check: str, what: str, fix: str, code: str = "") -> Diagnosis:
    """Return a line about what is wrong."""
    return Diagnosis(check, Health.WRONG, what, fix, code)


def unknown(check: str, what: str) -> Diagnosis:
    """Return a line about what could not be looked at."""
    return Diagnosis(check, Health.UNKNOWN, what)


def of_error(check: str, error: FlowForgeError) -> list[Diagnosis]:
    """Return a line for each problem of an error that would have ended a run."""
    return [
        wrong(check, f"{f'{each.where}: ' if each.where else ''}{each.what}", each.fix, each.code)
        for each in error.problems
    ]


def of_unreadable(check: str, found: Mapping[str, Unreadable]) -> list[Diagnosis]:
    """Return a line for each reason why places cannot be read, with the first few of those places."""
    reasons: dict[tuple[str, str], list[str]] = {}
    for place, why in found.items():
        reasons.setdefault((why.sentence, why.remedy), []).append(place)
    return [wrong(check, f"{named(places)}: {what}", fix) for (what, fix), places in reasons.items()]


def about(command: str, path: Path) -> str:
    """Return a command about a file, to be pasted anywhere; empty where the file's name cannot be shown as it is.

    command: in backticks, with `{}` in the place of the file.
    """
    name = shlex.quote(str(path.absolute()))
    return command.format(name) if name == printable(name) and "`" not in name else ""


def named(places: Sequence[str] | Iterable[str]) -> str:
    """Return the first few places, and how many more there are."""
    all_ = [printable(each) for each in places]
    more = f" and {len(all_) - _MOST_NAMED} more" if len(all_) > _MOST_NAMED else ""
    return ", ".join(all_[:_MOST_NAMED]) + more
