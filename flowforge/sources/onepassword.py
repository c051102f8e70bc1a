"""The source `onepassword`: values in 1Password, read by its CLI, `op`."""

import secrets
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from types import MappingProxyType
from typing import Final, TypeGuard

from flowforge.errors import Problem, SourceError
from flowforge.programs import trusted_path
from flowforge.sources.base import Ask, Context, FilledSpec, ReadResult, text_of
from flowforge.sources.decoding import decode
from flowforge.sources.op_answer import GENERAL, OpRefusal, Refused, recognise
from flowforge.sources.op_problem import field_of, no_reference, problem
from flowforge.sources.op_reference import Reference
from flowforge.sources.process import ChildProgram, Failure, run
from flowforge.sources.side_by_side import AT_ONCE, side_by_side
from flowforge.vault import SecretValue

# op waits without end for a person to unlock 1Password.
SECONDS: Final = 15.0
# Seconds before the second and the third try, after a failure of 1Password's servers or of the network.
PAUSES: Final = (0.5, 1.0)
# References of at most 500 characters each: together less than a pipe holds, and quick enough for the limit of time.
_BATCH: Final = 50
_FAILURES: Final[Mapping[Failure, Refused]] = MappingProxyType(
    {
        Failure.NOT_FOUND: Refused(OpRefusal.NOT_INSTALLED, "is not installed"),
        Failure.NOT_EXECUTABLE: Refused(OpRefusal.NOT_INSTALLED, "cannot be executed"),
        Failure.TOO_LONG: Refused(OpRefusal.SILENT, f"{SECONDS:.0f} seconds"),
        Failure.TOO_MUCH: Refused(OpRefusal.TOO_MUCH),
        Failure.STOPPED: Refused(OpRefusal.STOPPED),
    }
)
_TWO_WAYS: Final = (
    "OP_CONNECT_HOST with OP_CONNECT_TOKEN and OP_SERVICE_ACCOUNT_TOKEN are set: op asks the Connect server, and the "
    "service account for nothing; unset what you do not use"
)


class OnePasswordSource:
    """`{onepassword: "op://vault/item/field", account: NAME}`. The value is exactly what op prints."""

    # op gets its own variables (OP_*), even those that a manifest names elsewhere: without them it is signed out.

    name = "onepassword"

    def __init__(self, seconds: float = SECONDS, pauses: Sequence[float] = PAUSES) -> None:
        """Wait so long for each run of op, and so long before the tries that follow a failed one."""
        self._seconds, self._pauses = seconds, pauses

    def read_all(self, asks: Sequence[Ask], context: Context) -> list[ReadResult]:
        """Read each distinct reference once. A SourceError has FF223 or FF235 to FF248."""
        references = [_reference(ask.spec) for ask in asks]
        distinct = tuple(dict.fromkeys(reference for reference in references if reference))
        if distinct:
            _tell(len(distinct), context)
        found = _Op(context, self._seconds, self._pauses).read(distinct)
        return [_found(found[reference] if reference else no_reference()) for reference in references]


def _reference(spec: FilledSpec) -> Reference | None:
    return Reference.parse(text_of(spec, "onepassword"), text_of(spec, "account") if "account" in spec else "")


def _tell(count: int, context: Context) -> None:
    context.notify(f"Reading {count} value{'' if count == 1 else 's'} from 1Password")
    if all(map(context.environ.get, ("OP_CONNECT_HOST", "OP_CONNECT_TOKEN", "OP_SERVICE_ACCOUNT_TOKEN"))):
        context.warn(_TWO_WAYS)


def _found(value: SecretValue | Problem) -> ReadResult:
    return SourceError(value) if isinstance(value, Problem) else value


def _batches(references: Sequence[Reference]) -> Iterator[Sequence[Reference]]:
    """Yield the batches of references that are read together, each of one account."""
    # Each process of op signs in anew, so many references share a few of them. Few references are read one by one,
    # which gives each a reason of its own.
    accounts: dict[str, list[Reference]] = {}
    for reference in references:
        accounts.setdefault(reference.account, []).append(reference)
    for mine in accounts.values():
        size = min(_BATCH, -(-len(mine) // AT_ONCE))
        if size > 1:
            yield from (mine[first : first + size] for first in range(0, len(mine), size))


@dataclass(frozen=True, slots=True)
class _Question:
    """One run of op."""

    arguments: Sequence[str]
    account: str
    reference: Reference | None = None
    """The reference that it is about; None if it is about many."""
    feed: bytes = b""
    """What op reads from stdin."""


@dataclass(slots=True)
class _Op:
    """The runs of op for one `read_all`. refused: by account, a refusal that holds for all of its references."""

    context: Context
    seconds: float
    pauses: Sequence[float]
    refused: dict[str, Refused] = field(default_factory=dict)

    def read(self, references: Sequence[Reference]) -> Mapping[Reference, SecretValue | Problem]:
        """Read many in a few processes, and the rest one by one, so that each gets its own reason."""
        found: dict[Reference, SecretValue | Problem] = {}
        for part in side_by_side(self._inject, tuple(_batches(references))):
            found |= part
        rest = [reference for reference in references if reference not in found]
        return found | dict(zip(rest, side_by_side(self._read, rest), strict=True))

    def _inject(self, batch: Sequence[Reference]) -> Mapping[Reference, SecretValue]:
        """Let op fill a template. Return the values; none if one of the references is wrong."""
        # Nobody can know the mark between two values beforehand, so no value can hold it.
        mark = secrets.token_hex(16)
        template = mark.join(("", *(f"{{{{ {reference.text} }}}}" for reference in batch), ""))
        printed = self._answer(_Question(("inject",), batch[0].account, feed=template.encode()))
        if isinstance(printed, Refused):
            return {}
        values = [decode("", piece) for piece in printed.reveal().split(mark)[1:-1]]
        if len(values) != len(batch):
            return {}
        pairs = zip(batch, values, strict=True)
        return {reference: value for reference, value in pairs if isinstance(value, SecretValue) and value.reveal()}

    def _read(self, reference: Reference) -> SecretValue | Problem:
        question = _Question(("read", "--no-newline", reference.text), reference.account, reference)
        printed = self._answer(question)
        if isinstance(printed, Refused):
            return problem(printed, reference)
        return decode(field_of(reference), printed.reveal())

    def _answer(self, question: _Question) -> SecretValue | Refused:
        """Run op, and again after a pause if 1Password's servers or the network failed."""
        known = self.refused.get(question.account)
        answer = known or self._once(question)
        for pause in () if known else self.pauses:
            if not _is(answer, OpRefusal.FAILING):
                break
            stopped = self.context.stop.wait(pause)
            answer = _FAILURES[Failure.STOPPED] if stopped else self._once(question)
        # Many values may take too long where a single one does not, so a late batch says nothing of the account.
        late = question.reference is None and _is(answer, OpRefusal.SILENT)
        if _is(answer, *GENERAL) and not late:
            self.refused.setdefault(question.account, answer)
        return answer

    def _once(self, question: _Question) -> SecretValue | Refused:
        context = self.context
        environ = context.child_environ([name for name in context.environ if name.startswith("OP_")])
        environ["PATH"] = trusted_path(environ)
        argv = ("op", *question.arguments, *((f"--account={question.account}",) if question.account else ()))
        ended = run(ChildProgram(argv, environ, context.folder, self.seconds, feed=question.feed), context.stop)
        if isinstance(ended, Failure):
            return _FAILURES[ended]
        if ended.code:
            return recognise(ended.code, ended.said.reveal(), question.reference)
        return ended.printed if ended.printed.reveal() else Refused(OpRefusal.EMPTY)


def _is(answer: SecretValue | Refused, *refusals: OpRefusal) -> TypeGuard[Refused]:
    return isinstance(answer, Refused) and answer.refusal in refusals
