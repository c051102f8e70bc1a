"""The warnings that cost no request."""

from datetime import date, timedelta
from pathlib import Path

import pytest

from flowforge.errors import Where
from flowforge.manifest.model import Credential
from flowforge.manifest.source_spec import SourceSpec
from flowforge.plan.action import Why
from flowforge.plan.address import Address, Repo, Scope
from flowforge.plan.facts import Known, Listing, NotRead, Presence, Record, Remembered, Seen, Unreadable, Wanted
from flowforge.steps.warnings.credential_warnings import ageing, first_seen, shadowed

KEY, TOKEN = "ANTHROPIC_API_KEY", "CLAUDE_CODE_OAUTH_TOKEN"
TODAY = date(2026, 11, 23)
WHERE = Where("flowforge.yaml", 1, 1)


def _scope(repo: str) -> Scope:
    return Scope(Repo.parse(repo))


def _wanted(repo: str, secret: str, credential: str = "c", presence: Presence = Presence.PRESENT) -> Wanted:
    kind = "anthropic_api_key" if secret == KEY else "claude_code_oauth_token"
    address = Address(_scope(repo), secret)
    return Wanted(address, presence, "T", WHERE, credential, kind, Known("hmac-sha256:1"))


def _credential(**changes: object) -> Credential:
    fields: dict[str, object] = {
        "name": "c",
        "type": "anthropic_api_key",
        "secret": KEY,
        "source": SourceSpec("env", {"env": "X"}, WHERE, Path()),
        "expires": None,
        "issued": None,
        "max_age": None,
        "allow_nonstandard": False,
        "where": WHERE,
    }
    return Credential(**{**fields, **changes})  # type: ignore[arg-type]  # -- the fields of one test differ in type


def _by_address(*wanted: Wanted) -> dict[Address, Wanted]:
    return {want.address: want for want in wanted}


@pytest.mark.parametrize(
    ("wanted", "listed", "expected"),
    [
        ([_wanted("acme/a", KEY)], {"acme/a": [TOKEN]}, ["acme/a"]),
        ([_wanted("acme/a", KEY), _wanted("acme/a", TOKEN)], {"acme/a": []}, ["acme/a"]),
        ([], {"acme/a": [KEY, TOKEN, "OTHER"]}, ["acme/a"]),
        ([_wanted("acme/a", TOKEN, presence=Presence.ABSENT)], {"acme/a": [KEY, TOKEN]}, []),
        ([_wanted("acme/a", KEY)], {"acme/a": []}, []),
        ([_wanted("acme/a", KEY), _wanted("acme/b", TOKEN)], {"acme/a": [], "acme/b": []}, []),
    ],
)
def test_a_key_that_shadows_a_token(wanted: list[Wanted], listed: dict[str, list[str]], expected: list[str]) -> None:
    """A repo that has, or would have, both credentials is named; one that loses one of them is not."""
    seen: dict[Scope, Seen] = {_scope(repo): Listing(dict.fromkeys(names, "t")) for repo, names in listed.items()}
    found = list(shadowed(_by_address(*wanted), seen))
    assert found == [f"{repo}: both {KEY} and {TOKEN} are there; Claude ignores {TOKEN}" for repo in expected]


def test_many_shadowed_repos_are_one_warning() -> None:
    """Three repos are named and the others counted; what could not be read is not guessed about."""
    seen: dict[Scope, Seen] = {_scope(f"acme/r{n}"): Listing({KEY: "t", TOKEN: "t"}) for n in range(5)}
    seen[_scope("acme/unread")] = Unreadable(Why.NO_PERMISSION)
    assert list(shadowed(_by_address(_wanted("acme/unread", KEY)), seen)) == [
        f"acme/r0, acme/r1, acme/r2 and 2 more repos: both {KEY} and {TOKEN} are there; Claude ignores {TOKEN}"
    ]


@pytest.mark.parametrize(
    ("changes", "since", "expected"),
    [
        ({"expires": date(2026, 11, 23)}, {}, ["credential c expired on 2026-11-23"]),
        ({"expires": date(2026, 12, 23)}, {}, ["credential c expires on 2026-12-23, in 30 days"]),
        ({"expires": date(2026, 12, 24)}, {}, []),
        ({"type": "claude_code_oauth_token", "issued": date(9999, 12, 31)}, {}, []),
        ({"type": "claude_code_oauth_token", "issued": date(2025, 11, 20)}, {}, ["credential c expired on 2026-11-20"]),
        ({"type": "anthropic_api_key", "issued": date(2020, 1, 1)}, {}, []),
        (
            {"issued": date(2026, 8, 1), "max_age": timedelta(days=90)},
            {},
            ["credential c is 114 days old; its max_age is 90 days"],
        ),
        (
            {"max_age": timedelta(days=90)},
            {"c": "2026-08-01T10:00:00Z"},
            ["credential c is 114 days old; its max_age is 90 days"],
        ),
        ({"max_age": timedelta(days=90)}, {"other": "2020-08-01T10:00:00Z"}, []),
        (
            {"expires": date(2026, 11, 23), "owner": "platform-team"},
            {},
            ["credential c (owner: platform-team) expired on 2026-11-23"],
        ),
        ({"max_age": timedelta(days=114)}, {"c": "2026-08-01T10:00:00Z"}, []),
    ],
)
def test_ages(changes: dict[str, object], since: dict[str, str], expected: list[str]) -> None:
    """Expiry is told 30 days ahead, a setup-token's from its issue; age counts from issue, or first sight."""
    assert list(ageing([_credential(**changes)], since, TODAY)) == expected


def test_first_sight_is_that_of_the_present_value() -> None:
    """The oldest record that holds today's value counts; the one of a value that was rotated away does not."""
    wanted = [_wanted("acme/a", KEY), _wanted("acme/b", KEY), _wanted("acme/c", KEY), _wanted("acme/d", KEY, "skipped")]
    wanted[3] = Wanted(wanted[3].address, Presence.PRESENT, "T", WHERE, "skipped", "anthropic_api_key", NotRead("x"))

    def record(fingerprint: str, since: str) -> Remembered:
        return Remembered(Record(fingerprint, "t", "c", 1, "t", since))

    remembered = {
        wanted[0].address: record("hmac-sha256:1", "2026-05-01T00:00:00Z"),
        wanted[1].address: record("hmac-sha256:1", "2026-04-01T00:00:00Z"),
        wanted[2].address: record("hmac-sha256:0", "2026-01-01T00:00:00Z"),
        wanted[3].address: record("hmac-sha256:0", "2026-02-01T00:00:00Z"),
    }
    assert first_seen(_by_address(*wanted), remembered) == {
        "c": "2026-04-01T00:00:00Z",
        "skipped": "2026-02-01T00:00:00Z",
    }
