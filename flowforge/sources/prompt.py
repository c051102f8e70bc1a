"""The source `prompt`: a person pastes the value at a terminal, where it is not shown."""

from collections import Counter
from collections.abc import Sequence
from typing import Final

from flowforge.errors import Problem, SourceError, printable
from flowforge.plan.facts import NotRead
from flowforge.sources.base import Context, ReadResult, ValueRequest, text_of
from flowforge.sources.decoding import decode
from flowforge.sources.terminal import Pasting

_TRIES: Final = 3
_NOBODY: Final = NotRead(
    "nobody can be asked", "run it at a terminal, or name a source that needs nobody, such as env", chosen=False
)
_LEFT: Final = NotRead("not pasted", "run it again and paste it", chosen=False)


class PromptSource:
    """`{prompt: QUESTION}`. The value is not read if nobody can be asked, or if Enter alone is the answer."""

    # What is pasted is checked at once, so that a person can paste a token again that a terminal broke into lines. That
    # is a frequent mistake with the token of `claude setup-token` (anthropics/claude-code#54738).

    name = "prompt"

    def read_all(self, asks: Sequence[ValueRequest], context: Context) -> list[ReadResult]:
        """Ask one question after another. A SourceError says what was wrong with the last of three tries."""
        if not context.interactive:
            return [_NOBODY for _ in asks]
        questions = Counter(text_of(ask.spec, self.name) for ask in asks)
        with context.hidden(context.stop) as terminal:
            return [_NOBODY if terminal is None else _ask(_worded(ask, questions), ask, terminal) for ask in asks]


def _worded(ask: ValueRequest, questions: Counter[str]) -> str:
    """Return the question, with the name of the credential if another asks in the same words."""
    question = text_of(ask.spec, "prompt")
    return f"{question} (credential {ask.credential})" if questions[question] > 1 else question


def _ask(question: str, ask: ValueRequest, terminal: Pasting) -> ReadResult:
    terminal.say(f"{printable(question)}\n")
    for _ in range(_TRIES - 1):
        found = _try(ask, terminal)
        if not isinstance(found, SourceError):
            return found
    return _try(ask, terminal)


def _try(ask: ValueRequest, terminal: Pasting) -> ReadResult:
    pasted = terminal.ask("  paste the value and press Enter (not shown; Enter alone skips it): ")
    if pasted is None:
        terminal.say("skipped\n")
        return _LEFT
    found = decode("what was pasted", pasted.reveal())
    problem = found if isinstance(found, Problem) else ask.objection(found)
    if problem is not None:
        terminal.say(f"not taken\n{problem}\n")
        return SourceError(problem)
    terminal.say("taken\n")
    return pasted
