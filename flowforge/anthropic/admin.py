"""What an organization's Admin key tells of its API keys: expiry, status and creator; and how one is switched off.

docs: api/admin/api_keys/list, retrieve and update. Anthropic shows a hint of each key, never the key, so two keys may
have one hint.
"""

import re
from collections.abc import Mapping
from dataclasses import replace
from datetime import UTC, date, datetime
from http import HTTPStatus
from typing import Any, Final

from flowforge.anthropic.answer import KeyAnswer, NoAnswer
from flowforge.anthropic.exchange import AnthropicWire
from flowforge.anthropic.keys import KEY_ID, KEYS, AdminKey
from flowforge.data_class import dataclass

_DONE: Final = 200
_PER_PAGE: Final = 1000
# More than any organization has: a list that goes on for ever must end.
_PAGES: Final = 100
_KEY_ID: Final = re.compile(KEY_ID)
_PLAIN: Final = re.compile(r"[A-Za-z0-9_-]{0,100}", re.ASCII)
_HINT: Final = re.compile(r"sk-ant-[A-Za-z0-9_.…-]{1,60}")
ACTIVE: Final = "active"
INACTIVE: Final = "inactive"
_STATUSES: Final = frozenset({ACTIVE, INACTIVE, "archived", "expired"})


@dataclass(frozen=True, slots=True)
class ListedKey:
    """What Anthropic lists of an API key."""

    id: str
    """`apikey_…`, which is no secret."""
    hint: str
    """The beginning and the end of the key, with dots between."""
    name: str
    """What people called it; any text."""
    status: str
    """`active`, `archived`, `expired` or `inactive`; empty for a word that is not known."""
    expires: date | None
    """The day, in UTC, on which it ends; None where it does not, or where that is not said."""
    workspace: str
    """The id of its workspace; empty for the organization's default one."""
    creator: str
    """The id of the user or service account that made it; empty where it is not said."""


@dataclass(frozen=True, slots=True)
class ListedKeys:
    """The API keys of an organization, or why they cannot be known."""

    keys: tuple[ListedKey, ...] = ()
    """All of them, of any status."""
    organization: str = ""
    """The id of the organization, where the answer says it."""
    trouble: str = ""
    """Why the list is not known, as a clause; then there are no keys in it."""


def list_keys(wire: AnthropicWire, key: AdminKey) -> ListedKeys:
    """Read the whole list. A list that cannot be read whole is not known: `trouble` says why."""
    found: list[ListedKey] = []
    after, organization = "", ""
    for _ in range(_PAGES):
        answer = wire.get(key, f"{KEYS}?limit={_PER_PAGE}{after}")
        page = _page(answer)
        if isinstance(page, str):
            return ListedKeys(trouble=page)
        found += page
        organization = organization or (answer.organization if isinstance(answer, KeyAnswer) else "")
        data = answer.data if isinstance(answer, KeyAnswer) else {}
        if data.get("has_more") is False:
            return ListedKeys(tuple(found), organization)
        last = data.get("last_id") if data.get("has_more") is True else None
        if not isinstance(last, str) or not _KEY_ID.fullmatch(last) or after == f"&after_id={last}":
            return ListedKeys(trouble="the list was cut short")
        after = f"&after_id={last}"
    return ListedKeys(trouble=f"a list of more than {_PAGES * _PER_PAGE:,} keys")


@dataclass(frozen=True, slots=True)
class FoundKey:
    """A single API key as Anthropic shows it now, or why it cannot be known."""

    key: ListedKey | None = None
    """The key."""
    at: datetime | None = None
    """Anthropic's time of the answer, in UTC; None where it does not say one."""
    trouble: str = ""
    """Why the key is not known, as a clause; then there is none."""
    missing: bool = False
    """Whether Anthropic says that there is no such key: 404."""


def read_key(wire: AnthropicWire, admin: AdminKey, key_id: str) -> FoundKey:
    """Ask for one key. Raises ValueError for what is no id."""
    return _found(wire.get(admin, f"{KEYS}/{key_id}"), key_id)


def switch_off(wire: AnthropicWire, admin: AdminKey, key_id: str) -> FoundKey:
    """Set a key's status to inactive, which can be taken back, and return it as it is then.

    An answer that got lost tells nothing, so the key is asked for once more. Raises ValueError for what is no id.
    """
    found = _found(wire.switch_off(admin, key_id), key_id)
    if found.key is not None and found.key.status == INACTIVE:
        return found
    after = read_key(wire, admin, key_id)
    return after if after.key is not None and after.key.status == INACTIVE else replace(after, trouble=found.trouble)


def _found(answer: KeyAnswer | NoAnswer, key_id: str) -> FoundKey:
    if isinstance(answer, NoAnswer):
        return FoundKey(trouble=answer.why)
    if answer.trouble:
        return FoundKey(None, answer.at, answer.trouble, answer.status == HTTPStatus.NOT_FOUND and not answer.page)
    key = _listed(answer.data)
    if key is None or key.id != key_id:
        return FoundKey(None, answer.at, "200 without that key")
    return FoundKey(key, answer.at)


def _page(answer: KeyAnswer | NoAnswer) -> list[ListedKey] | str:
    """Return the keys of a page, or why there are none to be had."""
    if isinstance(answer, NoAnswer):
        return answer.why
    items = answer.data.get("data")
    if answer.page or answer.status != _DONE or not isinstance(items, list):
        return answer.said if answer.status != _DONE else "200 without a list of keys"
    return [each for item in items if isinstance(item, dict) and (each := _listed(item)) is not None]


def _listed(item: Mapping[str, Any]) -> ListedKey | None:
    """Read leniently: fields are missing for legacy, federated and system keys, and new ones are added."""
    id_, hint = _text(item, "id"), _text(item, "partial_key_hint")
    if not _KEY_ID.fullmatch(id_) or not _HINT.fullmatch(hint):
        return None
    creator = item.get("created_by") if isinstance(item.get("created_by"), dict) else item.get("principal")
    status = _text(item, "status")
    return ListedKey(
        id=id_,
        hint=hint,
        name=_text(item, "name"),
        status=status if status in _STATUSES else "",
        expires=_day(_text(item, "expires_at")),
        workspace=_plain(_text(item, "workspace_id")),
        creator=_plain(_text(creator, "id")) if isinstance(creator, dict) else "",
    )


def _text(item: Mapping[str, Any], name: str) -> str:
    found = item.get(name)
    return found if isinstance(found, str) else ""


def _plain(text: str) -> str:
    return text if _PLAIN.fullmatch(text) else ""


def _day(text: str) -> date | None:
    try:
        moment = datetime.fromisoformat(text)
        return (moment if moment.tzinfo else moment.replace(tzinfo=UTC)).astimezone(UTC).date()
    except (ValueError, OverflowError):
        # Beside its zone a time may lie in no year that there is.
        return None
