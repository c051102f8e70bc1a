"""What a shell is offered: repos, groups, tags, owners, credentials of the manifest; codes; verbs of the sandbox.

A shell asks while somebody types. So nobody else is asked, nothing is opened but the manifest, and where that is wrong
there is no answer: the command itself will say why.
"""

import os
from collections.abc import Callable, Iterable, Mapping
from pathlib import Path
from typing import Final

import click
from click.shell_completion import CompletionItem

from flowforge.cli.explanations.find import pages
from flowforge.errors import FlowForgeError
from flowforge.manifest.loading import load
from flowforge.manifest.model import AbsentEntry, Manifest, RepoSet, Target
from flowforge.sandbox_verbs import VERBS

_Word = tuple[str, str]
_Entries = tuple[Target | AbsentEntry, ...]


def words_for(kind: str, ctx: click.Context, incomplete: str) -> list[CompletionItem]:
    """Return the words of a kind that begin with what was typed; whoever types a case of their own is followed."""
    offered = _FIXED[kind]() if kind in _FIXED else _of_manifest(kind, ctx)
    begun = incomplete.lower()
    return [CompletionItem(word, help=help_) for word, help_ in offered if word.lower().startswith(begun)]


def _of_manifest(kind: str, ctx: click.Context) -> Iterable[_Word]:
    paths = ctx.params.get("manifests") or ("flowforge.yaml",)
    try:
        return _KINDS[kind](load([Path(path) for path in paths], environ=os.environ))
    except FlowForgeError:
        return ()


def _entries(manifest: Manifest) -> _Entries:
    return (*manifest.targets, *manifest.absent)


def _repos(manifest: Manifest) -> Iterable[_Word]:
    groups: list[RepoSet] = [group.choice for group in manifest.groups.values()]
    choices = [*groups, *(entry.choice for entry in _entries(manifest))]
    # GitHub has one repo for every spelling of its name, so it is offered once.
    names = {repo.key: str(repo) for choice in choices for repo in choice.repos}
    return [(names[key], "") for key in sorted(names)]


def _groups(manifest: Manifest) -> Iterable[_Word]:
    return [(f"@{name}", f"{len(group.choice.repos)} named here") for name, group in sorted(manifest.groups.items())]


def _tags(manifest: Manifest) -> Iterable[_Word]:
    told: dict[str, list[str]] = {}
    for entry in _entries(manifest):
        for tag in entry.tags:
            told.setdefault(tag, []).append(entry.name)
    return [(tag, "; ".join(told[tag])) for tag in sorted(told)]


def _owners(manifest: Manifest) -> Iterable[_Word]:
    organizations = {entry.org.name for entry in _entries(manifest) if entry.org}
    selected = {entry.choice.select.owner for entry in manifest.targets if entry.choice.select}
    named = {name.partition("/")[0] for name, _ in _repos(manifest)}
    # In lower case, as `--owner` compares them: one owner may be spelled in several ways.
    return [(owner, "") for owner in sorted({each.lower() for each in organizations | named | selected} - {""})]


def _credentials(manifest: Manifest) -> Iterable[_Word]:
    return [(name, each.type) for name, each in sorted(manifest.credentials.items())]


def _codes() -> Iterable[_Word]:
    return [(code, page["about"]) for code, page in pages().items()]


def _verbs() -> Iterable[_Word]:
    return [(verb.name, verb.does) for verb in VERBS.values()]


_FIXED: Final[Mapping[str, Callable[[], Iterable[_Word]]]] = {"codes": _codes, "verbs": _verbs}
_KINDS: Final[Mapping[str, Callable[[Manifest], Iterable[_Word]]]] = {
    "lines": lambda manifest: [*_groups(manifest), *_repos(manifest)],
    "repos": _repos,
    "tags": _tags,
    "owners": _owners,
    "credentials": _credentials,
}
