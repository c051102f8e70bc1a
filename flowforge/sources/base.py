"""What a source is: the kind of place that a credential's `from` names, and that a value is read from."""

import threading
from collections.abc import Callable, Mapping, Sequence
from contextlib import AbstractContextManager
from dataclasses import field
from pathlib import Path
from typing import Protocol

from flowforge.data_class import dataclass
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
    """Accept every value."""
    return None


def unheard(_: str) -> None:
    """Drop a message."""


@dataclass(frozen=True, slots=True)
class ValueRequest:
    """One value to read."""

    spec: FilledSpec
    """The `from` of the credential."""
    objection: Callable[[SecretValue], Problem | None] = no_objection
    """Returns what is wrong with a value, for a source that can ask a person again at once."""
    credential: str = ""
    """The name of the credential in the manifest, for people."""


@dataclass(frozen=True, slots=True)
class Context:
    """What a source needs of the run that it reads for."""

    # Not in the repr: the environment is where most plaintext comes from, and a traceback with locals shows reprs.
    environ: Mapping[str, str] = field(repr=False)
    """The environment of the process."""
    folder: Path
    """The folder of the manifest that names the source."""
    interactive: bool = False
    """Whether a person is there to be asked."""
    concealed: frozenset[str] = frozenset()
    """Variables that hold values, so that no child process gets them."""
    stop: threading.Event = field(default_factory=threading.Event)
    """Set when the run is to end. A source that waits must notice it within a tenth of a second."""
    notify: Callable[[str], None] = unheard
    """Tells people what happens."""
    warn: Callable[[str], None] = unheard
    """Adds a warning to the plan, once however often it is given."""
    hidden: Hidden = terminal.hidden
    """Opens the terminal at which values are pasted."""

    def listed(self, variable: str) -> frozenset[str] | None:
        """Return what a comma-separated variable of the operator's lists; None if it is unset."""
        # Set but empty, it lists nothing. A workflow leaves a variable empty when the setting behind it is gone, and
        # then it must not allow what it was there to forbid.
        text = self.environ.get(variable)
        return None if text is None else frozenset(filter(None, (part.strip() for part in text.split(","))))

    def child_environ(self, own: Sequence[str] = ()) -> dict[str, str]:
        """Return the environment of a child process. own: variables that are the program's own, whatever they hold.

        It is ours without the variables that `env` sources name, the tokens of GitHub and 1Password, FLOWFORGE_*, and
        what looks like a credential.
        """
        return {
            name: text
            for name, text in self.environ.items()
            if name in own or not (self._never(name) or redact(text) != text)
        }

    def passing(self, passed: Sequence[str]) -> dict[str, str]:
        """Return the environment of a program that the manifest chooses. passed: what it asks for with `pass_env`.

        Raises TrustError FF261 for a variable that no program gets.
        """
        # What is passed may look like a credential: a command that fetches one often needs another.
        for name in passed:
            why = self._never(name)
            if why:
                what, fix = f"the variable {printable(name)} is passed to no program", "remove it from pass_env"
                raise TrustError(Problem("FF261", what, why=why, fix=fix))
        return self.child_environ(passed)

    def _never(self, name: str) -> str:
        """Return why no program gets a variable; empty if one may."""
        return "an env source names it" if name in self.concealed else withheld(name, self.environ.get(name, ""))


class Source(Protocol):
    """One kind of place that values can be read from."""

    @property
    def name(self) -> str:
        """The key that names this source in `from`."""

    def read_all(self, asks: Sequence[ValueRequest], context: Context) -> list[ReadResult]:
        """Read values. Return one result per ask, in order. The asks are distinct, except questions to a person.

        An expected failure is a result: SourceError (FF2xx). Its problem's `what` is one clause in lower case that
        follows "value not available: ". Raises TrustError if a rule of the operator's forbids a read. Neither a frame
        that raises nor an exception chained to it holds plaintext.
        """


def one_by_one(
    read: Callable[[FilledSpec, Context], SecretValue], asks: Sequence[ValueRequest], context: Context
) -> list[ReadResult]:
    """Read one value after another, for a source that never waits. read: raises SourceError."""

    def found(spec: FilledSpec) -> ReadResult:
        try:
            return read(spec, context)
        except TrustError:
            raise  # it ends the run
        except SourceError as error:
            return error

    return [found(ask.spec) for ask in asks]


def text_of(spec: FilledSpec, key: str) -> str:
    """Return the text of a key. The manifest's schema ensures that it has one."""
    found = spec[key]
    if not isinstance(found, str):
        message = f"{key} is not a text"
        raise TypeError(message)
    return found
