"""How this command line was called, and every command that is printed: it can be pasted, and is about the same.

A sentence names a command in backticks, as `flowforge state forget ADDRESS`, wherever it is made. Which manifest, owner
and lines this run is about nobody knows there; it is added here, where everything that is printed passes.
"""

import os
import re
from collections.abc import Iterable, Iterator, Mapping, Sequence
from typing import Any, Final

import click
from click.core import ParameterSource

from flowforge.cli.option_types import ManifestPath
from flowforge.cli.options import owner_of
from flowforge.cli.panel_option import Carried, PanelOption
from flowforge.errors import printable
from flowforge.on_demand import load

_COMMAND: Final = r"`flowforge ([a-z][^`\n]*)`"
# The fields of documents that hold sentences of ours. Others hold names, which a manifest may spell like a command.
_SENTENCES: Final = frozenset({"fix", "notes", "sentence", "unreadable", "verdict", "warnings", "what", "why"})
_PLAN_FILE: Final = "planfile"
# A sentence that does not know which command runs names it so: what was typed stands there, with more options.
_AGAIN: Final = r"`flowforge … ([^`\n]*)`"
# The words that were typed.
_typed: list[str] = []
# The context of the command that runs. It is kept beyond the command's end, as its error is printed last of all.
_running: list[click.Context] = []


def begin(context: click.Context) -> None:
    """Note the command line of whatever is printed from now on."""
    _running[:] = [context]


def forget(*typed: str) -> None:
    """Forget it, as another command line begins. typed: its words."""
    _running.clear()
    _typed[:] = typed


def said(*names: str) -> list[str]:
    """Return those of these options that this command line, or a variable, sets, with their values."""
    return [
        word
        for context in _running
        for name in names
        if context.get_parameter_source(name) not in {None, ParameterSource.DEFAULT}
        for word in (f"--{name}", str(context.params[name]))
    ]


def pasteable(text: str) -> str:
    """Return a text in which each command has what it needs of this command line. Done twice it is as done once."""
    if not _running or "`flowforge " not in text:
        return text
    words = [_shown(each, "WORD") for each in _typed] or _running[0].command_path.split(" ")[1:]
    text = re.sub(_AGAIN, lambda found: f"`flowforge {' '.join([*words, found[1]])}`", text)
    return re.sub(_COMMAND, lambda found: f"`flowforge {_completed(found[1], _running[0])}`", text)


def pasteable_document(document: Any) -> Any:  # noqa: ANN401 -- any JSON
    """Return a JSON document with each of its sentences as `pasteable` makes it; all else stays as it is."""
    # A fleet's document is large, and most command lines have nothing to add.
    return _each_text(document) if _running and _given(_running[0]) else document


def _each_text(part: Any, name: str = "") -> Any:  # noqa: ANN401 -- any JSON
    match part:
        case str() if name in _SENTENCES:
            return pasteable(part)
        case dict():
            return {key: _each_text(inner, key) for key, inner in part.items()}
        case list():
            return [_each_text(inner, name) for inner in part]
    return part


def _completed(command: str, context: click.Context) -> str:
    words = command.split(" ")
    target, names = _found(context.find_root().command, words)
    said = _said(target, words[names:]) if target is not None else None
    if target is None or said is None or "--help" in words:
        return command
    given = _given(context)
    # To apply again is to apply the same plan, and never more than was approved.
    again = given.get(_PLAN_FILE, ()) if target.name == "apply" and not said else ()
    added = _added(target, {_PLAN_FILE: again} if again else said, given)
    return " ".join([*words[:names], *added, *words[names:], *(_shown(each, _PLAN_FILE) for each in again)])


def _found(program: click.Command, words: Sequence[str]) -> tuple[click.Command | None, int]:
    """Return the command that these words begin with, and how many of them are its name; None where that is none."""
    target: click.Command | None = program
    for number, word in enumerate(words):
        if not isinstance(target, click.Group):
            return target, number
        target = target.get_command(click.Context(target), word)
    return (None if isinstance(target, click.Group) else target), len(words)


def _said(target: click.Command, words: Sequence[str]) -> Mapping[str, Any] | None:
    """Return what a printed command says itself, by the names of its parameters; None where it cannot be read."""
    try:
        said, _, _ = target.make_parser(click.Context(target)).parse_args(load("shlex").split(" ".join(words)))
    except (ValueError, click.UsageError):
        return None
    return {name: value for name, value in said.items() if value and isinstance(value, str | bool | list | tuple)}


def _given(context: click.Context) -> Mapping[str, Sequence[str]]:
    """Return what printed commands may need of a command line: each option's values, by its long name."""
    found = {_long(option): _values(option, context) for option in _carried(context.command)}
    # What `validate` takes as -m does.
    found["--manifest"] = (*_texts(context.params.get("files")), *found.get("--manifest", ()))
    found[_PLAN_FILE] = _texts(context.params.get(_PLAN_FILE))
    return {name: values for name, values in found.items() if values}


def _values(option: PanelOption, context: click.Context) -> tuple[str, ...]:
    if option.carried is Carried.OWNER:
        return _texts(owner_of(context))
    values = _texts(context.params.get(option.name or ""))
    # What is the default anyway is not repeated, so that commands stay short; a variable would stand in its place.
    usual = values == _texts(option.get_default(context)) and not os.environ.get(str(option.envvar))
    return () if usual else values


def _texts(value: object) -> tuple[str, ...]:
    """Return the texts of a parameter: of none, one or several values."""
    if isinstance(value, tuple | list):
        return tuple(map(str, value))
    return (str(value),) if isinstance(value, str | os.PathLike) and str(value) else ()


def _carried(command: click.Command) -> Iterable[PanelOption]:
    return (each for each in command.params if isinstance(each, PanelOption) and each.carried is not Carried.NOT)


def _added(target: click.Command, said: Mapping[str, Any], given: Mapping[str, Sequence[str]]) -> Iterator[str]:
    """Yield the options that a printed command has, needs, and does not say itself."""
    arguments = [each for each in target.params if isinstance(each, click.Argument) and each.name in said]
    files = any(isinstance(each.type, ManifestPath) for each in arguments)
    # One that names its lines, or what it is about, is about no others.
    chosen = bool(arguments) or any(each.carried is Carried.LINES and each.name in said for each in _carried(target))
    for option in _carried(target):
        idle = {Carried.LINES: chosen, Carried.MANIFEST: files}.get(option.carried, False)
        if option.name not in said and not idle:
            for value in _taken(option, given.get(_long(option), ())):
                yield from (option.opts[0], _shown(value, _long(option)))


def _taken(option: PanelOption, values: Sequence[str]) -> Sequence[str]:
    """Return the values that an option can take. Of several manifests `init` could write none."""
    if option.multiple or not values:
        return values
    if len(values) > 1:
        return ()
    folder = option.carried is Carried.MANIFEST and os.path.isdir(values[0])  # noqa: PTH112 -- Path's may raise
    return (os.path.join(values[0], "flowforge.yaml"),) if folder else values  # noqa: PTH118 -- a text


def _long(option: click.Option) -> str:
    return max(option.opts, key=len)


def _shown(value: str, name: str) -> str:
    """Return a value as a shell reads it; the option's name in its place where that cannot be shown as it is.

    What is made printable may name another file, and without its option a command would be about another one as well.
    """
    shown: str = load("shlex").quote(value)
    return shown if shown == printable(shown) and "`" not in shown else name.lstrip("-").upper()
