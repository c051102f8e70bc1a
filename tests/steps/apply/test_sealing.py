"""Which of the public keys that earlier runs have remembered are used."""

from dataclasses import replace

from flowforge.github.repos import RepoInfo
from flowforge.plan.action import Why
from flowforge.plan.address import Address, Repo, Scope, Store
from flowforge.plan.facts import Listing, Record, Unreadable
from flowforge.steps.apply.sealing import remembered_keys

API, ORG = Repo.parse("acme/api"), Repo.organization("acme")
SCOPE, INSIDE, SHARED = Scope(API), Scope.of_environment(API, "live"), Scope(ORG)
AT, LATER = "2026-03-01T10:00:00Z", "2026-03-02T10:00:00Z"
REPOS = {API: RepoInfo(7, "acme/api", archived=False, can_write=True)}
SEEN = {scope: Listing({}) for scope in (SCOPE, INSIDE, SHARED)}


def record(key: str, written_at: str = AT, repo_id: int = 7) -> Record:
    """Return what is remembered of a secret."""
    return Record("aa", written_at, "ci-key", repo_id, written_at, AT, public_key=key)


def test_each_scope_has_the_key_of_its_newest_write() -> None:
    """A repo, its environments, its stores and an organization have one each; what has none adds nothing."""
    other = Scope(API, Store.DEPENDABOT)
    records = {
        Address(SCOPE, "A"): record("1:new", LATER),
        Address(SCOPE, "B"): record("1:old"),
        Address(SCOPE, "C"): record("", "2026-03-03T10:00:00Z"),
        Address(INSIDE, "A"): record("1:inside"),
        Address(SHARED, "A"): record("1:shared", repo_id=0),
        Address(other, "A"): record("2:other"),
    }
    expected = {SCOPE: "1:new", INSIDE: "1:inside", SHARED: "1:shared", other: "2:other"}
    assert expected == remembered_keys(records, REPOS, {**SEEN, other: Listing({})})


def test_what_is_another_one_now_has_no_key() -> None:
    """A repo with another id, or one that was not looked up; an environment that is to be made; what was not seen."""
    records = {Address(SCOPE, "A"): record("1:a"), Address(INSIDE, "A"): record("1:b")}
    again = {API: replace(REPOS[API], id=8)}
    assert {} == remembered_keys(records, again, SEEN)
    assert {} == remembered_keys(records, {}, SEEN)
    assert {SCOPE: "1:a"} == remembered_keys(records, REPOS, {**SEEN, INSIDE: Listing({}, made=False)})
    assert {INSIDE: "1:b"} == remembered_keys(records, REPOS, {**SEEN, SCOPE: Unreadable(Why.SSO)})
