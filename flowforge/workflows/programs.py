"""Find the `claude` program in the commands of a script: behind wrappers, through package runners, by its path."""

import re
from collections.abc import Iterator, Sequence
from dataclasses import field
from functools import lru_cache
from typing import Final

from flowforge.data_class import dataclass
from flowforge.workflows.shell import ShellCommand, commands

# PowerShell does not tell `$env:` from `$ENV:`.
_ASSIGNMENT: Final = re.compile(r"(?:\$env:)?([A-Za-z_][A-Za-z0-9_]*)=(.*)", re.DOTALL | re.IGNORECASE)
_PACKAGE: Final = re.compile(r"@anthropic-ai/claude-code(?:@[^/\s]*)?")
# Words that stand before a command and are none.
_BEFORE: Final = frozenset(["if", "then", "elif", "else", "while", "until", "do", "!", "{", "time", "exec", "coproc"])
# Programs that start another one, with those of their options that take a word.
_WRAPPERS: Final = {
    "sudo": "-u -g -h -p", "env": "-u -C -S", "timeout": "-s -k --signal --kill-after", "nohup": "", "nice": "-n",
    "stdbuf": "-i -o -e", "xargs": "-n -I -P -d -L -s", "setsid": "", "ionice": "-c -n", "unbuffer": "", "tee": "",
    "chronic": "", "retry": "-t -d", "dotenv": "-e", "gtimeout": "-s -k", "command": "", "caffeinate": "",
}  # fmt: skip
_RUNNERS: Final = {
    ("npx",), ("bunx",), ("pnpx",), ("pnpm", "dlx"), ("yarn", "dlx"), ("npm", "exec"), ("npm", "x"), ("bun", "x"),
    ("pnpm", "exec"),
}  # fmt: skip
# `timeout 10m claude`: the time stands between the wrapper and the command, and is no option.
_DURATION: Final = re.compile(r"[0-9.]+[smhd]?")
_SHELLS: Final = frozenset({"bash", "sh", "zsh", "dash"})
# What needs no credential, and what is about the program itself.
_NO_RUN: Final = frozenset(
    [
        "mcp",
        "setup-token",
        "config",
        "doctor",
        "update",
        "upgrade",
        "install",
        "plugin",
        "plugins",
        "auth",
        "login",
        "logout",
        "migrate-installer",
    ]
)
_ASKS: Final = frozenset({"--version", "-v", "--help", "-h"})
# A script within a script is its text read once more, so each level may cost as much as the whole.
_MAX_SHELLS: Final = 3


@dataclass(frozen=True, slots=True)
class ClaudeStart:
    """A start of `claude` that needs a credential."""

    arguments: tuple[str, ...]
    assigned: dict[str, str]
    """The variables that are set before the word."""
    line: int
    """Counts from 0 within the script."""


@dataclass(slots=True)
class Script:
    """What a script says of credentials."""

    runs: list[ClaudeStart] = field(default_factory=list)
    assigned: dict[str, str] = field(default_factory=dict)
    """Variables that it sets for what follows in it: `NAME=…`, `export NAME=…`, `$env:NAME = …`."""
    handed_on: dict[str, str] = field(default_factory=dict)
    """Variables that it writes into $GITHUB_ENV, for the later steps of the job."""
    tested: set[str] = field(default_factory=set)
    """Variables whose presence it tests: `[ -z "$NAME" ]`."""
    commands: list[ShellCommand] = field(default_factory=list)


def assignment(word: str) -> tuple[str, str] | None:
    """Return the name and the value of a word like `NAME=value`."""
    match = _ASSIGNMENT.fullmatch(word)
    return (match.group(1), match.group(2)) if match else None


# Several rules ask for the same script. All get one object, so none of them may change it.
@lru_cache(maxsize=1024)
def read_script(text: str) -> Script:
    """Return what a script runs, sets and tests."""
    script = Script()
    _read(text, script, 0, 0)
    # A group of commands may be redirected as a whole, so a redirection does not tell which of them write.
    if "GITHUB_ENV" in text:
        _read_handed_on(script)
    return script


def _read(text: str, script: Script, line: int, depth: int) -> None:
    for command in commands(text):
        command.line += line
        script.commands.append(command)
        _tests(command, script)
        assigned, words = _without_prefix(command.words)
        if not words:
            script.assigned.update(assigned)
            continue
        name = _base(words[0])
        if name in {"export", "declare", "typeset", "local", "readonly"} or words[0].lower().startswith("$env:"):
            script.assigned.update(_assignments(words))
        elif depth < _MAX_SHELLS and (inner := _inner(words)) is not None:
            _read(inner, script, command.line, depth + 1)
        elif (arguments := _claude(words)) is not None and not _only_asks(arguments):
            script.runs.append(ClaudeStart(tuple(arguments), {**script.assigned, **assigned}, command.line))


def _assignments(words: Sequence[str]) -> dict[str, str]:
    if words[0].lower().startswith("$env:") and len(words) > 2 and words[1] == "=":  # noqa: PLR2004 -- NAME = VALUE
        return {words[0][5:]: words[2]}
    return dict(pair for word in words if (pair := assignment(word)))


def _without_prefix(words: Sequence[str]) -> tuple[dict[str, str], list[str]]:
    """Return the assignments before a command, and the command: wrappers and reserved words are passed over."""
    assigned: dict[str, str] = {}
    at = 0
    while at < len(words):
        word = words[at]
        pair = assignment(word)
        if pair and not word.lower().startswith("$env:"):
            assigned[pair[0]] = pair[1]
        elif word in _BEFORE:
            pass
        elif _base(word) in _WRAPPERS:
            # `command -v claude` asks where the program is, and starts nothing.
            if _base(word) == "command" and at + 1 < len(words) and words[at + 1] in {"-v", "-V"}:
                return assigned, []
            at = _behind_options(words, at + 1, _WRAPPERS[_base(word)].split()) - 1
        else:
            break
        at += 1
    return assigned, list(words[at:])


def program_words(words: Sequence[str]) -> list[str]:
    """Return a command from its program on: without assignments, wrappers such as `sudo`, and reserved words."""
    return _without_prefix(words)[1]


def _behind_options(words: Sequence[str], at: int, with_word: Sequence[str]) -> int:
    while at < len(words) and (words[at].startswith("-") or _DURATION.fullmatch(words[at])):
        at += 2 if words[at] in with_word else 1
    return at


def _base(word: str) -> str:
    name = word.replace("\\", "/").rsplit("/", 1)[-1]
    return name.lower().removesuffix(".exe").removesuffix(".cmd")


def _inner(words: Sequence[str]) -> str | None:
    """Return the script of `bash -c SCRIPT`, also behind the `--` of another program."""
    start = 0 if _base(words[0]) in _SHELLS else words.index("--") + 1 if "--" in words else len(words)
    if start >= len(words) or _base(words[start]) not in _SHELLS:
        return None
    for at, word in enumerate(words[start + 1 : -1], start=start + 1):
        if word.startswith("-") and not word.startswith("--") and word.endswith("c"):
            return words[at + 1]
    return None


def _claude(words: Sequence[str]) -> list[str] | None:
    """Return the arguments of `claude` where these words start it."""
    if _base(words[0]) == "claude" or _PACKAGE.fullmatch(words[0]):
        return list(words[1:])
    base = _base(words[0])
    for length in (1, 2):
        if (base, *words[1:length]) in _RUNNERS:
            return _package(words[length:])
    return None


def _package(words: Sequence[str]) -> list[str] | None:
    """Return the arguments of `claude` where a package runner is given its package."""
    named = False
    at = 0
    while at < len(words):
        word = words[at]
        if word in {"-p", "--package"} and at + 1 < len(words):
            named = named or bool(_PACKAGE.fullmatch(words[at + 1]))
            at += 1
        elif word.startswith("--package="):
            named = named or bool(_PACKAGE.fullmatch(word.partition("=")[2]))
        elif not word.startswith("-"):
            ours = _PACKAGE.fullmatch(word) or word == "claude"
            return list(words[at + 1 :]) if ours else None
        at += 1
    return None


def _only_asks(arguments: Sequence[str]) -> bool:
    if not arguments:
        return False
    return arguments[0] in _NO_RUN or bool(_ASKS & set(arguments))


def _tests(command: ShellCommand, script: Script) -> None:
    """Note whose presence is tested: `[ -z "$NAME" ]`, `test -n`, `[[ ! "$NAME" ]]`, `[ "$NAME" = "" ]`."""
    words = [word for word in command.words if word not in _BEFORE]
    if words and words[0] in {"[", "[[", "test"}:
        for word in words[1:]:
            if name := variable(word):
                script.tested.add(name)


_VARIABLE: Final = re.compile(r"\$(?:env:)?\{?([A-Za-z_][A-Za-z0-9_]*)(?:[:?+-][^}]*)?\}?", re.IGNORECASE)


def variable(word: str) -> str:
    """Return the name of the one variable that a word is: `$NAME`, `${NAME}`, `${NAME:-}`; empty for any other word."""
    match = _VARIABLE.fullmatch(word.strip())
    return match.group(1) if match else ""


def _read_handed_on(script: Script) -> None:
    for command in script.commands:
        lines = (line for text in (*command.words, *command.bodies) for line in text.splitlines())
        for line in lines:
            if pair := assignment(line.strip()):
                script.handed_on.setdefault(*pair)


def mentioned(text: str) -> Iterator[str]:
    """Yield the names of the variables that a text uses: `$NAME`, `${NAME}`, `$env:NAME`."""
    for match in _VARIABLE.finditer(text):
        yield match.group(1)
