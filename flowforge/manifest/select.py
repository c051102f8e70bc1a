"""`select`: repos by what they are like, and what stands beside it."""

from collections.abc import Iterator
from typing import Final

from flowforge.errors import quote
from flowforge.manifest.documents import Documents
from flowforge.manifest.nodes import Node
from flowforge.manifest.selector import NOT_PUBLIC, Owned, Selector

_WITH_ORG: Final = ("team", "properties")
BESIDE: Final = ("allow_empty", "auto_admit")


def read_select(node: Node, documents: Documents, *, beside: tuple[str, ...] = BESIDE) -> Selector | None:
    """Read the `select` of a group, target or absent entry; one that is not sound is reported and left out.

    Reports FF160 where it does not name one owner, FF161 for what organizations alone have, FF162 for what stands
    beside no selector, FF112 for an owner that is not allowed. beside: the keys that stand beside a selector alone.
    """
    for key in beside:
        if node.part(key) is not None and "select" not in node.entries():
            fix = "add `select:`, or remove it"
            documents.findings.add(node.key(key), "FF162", f"{quote(key)} stands without select", fix=fix)
    chosen = node.part("select")
    by = _owned(node, chosen, documents) if chosen else None
    if chosen is None or by is None or not chosen.sound:
        return None
    owner = chosen.text(by)
    if owner:
        documents.rules.check_account(owner, chosen.step(by).where, documents.findings)
    return Selector(
        by,
        owner.lower(),
        node.key("select"),
        names=tuple(text.lower() for text in _texts(chosen, "name")),
        topics=tuple(sorted({*_texts(chosen, "topics")})),
        team=chosen.text("team").lower(),
        properties=tuple(sorted(_properties(chosen))),
        visibility=tuple(sorted({*_texts(chosen, "visibility")})) or NOT_PUBLIC,
        archived=is_true(chosen, "archived"),
        fork=is_true(chosen, "fork"),
    )


def is_true(node: Node, key: str) -> bool:
    """Whether a key stands there and says true."""
    part = node.part(key)
    return part is not None and part.data is True


def _owned(node: Node, chosen: Node, documents: Documents) -> Owned | None:
    """Give the one key that says whose repos these are."""
    keys = chosen.entries().keys()
    named = [each for each in Owned if each in keys and (each is not Owned.INSTALLATION or _meant(chosen))]
    if len(named) != 1:
        what = f"a selector names {'more than one' if named else 'no'} owner"
        fix = "write one of `org: NAME`, `user: NAME` and `installation: true`"
        documents.findings.add(node.key("select"), "FF160", what, fix=fix)
        return None
    (by,) = named
    for key in _WITH_ORG:
        if key in keys and by is not Owned.ORG:
            why, fix = "organizations alone have teams and custom properties", "write `org: NAME`, or remove it"
            what = f"{quote(key)} stands without org"
            documents.findings.add(chosen.key(key), "FF161", what, why=why, fix=fix)
    return by


def _meant(chosen: Node) -> bool:
    """Whether `installation` is not a plain false, which is as if it were not there."""
    return chosen.step(Owned.INSTALLATION).data is not False


def _properties(chosen: Node) -> Iterator[tuple[str, tuple[str, ...]]]:
    part = chosen.part("properties")
    if part is not None:
        yield from ((name, tuple(sorted({*_texts(part, name)}))) for name in part.entries())


def _texts(node: Node, key: str) -> tuple[str, ...]:
    """Read one text or a list of them."""
    part = node.part(key)
    if part is None:
        return ()
    return (part.data,) if isinstance(part.data, str) else tuple(str(each.data) for each in part.items())
