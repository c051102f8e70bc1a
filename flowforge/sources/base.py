"""What a source is: something named in a credential's `from` that yields one value."""

import threading
from collections.abc import Callable, Mapping, Sequence
from contextlib import AbstractContextManager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Protocol

from flowforge.errors import Problem, SourceError, TrustError, printable
from flowforge.plan.facts import NotRead
from flowforge.programs import withheld
from flowforge.sources import terminal
from flowforge.tokens import redact
from flowforge.vault import SecretValue

# A `from` as a source gets it, its placeholders filled: the source's own key, and that source's options.
FilledSpec = Mapping[str, str | tuple[str, ...]]
ReadResult = SecretValue | NotRead | SourceError
# Opens the terminal at which a person pastes, where there is one.
Hidden = Callable[[threading.Event], AbstractContextManager["terminal.Pasting | None"]]


def no_objection(_: SecretValue) -> Problem | None:
    """Object to no value."""
    return None


def unheard(_: str) -> None:
    """Tell nobody."""


@dataclass(frozen=True, slots=True)
class Ask:
    """One value to read. objection: what is wrong with a value's shape, for a source that can ask again at once.

    credential: what the manifest calls it, for people.
    """

    spec: FilledSpec
    objection: Callable[[SecretValue], Problem | None] = no_objection
    credential: str = ""


@dataclass(frozen=True, slots=True)
class Context:
    """Where reads happen: the process's environment, and the folder of the manifest that names the source.

    interactive: whether a person is there to be asked. concealed: variables that hold values, so no child process gets
    them. stop: set when the run is to end; a source that waits must notice it within a tenth of a second. notify: tells
    people what goes on. warn: adds a warning to the plan, once however often it is given.
    hidden: opens the terminal at which values are pasted.
    """

    # Not in the repr: the environment is where most plaintext comes from, and a traceback with locals shows reprs.
    environ: Mapping[str, str] = field(repr=False)
    folder: Path
    interactive: bool = False
    concealed: frozenset[str] = frozenset()
    stop: threading.Event = field(default_factory=threading.Event)
    notify: Callable[[str], None] = unheard
    warn: Callable[[str], None] = unheard
    hidden: Hidden = terminal.hidden

    def listed(self, variable: str) -> frozenset[str] | None:
        """Read a comma-separated variable of the operator's; None where it is unset. Set but empty, it lists nothing.

        A variable that a workflow fills from a setting that is gone is empty: it must not open what it was to narrow.
        """
        text = self.environ.get(variable)
        return None if text is None else frozenset(filter(None, (part.strip() for part in text.split(","))))

    def child_environ(self, own: Sequence[str] = ()) -> dict[str, str]:
        """Return the environment of a child process: ours, without what holds values and what steers FlowForge.

        Left out are the variables that `env` sources name, the tokens of GitHub and 1Password, FLOWFORGE_*, and what
        looks like a credential. own: variables that are the program's own, whatever they hold.
        """
        return {
            name: text
            for name, text in self.environ.items()
            if name in own or not (self._never(name) or redact(text) != text)
        }

    def passing(self, passed: Sequence[str]) -> dict[str, str]:
        """Do as `child_environ` for a program that the manifest chooses, and pass on what it asks for.

        That may look like a credential. Raises TrustError (FF261) for what no program gets.
        """
        for name in passed:
            why = self._never(name)
            if why:
                what, fix = f"the variable {printable(name)} is passed to no program", "remove it from pass_env"
                raise TrustError(Problem("FF261", what, why=why, fix=fix))
        return self.child_environ(passed)

    def _never(self, name: str) -> str:
        """Return why no program gets a variable; empty where one may."""
        return "an env source names it" if name in self.concealed else withheld(name, self.environ.get(name, ""))


class Source(Protocol):
    """One kind of place that values can be read from."""

    @property
    def name(self) -> str:
        """The key that names this source in `from`."""

    def read_all(self, asks: Sequence[Ask], context: Context) -> list[ReadResult]:
        """Read values, one result per ask, in order; the asks are distinct, but for questions to a person.

        What is expected to go wrong is a result: SourceError (FF2xx), whose problem's `what` is one clause in lower
        case, fit to follow "value not available: ". Raises TrustError where a rule of the operator's forbids a read.
        Neither a frame that raises nor an exception chained to it holds plaintext.
        """


def one_by_one(
    read: Callable[[FilledSpec, Context], SecretValue], asks: Sequence[Ask], context: Context
) -> list[ReadResult]:
    """Read one after the other, for a source that never waits. `read` raises SourceError."""

    def found(spec: FilledSpec) -> ReadResult:
        try:
            return read(spec, context)
        except TrustError:
            raise  # it ends the run
        except SourceError as error:
            return error

    return [found(ask.spec) for ask in asks]


def text_of(spec: FilledSpec, key: str) -> str:
    """Return the text of a key that has one; the manifest's schema saw to that."""
    found = spec[key]
    if not isinstance(found, str):
        message = f"{key} is not a text"
        raise TypeError(message)
    return found
