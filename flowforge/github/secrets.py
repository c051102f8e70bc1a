"""The secrets of one scope: list, put, delete. GitHub never returns a value."""

import re
import threading
from collections.abc import Iterable, Mapping
from dataclasses import replace
from functools import partial
from operator import itemgetter
from types import MappingProxyType
from typing import Final

from flowforge.data_class import dataclass
from flowforge.github.answer import Answer
from flowforge.github.explain import explain
from flowforge.github.http import Client
from flowforge.github.paging import Item, whole
from flowforge.github.paths import secrets_path
from flowforge.github.problems import RepoError, other_shape
from flowforge.github.seal import UNUSABLE, Plaintext, PublicKey, seal
from flowforge.plan.address import Scope
from flowforge.plan.facts import Entry, Listing, Unreadable
from flowforge.plan.recordable import is_time

# "Bad request - validation failed due to an improperly encrypted secret" (terraform-provider-github#2315). What GitHub
# says of a key_id that it has rotated away is not documented.
_WRONG_KEY: Final = re.compile(r"improperly encrypted|\bkey(?:_id)?\b", re.IGNORECASE)
_UNPROCESSABLE: Final = 422
_NOT_FOUND: Final = 404
# A name in upper case, as GitHub stores it, and what a list says of it.
Named = tuple[str, Entry]


@dataclass(frozen=True, slots=True)
class Written:
    """What GitHub answered to a write."""

    created: bool
    """Whether there was no such secret before."""
    date: str
    """GitHub's own time of the answer: `2026-11-23T08:00:00Z`."""
    retried: bool = False
    """Whether an earlier try without an answer may have written it; `created` then says nothing about others."""


@dataclass(frozen=True, slots=True)
class Deleted:
    """GitHub's own time of a delete, or of finding nothing to delete."""

    date: str


def list_secrets(client: Client, scope: Scope, *, fresh: bool = True) -> Listing | Unreadable:
    """Return the names of a scope in upper case with their `updated_at`, or why not all of them can be had.

    fresh: whether to ask without what an earlier run was told. Raises StoppedError, and GitHubError when the run is
    over.
    """
    get, path = partial(client.get_list, fresh=fresh), secrets_path(scope)
    try:
        return listing_of(whole(client, path, "secrets", read=read_secret, identity=itemgetter(0), get=get))
    except RepoError as refusal:
        return explain(client, scope, refusal).no.unreadable()


def listing_of(items: Iterable[Named]) -> Listing:
    """Return the listing of a scope from its entries, secrets or variables, each once."""
    found = dict(items)
    times = {name: entry.updated_at for name, entry in found.items()}
    return Listing(times, values={name: entry.value for name, entry in found.items() if entry.value is not None})


def read_secret(item: Item) -> Named:
    """Read one secret of a list. Raises RepoError FF327 for another shape."""
    match item:
        case {"name": str() as name, "updated_at": str() as updated_at} if name and is_time(updated_at):
            return name.upper(), Entry(updated_at)
    raise other_shape("a secret without its name or its updated_at in a list")


class PublicKeys:
    """The public keys of the scopes that are written: those remembered, and the others fetched once. Thread-safe."""

    def __init__(self, remembered: Mapping[Scope, str] = MappingProxyType({})) -> None:
        """Take what earlier runs remembered, as `PublicKey.text` gave it."""
        self._remembered = remembered
        self._keys: dict[Scope, PublicKey] = {}
        self._fetched: set[Scope] = set()
        self._locks: dict[Scope, threading.Lock] = {}
        self._lock = threading.Lock()

    def get(self, client: Client, scope: Scope) -> PublicKey:
        """Return the key of a scope. Raises as the client does."""
        with self._lock_of(scope):
            if scope not in self._keys:
                known = self._remembered.get(scope)
                self._keys[scope] = PublicKey.remembered(known) if known else self._fetch(client, scope)
            return self._keys[scope]

    def text(self, scope: Scope) -> str:
        """Return the key that a scope has by now, for the state to remember; empty where there is none."""
        key = self._keys.get(scope)
        return key.text if key else ""

    def may_be_stale(self, scope: Scope) -> bool:
        """Return whether the key of a scope is one of an earlier run, which nothing has shown to be today's."""
        return scope not in self._fetched

    def refresh(self, client: Client, scope: Scope, stale: PublicKey) -> PublicKey:
        """Return a newer key than one that GitHub refused, fetched once for all threads that had the stale one."""
        with self._lock_of(scope):
            if self._keys.get(scope) is stale:
                self._keys[scope] = self._fetch(client, scope)
            return self._keys[scope]

    def _fetch(self, client: Client, scope: Scope) -> PublicKey:
        key = PublicKey.read(client.get(f"{secrets_path(scope)}/public-key").data)
        self._fetched.add(scope)
        return key

    def _lock_of(self, scope: Scope) -> threading.Lock:
        with self._lock:
            return self._locks.setdefault(scope, threading.Lock())


def put_secret(
    client: Client,
    keys: PublicKeys,
    scope: Scope,
    name: str,
    value: Plaintext,
    *,
    more: Mapping[str, object] | None = None,
) -> Written:
    """Seal a value and put it. more: what else the body says, such as who sees an organization's secret.

    Raises RepoError, which names the secret; StoppedError; GitHubError when the run is over.
    """
    # GitHub opens the box at once. If it cannot, the key was rotated since it was fetched, or the environment was made
    # anew. So the key is fetched again, and the value is sealed and sent once more. What GitHub says of a key of last
    # year is not known, so after any 422 a remembered key is fetched again.
    where, path = f"{scope}/{name}", f"{secrets_path(scope)}/{name}"
    lost = False
    try:
        key = keys.get(client, scope)
        try:
            answer = _put(client, key, path, value, more or {})
        except RepoError as refusal:
            if not (_wrong_key(refusal) or (keys.may_be_stale(scope) and _may_be_the_key(refusal))):
                raise
            lost = not refusal.certain
            answer = _put(client, keys.refresh(client, scope, key), path, value, more or {})
    except RepoError as refusal:
        raise _final(explain(client, scope, refusal, writes=True)).at(where) from None
    created = answer.status == 201  # noqa: PLR2004 -- 201 created, 204 updated
    return Written(created, answer.date, retried=lost or answer.retried)


def delete_secret(client: Client, scope: Scope, name: str) -> Deleted:
    """Delete a secret. One that does not exist counts as deleted. Raises as `put_secret` does."""
    where = f"{scope}/{name}"
    try:
        return Deleted(client.delete(f"{secrets_path(scope)}/{name}").date)
    except RepoError as refusal:
        if refusal.no.status == _NOT_FOUND:
            return Deleted("")
        raise explain(client, scope, refusal, writes=True).at(where) from None


def _put(client: Client, key: PublicKey, path: str, value: Plaintext, more: Mapping[str, object]) -> Answer:
    return client.put(path, {**more, "encrypted_value": seal(key, value), "key_id": key.key_id})


def _wrong_key(refusal: RepoError) -> bool:
    return refusal.no.status == _UNPROCESSABLE and bool(_WRONG_KEY.search(refusal.no.message))


def _may_be_the_key(refusal: RepoError) -> bool:
    """Return whether a remembered key may be what was refused: by GitHub, in whatever words, or by libsodium."""
    return refusal.no.status == _UNPROCESSABLE or refusal.no.code == UNUSABLE


def _final(refusal: RepoError) -> RepoError:
    """Return a refusal, or FF329 if GitHub could not open the box twice."""
    if not _wrong_key(refusal):
        return refusal
    detail = "GitHub does not accept the encrypted value, even with the key fetched again"
    return refusal.at("", replace(refusal.no, code="FF329", detail=detail, fix="run it again; if it stays, report it"))
