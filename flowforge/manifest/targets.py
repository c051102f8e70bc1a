"""Groups, targets and absent entries: which repos they name, and for which secret or variable."""

from collections.abc import Mapping
from typing import Final
from urllib.parse import unquote

from flowforge.errors import quote
from flowforge.manifest.documents import Documents, References
from flowforge.manifest.model import AbsentEntry, Credential, Group, Lists, RepoSet, Target
from flowforge.manifest.nodes import Node
from flowforge.manifest.org import read_org, read_visibility
from flowforge.manifest.scalars import read_policy
from flowforge.manifest.select import BESIDE, is_true, read_select
from flowforge.manifest.source_spec import Mention
from flowforge.manifest.variables import check_absent, check_target, of_variables
from flowforge.plan.address import Repo, Store
from flowforge.plan.audience import Visibility

_KEYS: Final = ("repos", "groups", "select", "exclude")
_NONE: Final = RepoSet((), (), ())


def read_groups(documents: Documents) -> Mapping[str, Group]:
    """Read `groups` of all files."""
    known = documents.references("groups")
    return {
        name: Group(name, _choice(node, Group.noun, name, known, documents), where)
        for _, name, where, node in documents.named("groups")
        if not node.bad
    }


def read_targets(
    documents: Documents, credentials: Mapping[str, Credential], stores: tuple[Store, ...]
) -> tuple[Target, ...]:
    """Read `targets` of all files, without those whose credential is not sound. stores: for a target without any."""
    groups, names = documents.references("groups"), documents.references("credentials")
    found: list[Target] = []
    for node in documents.listed("targets"):
        name, wanted, secret = node.text("name"), node.text("credential"), node.text("secret")
        org, visibility, choice = _owned(node, name, groups, documents)
        if node.part("credential"):
            names.check(wanted, node.step("credential").where)
        # An organization and its visibility come together or not at all; half of it was reported above.
        if wanted in credentials and (org is None) == (visibility is None):
            credential, lists = credentials[wanted], _lists(node, stores, documents)
            if credential.variables:
                check_target(node, credential, documents.findings)
                lists = of_variables(lists)
            found.append(
                Target(
                    name,
                    choice,
                    wanted,
                    (secret or credential.secret).upper(),
                    node.where,
                    lists,
                    create_environment=is_true(node, "create_environment"),
                    tags=_tags(node),
                    org=org,
                    visibility=visibility,
                    on_drift=read_policy(node.text("on_drift")),
                )
            )
    return tuple(found)


def read_absent(documents: Documents, stores: tuple[Store, ...]) -> tuple[AbsentEntry, ...]:
    """Read `absent` of all files. stores: for an entry without any."""
    groups = documents.references("groups")
    found: list[AbsentEntry] = []
    for node in documents.listed("absent"):
        name, secret, org = node.text("name"), node.text("secret"), read_org(node, documents)
        choice = _NONE if "org" in node.entries() else _choice(node, AbsentEntry.noun, name, groups, documents)
        lists = _lists(node, stores, documents)
        if "variable" in node.entries():
            check_absent(node, documents.findings)
            secret, lists = node.text("variable"), of_variables(lists)
        # An entry with a bad `org` must not turn into one for repos.
        if secret and (org or "org" not in node.entries()):
            found.append(AbsentEntry(name, choice, secret.upper(), node.where, lists, _tags(node), org))
    return tuple(found)


def _owned(
    node: Node, name: str, groups: References, documents: Documents
) -> tuple[Repo | None, Visibility | None, RepoSet]:
    """Read whose secret a target means: that of repos, or that of an organization and who sees it."""
    org = read_org(node, documents)
    if "org" not in node.entries():
        return None, None, _choice(node, Target.noun, name, groups, documents)
    visibility = read_visibility(node, name, documents)
    part = node.part("visible_to")
    if org is None or part is None or visibility is not Visibility.SELECTED:
        return org, visibility, _NONE
    return org, visibility, _choice(part, Target.noun, name, groups, documents, may_be_empty=True)


def _tags(node: Node) -> frozenset[str]:
    part = node.part("tags")
    return frozenset(str(each.data) for each in part.items()) if part else frozenset()


def read_stores(documents: Documents) -> tuple[Store, ...]:
    """Read `defaults.stores`."""
    _, section = documents.single("defaults")
    return _stores(section) or (Store.ACTIONS,)


def _stores(node: Node) -> tuple[Store, ...]:
    """Read `stores`, without duplicates."""
    named = node.part("stores")
    return tuple(dict.fromkeys(Store(str(each.data)) for each in named.items())) if named else ()


def _lists(node: Node, stores: tuple[Store, ...], documents: Documents) -> Lists:
    """Read `stores` and `environments`. Report both at once (FF136): an environment has no stores."""
    named, own = node.part("environments"), _stores(node)
    if named is None:
        if is_true(node, "create_environment") and node.lacks("environments"):
            fix = "name its `environments`, or remove it"
            where = node.key("create_environment")
            documents.findings.add(where, "FF137", '"create_environment" requires environments', fix=fix)
        return Lists(own or stores)
    if own:
        what, fix = "a target has stores or environments, not both", "write one entry for each"
        documents.findings.add(node.key("stores"), "FF136", what, why="environments have only Actions secrets", fix=fix)
    for each in named.items():
        if (shown := unquote(str(each.data))) != each.data:
            text = f"{quote(str(each.data))} is how an address spells it: write the environment as it is shown, "
            documents.findings.warn(each.where, text + quote(shown))
    # GitHub compares environments without case, so two spellings are one; the last one written is kept.
    names = {str(each.data).lower(): str(each.data) for each in named.items()}
    return Lists(environments=tuple(names.values()))


def _choice(
    node: Node, noun: str, name: str, groups: References, documents: Documents, *, may_be_empty: bool = False
) -> RepoSet:
    """Read `repos`, `groups`, `select` and `exclude`. Report (FF143) an entry that names no repos at all.

    may_be_empty: `allow_empty` may stand without a selector, and allows that too.
    """
    parts = {key: node.part(key) for key in _KEYS}
    select = read_select(node, documents, beside=() if may_be_empty else BESIDE)
    empty = may_be_empty and is_true(node, "allow_empty")
    listed = {key: part.items() if part else () for key, part in parts.items()}
    entries = node.entries()
    if (
        not node.bad
        and not empty
        and not ("select" in entries or any(_names_any(entries.get(key)) for key in ("repos", "groups")))
        and not node.meant & {"repos", "groups", "select", "org"}
    ):
        fix = "add `repos: [owner/name]`, `groups: [name]` or `select: {org: name}`"
        documents.findings.add(node.where, "FF143", f"the {noun} {quote(name)} names no repositories", fix=fix)
    repos = {each.where: _repo(each, documents) for each in listed["repos"]}
    return RepoSet(
        repos=tuple(repos.values()),
        groups=tuple(_mention(each, groups) for each in listed["groups"]),
        exclude=tuple(_mention(each, groups, excluded=True) for each in listed["exclude"]),
        sound=all(part.sound for key, part in entries.items() if key in _KEYS),
        # Reversed, so that of a repo that is named twice the first position is kept.
        written={repo.key: where for where, repo in reversed(repos.items())},
        select=select,
        allow_empty=is_true(node, "allow_empty"),
        auto_admit=is_true(node, "auto_admit"),
    )


def _names_any(node: Node | None) -> bool:
    """Return whether a list has an item, or is something else, which was reported."""
    return node is not None and (node.bad or any(True for _ in node.inner))


def _repo(node: Node, documents: Documents) -> Repo:
    repo = Repo.parse(str(node.data))
    documents.rules.check_owner(repo, node.where, documents.findings)
    return repo


def _mention(node: Node, groups: References, *, excluded: bool = False) -> Mention:
    """Read a mention of a group, or an exclusion, which may be one. Report (FF141) a group that does not exist."""
    text = str(node.data)
    if text.startswith("@") or not excluded:
        groups.check(text.removeprefix("@") if excluded else text, node.where)
    return Mention(text, node.where)
