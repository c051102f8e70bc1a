"""A plan in a file, which a person approves and apply carries out. It holds no values, and is read strictly."""

import base64
import json
import os
import stat
from collections.abc import Mapping
from pathlib import Path
from typing import Any, Final, NoReturn

from flowforge import __version__
from flowforge.data_class import dataclass
from flowforge.errors import Problem, UsageError, printable, quote
from flowforge.paths import ANYWHERE, Bounds
from flowforge.plan.digest import digest_of
from flowforge.plan.staleness import PlanInput, applied_already, changed_inputs
from flowforge.run.plan_file.place import not_written
from flowforge.run.plan_file.shape import FILE, checked
from flowforge.state import disk
from flowforge.state.model import State
from flowforge.state.shape import MalformedError, fields, parse_json
from flowforge.text_encoding import without_mark

FORMAT: Final = "flowforge.plan-file"
VERSION: Final = 1
# Some 200,000 lines. A larger file is no saved plan, and must not fill the memory before that is known.
SIZE_LIMIT: Final = 128 * 2**20
AGAIN: Final = "make a new plan with `flowforge plan --out FILE`, and have that approved"
# One code for each input, so that a workflow can tell a rotated value from a plan that somebody overtook.
_CODES: Final = {
    PlanInput.MANIFEST: "FF025",
    PlanInput.VALUE: "FF026",
    PlanInput.GITHUB: "FF027",
    PlanInput.STATE: "FF028",
}
_MOST_NAMED: Final = 5
_NO_LINES: Final = '\n  "lines": {}'


@dataclass(frozen=True, slots=True)
class SavedPlan:
    """A plan as a file holds it."""

    stands_on: Mapping[str, Any]
    """All that the plan stands on, as `flowforge.run.plan_file.basis` returns it."""

    @classmethod
    def read(cls, path: Path) -> "SavedPlan":
        """Return the plan of a file.

        Raises UsageError: FF020 for a file that cannot be read, FF021 for one that FlowForge did not write like this,
        FF022 for one of another version.
        """
        data = _read(path)
        try:
            return cls(_parse(data, path))
        except MalformedError as error:
            what = f"{quote(str(path))} is not a plan as FlowForge saved it"
            raise UsageError(Problem("FF021", what, why=str(error), fix=AGAIN)) from error

    def write(self, path: Path, bounds: Bounds = ANYWHERE) -> None:
        """Write it to `path`, whole or not at all, readable for its owner alone. Raises UsageError FF024."""
        try:
            with bounds.entry(path) as entry:
                disk.DISK.replace(entry, _encode(self.stands_on))
        except OSError as error:
            raise not_written(path, disk.reason(error)) from error

    @property
    def flags(self) -> Mapping[str, Any]:
        """The options that the plan was made with, by name."""
        given: Mapping[str, Any] = self.stands_on["flags"]
        return {name: tuple(value) if isinstance(value, list) else value for name, value in given.items()}

    @property
    def fresh(self) -> State | None:
        """The state that apply begins with; None for a plan that was made where there was a state."""
        state = self.stands_on["state"]
        return State(0, state["lineage"], base64.b64decode(state["salt"])) if state["salt"] is not None else None

    def require_manifests(self, names: list[str]) -> None:
        """Refuse other manifests than those of the plan, before GitHub is asked. Raises UsageError FF030."""
        planned = self.stands_on["manifests"]
        if names != planned:
            what = "the saved plan was made from other manifests"
            why = f"it was made from {', '.join(map(quote, planned))}; these are {', '.join(map(quote, names))}"
            raise UsageError(Problem("FF030", what, why=why, fix="name the same manifests with -m"))

    def require_current(self, now: Mapping[str, Any]) -> None:
        """Refuse a plan that is stale: something that it stands on has changed, so the digest is another.

        Raises UsageError by what changed: FF025 the manifest, FF026 a value, FF027 GitHub, FF028 the state. FF029 is
        for a plan that was applied already.
        """
        if digest_of(now) == digest_of(self.stands_on):
            return
        if applied_already(self.stands_on, now):
            why = "everything in it is done, and the state was written since"
            fix = f"nothing is left to do; to change more, {AGAIN}"
            raise UsageError(Problem("FF029", "the saved plan was applied already", why=why, fix=fix))
        clauses_of: dict[PlanInput, list[str]] = {}
        for changed, clause in changed_inputs(self.stands_on, now):
            clauses_of.setdefault(changed, []).append(printable(clause))
        raise UsageError(*(_stale(changed, clauses) for changed, clauses in clauses_of.items()))


def _stale(changed: PlanInput, clauses: list[str]) -> Problem:
    shown = "; ".join(clauses[:_MOST_NAMED])
    why = f"{shown}; and {len(clauses) - _MOST_NAMED} more" if len(clauses) > _MOST_NAMED else shown
    what = f"{changed} has changed since the plan was saved; nothing was written"
    return Problem(_CODES[changed], what, why=why, fix=AGAIN)


def _encode(stands_on: Mapping[str, Any]) -> bytes:
    """Return its only form: sorted, in ASCII, with each line of the plan on a line of the file."""
    # With one form alone, reading can compare the whole file with what would be written: every edit by hand shows.
    document = {"format": FORMAT, "version": VERSION, "flowforge": __version__, "stands_on": stands_on}
    head = {**document, "stands_on": {**stands_on, "lines": {}}, "digest": digest_of(document)}
    one_line = json.JSONEncoder(sort_keys=True).encode
    lines = ",\n".join(f"   {json.dumps(key)}: {one_line(line)}" for key, line in sorted(stands_on["lines"].items()))
    text = json.dumps(head, sort_keys=True, indent=1)
    whole = text.replace(_NO_LINES, f'\n  "lines": {{\n{lines}\n  }}', 1) if lines else text
    return f"{whole}\n".encode("ascii")


def _read(path: Path) -> bytes:
    try:
        # A FIFO without a writer would block without O_NONBLOCK.
        handle = os.open(path, os.O_RDONLY | os.O_NONBLOCK | os.O_CLOEXEC)
        try:
            if not stat.S_ISREG(os.fstat(handle).st_mode):
                _unreadable(path, "it is not a regular file")
            with open(handle, "rb", closefd=False) as file:
                data = file.read(SIZE_LIMIT + 1)
        finally:
            os.close(handle)
    except OSError as error:
        _unreadable(path, disk.reason(error))
    if len(data) > SIZE_LIMIT:
        _unreadable(path, f"it holds more than {SIZE_LIMIT // 2**20} MiB, which no saved plan does")
    return data


def _unreadable(path: Path, why: str) -> NoReturn:
    fix = "name a file that `flowforge plan --out FILE` has written; name a manifest with -m"
    raise UsageError(Problem("FF020", f"the saved plan {quote(str(path))} cannot be read", why=why, fix=fix))


def _parse(data: bytes, path: Path) -> Mapping[str, Any]:
    document = parse_json(data)
    if not isinstance(document, dict) or document.get("format") != FORMAT:
        raise MalformedError("it is not marked as a saved plan")
    _require_ours(document, path)
    stands_on = checked(fields(document, FILE, "the file")["stands_on"])
    # The bytes are compared as a whole. That covers the digest, and any space or order that FlowForge does not write,
    # but for what Windows makes of the ends of lines.
    if _encode(stands_on) != without_mark(data).replace(b"\r\n", b"\n"):
        raise MalformedError("its digest does not fit its content: it was edited by hand, merged or cut")
    return stands_on


def _require_ours(document: Mapping[str, object], path: Path) -> None:
    """Raise UsageError FF022 for a plan of another version, in which a line or the digest may mean something else."""
    made_by, version = document.get("flowforge"), document.get("version")
    if (made_by, version) != (__version__, VERSION):
        what = f"the saved plan {quote(str(path))} was made by another version of FlowForge"
        why = (
            f"it was made by FlowForge {quote(str(made_by))} in format {quote(str(version))}; "
            f"this is FlowForge {__version__}, format {VERSION}"
        )
        raise UsageError(Problem("FF022", what, why=why, fix=f"apply it with that version, or {AGAIN}"))
