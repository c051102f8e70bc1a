"""A drafted manifest as YAML with comments: blanks are marked, and what is not wanted is told and not written."""

import json
from collections.abc import Iterator, Sequence
from typing import Final

from flowforge.errors import printable
from flowforge.plan.draft import Draft, DraftCredential, DraftTarget

_MOST: Final = 50
_BLANK: Final = "# <-- fill in: where this value comes from"
_PASTE: Final = "The token that claude setup-token printed"


def drafted(draft: Draft, schema: str) -> str:
    """Return the text. schema: the file name of the schema beside it."""
    return "\n".join([*_lines(draft, schema), ""])


def _lines(draft: Draft, schema: str) -> Iterator[str]:
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
            yield f"  {group.name}:"
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


def _credential(credential: DraftCredential, draft: Draft) -> Iterator[str]:
    yield f"  {credential.name}:"
    if credential.places:
        times = credential.oldest[:10]
        if credential.newest[:10] != times:
            times += f" to {credential.newest[:10]}: it may hold several values; split it if so"
        where = "place" if credential.places == 1 else "places"
        yield f"    # set in {credential.places:,} {where}, {times}"
    yield f"    type: {credential.type}"
    if credential.secret != credential.type.upper():
        yield f"    secret: {json.dumps(credential.secret)}"
    if credential.by_prompt:
        yield f"    from: {{prompt: {json.dumps(_PASTE)}}}"
    else:
        yield f"    from: {{env: {credential.name.upper().replace('-', '_')}}}    {_BLANK}"
    groups = sorted({each.group for each in draft.targets if each.credential == credential.name and each.group})
    # An organization's goes wherever that shows it; `only` would have to name every repo.
    if groups and not any(each.org for each in draft.targets if each.credential == credential.name):
        yield f"    only: [{', '.join(json.dumps(f'@{group}') for group in groups)}]"


def _target(target: DraftTarget) -> Iterator[str]:
    yield f"  - name: {json.dumps(target.name, ensure_ascii=False)}"
    if target.org:
        yield f"    org: {target.org}"
        if target.visible_to:
            yield f"    visible_to: {target.visible_to}"
        else:
            yield "    visible_to:"
            yield "      repos:"
            yield from (f"        - {repo}" for repo in target.viewers)
    else:
        yield f"    groups: [{target.group}]"
    if target.environment:
        yield f"    environments: [{json.dumps(target.environment, ensure_ascii=False)}]"
    elif target.stores:
        yield f"    stores: [{', '.join(target.stores)}]"
    yield f"    credential: {target.credential}"


def _notes(title: str, notes: Sequence[str]) -> Iterator[str]:
    if notes:
        yield ""
        yield f"# {title}:"
        # What comes from GitHub may hold a line break in a name, and a comment must not end there.
        yield from (f"#   {printable(note)}" for note in notes[:_MOST])
        if len(notes) > _MOST:
            yield f"#   and {len(notes) - _MOST:,} more"
