"""Read `select`, and the keys that stand beside it."""

from collections.abc import Iterator
from typing import Final

from flowforge.errors import quote
from flowforge.manifest.documents import Documents
from flowforge.manifest.nodes import Node
from flowforge.manifest.selector import NOT_PUBLIC, Owned, Selector

_WITH_ORG: Final = ("team", "properties")
BESIDE: Final = ("allow_empty", "auto_admit")


def read_select(node: Node, documents: Documents, *, beside: tuple[str, ...] = BESIDE) -> Selector | None:
    """Read the `select` of a group, target or absent entry. Return None for one that is not sound.

    Report FF160 if it does not name one owner, FF161 for a condition that only organizations have, FF162 for a key that
    needs a selector, FF112 for an owner that is not allowed. beside: the keys that need a selector.
    """
    for key in beside:
        if node.part(key) is not None and node.lacks("select"):
            fix = "add `select:`, or remove it"
            documents.findings.add(node.key(key), "FF162", f"{quote(key)} requires select", fix=fix)
    chosen = node.part("select")
    by = _owned(node, chosen, documents) if chosen else None
    # With a condition missing it would find more repos than were meant.
    if chosen is None or by is None or not chosen.sound:
        return None
    owner = chosen.text(by)
    if owner:
        documents.rules.check_account(owner, chosen.step(by).where, documents.findings)
    # Sorted where the order means nothing, so that two spellings of one question are asked once.
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
    """Return whether a key is there and true."""
    part = node.part(key)
    return part is not None and part.data is True


def _owned(node: Node, chosen: Node, documents: Documents) -> Owned | None:
    """Return the one key that says whose repos are asked for. Report (FF160) none or several."""
    keys = chosen.entries().keys()
    named = [each for each in Owned if each in keys and (each is not Owned.INSTALLATION or _meant(chosen))]
    if not named and chosen.meant & {*Owned}:
        return None  # reported as misspelt
    if len(named) != 1:
        what = f"a selector names {'more than one' if named else 'no'} owner"
        fix = "write one of `org: NAME`, `user: NAME` and `installation: true`"
        documents.findings.add(node.key("select"), "FF160", what, fix=fix)
        return None
    (by,) = named
    for key in _WITH_ORG:
        if key in keys and by is not Owned.ORG:
            why, fix = "only organizations have teams and custom properties", "write `org: NAME`, or remove it"
            what = f"{quote(key)} requires org"
            documents.findings.add(chosen.key(key), "FF161", what, why=why, fix=fix)
    return by


def _meant(chosen: Node) -> bool:
    """Return whether `installation` is anything but false, which means the same as leaving it out."""
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
