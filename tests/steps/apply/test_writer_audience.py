"""The writer, of what an organization has: its audience goes along, and a list of repos is written alone."""

from dataclasses import replace

import httpx

from flowforge.plan.action import Action, Reason
from flowforge.plan.address import Address, Repo, Scope, Store
from flowforge.plan.audience import Access, Audience, Viewer, Visibility
from flowforge.plan.change import Change
from flowforge.plan.facts import Known, Public
from flowforge.plan.report import Outcome, Result
from flowforge.steps.apply.writer import ScopeWriter
from tests.steps.apply.parts import AT, GitHub, Notes
from tests.steps.apply.test_writer import BEFORE, SCOPE, WEB, creates, record, wanted

ACME = Scope(Repo.organization("acme"))
BOTH = Audience.selected([Viewer(SCOPE.repo, 7), Viewer(WEB.repo, 8)])


def test_an_organizations_secret_has_its_audience(writer: ScopeWriter, github: GitHub, notes: Notes) -> None:
    """It is sent with the value, and recorded, with no repo's id."""
    here = Address(ACME, "NEW")
    change = replace(creates(here), wanted=replace(wanted(here, Known("fp-one")), audience=BOTH))
    entry = {"name": "NEW", "updated_at": AT, "visibility": "selected"}
    github.instead["GET /orgs/acme/actions/secrets"] = [
        httpx.Response(200, json={"total_count": 1, "secrets": [entry]})
    ]
    writer.write_scope(ACME, [change])
    more = {"visibility": "selected", "selected_repository_ids": [7, 8]}
    assert [{"key_id": "1", "value": "the first value", **more}] == github.sent
    assert ("record", here, record(repo_id=0, visibility="selected", repo_ids=(7, 8))) == notes.told[-1]


def test_an_organizations_variable_has_its_audience(writer: ScopeWriter, github: GitHub, notes: Notes) -> None:
    """As a secret has."""
    here = Address(Scope(ACME.repo, Store.VARIABLES), "NEW")
    change = replace(creates(here), wanted=replace(wanted(here, Public("one")), audience=BOTH))
    path, date = "/orgs/acme/actions/variables", {"date": "Mon, 23 Nov 2026 08:00:20 GMT"}
    github.instead[f"POST {path}"] = [httpx.Response(201, headers=date, json={})]
    entry = {"name": "NEW", "value": "one", "updated_at": AT, "visibility": "selected"}
    github.instead[f"GET {path}"] = [httpx.Response(200, json={"total_count": 1, "variables": [entry]})]
    writer.write_scope(here.scope, [change])
    assert [{"name": "NEW", "value": "one", "visibility": "selected", "selected_repository_ids": [7, 8]}] == github.sent
    recorded = record(
        public_key="", fingerprint=Public("one").fingerprint, repo_id=0, visibility="selected", repo_ids=(7, 8)
    )
    assert ("record", here, recorded) == notes.told[-1]


def test_a_list_of_repos_is_written_alone(writer: ScopeWriter, github: GitHub, notes: Notes) -> None:
    """Without a key or a value; the record keeps all but the time and the list."""
    here = Address(ACME, "NEW")
    before = record(repo_id=0, updated_at=BEFORE, visibility="selected", repo_ids=(7,))
    access = Access(Audience(Visibility.SELECTED, (Viewer(SCOPE.repo, 7),)), BOTH, by_list=True)
    change = Change(
        here.of_access,
        Action.UPDATE,
        Reason.ACCESS_CHANGED,
        wanted=replace(wanted(here, Known("fp-one")), audience=BOTH),
        record=before,
        seen_at=BEFORE,
        access=access,
    )
    path = "/orgs/acme/actions/secrets"
    github.listed[path] = {"NEW": AT}
    github.instead[f"PUT {path}/NEW/repositories"] = [
        httpx.Response(204, headers={"date": "Mon, 23 Nov 2026 08:00:20 GMT"})
    ]
    writer.write_scope(ACME, [change])
    assert ([f"PUT {path}/NEW/repositories", f"GET {path}"], [{"selected_repository_ids": [7, 8]}]) == (
        github.asked,
        github.sent,
    )
    assert [
        ("intend", {here: "fp-one"}),
        ("record", here, replace(before, updated_at=AT, repo_ids=(7, 8))),
    ] == notes.told
    assert [Result(here.of_access, Outcome.UPDATED)] == writer.ledger.results()
