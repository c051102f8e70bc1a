"""The Claude steps among all steps: what each is given, by which way, from where, and whether that way is read."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import field
from functools import cached_property
from typing import Final

from flowforge.audit.reach import StepReach
from flowforge.audit.settings import may_be_settings
from flowforge.data_class import dataclass
from flowforge.workflows.actions import (
    CLOUD_VARIABLES,
    CLOUDS,
    INPUTS,
    LOGIN_INPUTS,
    LOGIN_VARIABLES,
    VARIABLES,
    ClaudeAction,
    Slot,
    action_of,
)
from flowforge.workflows.expression_tree import And, Expression, Or
from flowforge.workflows.expressions import read_template
from flowforge.workflows.loaders import Loading
from flowforge.workflows.nodes import NOTHING, Scalar, YamlNode, lowered
from flowforge.workflows.occurrence import Occurrence
from flowforge.workflows.pins import ActionVersion, Uses, read_uses, version_of
from flowforge.workflows.programs import Script, read_script, variable
from flowforge.workflows.scopes import Bound, NameScope, fixed_text, input_of
from flowforge.workflows.sources import UNKNOWN, SourceKind, ValueSource, sources_of, withheld

_MOST_INPUTS: Final = 20  # how far an input is followed that another one gives; a circle would not end
# Whose words the reader of scripts understands. The word `claude` in a Python script starts nothing.
_POSIX: Final = frozenset({"", "bash", "sh", "pwsh", "powershell", "cmd", "zsh"})


@dataclass(frozen=True, slots=True)
class Given:
    """A credential or an id that a step is given."""

    slot: Slot
    """What it is to Claude: a key, a token, or one of the ids of an identity."""
    name: str
    """The input or the variable, as written."""
    by_input: bool
    """Whether it comes by `with`; otherwise by the environment."""
    sources: tuple[ValueSource, ...]
    """None where it is surely empty."""
    line: int
    """Where it is written; for what another file gives, where the step is."""
    column: int
    """Of its value by `with`; 1 by the environment."""
    read: bool | None
    """Whether the step reads it; None where nobody can tell."""
    since: ActionVersion | None = None
    """The version that reads it first."""
    is_choice: bool = False
    """Whether an expression chooses if it is there: `CONDITION && secrets.NAME`."""
    withheld: str = ""
    """The `secrets.NAME` or `inputs.NAME` in it that whoever calls does not hand on."""

    @property
    def is_empty(self) -> bool:
        """Whether it is surely empty."""
        return not self.sources

    @property
    def is_way(self) -> bool:
        """Whether it may be a way to the credential."""
        return self.read is not False and not self.is_empty


@dataclass(frozen=True, eq=False)
class ClaudeStep:
    """A step that runs Claude."""

    occurrence: Occurrence
    """The step as it runs for one caller."""
    action: ClaudeAction | None
    """None for the program itself, in a script."""
    uses: Uses | None
    """None for a script."""
    version: ActionVersion | None
    """The version its pin stands for; None where nobody can tell, as of a commit that the table lacks."""
    given: tuple[Given, ...]
    """Its credentials and ids, also those that it does not read."""
    inputs: Mapping[str, tuple[str, YamlNode]] = field(default_factory=dict)
    """Its `with`, by names in lower case."""
    script: Script = field(default_factory=Script)
    """The commands of its `run`; an empty one for an action."""

    @cached_property
    def reach(self) -> StepReach:
        """Which runs reach it."""
        return StepReach(self.occurrence)

    @property
    def scope(self) -> NameScope:
        """What names mean in it."""
        return self.occurrence.scope

    @property
    def ways(self) -> Sequence[Given]:
        """What may give it a credential or is part of an identity."""
        return [each for each in self.given if each.is_way]

    @property
    def static(self) -> Sequence[Given]:
        """Its ways by a key or a token."""
        return [each for each in self.ways if each.slot.is_static]

    @property
    def identity(self) -> Sequence[Given]:
        """Its ways by a workload identity, as far as they are needed."""
        return [each for each in self.ways if each.slot in {Slot.RULE, Slot.ORGANIZATION}]

    @property
    def called(self) -> str:
        """What people call it, for a sentence."""
        return self.action.name if self.action else "claude"

    def input(self, name: str) -> tuple[str, bool]:
        """Return the text of an input, and whether it is known; an empty one where it is not given."""
        entry = self.inputs.get(name)
        return fixed_text(read_template(entry[1].text), self.scope) if entry else ("", True)

    def has_input(self, name: str) -> bool:
        """Whether an input is given and not surely empty."""
        text, known = self.input(name)
        return bool(text) or not known

    @cached_property
    def may_get_key_by_settings(self) -> bool:
        """Whether it is given settings, which may hold an apiKeyHelper or an `env`; so is what nobody can tell."""
        arguments, known = self.input("claude_args")
        starts = [arguments.split(), *(run.arguments for run in self.script.runs)]
        return self.has_input("settings") or not known or any(map(may_be_settings, starts))

    @property
    def loading(self) -> Loading:
        """Whether an earlier step may have loaded something into the environment that is read, under any name."""
        # The base action overwrites the environment by its inputs, empty ones too (its action.yml).
        overwrites = self.action is not None and self.action.ours and not self.action.env
        return Loading.NONE if overwrites else self.occurrence.loading

    @cached_property
    def cloud(self) -> bool | None:
        """Whether it uses a cloud's models; None where nobody can tell."""
        # A flag of a cloud goes before every credential (base-action/src/validate-env.ts), so no key is missed then.
        if self.action is None or self.action.clouds:
            found = [self._flag(*self.input(name)) for name in CLOUDS] if self.action else []
            found += [self._flag(*self._variable(name)) for name in CLOUD_VARIABLES]
            if True in found:
                return True
            return None if None in found else False
        return False

    def _variable(self, name: str) -> tuple[str, bool]:
        if name in self.script.assigned:
            return self.script.assigned[name], "$" not in self.script.assigned[name]
        bound = self.scope.env.get(name)
        return fixed_text(bound.expression, bound.scope) if bound else ("", True)

    @staticmethod
    def _flag(text: str, known: bool) -> bool | None:  # noqa: FBT001 -- a pair that is unpacked
        return text.strip().lower() not in {"", "false", "0"} if known else None

    @cached_property
    def logins(self) -> Sequence[tuple[str, YamlNode]]:
        """What it is given of a login: inputs and variables for access and refresh tokens."""
        found = [(key, node) for name, (key, node) in self.inputs.items() if name in LOGIN_INPUTS]
        own = self.occurrence.step.env if self.occurrence.step else NOTHING
        found += [(name, node) for name, node in own.entries() if name in LOGIN_VARIABLES]
        return found


def claude_step(occurrence: Occurrence) -> ClaudeStep | None:
    """Return a step as one that runs Claude; None for any other."""
    step = occurrence.step
    if step is None:
        return None
    return _of_action(occurrence) if step.uses else _of_script(occurrence, step.run)


def _of_action(occurrence: Occurrence) -> ClaudeStep | None:
    uses = read_uses(occurrence.uses)
    inputs = lowered(occurrence.step.inputs if occurrence.step else None)
    action = action_of(uses, frozenset(inputs)) if uses else None
    if uses is None or action is None:
        return None
    version = version_of(uses)
    given = [
        _of_input(action, version, key, node, occurrence.scope)
        for name, (key, node) in inputs.items()
        if name in INPUTS
    ]
    # An input that is not empty goes before the environment: `inputs.X || env.X` (the main action's action.yml).
    passed = {each.slot for each in given if not each.is_empty}
    for name, bound, line in _variables(occurrence):
        slot = VARIABLES[name]
        if slot not in passed:
            given.append(_of_variable(action, version, name, bound, line))
    return ClaudeStep(occurrence, action, uses, version, tuple(given), inputs)


def _of_input(action: ClaudeAction, version: ActionVersion | None, key: str, node: YamlNode, scope: NameScope) -> Given:
    name = key.lower()
    since = action.inputs.get(name)
    read = _is_read(since, version)
    bound = Bound(node, scope)
    choice = is_choice(bound.expression, scope)
    sources = sources_of(bound)
    return Given(INPUTS[name], key, True, sources, node.line, node.column, read, since, choice, withheld(bound))  # noqa: FBT003 -- by_input


def _of_variable(
    action: ClaudeAction, version: ActionVersion | None, name: str, bound: Bound | None, line: int
) -> Given:
    slot = VARIABLES[name]
    since = action.env.get(slot)
    # What a fork does with the environment is not known, whatever it was forked from.
    read = _is_read(since, version) if action.ours else None
    sources = (UNKNOWN,) if bound is None else sources_of(bound)
    lacking = withheld(bound) if bound else ""
    return Given(slot, name, False, sources, line, 1, read, since, withheld=lacking)  # noqa: FBT003 -- by_input


def is_choice(expression: Expression, scope: NameScope, depth: int = 0) -> bool:
    """Whether an expression chooses if a value is there at all."""
    # Of `a || b` any operand may be a choice; of the rest only `CONDITION && value` leaves it empty at times.
    if isinstance(expression, Or):
        return any(is_choice(each, scope, depth) for each in expression.operands)
    bound = input_of(expression, scope)
    if bound is not None and depth < _MOST_INPUTS:
        return is_choice(bound.expression, bound.scope, depth + 1)
    return isinstance(expression, And)


def _is_read(since: ActionVersion | None, version: ActionVersion | None) -> bool | None:
    if since is None:
        return False
    if since == (0, 0, 0):
        return True
    # A commit that the table of tags lacks may be older or newer.
    return None if version is None else version >= since


def _variables(occurrence: Occurrence) -> Iterator[tuple[str, Bound | None, int]]:
    """Yield the credentials and ids in the environment of a step: by `env`, or by what an earlier step has written."""
    # A line of another file, such as a caller's, would point at the wrong text in this one.
    at = occurrence.own.line
    for name in VARIABLES:
        bound = occurrence.scope.env.get(name)
        if bound is not None:
            yield name, bound, bound.node.line if bound.scope.file == occurrence.own.file else at
        elif name in occurrence.handed_on:
            # What a script has written into $GITHUB_ENV is not followed back.
            yield name, None, at


def _of_script(occurrence: Occurrence, text: str) -> ClaudeStep | None:
    # First what costs nothing: nearly every script ends here. A shell may carry options, as `bash -e {0}`.
    if "claude" not in text.lower() or occurrence.shell.split(" ")[0] not in _POSIX:
        return None
    script = read_script(text)
    if not script.runs:
        return None
    # The starts in one script share its environment, so the first one speaks for all.
    first = script.runs[0]
    given = {name: (sources_of(bound) if bound else (UNKNOWN,), line) for name, bound, line in _variables(occurrence)}
    for name in filter(VARIABLES.__contains__, first.assigned):
        given[name] = (_of_word(first.assigned[name], occurrence.scope), _script_line(occurrence, first.line))
    found = tuple(
        Given(VARIABLES[name], name, False, sources, line, 1, True)  # noqa: FBT003 -- by_input, read
        for name, (sources, line) in given.items()
    )
    return ClaudeStep(occurrence, None, None, None, found, script=script)


def _of_word(word: str, scope: NameScope) -> tuple[ValueSource, ...]:
    """Return where a shell word comes from: `$NAME` of the environment, or an expression that stands in it."""
    name = variable(word)
    if name:
        bound = scope.env.get(name)
        return sources_of(bound) if bound else (UNKNOWN,)
    # What a command will print.
    if "$(" in word:
        return (UNKNOWN,)
    return sources_of(Bound(Scalar(0, 0, word, plain=False), scope))


def _script_line(occurrence: Occurrence, line: int) -> int:
    """Return the line in the file of a line of a script, which begins below its `run: |`."""
    node = occurrence.step.node if occurrence.step else NOTHING
    return node.key_line("run") + (line + 1 if line or "\n" in (node.get("run") or NOTHING).text.strip() else 0)


def named(sources: Sequence[ValueSource], kind: SourceKind) -> list[ValueSource]:
    """Return the sources of a kind."""
    return [each for each in sources if each.kind is kind]
