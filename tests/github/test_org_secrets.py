"""Organization secrets on scripted answers: what is asked of whom, and every answer that cannot be believed."""

from collections.abc import Callable
from typing import Any

import httpx
import pytest

from flowforge.github.http import Client
from flowforge.github.org_secrets import body_of, is_free, list_org_secrets, put_viewers
from flowforge.github.problems import RepoError
from flowforge.github.repos import is_organization
from flowforge.plan.action import Why
from flowforge.plan.address import Repo, Scope, Store
from flowforge.plan.audience import Audience, Viewer, Visibility
from flowforge.plan.facts import Listing, Unreadable

ACME = Repo.organization("Acme")
SCOPE = Scope(ACME, Store.DEPENDABOT)
AT = "2026-11-23T08:00:00Z"
Scripted = Callable[..., Client]


def listed(**visibility: str) -> dict[str, Any]:
    """Return a list of secrets as GitHub does."""
    items = [{"name": name, "updated_at": AT, "visibility": each} for name, each in visibility.items()]
    return {"total_count": len(items), "secrets": items}


def viewers(*repos: object) -> dict[str, Any]:
    """Return a list of repos as GitHub does."""
    return {"total_count": len(repos), "repositories": list(repos)}


def answering(scripted: Scripted, answers: dict[str, Any], asked: list[str]) -> Client:
    """Make a client whose server has an answer for each path, and 404 for any other."""

    def handle(request: httpx.Request) -> httpx.Response:
        asked.append(request.url.path)
        found = answers.get(request.url.path)
        return httpx.Response(404, json={"message": "Not Found"}) if found is None else httpx.Response(200, json=found)

    return scripted(handle)


def test_only_the_lists_that_are_wanted_are_asked_for(scripted: Scripted) -> None:
    """Neither of what is not wanted, nor of what everybody sees; a name is wanted in upper case."""
    asked: list[str] = []
    base = "/orgs/Acme/dependabot/secrets"
    answers = {base: listed(a="all", B="selected", C="selected", D="private")}
    answers[f"{base}/B/repositories"] = viewers({"id": 9, "full_name": "acme/z"}, {"id": 4, "full_name": "acme/y"})
    found = list_org_secrets(answering(scripted, answers, asked), SCOPE, {"A", "B", "D", "NOWHERE"})
    expected = Audience.selected([Viewer(Repo.parse("acme/y"), 4), Viewer(Repo.parse("acme/z"), 9)])
    assert (
        Listing(
            dict.fromkeys("ABCD", AT),
            audiences={"A": Audience(Visibility.ALL), "B": expected, "D": Audience(Visibility.PRIVATE)},
        )
        == found
    )
    assert ([base, f"{base}/B/repositories"], (4, 9)) == (asked, expected.ids)


@pytest.mark.parametrize(
    ("first", "second", "why", "detail"),
    [
        (listed(B="selected"), None, Why.NOT_FOUND, "there is no such organization"),
        (listed(B="public"), None, Why.FAILED, "an organization's secret whose visibility is not all, private or"),
        (listed(B="selected"), {"repositories": []}, Why.FAILED, "a list without its total_count"),
        (listed(B="selected"), {"total_count": 2, "repositories": []}, Why.CUT_SHORT, "the list was cut short: 0 of 2"),
        (listed(B="selected"), viewers({"id": 7}), Why.FAILED, "a repo that sees a secret without its id or full_name"),
        (listed(B="selected"), viewers({"id": True, "full_name": "a/b"}), Why.FAILED, "a repo that sees a secret"),
        (listed(B="selected"), viewers({"id": 7, "full_name": "b"}), Why.FAILED, "a repo that sees a secret without"),
    ],
)
def test_what_cannot_be_believed(scripted: Scripted, first: object, second: object, why: Why, detail: str) -> None:
    """No part of an answer is taken for the whole, and no shape but the documented one."""
    base = "/orgs/Acme/dependabot/secrets"
    found = list_org_secrets(answering(scripted, {base: first, f"{base}/B/repositories": second}, []), SCOPE, {"B"})
    assert isinstance(found, Unreadable)
    assert (why, True) == (found.why, found.detail.startswith(detail)), found


def test_a_put_of_a_value_says_who_sees_it() -> None:
    """Of a selected list the ids too, an empty one as well: GitHub would take a missing one for that."""
    audience = Audience.selected([Viewer(Repo.parse("acme/b"), 1), Viewer(Repo.parse("acme/a"), 2)])
    assert {"visibility": "selected", "selected_repository_ids": [1, 2]} == body_of(audience)
    assert {"visibility": "selected", "selected_repository_ids": []} == body_of(Audience(Visibility.SELECTED))
    assert {"visibility": "private"} == body_of(Audience(Visibility.PRIVATE))


def test_a_list_that_is_refused_names_the_permission(scripted: Scripted) -> None:
    """The refusal names the secret and what to give, of each store by its own name."""
    client = scripted(
        lambda _: httpx.Response(403, json={"message": "Resource not accessible by personal access token"})
    )
    for store, noun in (
        (Store.ACTIONS, "organization secrets"),
        (Store.DEPENDABOT, "organization dependabot secrets"),
        (Store.AGENTS, "organization agents secrets"),
    ):
        with pytest.raises(RepoError) as caught:
            put_viewers(client, Scope(ACME, store), "B", [3, 1])
        (problem,) = caught.value.problems
        assert ("FF320", f"orgs/Acme/{store}/B") == (problem.code, problem.where)
        fix = f"give the token (GH_TOKEN) read and write permission for {noun} (classic: the scope admin:org)"
        more = "; not every plan and server has this store" if store is Store.AGENTS else ""
        assert f"{fix}{more}" == problem.fix


@pytest.mark.parametrize(
    ("answer", "expected"),
    [({"plan": {"name": "free"}}, True), ({"plan": {"name": "team"}}, False), ({}, None), (None, None)],
)
def test_whether_an_organization_is_free(scripted: Scripted, answer: object, expected: object) -> None:
    """Its owners are told; to others, nothing is known of it."""
    assert expected is is_free(answering(scripted, {"/orgs/Acme": answer}, []), ACME)


def test_viewers_that_may_not_be_written(scripted: Scripted) -> None:
    """The list itself was seen a moment ago: a 404 of the write is told as what may not be written."""
    client = answering(scripted, {"/orgs/Acme": {"login": "Acme"}}, [])
    with pytest.raises(RepoError) as caught:
        put_viewers(client, SCOPE, "A", [7])
    detail = "no permission: the token sees the organization but may not write its dependabot secrets"
    assert detail == caught.value.no.detail


@pytest.mark.parametrize(("status", "expected"), [(200, True), (404, False), (500, None), (403, None)])
def test_whether_an_account_is_an_organization(scripted: Scripted, status: int, expected: object) -> None:
    """It is one, it is none, or GitHub does not tell this token; none of them stands for another."""
    client = scripted(lambda _: httpx.Response(status, json={"message": "no"} if status > 200 else {}))
    assert expected is is_organization(client, "acme")
