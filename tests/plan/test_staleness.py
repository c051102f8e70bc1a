"""Whether a saved plan was carried out already, and what is said of each input that moved."""

from typing import Any

import pytest

from flowforge.plan.staleness import PlanInput, applied_already, changed_inputs

A = "acme/api/actions/KEY"
STATE: dict[str, Any] = {"lineage": "x", "serial": 1, "salt": None, "key_id": None, "remembers": "r"}
BASIS: dict[str, Any] = {
    "state": STATE,
    "github": "https://api.github.com",
    **{key: {} for key in ("flags", "selected", "repos", "unresolved", "brakes", "lines")},
}
LINE: dict[str, Any] = {
    "action": "none", "presence": "present", "credential": "ci-key", "type": "anthropic_api_key", "on_drift": "fix",
    "fingerprint": "f1", "why": None, "updated_at": "t1", "holds": None, "makes_environment": False,
    "visible_to": None, "to_be_visible_to": None,
}  # fmt: skip


def basis(lines: dict[str, Any] | None = None, **state: object) -> dict[str, Any]:
    """Return what a plan stands on, of these lines, on this state."""
    return {**BASIS, "state": {**STATE, **state}, "lines": lines or {}}


WRITE, DONE = {**LINE, "action": "update"}, LINE
DELETE = {**LINE, "action": "delete", "presence": "absent", "fingerprint": None}
GONE = {**DELETE, "action": "none", "updated_at": None}


@pytest.mark.parametrize("action", ["create", "update"])
@pytest.mark.parametrize(
    ("now", "done"),
    [
        (DONE, True),
        (None, False),
        ({**DONE, "action": "update"}, False),
        ({**DONE, "action": "blocked"}, False),
        ({**DONE, "fingerprint": "f2"}, False),
        ({**DONE, "presence": "absent"}, False),
        ({**DONE, "to_be_visible_to": {"visibility": "all"}}, False),
        ({**DONE, "updated_at": "t2"}, True),
    ],
)
def test_a_write_that_is_done(action: str, now: dict[str, Any] | None, done: bool) -> None:  # noqa: FBT001 -- a table
    """There is nothing left to do of it, and it is the same value for the same repositories."""
    before = basis({A: {**LINE, "action": action}})
    assert done is applied_already(before, basis({A: now} if now else {}, serial=2))


@pytest.mark.parametrize(("now", "done"), [(None, True), (GONE, True), (DELETE, False), ({**DONE}, False)])
def test_a_delete_that_is_done(now: dict[str, Any] | None, done: bool) -> None:  # noqa: FBT001 -- a table
    """The secret is not there any more, whether or not its line is."""
    assert done is applied_already(basis({A: DELETE}), basis({A: now} if now else {}, serial=2))


def test_who_has_done_it() -> None:
    """An apply leaves a later serial of the same state; all that the plan wrote is done, and it wrote something."""
    before = basis({A: WRITE, "b": DELETE})
    assert [True, False, False, False, False, False] == [
        applied_already(before, basis({A: DONE}, serial=2)),
        applied_already(before, basis({A: DONE}, serial=1)),
        applied_already(before, basis({A: DONE}, serial=0)),
        applied_already(before, basis({A: DONE}, serial=2, lineage="y")),
        applied_already(before, basis({A: DONE, "b": DELETE}, serial=2)),
        applied_already(basis({A: DONE}), basis({A: DONE}, serial=2)),
    ]


@pytest.mark.parametrize(
    ("before", "now", "clause"),
    [
        ({}, {"lineage": "y"}, "it is another one, of lineage y; the plan stands on lineage x"),
        ({}, {"lineage": "y", "serial": 0}, "there is none, the plan stands on serial 1 of lineage x"),
        ({"serial": 0}, {"lineage": "y"}, "there is one now (lineage y), and there was none"),
        (
            {},
            {"lineage": "y", "key_id": "k", "serial": 2},
            "it is another one, of lineage y; the plan stands on lineage x",
        ),
        ({}, {"key_id": "k"}, "a state key is given, and the plan was made without one"),
        ({"key_id": "k"}, {}, "no state key is given"),
        (
            {"key_id": "k"},
            {"key_id": "l", "serial": 2},
            "the state key is another one (key_id l), the plan was made under k",
        ),
        ({}, {"serial": 2, "remembers": "s"}, "its serial is 2, the plan stands on 1"),
        ({}, {"remembers": "s"}, "it remembers something else at the same serial 1"),
    ],
)
def test_the_state(before: dict[str, Any], now: dict[str, Any], clause: str) -> None:
    """One clause, the one that explains the others."""
    assert ((PlanInput.STATE, clause),) == changed_inputs(basis(**before), basis(**now))


ALL: dict[str, Any] = {"visibility": "all", "repos": [], "hidden": []}
PRIVATE = {**ALL, "visibility": "private"}
SOME = {"visibility": "selected", "repos": ["acme/api", "acme/web"], "hidden": [9]}
OTHERS = {**SOME, "repos": ["acme/old", "acme/web"]}
UNSEEN = {**SOME, "hidden": [8]}


@pytest.mark.parametrize(
    ("before", "now", "expected"),
    [
        ({}, {"credential": "other"}, (PlanInput.MANIFEST, ": credential is other, in the plan ci-key")),
        ({}, {"type": "t"}, (PlanInput.MANIFEST, ": type is t, in the plan anthropic_api_key")),
        ({}, {"on_drift": "keep"}, (PlanInput.MANIFEST, ": on_drift is keep, in the plan fix")),
        (
            {},
            {"presence": "absent", "credential": None, "type": None, "fingerprint": None},
            (PlanInput.MANIFEST, " is to be absent, in the plan to be present"),
        ),
        ({}, {"presence": None}, (PlanInput.MANIFEST, " is not named, in the plan to be present")),
        ({}, {"fingerprint": "f2"}, (PlanInput.VALUE, "has another value")),
        ({}, {"fingerprint": None}, (PlanInput.VALUE, "has no value")),
        ({"fingerprint": None}, {}, (PlanInput.VALUE, "has a value now, and had none in the plan")),
        ({}, {"updated_at": "t2"}, (PlanInput.GITHUB, " was changed at t2, the plan saw t1")),
        ({}, {"updated_at": None}, (PlanInput.GITHUB, " is gone")),
        ({"updated_at": None}, {}, (PlanInput.GITHUB, " exists since t1, and was missing in the plan")),
        ({}, {"holds": "x"}, (PlanInput.GITHUB, " was changed at t1, the plan saw t1")),
        ({}, {"why": "sso", "updated_at": None}, (PlanInput.GITHUB, " cannot be read: sso")),
        ({"why": "sso"}, {}, (PlanInput.GITHUB, " can be read now (sso in the plan)")),
        ({"why": "sso"}, {"why": "hidden"}, (PlanInput.GITHUB, " cannot be read: hidden, in the plan sso")),
        ({}, {"makes_environment": True}, (PlanInput.GITHUB, ": its environment is missing")),
        ({"makes_environment": True}, {}, (PlanInput.GITHUB, ": its environment is there now")),
        (
            {"visible_to": ALL},
            {"visible_to": PRIVATE},
            (PlanInput.GITHUB, ": it is visible to private repositories, in the plan all repositories"),
        ),
        (
            {"visible_to": SOME},
            {"visible_to": OTHERS},
            (PlanInput.GITHUB, ": it is visible to other 3 selected repositories than in the plan"),
        ),
        (
            {"to_be_visible_to": None},
            {"to_be_visible_to": SOME},
            (PlanInput.MANIFEST, ": it is to be visible to 3 selected repositories, in the plan nobody"),
        ),
        (
            {"to_be_visible_to": SOME},
            {"to_be_visible_to": OTHERS},
            (PlanInput.MANIFEST, ": it is to be visible to other 3 selected repositories than in the plan"),
        ),
        (
            {"to_be_visible_to": SOME},
            {"to_be_visible_to": UNSEEN},
            (PlanInput.GITHUB, ": other repositories than in the plan are not shown to this token"),
        ),
    ],
)
def test_a_line(before: dict[str, Any], now: dict[str, Any], expected: tuple[PlanInput, str]) -> None:
    """Each of its fields is told as what moved it, once."""
    input_, clause = expected
    where = f"the credential ci-key of {A} " if input_ is PlanInput.VALUE else A
    found = changed_inputs(basis({A: {**LINE, **before}}), basis({A: {**LINE, **now}}))
    assert ((input_, where + clause),) == found


def test_another_state_makes_other_fingerprints() -> None:
    """Under another salt or key a value looks like another one, and that is not said of it."""
    for state in ({"lineage": "y"}, {"key_id": "k"}):
        found = changed_inputs(basis({A: LINE}), basis({A: {**LINE, "fingerprint": "f2"}}, **state))
        assert [PlanInput.STATE] == [each for each, _ in found]


@pytest.mark.parametrize(
    ("before", "now", "expected"),
    [
        ({}, {A: LINE}, ((PlanInput.MANIFEST, f"{A} is named now"),)),
        ({A: LINE}, {}, ((PlanInput.MANIFEST, f"{A} is no longer named"),)),
    ],
)
def test_a_line_that_is_new_or_gone(
    before: dict[str, Any], now: dict[str, Any], expected: tuple[tuple[PlanInput, str], ...]
) -> None:
    """The manifest names it, or does not any more; one of a selector's repo is told of the selector."""
    assert expected == changed_inputs(basis(before), basis(now))
    found = {"target T": {"acme/api": 7}}
    one, other = ({**basis(each), "selected": found if each else {}} for each in (before, now))
    said = "finds acme/api, too" if now else "no longer finds acme/api"
    assert ((PlanInput.GITHUB, f"the selector of target T {said}"),) == changed_inputs(one, other)


def test_repos_and_hosts() -> None:
    """Another host, another repository under a name, by a selector or without; a new one is told by its lines."""
    now = {
        **BASIS,
        "github": "https://ghe.acme.test/api/v3",
        "repos": {"acme/api": 8, "acme/new": 9},
        "selected": {"target T": {"acme/web": 6}},
    }
    before = {**BASIS, "repos": {"acme/api": 7}, "selected": {"target T": {"acme/web": 5}}}
    assert (
        (PlanInput.GITHUB, "acme/api is another repository: its id is 8, the plan saw 7"),
        (PlanInput.GITHUB, "acme/web is another repository: its id is 6, the plan saw 5"),
        (PlanInput.GITHUB, "it is https://ghe.acme.test/api/v3, the plan was made for https://api.github.com"),
    ) == changed_inputs(before, now)


@pytest.mark.parametrize("key", ["flags", "brakes"])
def test_what_follows(key: str) -> None:
    """It is told only where nothing else is."""
    now = {**BASIS, key: {"x": "y"}}
    assert ((PlanInput.MANIFEST, f"{key}.x is y, in the plan None"),) == changed_inputs(BASIS, now)
    assert [PlanInput.STATE] == [each for each, _ in changed_inputs(BASIS, {**now, "state": {**STATE, "serial": 2}})]
