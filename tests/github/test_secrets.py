"""Secrets on the sandbox's real HTTP: listed whole, sealed for the right key, deleted; and every no named."""

import base64
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor

import httpx
import pytest

from flowforge.errors import GitHubError
from flowforge.github.http import Client
from flowforge.github.problems import RepoError
from flowforge.github.seal import PublicKey, seal
from flowforge.github.secrets import Deleted, PublicKeys, Written, delete_secret, list_secrets, put_secret
from flowforge.plan.action import Why
from flowforge.plan.address import Repo, Scope
from flowforge.plan.facts import Listing, Unreadable
from flowforge.sandbox import Fault, FaultKind, Level, Sandbox, Token, TokenKind
from flowforge.vault import SecretValue

MakeClient = Callable[..., Client]
_API = Scope(Repo.parse("acme/api"))
_VALUE = "plainly fake, " + "but whole: \u00e9"
_LIST = "GET /repos/{owner}/{repo}/actions/secrets"
_MOVE = "run `flowforge state move acme/api acme/new` if it was ever applied, then write acme/new in the manifest"
_KEY = "GET /repos/{owner}/{repo}/actions/secrets/public-key"
_PUT = "PUT /repos/{owner}/{repo}/actions/secrets/{name}"
_REPO = "GET /repos/{owner}/{repo}"


@pytest.fixture
def world(sandbox: Sandbox) -> Sandbox:
    """Return the sandbox with `acme/api` in it."""
    sandbox.world.create_repo("acme/api")
    return sandbox


def _put(client: Client, name: str = "A", value: str = _VALUE) -> Written:
    return put_secret(client, PublicKeys(), _API, name, SecretValue(value))


def _refusal(client: Client) -> RepoError:
    with pytest.raises(RepoError) as caught:
        _put(client)
    return caught.value


def test_what_is_put_is_what_github_opens(world: Sandbox, connect: MakeClient) -> None:
    """A value arrives whole, is new once and then an update, and is listed under its upper-case name."""
    client = connect()
    assert [True, False] == [_put(client, "lower").created for _ in range(2)]
    assert {"LOWER": _VALUE} == world.world.reveal("acme/api")
    seen = list_secrets(client, _API)
    assert isinstance(seen, Listing)
    assert ["LOWER"] == list(seen.updated_at)


def test_a_list_costs_one_request(world: Sandbox, connect: MakeClient) -> None:
    """Up to a hundred secrets come with one request; an empty scope is an empty list."""
    client = connect()
    assert Listing({}) == list_secrets(client, _API)
    for number in range(100):
        world.world.set_secret("acme/api", f"S{number:03}", "x")
    seen = list_secrets(client, _API)
    assert isinstance(seen, Listing)
    assert ([f"S{number:03}" for number in range(100)], 2) == (sorted(seen.updated_at), client.requests)


def test_one_key_for_a_scope_and_run(world: Sandbox, connect: MakeClient) -> None:
    """Workers that write one scope together fetch its key once; another scope has another key."""
    world.world.create_repo("acme/web")
    client = connect()
    keys = PublicKeys()
    scopes = [_API, Scope(Repo.parse("acme/web"))] * 8
    with ThreadPoolExecutor(8) as pool:
        list(pool.map(lambda n: put_secret(client, keys, scopes[n], f"S{n}", SecretValue(f"v{n}")), range(16)))
    assert {f"S{n}": f"v{n}" for n in range(0, 16, 2)} == world.world.reveal("acme/api")
    assert {f"S{n}": f"v{n}" for n in range(1, 16, 2)} == world.world.reveal("acme/web")
    assert {_KEY: 2, _PUT: 16} == world.world.stats().requests


@pytest.mark.parametrize("rotate", [lambda world: world.rotate_keys(), lambda world: world.replace_key("acme/api")])
def test_a_key_that_is_gone_is_fetched_again(
    world: Sandbox, connect: MakeClient, rotate: Callable[[object], None]
) -> None:
    """After the 422 of a wrong key: the key again, sealed again, put once more. The new key stays for the run."""
    client = connect()
    keys = PublicKeys()
    put_secret(client, keys, _API, "A", SecretValue("old"))
    rotate(world.world)
    put_secret(client, keys, _API, "A", SecretValue("new"))
    put_secret(client, keys, _API, "B", SecretValue("more"))
    assert {"A": "new", "B": "more"} == world.world.reveal("acme/api")
    assert {_KEY: 2, _PUT: 4} == world.world.stats().requests


def test_a_stale_key_is_fetched_once_for_all(world: Sandbox, connect: MakeClient) -> None:
    """Who comes late with the old key gets the new one that another worker fetched."""
    client, keys = connect(), PublicKeys()
    stale = keys.get(client, _API)
    fresh = keys.refresh(client, _API, stale)
    assert fresh is keys.refresh(client, _API, stale)
    assert {_KEY: 2} == world.world.stats().requests


def test_a_remembered_key_is_the_key(world: Sandbox, connect: MakeClient) -> None:
    """As a text and back it seals for the same place, and nobody is asked; an id of another shape is not remembered."""
    client = connect()
    key = PublicKeys().get(client, _API)
    put_secret(client, PublicKeys({_API: key.text}), _API, "A", SecretValue(_VALUE))
    assert (key, {"A": _VALUE}) == (PublicKey.remembered(key.text), world.world.reveal("acme/api"))
    assert "" == PublicKey("a b", key.box).text
    assert {_KEY: 1, _PUT: 1} == world.world.stats().requests


@pytest.mark.usefixtures("world")
def test_a_write_that_was_answered_at_once(connect: MakeClient) -> None:
    """It was not tried before, so that what is said of it counts; nor was one of which nobody says so."""
    found = [_put(connect()), Written(created=True, date="2026-11-23T08:00:00Z")]
    assert [(True, False)] * 2 == [(each.created, each.retried) for each in found]


def test_a_key_is_stale_until_it_was_fetched(world: Sandbox, connect: MakeClient) -> None:
    """One of an earlier run may be, also once it is used; one that this run was given is today's."""
    client, today = connect(), PublicKeys()
    keys = PublicKeys({_API: today.get(client, _API).text})
    stale = [keys.may_be_stale(_API)]
    used = keys.get(client, _API)
    stale.append(keys.may_be_stale(_API))
    keys.refresh(client, _API, used)
    assert [True, True, False, False] == [*stale, keys.may_be_stale(_API), today.may_be_stale(_API)]
    assert {_KEY: 2} == world.world.stats().requests


def test_a_key_that_stays_wrong(world: Sandbox, connect: MakeClient) -> None:
    """A box that is not opened twice is given up, with the secret named."""
    world.world.faults.add(Fault("public-key", FaultKind.WRONG_KEY, times=2))
    assert str(_refusal(connect())) == (
        "error FF329: acme/api/actions/A: GitHub does not accept the encrypted value, even with the key fetched again\n"
        "  fix: run it again; if it stays, report it"
    )
    assert {} == world.world.reveal("acme/api")


def test_another_422_is_final(world: Sandbox, connect: MakeClient) -> None:
    """A name that GitHub does not take is not tried with another key."""
    with pytest.raises(RepoError) as caught:
        _put(connect(), "GITHUB_X")
    assert str(caught.value) == (
        "error FF326: acme/api/actions/GITHUB_X: GitHub refused the request with 422:"
        ' "Secret names must not start with GITHUB_."\n'
        "  fix: check the secret's name, and that its value has at most 47,952 bytes"
    )
    assert {_KEY: 1, _PUT: 1} == world.world.stats().requests


def test_delete(world: Sandbox, connect: MakeClient) -> None:
    """A delete is done, and done again is done still."""
    world.world.set_secret("acme/api", "A", "x")
    client = connect()
    done = delete_secret(client, _API, "A")
    assert done.date.endswith("Z")
    assert ({}, Deleted("")) == (world.world.reveal("acme/api"), delete_secret(client, _API, "A"))


@pytest.mark.parametrize("kind", [FaultKind.RESET_AFTER, FaultKind.RESET_BEFORE, FaultKind.TRUNCATED, FaultKind.PROXY])
def test_writes_survive_lost_answers(world: Sandbox, connect: MakeClient, kind: FaultKind) -> None:
    """A write whose answer is lost, before or after it was done, is done once it returns."""
    client = connect()
    world.world.faults.add(Fault("^PUT", kind, times=2))
    world.world.faults.add(Fault("^DELETE", kind, times=2))
    assert _put(client).retried
    assert {"A": _VALUE} == world.world.reveal("acme/api")
    delete_secret(client, _API, "A")
    assert {} == world.world.reveal("acme/api")


def test_what_is_put_tells_whether_it_was_tried_before(world: Sandbox, connect: MakeClient) -> None:
    """A lost answer counts also where a wrong key's 422 followed it; that 422 alone wrote nothing for certain."""
    client = connect()
    told = [_put(client).retried]
    for lost in (0, 1):
        world.world.faults.add(Fault("public-key", FaultKind.WRONG_KEY, times=1))
        if lost:
            world.world.faults.add(Fault("^PUT", FaultKind.RESET_AFTER, times=1))
        told.append(_put(client).retried)
    assert [False, False, True] == told
    assert {"A": _VALUE} == world.world.reveal("acme/api")


def _archive(sandbox: Sandbox) -> None:
    sandbox.world.archive_repo("acme/api")


def _rename(sandbox: Sandbox) -> None:
    sandbox.world.rename_repo("acme/api", "acme/new")


def _hide(sandbox: Sandbox) -> None:
    sandbox.world.hide_repo("acme/api")


def _read_only(sandbox: Sandbox) -> None:
    sandbox.world.add_token(sandbox.token, Token(secrets=Level.READ))


def _no_secrets(sandbox: Sandbox) -> None:
    sandbox.world.add_token(sandbox.token, Token(secrets=Level.NONE))


_ARCHIVED = 'archived, so it is read-only: "Repository was archived so is read-only."'
_SSO = (
    "the organization's single sign-on must authorize this token: \"Resource protected by organization SAML "
    'enforcement. You must grant your Personal Access token access to this organization."'
)


def _sso(sandbox: Sandbox) -> None:
    sandbox.world.add_token(sandbox.token, Token(TokenKind.CLASSIC))
    sandbox.world.require_sso("acme")


@pytest.mark.parametrize(
    ("change", "detail", "fix"),
    [
        (_archive, f"FF322: {{}}: {_ARCHIVED}", "unarchive it, or take it out of the manifest"),
        (_rename, "FF323: {}: renamed to acme/new", _MOVE),
        (
            _hide,
            "FF324: {}: not found, or invisible to this token",
            "check its name, and that the token (GH_TOKEN) may see it",
        ),
        (
            _read_only,
            "FF320: {}: no permission: GitHub accepts secrets=write",
            "give the token (GH_TOKEN) that permission",
        ),
    ],
)
def test_a_write_that_is_refused(
    world: Sandbox, connect: MakeClient, change: Callable[[Sandbox], None], detail: str, fix: str
) -> None:
    """Archived, renamed, invisible, no permission: the error names secret, reason and remedy; nothing is written."""
    client = connect()
    keys = PublicKeys()
    keys.get(client, _API)  # fetched while all was well
    change(world)
    with pytest.raises(RepoError) as put:
        put_secret(client, keys, _API, "A", SecretValue(_VALUE))
    text = f"error {detail.format('acme/api/actions/A')}\n  fix: {fix}"
    assert (text, True) == (str(put.value), put.value.certain)


def test_a_delete_that_is_refused(world: Sandbox, connect: MakeClient) -> None:
    """A refused delete names the secret too."""
    world.world.set_secret("acme/api", "A", "x")
    _read_only(world)
    with pytest.raises(RepoError) as caught:
        delete_secret(connect(), _API, "A")
    assert str(caught.value) == (
        "error FF320: acme/api/actions/A: no permission: GitHub accepts secrets=write\n"
        "  fix: give the token (GH_TOKEN) that permission"
    )


@pytest.mark.parametrize(
    ("change", "expected", "requests"),
    [
        (
            _rename,
            Unreadable(Why.RENAMED, "renamed to acme/new", _MOVE),
            {_LIST: 1, "GET /repositories/{id}": 1},
        ),
        (
            _hide,
            Unreadable(
                Why.NOT_FOUND,
                "not found, or invisible to this token",
                "check its name, and that the token (GH_TOKEN) may see it",
            ),
            {_LIST: 1, _REPO: 1},
        ),
        (
            _no_secrets,
            Unreadable(
                Why.NO_PERMISSION,
                "no permission: GitHub accepts secrets=read",
                "give the token (GH_TOKEN) that permission",
            ),
            {_LIST: 1},
        ),
    ],
)
def test_a_list_that_is_refused(
    world: Sandbox,
    connect: MakeClient,
    change: Callable[[Sandbox], None],
    expected: Unreadable,
    requests: dict[str, int],
) -> None:
    """A list that cannot be read says why, with at most one request more to find out."""
    change(world)
    assert (expected, requests) == (list_secrets(connect(), _API), world.world.stats().requests)


def test_single_sign_on(world: Sandbox, connect: MakeClient) -> None:
    """A classic token that the organization has not authorized is told so; the page must be GitHub's own."""
    _sso(world)
    seen = list_secrets(connect(), _API)
    assert isinstance(seen, Unreadable)
    assert (Why.SSO, _SSO) == (seen.why, seen.detail)


def test_an_archived_repo_can_be_read(world: Sandbox, connect: MakeClient) -> None:
    """Archived means read-only: its list is there."""
    _archive(world)
    assert Listing({}) == list_secrets(connect(), _API)


def test_a_list_cut_short(world: Sandbox, connect: MakeClient) -> None:
    """A list that lost items on its way is unreadable, never a shorter list."""
    for name in "ABC":
        world.world.set_secret("acme/api", name, "x")
    world.world.faults.add(Fault("secrets", FaultKind.CUT))
    expected = Unreadable(
        Why.CUT_SHORT,
        "the list was cut short: 1 of 3 came",
        "run it again; if it stays, use another token",
    )
    assert expected == list_secrets(connect(), _API)


def test_a_list_that_fails(world: Sandbox, connect: MakeClient) -> None:
    """A repo on which GitHub fails again and again is unreadable; the others are not."""
    world.world.create_repo("acme/web")
    world.world.faults.add(Fault("acme/api", FaultKind.STATUS, times=4, status=502))
    client = connect()
    expected = Unreadable(
        Why.FAILED, "no usable answer in 4 tries: it answered 502 Bad Gateway", "run it again in a while"
    )
    assert [expected, Listing({})] == [list_secrets(client, scope) for scope in (_API, Scope(Repo.parse("acme/web")))]


def test_the_workflows_own_token(world: Sandbox, connect: MakeClient) -> None:
    """The token of a workflow run is refused by GitHub, and we say that it always will be."""
    text = "ghs_" + "fake"
    world.world.add_token(text, Token(TokenKind.WORKFLOW))
    with pytest.raises(GitHubError, match="the workflow's own GITHUB_TOKEN cannot manage secrets"):
        list_secrets(connect(token=text, origin="GITHUB_TOKEN", workflow=True), _API)


def test_a_404_behind_which_the_repo_is_seen(scripted: MakeClient) -> None:
    """GitHub hides secrets that a token may not see behind a 404; that the repo itself is seen tells it."""

    def handle(request: httpx.Request) -> httpx.Response:
        hidden = request.url.path.endswith("/secrets")
        return httpx.Response(404, json={"message": "Not Found"}) if hidden else httpx.Response(200, json={})

    expected = Unreadable(
        Why.NO_PERMISSION,
        "no permission: the token sees the repo but not its secrets",
        "give the token (GH_TOKEN) read and write permission for Secrets (classic: the scope repo), and its owner "
        "write access",
    )
    assert expected == list_secrets(scripted(handle), _API)


@pytest.mark.parametrize(
    "items",
    [
        [{"name": "A"}],
        [{"name": 7, "updated_at": "2026-11-23T08:00:00Z"}],
        [{"name": "", "updated_at": "2026-11-23T08:00:00Z"}],
        [{"name": "A", "updated_at": "yesterday"}],
        [{"name": "A", "updated_at": "2026-11-23T08:00:00"}],
        [{"name": "A", "updated_at": "2026-13-23T08:00:00Z"}],
    ],
)
def test_a_list_of_another_shape(scripted: MakeClient, items: list[object]) -> None:
    """A secret without a name or a time that can be compared makes the list unreadable."""
    answer = {"total_count": len(items), "secrets": items}
    expected = Unreadable(
        Why.FAILED,
        "a secret without its name or its updated_at in a list",
        "check that github.api_url, or GITHUB_API_URL, names a GitHub API",
    )
    assert expected == list_secrets(scripted(lambda _: httpx.Response(200, json=answer)), _API)


def test_the_same_name_twice(scripted: MakeClient) -> None:
    """Two secrets of one name cannot both be remembered: such a list is none."""
    items = [{"name": name, "updated_at": "2026-11-23T08:00:00Z"} for name in ("a", "A")]
    answer = {"total_count": 2, "secrets": items}
    seen = list_secrets(scripted(lambda _: httpx.Response(200, json=answer)), _API)
    fix = "run it again; if it stays, use another token"
    assert Unreadable(Why.CUT_SHORT, "the list was cut short: something came twice", fix) == seen


@pytest.mark.parametrize(
    "data", [{}, {"key_id": "1", "key": "!"}, {"key_id": "1", "key": "AAAA"}, {"key_id": None, "key": "AAAA"}, []]
)
def test_a_key_that_is_none(scripted: MakeClient, data: object) -> None:
    """A public key of another shape or length seals nothing."""
    client = scripted(lambda _: httpx.Response(200, json=data))
    assert str(_refusal(client)) == (
        "error FF327: acme/api/actions/A: GitHub's answer is not a public key\n"
        "  fix: check that github.api_url, or GITHUB_API_URL, names a GitHub API"
    )


def test_a_key_that_nothing_can_be_sealed_with(world: Sandbox, connect: MakeClient) -> None:
    """It is the refusal of one secret, nothing is sent, and the next write asks for the key again."""
    client = connect()
    world.world.faults.add(Fault("public-key", FaultKind.UNUSABLE_KEY))
    refusal = _refusal(client)
    assert (True, False) == (refusal.certain, client.trace.left)
    assert str(refusal) == (
        "error FF347: acme/api/actions/A: GitHub's public key for this place is not usable: nothing can be sealed with "
        "it\n  fix: run it again; if it stays, report it to GitHub, or check what stands between it and this machine"
    )
    assert _put(client).created


@pytest.mark.parametrize(
    "point",
    [
        *(0, 1, 2**255 - 20, 2**255 - 19, 2**255 - 18),
        325606250916557431795983626356110631294008115727848805560023387167927233504,
        39382357235489614581723060781553021112529911719440698176882885853963445705823,
    ],
)
def test_every_key_that_gives_a_value_away_is_refused(point: int) -> None:
    """Points of a small order, whose box everybody could open, as libsodium knows them: none is sealed with."""
    key = base64.b64encode(point.to_bytes(32, "little")).decode()
    with pytest.raises(RepoError, match="FF347"):
        seal(PublicKey.read({"key_id": "1", "key": key}), SecretValue(_VALUE))


def test_no_error_shows_a_value(world: Sandbox, connect: MakeClient) -> None:
    """Whatever goes wrong with a write, its value and the token are in no message and no chain of exceptions."""
    client = connect()
    value = "sk-ant-" + "api03-" + "x" * 40
    shown = []
    for fault in (
        Fault("^PUT", FaultKind.RESET_AFTER, times=4),
        Fault("^PUT", FaultKind.STATUS, status=422, message=f"no {value}"),
        Fault("public-key", FaultKind.WRONG_KEY, times=2),
        Fault("public-key", FaultKind.UNUSABLE_KEY),
    ):
        world.world.faults.add(fault)
        with pytest.raises(GitHubError) as caught:
            _put(client, "A", value)
        shown.append(f"{caught.value!s} {caught.value!r} {caught.value.__cause__!r}")
    assert [(False, False)] * 4 == [("x" * 40 in text, world.token in text) for text in shown]
