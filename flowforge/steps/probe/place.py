"""The steps of a probe at one place: a store of the scratch repo, its variables, or one of its environments."""

import secrets
import threading
from collections.abc import Mapping
from dataclasses import replace
from datetime import UTC, datetime
from typing import Final

from flowforge.data_class import dataclass
from flowforge.github.answer import Answer, Broken
from flowforge.github.api_request import GitHubRequest
from flowforge.github.http import Client
from flowforge.github.paging import PER_PAGE, pages
from flowforge.github.paths import list_path, secrets_path
from flowforge.github.problems import StoppedError
from flowforge.github.seal import PublicKey, seal
from flowforge.github.secrets import read_secret
from flowforge.github.variables import PER_PAGE as VARIABLES_PER_PAGE
from flowforge.github.variables import read_variable
from flowforge.plan.address import Address, Scope
from flowforge.plan.probing import PREFIX, Appearance, Key, Operation, ProbeStep
from flowforge.steps.probe.anonymous import KeyNumbers, exchange_of, tag_of
from flowforge.vault import SecretValue

_READS: Final = 5  # of a list, until it shows what was written
_SECOND: Final = 1.1  # GitHub's times are whole seconds
_OK, _CREATED, _NO_CONTENT = 200, 201, 204


@dataclass(frozen=True, slots=True)
class Look:
    """A list at one moment."""

    time: datetime | None
    """GitHub's time of the last page."""
    updated: Mapping[str, str]
    """The names in upper case, each with its `updated_at`."""


def look(client: Client, scope: Scope) -> Look:
    """Return what a place holds. Raises RepoError, StoppedError, and GitHubError where the run is over."""
    read, key = (read_variable, "variables") if scope.is_readable else (read_secret, "secrets")
    time, updated = None, dict[str, str]()
    for answer, items in pages(client, list_path(scope), key, per_page=_per_page(scope)):
        time = answer.time
        updated |= {name: entry.updated_at for name, entry in map(read, items)}
    return Look(time, updated)


def _per_page(scope: Scope) -> int:
    return VARIABLES_PER_PAGE if scope.is_readable else PER_PAGE


def read_twice(client: Client, scope: Scope) -> list[Operation]:
    """Ask for a list, and once more with the ETag that it should have. Return the steps that could be taken."""
    first = GitHubRequest("GET", f"{list_path(scope)}?per_page={_per_page(scope)}", tagged=True)
    answer = client.once(first)
    if not isinstance(answer, Answer) or answer.status != _OK:
        return [Operation(ProbeStep.LIST, exchange_of(first, answer))]
    done = [Operation(ProbeStep.LIST, exchange_of(first, answer), tag_of(answer))]
    again = replace(first, known=answer.body)
    done.append(Operation(ProbeStep.LIST_AGAIN, exchange_of(again, client.once(again))))
    return done


class PlaceWalk:
    """Writes one secret of a random value at a place, and deletes it. What it has created is in `made` meanwhile."""

    def __init__(
        self, client: Client, scope: Scope, keys: KeyNumbers, made: set[Address], stop: threading.Event
    ) -> None:
        """Take the parts. made: gets what is created, before it is, and loses it when it is surely gone."""
        self.done: list[Operation] = []
        self._client, self._scope, self._keys, self._made, self._stop = client, scope, keys, made, stop
        store = "ENVIRONMENT" if scope.environment else scope.store.upper()
        # A name that nobody has: what is there already is never written to.
        self._address = Address(scope, f"{PREFIX}{store}_{secrets.token_hex(6).upper()}")
        self._key: PublicKey | None = None
        self._updated: str | None = None

    def run(self) -> None:
        """Take the steps until one is refused. Raises StoppedError, RepoError, and GitHubError as the client does."""
        if self._fetch_key(ProbeStep.PUBLIC_KEY) and self._create(_random()):
            self._write_over()
            self._delete()

    def _write_over(self) -> None:
        # What a list shows next could be any write's, unless it has shown each one before the next.
        if self._updated is None:
            return
        value = _random()
        # A second later, so that a write has another `updated_at` if it changes it at all.
        self._client.pacer.sleep(_SECOND)
        if not self._write(ProbeStep.ROTATE, value):
            return
        self._client.pacer.sleep(_SECOND)
        if self._fetch_key(ProbeStep.PUBLIC_KEY_AGAIN):
            self._write(ProbeStep.REWRITE, value)

    def _fetch_key(self, step: ProbeStep) -> bool:
        """Return whether there is a key to seal with. A variable needs none."""
        if self._scope.is_readable:
            return True
        answer = self._ask(step, GitHubRequest("GET", f"{secrets_path(self._scope)}/public-key"))
        if not isinstance(answer, Answer) or answer.status != _OK:
            return False
        self._key = PublicKey.read(answer.data)
        self._note(key=self._keys.key_of(self._key))
        return True

    def _create(self, value: str) -> bool:
        answer = self._ask(ProbeStep.CREATE, self._request(value, creates=True))
        if isinstance(answer, Answer) and answer.status // 100 == 4:  # noqa: PLR2004 -- a refusal: nothing is there
            self._made.discard(self._address)
        return self._settled(answer) is not None

    def _write(self, step: ProbeStep, value: str) -> bool:
        shown = self._settled(self._ask(step, self._request(value, creates=False)), before=self._updated)
        return shown is not None and shown.lag is not None

    def _delete(self) -> None:
        answer = self._ask(
            ProbeStep.DELETE, GitHubRequest("DELETE", f"{list_path(self._scope)}/{self._address.secret}")
        )
        if not isinstance(answer, Answer) or answer.status != _NO_CONTENT:
            return
        shown = self._shown(answer, gone=True)
        self._note(shown=shown)
        if shown.lag is not None:
            self._made.discard(self._address)

    def _request(self, value: str, *, creates: bool) -> GitHubRequest:
        path, name = list_path(self._scope), self._address.secret
        if self._key is None:
            body = {"name": name, "value": value}
            return GitHubRequest("POST", path, body) if creates else GitHubRequest("PATCH", f"{path}/{name}", body)
        sealed = {"encrypted_value": seal(self._key, SecretValue(value)), "key_id": self._key.key_id}
        return GitHubRequest("PUT", f"{path}/{name}", sealed)

    def _settled(self, answer: Answer | Broken, before: str | None = None) -> Appearance | None:
        """Return when a write was shown, and note it; None where it was not taken."""
        if not isinstance(answer, Answer) or answer.status not in {_CREATED, _NO_CONTENT}:
            return None
        shown = self._shown(answer, before=before)
        self._note(shown=shown)
        return shown

    def _shown(self, answer: Answer, *, before: str | None = None, gone: bool = False) -> Appearance:
        """Read the list until it shows a write, five times at most, a second apart."""
        for reads in range(1, _READS + 1):
            found = look(self._client, self._scope)
            updated = found.updated.get(self._address.secret)
            # A write that leaves `updated_at` as it was looks like one that is not shown yet, so it is waited for.
            if gone and updated is None:
                return Appearance(reads, _between(answer.time, found.time))
            if not gone and updated is not None and (updated != before or reads == _READS):
                self._updated = updated
                changed = None if before is None else updated != before
                return Appearance(
                    reads, _between(answer.time, found.time), _between(answer.time, _time(updated)), changed
                )
            self._client.pacer.sleep(_SECOND)
        return Appearance(_READS)

    def _ask(self, step: ProbeStep, request: GitHubRequest) -> Answer | Broken:
        if self._stop.is_set():
            raise StoppedError
        if step is ProbeStep.CREATE:
            self._made.add(self._address)
        answer = self._client.once(request)
        self.done.append(Operation(step, exchange_of(request, answer)))
        return answer

    def _note(self, *, key: Key | None = None, shown: Appearance | None = None) -> None:
        """Add to the last step what came of it."""
        self.done[-1] = replace(self.done[-1], key=key, shown=shown)


def _random() -> str:
    return secrets.token_urlsafe(24)


def _time(updated: str) -> datetime:
    return datetime.fromisoformat(updated).astimezone(UTC)


def _between(first: datetime | None, second: datetime | None) -> int | None:
    return None if first is None or second is None else round((second - first).total_seconds())
