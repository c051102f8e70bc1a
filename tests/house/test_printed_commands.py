"""Every command that FlowForge prints can be pasted: it stands in backticks, is one of ours, and gets what it needs."""

import ast
import re
import shlex
from collections.abc import Iterator, Sequence
from functools import cache
from pathlib import Path
from typing import Final

import click

from flowforge.cli import called
from flowforge.cli.commands import COMMANDS
from flowforge.cli.main import cli
from flowforge.cli.options import owner_of

ROOT: Final = Path(__file__).parents[2] / "flowforge"
_NAMES: Final = "|".join(row.name for row in COMMANDS)
_ANY: Final = re.compile(rf"(?<![\w/.-])flowforge (?:{_NAMES})\b")
_QUOTED: Final = re.compile(r"`flowforge ([^`]*)`")
# A help and its examples are of no run; the mark of a comment, and what a key is derived for, are no command.
# What a sandbox prints to be pasted is about that sandbox, and about no manifest.
_SANDBOX: Final = {"cli/sandbox/do.py", "cli/sandbox/start.py"}
_NOT_PRINTED: Final = {"cli/commands.py", "cli/state/subcommands.py", "cli/post.py", "vault.py", *_SANDBOX}
# It answers what a command is called: what it works on only the person knows.
_NAMES_ALONE: Final = "cli/usage.py"
GIVEN: Final = (
    "-m",
    "a b.yaml",
    "-m",
    "c.yaml",
    "--owner",
    "acme",
    "-l",
    "acme/*",
    "--exclude",
    "acme/x",
    "--tags",
    "ci",
)


def _texts(tree: ast.AST) -> Iterator[str]:
    """Yield the texts of a module but for its docstrings, with a word in the place of whatever is filled in."""
    nodes = list(ast.walk(tree))
    told = {id(node.value) for node in nodes if isinstance(node, ast.Expr)}
    parts = {id(part) for node in nodes if isinstance(node, ast.JoinedStr) for part in node.values}
    for node in nodes:
        if isinstance(node, ast.JoinedStr):
            text = ""
            for part in node.values:
                filled = "" if text[-1:].isalnum() else "acme" if text.endswith("--owner ") else "o/r"
                text += str(part.value) if isinstance(part, ast.Constant) else filled
            yield text
        elif isinstance(node, ast.Constant) and isinstance(node.value, str) and not {id(node)} & (told | parts):
            yield node.value


@cache
def _printed() -> list[tuple[str, str]]:
    """Return every text that names a command, with its module."""
    found: dict[tuple[str, str], None] = {}
    for path in sorted(ROOT.rglob("*.py")):
        module = path.relative_to(ROOT).as_posix()
        if module not in _NOT_PRINTED:
            texts = _texts(ast.parse(path.read_text(encoding="utf-8")))
            found |= {(module, text): None for text in texts if _ANY.search(text)}
    return list(found)


def _commands() -> list[tuple[str, str]]:
    return sorted({(module, each) for module, text in _printed() for each in _QUOTED.findall(text)})


def test_the_reader_finds_them() -> None:
    """A law over nothing would hold always."""
    assert {"state forget o/r", "apply --prune", "state move o/r o/r", "init"} <= {each for _, each in _commands()}


def test_each_stands_in_backticks() -> None:
    """Only there it is given what it needs, and is kept in one line by a terminal."""
    assert [] == [(module, text) for module, text in _printed() if _ANY.search(_QUOTED.sub("", text))]


def test_each_is_one_of_ours_and_lacks_nothing() -> None:
    """Pasted, it is read without a complaint, and is about the manifests, the owner and the lines of this run."""
    running = _parsed(["plan", *GIVEN])
    called.begin(running)
    complaints = [(module, each) for module, each in _commands() if module != _NAMES_ALONE and not _fine(each)]
    called.forget()
    assert [] == complaints


def _fine(command: str) -> bool:
    """Whether a command is read, once it has what `running` has to add, and has that of all that it knows."""
    # What a shell does with the output is no part of the command line.
    words = called.pasteable(f"`flowforge {command.partition(' > ')[0]}`").strip("`")
    found = _parsed(shlex.split(words)[1:])
    said = any(isinstance(each, click.Argument) and found.params[each.name or ""] for each in found.command.params)
    expected: dict[str, object] = {}
    if "manifests" in found.params and not (found.command.name == "validate" and said):
        expected["manifests"] = (Path("a b.yaml"), Path("c.yaml"))
    if "limit" in found.params and not said and "--limit" not in command:
        expected |= {"limit": ("acme/*",), "exclude": ("acme/x",)}
        expected |= {"tags": ("ci",)} if "tags" in found.params else {}
    owned = any(each.name == "owner" and not each.expose_value for each in found.command.params)
    return owner_of(found) == "acme" * owned and expected == {name: found.params[name] for name in expected}


def _parsed(words: Sequence[str]) -> click.Context:
    """Parse a command line as `flowforge` does; raises what that says of it."""
    context = click.Context(cli, info_name="flowforge")
    target: click.Command | None = cli
    for number, word in enumerate(words):
        if isinstance(target, click.Group):
            target = target.get_command(context, word)
        if target is not None and not isinstance(target, click.Group):
            return target.make_context(word, list(words[number + 1 :]), parent=context)
    # `sandbox` runs by itself, and has commands too.
    if isinstance(target, click.Group) and target.invoke_without_command:
        return target.make_context(words[-1], [], parent=context)
    raise AssertionError(words)
