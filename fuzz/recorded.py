"""What answers leave in the state: whatever the readers accept of them is recorded, and read back as it was.

An input is a line with the header `Date`, and a line of JSON: what stands in an answer in the place of each member that
it has, of a repo, a secret and a variable at once.
"""

import json
import threading
from collections.abc import Iterator
from urllib.parse import urlsplit

import httpx

from flowforge.errors import GitHubError
from flowforge.github.auth import GitHubToken
from flowforge.github.discover import RepoListKind, RepoListQuery, list_repos
from flowforge.github.http import Client
from flowforge.github.org_secrets import list_org_secrets
from flowforge.github.pacer import Pacer
from flowforge.github.repos import RepoInfo, look_up
from flowforge.github.urls import ApiUrl
from flowforge.github.variables import list_variables, put_variable
from flowforge.plan.address import Address, Repo, Scope, Store
from flowforge.plan.facts import Listing, Public, Record
from flowforge.state import codec
from flowforge.state.entry_codec import reads_back
from flowforge.state.model import Draft, JournalEntry, Recorded, RepoAdmitted, State
from flowforge.vault import SecretValue
from fuzz.answers import Still
from fuzz.target import Target

_API = ApiUrl.parse("https://api.github.com")
_REPO, _ORG = Repo.parse("acme/api"), Repo.organization("acme")
_TIME, _DATE = "2026-11-23T08:00:00Z", "Mon, 23 Nov 2026 08:00:00 GMT"
_BASE = State(7, "00000000-0000-4000-8000-000000000000", bytes(32))
_ITEM: dict[str, object] = {
    "id": 7,
    "full_name": "acme/api",
    "archived": False,
    "private": True,
    "fork": False,
    "topics": [],
    "visibility": "selected",
    "updated_at": _TIME,
    "name": "A",
    "value": "public",
    "total_count": 1,
}
_WORDS = r"""id full_name archived private fork topics visibility updated_at name value total_count true false null -5 0
9007199254740992 9007199254740993 1e999 NaN \ud800 \u001b all private selected 2026-11-23T08:00:00+23:59 9999-12-31
0001-01-01T00:00:00Z 2999-12-31T23:59:59-14:00 ##[ :: GMT -0000 +2359 9999 1969 { } [ ] " : ,"""


def law(data: bytes) -> None:
    """Let GitHub answer so to all that is asked on the way to a record: nothing of it damages a state."""
    date, _, rest = data.decode("latin-1").partition("\n")
    try:
        odd = json.loads(rest)
    except (ValueError, RecursionError):
        odd = None
    item = {**_ITEM, **(odd if isinstance(odd, dict) else {"id": odd})}
    known = date if date.isprintable() and date.isascii() else ""

    def handler(request: httpx.Request) -> httpx.Response:
        path = urlsplit(str(request.url)).path
        key = next((each for each in ("repositories", "secrets", "variables") if path.endswith(f"/{each}")), "")
        listed = (
            {"total_count": item["total_count"], key: [item]} if key else [item] if path == "/orgs/acme/repos" else item
        )
        return httpx.Response(
            200, headers={"date": known.strip()}, stream=httpx.ByteStream(json.dumps(listed).encode())
        )

    token = GitHubToken(SecretValue("ghp_" + "fake" * 5), "GH_TOKEN")
    pacer = Pacer(Still(), threading.Event(), notify=lambda _: None)
    with Client(_API, token, pacer, jobs=1, transport=httpx.MockTransport(handler)) as client:
        changes = list(_changes(client))
    assert all(map(reads_back, changes)), "a change that cannot be read back"
    state = Draft(_BASE, changes).state()
    assert codec.decode(codec.encode(state)[0], "here").state == state, "a state that cannot be read back"


def _changes(client: Client) -> Iterator[JournalEntry]:
    """Record whatever is accepted, as the steps do."""
    try:
        repos = list_repos(client, RepoListQuery(RepoListKind.ORG, "acme"))
        if isinstance(repos, tuple):
            yield RepoAdmitted("group g", frozenset(each.id for each in repos))
        info = look_up(client, [_REPO])[_REPO]
        number = info.id if isinstance(info, RepoInfo) else 0
        for scope in (Scope(_REPO, Store.VARIABLES), Scope(_ORG)):
            variables = scope.is_readable
            seen = list_variables(client, scope) if variables else list_org_secrets(client, scope, {"A"})
            for name, at in seen.updated_at.items() if isinstance(seen, Listing) else ():
                audience = seen.audiences.get(name) if isinstance(seen, Listing) else None
                more = (audience.visibility.value, audience.ids) if audience else ("", ())
                yield Recorded(Address(scope, "A"), Record("x", at, "key", number * variables, "", at, False, *more))  # noqa: FBT003 -- adopted
        done = put_variable(client, Scope(_REPO, Store.VARIABLES), "B", Public("x"), exists=True)
        if done.date:
            address = Address(Scope(_REPO, Store.VARIABLES), "B")
            yield Recorded(address, Record("x", done.date, "key", number, done.date, done.date))
    except GitHubError:
        return


def seeds() -> Iterator[bytes]:
    """Yield what GitHub answers, and each member with values that it never has."""
    yield f"{_DATE}\n{{}}".encode()
    yield b"\n{}"
    for date in ("Fri, 31 Dec 9999 23:59:59 GMT", "Mon, 1 Jan 1 00:00:00 -0000", "Mon, 23 Nov 2026 08:00:00 +2359"):
        yield f"{date}\n{json.dumps({'updated_at': '9999-12-31T23:59:59Z'})}".encode()
    for name in _ITEM:
        yield from (f'{_DATE}\n{{"{name}": {odd}}}'.encode() for odd in ("-5", "true", '"x"', "7.0"))


TARGET = Target(law, seeds, tuple(_WORDS.split()))
