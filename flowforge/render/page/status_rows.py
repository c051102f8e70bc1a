"""The rows of the page of a status: the credentials first, to sort by expiry, then the secrets of each credential."""

from collections.abc import Iterator
from typing import Final

from flowforge.plan.expiry import SOON
from flowforge.render.document import JsonEntry
from flowforge.render.page.rows import RANKS, PageRow
from flowforge.render.phrases import count
from flowforge.render.status_view import STATES_WELL

CREDENTIALS: Final = "Credentials"
CREDENTIAL_COLUMNS: Final = ("What", "Credential", "Expires", "Known")
SECRET_COLUMNS: Final = ("Life", "Where", "Last good run", "Why")
_NO_CREDENTIAL: Final = "Of no credential of the manifest"
_SHOWN: Final = 20


def rows_of_status(document: JsonEntry) -> list[PageRow]:
    """Return the rows: the credentials by their days, then the secrets, worst first within each credential."""
    credentials = sorted(document["credentials"], key=_by_days)
    order = {each["name"]: number for number, each in enumerate(document["credentials"])}
    made = [(order.get(each["credential"], len(order)), _secret(each)) for each in document["secrets"]]
    made.sort(key=lambda each: (each[0], RANKS[each[1].kind], each[1].place))
    return [*map(_credential, credentials), *(row for _, row in made)]


def _by_days(credential: JsonEntry) -> tuple[bool, int, str]:
    left = credential["days_left"]
    return left is None, left or 0, credential["name"]


def _credential(each: JsonEntry) -> PageRow:
    left = each["days_left"]
    kind = "well" if left is None or left > SOON.days else "soon" if left > 0 else "expired"
    since = f"value since {each['value_since'][:10]}" if each["value_since"] else "its age is not known"
    older = [f"an older value in {address}" for address in each["older"][:_SHOWN]]
    more = len(each["older"]) - _SHOWN
    return PageRow(
        kind=kind,
        target=CREDENTIALS,
        place=each["name"],
        store=f"{each['type']}, from {each['source']}" + (f", of {each['owner']}" if each["owner"] else ""),
        # A day first, so that the column sorts by it.
        secret=each["expires_at"] or "not known",
        credential="" if left is None else f"{left:,} days left" if left > 0 else f"{-left:,} days ago",
        why=f"in {count(each['places'], 'place')}, {since}",
        fix="",
        more=(*older, *([f"and in {more:,} more"] if more > 0 else [])),
    )


def _secret(each: JsonEntry) -> PageRow:
    good = each["last_good"]
    said = [text for text in (each["why"], each["sentence"]) if text]
    return PageRow(
        kind=each["life"] if each["state"] in STATES_WELL else _worst(each["life"]),
        target=each["credential"] or _NO_CREDENTIAL,
        place=each["repo"],
        store=f"{each['store']} {each['secret']}",
        secret=good["concluded_at"][:10] if good else "none seen",
        credential=good["url"] if good else "",
        why="; ".join(said) or each["life"],
        fix="",
        more=tuple(_more(each)),
    )


def _worst(life: str) -> str:
    """Return the kind of a secret that is not as it was written: the worse one of the two."""
    return life if RANKS[life] < RANKS["changed"] else "changed"


def _more(each: JsonEntry) -> Iterator[str]:
    if each["evidence"]:
        found = each["evidence"]
        yield f"{found['workflow']} ended {found['conclusion']} at {found['concluded_at']}: {found['url']}"
    if each["written_at"]:
        yield f"last changed on GitHub {each['written_at']}"
    if each["value_since"]:
        yield f"this value since {each['value_since']}"
