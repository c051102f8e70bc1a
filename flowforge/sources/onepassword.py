"""The source `onepassword`: values in 1Password, read by its CLI, `op`."""

import secrets
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import field
from types import MappingProxyType
from typing import Final, TypeGuard

from flowforge.data_class import dataclass
from flowforge.errors import Problem, SourceError
from flowforge.programs import trusted_path
from flowforge.sources.base import Context, FilledSpec, ReadResult, ValueRequest, text_of
from flowforge.sources.decoding import decode
from flowforge.sources.op_answer import OpRefusal, Reach, Refused, recognise
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

    def read_all(self, asks: Sequence[ValueRequest], context: Context) -> list[ReadResult]:
        """Read each distinct reference once. A SourceError has FF223, FF235 to FF248, or FF280 to FF283."""
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
    references: Sequence[Reference]
    """The references that it is about, all of one account."""
    feed: bytes = b""
    """What op reads from stdin."""

    @property
    def account(self) -> str:
        """The account that it is asked of."""
        return self.references[0].account


@dataclass(slots=True)
class _Op:
    """The runs of op for one `read_all`."""

    context: Context
    seconds: float
    pauses: Sequence[float]
    refused: dict[tuple[str, ...], tuple[Refused, Reference]] = field(default_factory=dict)
    """By the path that references share, a refusal that holds for all of them, and the first that met it."""
    answers: dict[str, set[Refused | None]] = field(default_factory=dict)
    """By account, how its runs ended so far: None is a value."""

    def read(self, references: Sequence[Reference]) -> Mapping[Reference, SecretValue | Problem]:
        """Read one of each account, then many in a few processes, and the rest one by one, each with its own reason."""
        # Alone, because what is wrong with an account is then met once; and a person who unlocks it is asked once.
        firsts = tuple({reference.account: reference for reference in reversed(references)}.values())
        found = dict(zip(firsts, side_by_side(self._read, firsts), strict=True))
        for part in side_by_side(self._inject, tuple(_batches(self._open(references, found)))):
            found |= part
        for first in firsts:
            self._give_up(first)
        rest = [reference for reference in references if reference not in found]
        return found | dict(zip(rest, side_by_side(self._read, rest), strict=True))

    def _open(self, references: Sequence[Reference], found: Mapping[Reference, object]) -> Sequence[Reference]:
        """Return the references that are neither found nor known to be refused."""
        return [each for each in references if each not in found and not self._known(each)]

    def _known(self, reference: Reference) -> tuple[Refused, Reference] | None:
        paths = (reference.path[:reach] for reach in Reach)
        return next((self.refused[path] for path in paths if path in self.refused), None)

    def _give_up(self, first: Reference) -> None:
        """Take a refusal that nobody can explain for one of the account, where each of its runs ended with it."""
        answers = self.answers.get(first.account, set())
        if len(answers) == 1:
            (only,) = answers
            if only is not None and only.is_unexplained:
                self.refused.setdefault((first.account,), (only, first))

    def _inject(self, batch: Sequence[Reference]) -> Mapping[Reference, SecretValue]:
        """Let op fill a template. Return the values; none if one of the references is wrong."""
        # Nobody can know the mark between two values beforehand, so no value can hold it.
        mark = secrets.token_hex(16)
        template = mark.join(("", *(f"{{{{ {reference.text} }}}}" for reference in batch), ""))
        printed = self._answer(_Question(("inject",), batch, feed=template.encode()))
        if isinstance(printed, Refused):
            return {}
        values = [decode("", piece) for piece in printed.reveal().split(mark)[1:-1]]
        if len(values) != len(batch):
            return {}
        pairs = zip(batch, values, strict=True)
        return {reference: value for reference, value in pairs if isinstance(value, SecretValue) and value.reveal()}

    def _read(self, reference: Reference) -> SecretValue | Problem:
        known = self._known(reference)
        if known:
            return problem(*known)
        printed = self._answer(_Question(("read", "--no-newline", reference.text), (reference,)))
        if isinstance(printed, Refused):
            return problem(printed, reference)
        return decode(field_of(reference), printed.reveal())

    def _answer(self, question: _Question) -> SecretValue | Refused:
        """Run op, and again after a pause if 1Password's servers or the network failed."""
        first = question.references[0]
        known = self.refused.get((first.account,))
        if known:
            return known[0]
        answer = self._once(question)
        for pause in self.pauses:
            if not _is(answer, OpRefusal.FAILING):
                break
            stopped = self.context.stop.wait(pause)
            answer = _FAILURES[Failure.STOPPED] if stopped else self._once(question)
        self.answers.setdefault(first.account, set()).add(answer if isinstance(answer, Refused) else None)
        if isinstance(answer, Refused):
            self._learn(question, answer)
        return answer

    def _learn(self, question: _Question, answer: Refused) -> None:
        """Keep what a refusal says of other references."""
        # Of a batch it says something only if it is about the account: which of them it met is not known. And many may
        # take too long where a single one does not.
        first, is_batch = question.references[0], bool(question.feed)
        says = answer.reach is Reach.ACCOUNT and answer.refusal is not OpRefusal.SILENT
        if says or (answer.reach < Reach.REFERENCE and not is_batch):
            self.refused.setdefault(first.path[: answer.reach], (answer, first))

    def _once(self, question: _Question) -> SecretValue | Refused:
        context = self.context
        environ = context.child_environ([name for name in context.environ if name.startswith("OP_")])
        environ["PATH"] = trusted_path(environ)
        argv = ("op", *question.arguments, *((f"--account={question.account}",) if question.account else ()))
        ended = run(ChildProgram(argv, environ, context.folder, self.seconds, feed=question.feed), context.stop)
        if isinstance(ended, Failure):
            return _FAILURES[ended]
        if ended.code:
            return recognise(ended.code, ended.said.reveal(), question.references)
        return ended.printed if ended.printed.reveal() else Refused(OpRefusal.EMPTY)


def _is(answer: SecretValue | Refused, *refusals: OpRefusal) -> TypeGuard[Refused]:
    return isinstance(answer, Refused) and answer.refusal in refusals
