"""A drafted manifest as YAML with comments: blanks are marked, and what is not wanted is told and not written."""

import re
from collections.abc import Iterator, Sequence
from typing import Final

from flowforge.errors import printable
from flowforge.plan.draft import DraftCredential, DraftManifest, DraftTarget

_MOST: Final = 50
_BLANK: Final = "# <-- fill in: where this value comes from"
# What YAML 1.1 takes for something else than a text, by a reader of any age; numbers and dates begin with a digit.
_WORD: Final = re.compile(r"(?!(?:y|n|yes|no|on|off|true|false|null)$)[a-z][a-z0-9_-]*", re.IGNORECASE | re.ASCII)
_PASTE: Final = "The token that claude setup-token printed"


def drafted(draft: DraftManifest, schema: str) -> str:
    """Return the text. schema: the file name of the schema beside it."""
    return "\n".join([*_lines(draft, schema), ""])


def _lines(draft: DraftManifest, schema: str) -> Iterator[str]:
    yield f"# yaml-language-server: $schema=./{schema}"
    yield "#"
    yield f"# What the workflows of {printable(draft.owner)} read of Claude's credentials, and what is set there."
    yield "# Fill in the blanks, then: `flowforge adopt` records what is there as it is, and `flowforge plan` says what"
    yield "# differs from then on. No value is in this file, and none was read."
    yield "version: 1"
    yield from _notes("Could not be read, so it is missing below", draft.unread)
    yield ""
    yield "credentials:" if draft.credentials else "credentials: {}"
    for credential in draft.credentials:
        yield from _credential(credential, draft)
    if draft.groups:
        yield ""
        yield "groups:"
        for group in draft.groups:
            yield f"  {_word(group.name)}:"
            yield "    repos:"
            yield from (f"      - {repo}" for repo in group.repos)
    yield ""
    yield "targets:" if draft.targets else "targets: []"
    for target in draft.targets:
        yield from _target(target)
    yield from _notes("Will fail, says `flowforge audit`", draft.failing)
    yield from _notes("Set, and no workflow reads it; to delete it, name it under `absent:`", draft.unused)
    named = [f"{repo}" for repo in draft.identities]
    yield from _notes("Use a workload identity, whose ids are variables (type anthropic_workload_identity)", named)


def _credential(credential: DraftCredential, draft: DraftManifest) -> Iterator[str]:
    yield f"  {_word(credential.name)}:"
    if credential.places:
        times = credential.oldest[:10]
        if credential.newest[:10] != times:
            times += f" to {credential.newest[:10]}: it may hold several values; split it if so"
        where = "place" if credential.places == 1 else "places"
        yield f"    # set in {credential.places:,} {where}, {times}"
    yield f"    type: {credential.type}"
    if credential.secret != credential.type.upper():
        yield f"    secret: {_text(credential.secret)}"
    if credential.by_prompt:
        yield f"    from: {{prompt: {_text(_PASTE)}}}"
    else:
        yield f"    from: {{env: {_word(credential.name.upper().replace('-', '_'))}}}    {_BLANK}"
    groups = sorted({each.group for each in draft.targets if each.credential == credential.name and each.group})
    # An organization's goes wherever that shows it; `only` would have to name every repo.
    if groups and not any(each.org for each in draft.targets if each.credential == credential.name):
        yield f"    only: [{', '.join(_text(f'@{group}') for group in groups)}]"


def _target(target: DraftTarget) -> Iterator[str]:
    yield f"  - name: {_text(target.name)}"
    if target.org:
        yield f"    org: {_word(target.org)}"
        if target.visible_to:
            yield f"    visible_to: {target.visible_to}"
        else:
            yield "    visible_to:"
            yield "      repos:"
            yield from (f"        - {repo}" for repo in target.viewers)
    else:
        yield f"    groups: [{_word(target.group)}]"
    if target.environment:
        yield f"    environments: [{_text(target.environment)}]"
    elif target.stores:
        yield f"    stores: [{', '.join(target.stores)}]"
    yield f"    credential: {_word(target.credential)}"


def _word(text: str) -> str:
    """Return a name as YAML has it: bare where every reader takes it for a text."""
    return text if _WORD.fullmatch(text) else _text(text)


def _text(text: str) -> str:
    """Return a text in quotes, with all that does not print escaped as YAML has it: a JSON text is not always one."""
    return f'"{"".join(map(_char, text))}"'


def _char(char: str) -> str:
    if char in '"\\':
        return f"\\{char}"
    return char if char.isprintable() else f"\\U{ord(char):08X}"


def _notes(title: str, notes: Sequence[str]) -> Iterator[str]:
    if notes:
        yield ""
        yield f"# {title}:"
        # What comes from GitHub may hold a line break in a name, and a comment must not end there.
        yield from (f"#   {printable(note)}" for note in notes[:_MOST])
        if len(notes) > _MOST:
            yield f"#   and {len(notes) - _MOST:,} more"
