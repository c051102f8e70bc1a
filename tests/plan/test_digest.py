"""What a saved plan stands on: its digest moves with anything that means something, and with nothing else."""

from dataclasses import fields, replace
from typing import Any

from hypothesis import given
from hypothesis import strategies as st

from flowforge.errors import Where
from flowforge.plan.action import Action, OnDrift, Reason, Why
from flowforge.plan.address import Address, Repo, Scope
from flowforge.plan.audience import Access, Audience, Viewer, Visibility
from flowforge.plan.change import Change
from flowforge.plan.decide import Plan
from flowforge.plan.digest import digest_of, lines_of
from flowforge.plan.facts import Known, NotRead, Presence, Public, Record, Wanted
from flowforge.plan.staleness import PlanInput, changed_inputs

API = Address(Scope(Repo.parse("acme/api")), "ANTHROPIC_API_KEY")
OURS, LATER = "2026-03-01T10:00:00Z", "2026-03-02T11:30:00Z"
RECORD = Record("hmac-sha256:aa", OURS, "ci-key", 7, OURS, OURS)
WEB, OLD = Viewer(Repo.parse("acme/web"), 8), Viewer(Repo.parse("acme/old"), 9)
LISTED = Access(Audience(Visibility.ALL), Audience.selected([WEB]))
UNSEEN = replace(LISTED, after=Audience(Visibility.SELECTED, (WEB,), frozenset({9})))

values = st.sampled_from((Known("hmac-sha256:aa"), Known("hmac-sha256:bb"), Public("x"), NotRead("--skip-values")))
wanteds = st.none() | st.builds(
    Wanted,
    st.just(API),
    st.sampled_from(Presence),
    st.sampled_from(("All", "Both")),
    st.sampled_from((Where("m", 1, 1), Where("m", 2, 2))),
    st.sampled_from(("ci-key", "other")),
    st.sampled_from(("anthropic_api_key", "claude_code_oauth_token")),
    values,
    st.sampled_from(OnDrift),
    new_to=st.sampled_from(("", "group services")),
)
changes = st.builds(
    Change,
    st.just(API),
    st.sampled_from(Action),
    st.sampled_from(Reason),
    st.sampled_from((None, *Why)),
    st.sampled_from(("", "words")),
    st.sampled_from(("", "words")),
    wanted=wanteds,
    record=st.sampled_from((None, RECORD)),
    seen_at=st.sampled_from(("", OURS, LATER)),
    drift=st.booleans(),
    forgets=st.booleans(),
    makes_environment=st.booleans(),
    access=st.sampled_from((None, LISTED, UNSEEN, replace(LISTED, after=Audience.selected([OLD])))),
    seen_value=st.sampled_from((None, Public("x"), Public("y"))),
)


def meaning(change: Change) -> Change:
    """Return a line without what no plan stands on: words, places in the manifest, and the record."""
    wanted = change.wanted and replace(change.wanted, target="", where=Where(""), value=_meant(change.wanted))
    return replace(change, detail="", fix="", wanted=wanted, record=None)


def _meant(wanted: Wanted) -> Known | NotRead:
    value = wanted.value
    return Known(value.fingerprint) if isinstance(value, Known | Public) else NotRead("")


@given(changes, changes)
def test_the_digest_moves_with_anything_a_line_stands_on(one: Change, other: Change) -> None:
    """Two lines have the same digest if, and only if, they mean the same."""
    same = digest_of(lines_of(Plan((one,)))) == digest_of(lines_of(Plan((other,))))
    assert (meaning(one) == meaning(other)) == same


@given(changes, changes, st.sampled_from([field.name for field in fields(Change)]))
def test_each_field_by_itself(change: Change, other: Change, name: str) -> None:
    """A line in which one thing alone is another one, be it the smallest, has another digest; or means the same."""
    near = replace(change, **{name: getattr(other, name)})
    same = lines_of(Plan((change,))) == lines_of(Plan((near,)))
    assert (meaning(change) == meaning(near)) == same


def test_the_case_of_names_means_nothing() -> None:
    """A repo and an environment are the same in whatever case the manifest writes them."""
    keys: list[str] = []
    for name, environment in (("acme/api", "Production"), ("Acme/API", "production")):
        address = Address(Scope.of_environment(Repo.parse(name), environment), "KEY")
        keys += lines_of(Plan((Change(address, Action.NONE, Reason.IN_SYNC),)))
    assert ["acme/api/environments/production/KEY"] * 2 == keys


BASIS: dict[str, Any] = {
    "state": {"lineage": "x", "serial": 1, "salt": None, "key_id": None, "remembers": ""},
    "github": "https://api.github.com",
    **{key: {} for key in ("flags", "selected", "repos", "unresolved", "brakes", "lines")},
}


@given(changes, changes)
def test_whatever_moves_is_told(one: Change, other: Change) -> None:
    """Where two plans are not the same something is said of it, whatever it is; where they are, nothing."""
    before, now = ({**BASIS, "lines": lines_of(Plan((each,)))} for each in (one, other))
    assert (before != now) == bool(changed_inputs(before, now))


def test_what_follows_alone_is_told_too() -> None:
    """Where nothing but a brake is another one, that is said: no refusal is without a reason."""
    now = {**BASIS, "brakes": {"FF502": "--allow-manifest-change"}}
    told = ((PlanInput.MANIFEST, "brakes.FF502 is --allow-manifest-change, in the plan None"),)
    assert told == changed_inputs(BASIS, now)


def test_a_list_that_can_be_read_again() -> None:
    """An entry whose repos could not be known, or cannot now, is named."""
    cut = {**BASIS, "unresolved": {"target All": "cut_short"}}
    clauses = [clause for _, clause in (*changed_inputs(BASIS, cut), *changed_inputs(cut, BASIS))]
    assert ["which repos target All has cannot be known", "which repos target All has can be known now"] == clauses
