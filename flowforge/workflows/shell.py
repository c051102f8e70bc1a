"""Read the commands of a shell script: words without their quotes, in one pass over the text.

What is no command is left out: comments, the bodies of heredocs, what stands in quotes. Commands within `$( )` and
backticks are found wherever they stand. It follows POSIX shells, and PowerShell as far as the two are alike.
"""

import re
from dataclasses import field
from typing import Final

from flowforge.data_class import dataclass

_MAX_NESTING: Final = 50
# One step of the scanner. An expression of GitHub's is part of a word whatever is in it: the runner replaces it first.
_STEP: Final = re.compile(
    r"""(?P<expression>\$\{\{.*?\}\})
      | (?P<joined>[\\`]\r?\n)
      | (?P<escaped>\\.)
      | (?P<single>'[^']*'?)
      | (?P<double>")
      | (?P<open>\$\()
      | (?P<variable>\$\{[^}'"`\s]{0,200}\})
      | (?P<tick>`)
      | (?P<heredoc><<-?[ \t]*(?P<quote>['"]?)(?P<end>\w+)(?P=quote))
      | (?P<redirect>[0-9&]?(?:<<<|>>|>\||[<>]&?))
      | (?P<separator>\r?\n|;;|[;&|]{1,2}|[()])
      | (?P<blank>[ \t\r]+)
      | (?P<plain>[^\\'"$`<>;&|()\s#]+|.)
    """,
    re.VERBOSE | re.DOTALL,
)


@dataclass(slots=True)
class ShellCommand:
    """A simple command: its words, with assignments before them among them."""

    words: list[str] = field(default_factory=list)
    targets: list[str] = field(default_factory=list)
    """The files that its output is redirected to, or its input from."""
    bodies: list[str] = field(default_factory=list)
    """Its heredocs."""
    line: int = 0
    """Counts from 0 within the script."""


@dataclass(slots=True)
class _Frame:
    """A list of commands: the script, or what stands in `$( )`, `( )` or backticks."""

    closer: str
    is_value: bool = True
    """Whether its output is a part of a word; not that of `( )`."""
    within_quotes: bool = False
    """Whether a double quote was open where it began, and goes on behind it."""
    command: ShellCommand = field(default_factory=ShellCommand)
    word: list[str] | None = None
    redirecting: bool = False


class _Scanner:
    def __init__(self, text: str) -> None:
        self._text = text
        self._at = 0
        self._line = 0
        self._frames = [_Frame("")]
        self._quoted = False
        self._awaited: list[tuple[str, ShellCommand]] = []
        self.found: list[ShellCommand] = []

    def scan(self) -> list[ShellCommand]:
        while match := _STEP.match(self._text, self._at):
            self._at = match.end()
            kind, text = match.lastgroup or "plain", match.group()
            if kind in {"end", "quote"}:
                kind = "heredoc"
            self._take(kind, text, match)
            self._line += text.count("\n")
        while self._frames:
            self._end_command()
            self._frames.pop()
        return sorted(self.found, key=lambda each: each.line)

    def _take(self, kind: str, text: str, match: re.Match[str]) -> None:
        if kind in {"expression", "variable"}:
            self._add(text)
        elif kind == "double":
            self._quoted = not self._quoted
            self._add("")
        elif kind == "escaped":
            self._add(text[1:])
        elif kind == "joined":
            # At the end of a line a backtick goes on in PowerShell, and ends a substitution in a POSIX shell.
            if text[0] == "`" and self._frames[-1].closer == "`":
                self._substitute("`")
                self._at = match.start() + 1
                self._line -= 1
        elif kind == "open":
            self._push(")")
        elif kind == "tick":
            self._substitute(text)
        elif self._quoted:
            self._within_quotes(kind, text, match)
        else:
            self._outside_quotes(kind, text, match)

    def _within_quotes(self, kind: str, text: str, match: re.Match[str]) -> None:
        if kind == "single" and len(text) > 1:
            # Within double quotes it is a character like any other.
            self._at = match.start() + 1
            self._line -= text.count("\n")
            text = "'"
        elif kind == "heredoc":
            self._at = match.start() + 2
            text = "<<"
        self._add(text)

    def _outside_quotes(self, kind: str, text: str, match: re.Match[str]) -> None:
        frame = self._frames[-1]
        if kind == "single":
            self._add(text[1:-1] if len(text) > 1 and text.endswith("'") else text[1:])
        elif kind == "heredoc":
            self._end_word()
            self._awaited.append((match.group("end"), frame.command))
        elif kind == "redirect":
            self._end_word()
            frame.redirecting = True
        elif kind == "separator":
            self._separate(text)
        elif kind == "blank":
            self._end_word()
        elif text == "#" and frame.word is None:
            end = self._text.find("\n", self._at)
            self._at = len(self._text) if end < 0 else end
        else:
            self._add(text)

    def _separate(self, text: str) -> None:
        frame = self._frames[-1]
        if text == ")" and frame.closer != ")":  # the end of a pattern of `case`
            frame.word, frame.command = None, ShellCommand(line=self._line)
            return
        function = text == "(" and len(frame.command.words) + (frame.word is not None) == 1
        if function:  # `name () {` begins a function, and calls nothing
            frame.word, frame.command = None, ShellCommand(line=self._line)
        else:
            self._end_command()
        if text == "(":
            self._push(")", is_value=False)
        elif text == ")":
            self._pop()
        elif text.endswith("\n"):
            self._skip_bodies()

    def _skip_bodies(self) -> None:
        """Pass over the heredocs that begin after this line."""
        for end, command in self._awaited:
            start = self._at
            while self._at < len(self._text):
                stop = self._text.find("\n", self._at)
                stop = len(self._text) if stop < 0 else stop
                line = self._text[self._at : stop]
                self._at = stop + 1
                # `<<-` allows tabs before the word that ends it.
                if line.strip() == end:
                    break
            body = self._text[start : self._at]
            command.bodies.append(body)
            self._line += body.count("\n")
        self._awaited.clear()

    def _substitute(self, tick: str) -> None:
        if self._frames[-1].closer == tick:
            self._end_command()
            self._pop()
        else:
            self._push(tick)

    def _push(self, closer: str, *, is_value: bool = True) -> None:
        # What is nested deeper is taken for text: no script that people write comes near.
        if len(self._frames) >= _MAX_NESTING:
            self._add(closer)
            return
        self._frames.append(_Frame(closer, is_value, self._quoted, ShellCommand(line=self._line)))
        self._quoted = False

    def _pop(self) -> None:
        ended = self._frames.pop()
        self._quoted = ended.within_quotes
        if ended.is_value:
            # The word goes on with an output that nobody knows: a mark, lest it be taken for an empty one.
            self._add("$()")

    def _add(self, text: str) -> None:
        frame = self._frames[-1]
        if frame.word is None:
            frame.word = []
            if not frame.command.words:
                frame.command.line = self._line
        frame.word.append(text)

    def _end_word(self) -> None:
        frame = self._frames[-1]
        if frame.word is not None:
            word = "".join(frame.word)
            (frame.command.targets if frame.redirecting else frame.command.words).append(word)
            frame.word, frame.redirecting = None, False

    def _end_command(self) -> None:
        self._end_word()
        frame = self._frames[-1]
        if frame.command.words or frame.command.targets:
            self.found.append(frame.command)
        frame.command = ShellCommand(line=self._line)
        frame.redirecting = False


def commands(script: str) -> list[ShellCommand]:
    """Return the commands of a script, in the order in which they begin."""
    # Behind the last `}}` no expression ends. To look for its end from each `${{` would take the square of the time.
    last = script.rfind("}}") + 2 if "}}" in script else 0
    return _Scanner(script[:last] + script[last:].replace("${{", "$__")).scan()
