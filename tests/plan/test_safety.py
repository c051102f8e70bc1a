"""The brakes: just below, at and above each threshold, their exact texts, and the flags that admit them."""

from dataclasses import replace

import pytest

from flowforge.errors import Where
from flowforge.plan.action import Action, Reason
from flowforge.plan.address import Address, Repo, Scope
from flowforge.plan.change import Change
from flowforge.plan.decide import Plan
from flowforge.plan.facts import Presence, Wanted
from flowforge.plan.safety import Allowed, Brake, Estate, LeftBehind, brakes

CALM = Estate(
    managed=100, wanted=100, wanted_present=100, state_file="flowforge.state.json", manifests=("flowforge.yaml",)
)
NO_FLAG = Allowed()
EMPTIED = Brake(
    "FF501",
    "the manifest names no secret at all, and the state remembers 100",
    "--allow-empty",
    "check that the right manifest was read; if it is empty on purpose, add --allow-empty",
)
OTHER_MANIFESTS = Brake(
    "FF502",
    "--prune with another set of manifests than the state was written from (a.yaml, b.yaml; now flowforge.yaml)",
    "--allow-manifest-change",
    "name the same manifests; if the set was changed on purpose, add --allow-manifest-change",
)
DELETES = Brake(
    "FF503",
    "31 secrets would be deleted, more than 30 % of the 100 that are managed",
    "--allow-deletes 31",
    "read the deletions above; if they are right, add --allow-deletes 31",
)
TAKEOVER = Brake(
    "FF504",
    "31 of 100 secrets exist on GitHub and are not remembered, more than 30 %: this is what a lost state looks like",
    "--allow-takeover",
    "the state was looked for at flowforge.state.json: put the right one there; if there never was one, "
    "`flowforge adopt` records these secrets as they are; to overwrite them, add --allow-takeover",
)


def lines(number: int, action: Action, reason: Reason) -> tuple[Change, ...]:
    """Return that many lines of one sort, each of a repo of its own."""
    places = [Address(Scope(Repo.parse(f"acme/{reason}-{n}")), "ANTHROPIC_API_KEY") for n in range(number)]
    wanted = [Wanted(place, Presence.PRESENT, "target", Where("flowforge.yaml", 3, 1)) for place in places]
    return tuple(Change(place, action, reason, wanted=want) for place, want in zip(places, wanted, strict=True))


def deletes(number: int) -> Plan:
    """Return a plan of deletes."""
    return Plan(lines(number, Action.DELETE, Reason.NOT_NAMED))


def takeovers(number: int) -> Plan:
    """Return a plan of secrets that exist and are not remembered."""
    return Plan(lines(number, Action.UPDATE, Reason.NEVER_APPLIED))


@pytest.mark.parametrize(
    "estate", [CALM, Estate(0, 0, 0, "s", ()), replace(CALM, managed=0), replace(CALM, prune=True)]
)
def test_a_plan_that_does_nothing_meets_no_brake(estate: Estate) -> None:
    """Nothing to do is never refused: a full estate, an empty one, a first run, and `--prune`."""
    assert () == brakes(Plan(()), estate, NO_FLAG)


def test_creating_everything_meets_no_brake() -> None:
    """A first apply that creates every secret is what FlowForge is for, and so is rotating every one."""
    plan = Plan((*lines(100, Action.CREATE, Reason.MISSING), *lines(100, Action.UPDATE, Reason.VALUE_CHANGED)))
    assert () == brakes(plan, replace(CALM, managed=0), NO_FLAG)


# Emptied.


@pytest.mark.parametrize(
    ("managed", "wanted", "expected"),
    [
        (100, 0, (EMPTIED,)),
        (1, 0, (replace(EMPTIED, what="the manifest names no secret at all, and the state remembers 1"),)),
        (0, 0, ()),
        (100, 1, ()),
    ],
)
def test_an_emptied_manifest_is_refused(managed: int, wanted: int, expected: tuple[Brake, ...]) -> None:
    """No secret named while the state remembers even one is refused; one named secret is enough to pass."""
    estate = replace(CALM, managed=managed, wanted=wanted, wanted_present=wanted)
    assert expected == brakes(Plan(()), estate, NO_FLAG)


def test_an_emptied_manifest_is_admitted_by_its_flag() -> None:
    """`--allow-empty` admits it, and nothing else does."""
    estate = replace(CALM, wanted=0, wanted_present=0)
    others = Allowed(deletes=1000, takeover=True, manifest_change=True)
    assert ((), (EMPTIED,)) == (brakes(Plan(()), estate, Allowed(empty=True)), brakes(Plan(()), estate, others))


# Another set of manifests.


@pytest.mark.parametrize(
    ("prune", "recorded", "expected"),
    [
        (True, ("a.yaml", "b.yaml"), (OTHER_MANIFESTS,)),
        (False, ("a.yaml", "b.yaml"), ()),
        (True, (), ()),
        (True, ("flowforge.yaml",), ()),
    ],
)
def test_pruning_with_other_manifests_is_refused(
    *, prune: bool, recorded: tuple[str, ...], expected: tuple[Brake, ...]
) -> None:
    """Only `--prune`, only where the state knows its manifests, and only where they are others."""
    assert expected == brakes(Plan(()), replace(CALM, prune=prune, recorded_manifests=recorded), NO_FLAG)


@pytest.mark.parametrize(
    ("now", "number"), [(("b.yaml", "a.yaml"), 0), (("a.yaml",), 1), (("a.yaml", "b.yaml", "c.yaml"), 1)]
)
def test_manifests_are_compared_as_a_set(now: tuple[str, ...], number: int) -> None:
    """The same manifests in another order are the same; one fewer or one more is another set."""
    estate = replace(CALM, prune=True, manifests=now, recorded_manifests=("a.yaml", "b.yaml"))
    assert number == len(brakes(Plan(()), estate, NO_FLAG))


def test_other_manifests_are_admitted_by_their_flag() -> None:
    """`--allow-manifest-change` admits it, and nothing else does."""
    estate = replace(CALM, prune=True, recorded_manifests=("a.yaml", "b.yaml"))
    others = Allowed(deletes=1000, takeover=True, empty=True)
    assert ((), (OTHER_MANIFESTS,)) == (
        brakes(Plan(()), estate, Allowed(manifest_change=True)),
        brakes(Plan(()), estate, others),
    )


# Deletes.


@pytest.mark.parametrize(
    ("number", "managed", "expected"),
    [
        (29, 100, ()),
        (30, 100, ()),
        (31, 100, (DELETES,)),
        (3, 10, ()),
        (
            4,
            10,
            (
                replace(
                    DELETES,
                    what="4 secrets would be deleted, more than 30 % of the 10 that are managed",
                    flag="--allow-deletes 4",
                    fix="read the deletions above; if they are right, add --allow-deletes 4",
                ),
            ),
        ),
        (9, 9, ()),
        (
            12,
            3,
            (
                replace(
                    DELETES,
                    what="12 secrets would be deleted, more than 30 % of the 3 that are managed",
                    flag="--allow-deletes 12",
                    fix="read the deletions above; if they are right, add --allow-deletes 12",
                ),
            ),
        ),
    ],
)
def test_many_deletes_are_refused(number: int, managed: int, expected: tuple[Brake, ...]) -> None:
    """More than 30 % of ten or more is refused; exactly 30 % is not, and nine are read line by line.

    A lost state does not open the gate for many that are declared absent.
    """
    assert expected == brakes(deletes(number), replace(CALM, managed=managed), NO_FLAG)


@pytest.mark.parametrize("action", [action for action in Action if action is not Action.DELETE])
def test_only_deletes_count_as_deletes(action: Action) -> None:
    """What is blocked under `--prune`, or only listed, deletes nothing."""
    assert () == brakes(Plan(lines(100, action, Reason.NOT_NAMED)), CALM, NO_FLAG)


@pytest.mark.parametrize(("allowed", "expected"), [(30, (DELETES,)), (31, ()), (32, ())])
def test_deletes_are_admitted_up_to_the_number_named(allowed: int, expected: tuple[Brake, ...]) -> None:
    """`--allow-deletes N` admits N and no more: a plan that grew since is refused again."""
    assert expected == brakes(deletes(31), CALM, Allowed(deletes=allowed))


def test_deletes_are_not_admitted_by_other_flags() -> None:
    """No other flag admits deletes."""
    assert (DELETES,) == brakes(deletes(31), CALM, Allowed(takeover=True, empty=True, manifest_change=True))


# Take-over.


@pytest.mark.parametrize(
    ("number", "wanted", "expected"),
    [
        (29, 100, ()),
        (30, 100, ()),
        (31, 100, (TAKEOVER,)),
        (3, 10, ()),
        (
            4,
            10,
            (
                replace(
                    TAKEOVER,
                    what="4 of 10 secrets exist on GitHub and are not remembered, more than 30 %: "
                    "this is what a lost state looks like",
                ),
            ),
        ),
        (9, 9, ()),
    ],
)
def test_a_lost_state_is_refused(number: int, wanted: int, expected: tuple[Brake, ...]) -> None:
    """Above 30 % of ten or more wanted secrets there and unknown is refused, with nothing remembered at all."""
    estate = replace(CALM, managed=0, wanted=wanted, wanted_present=wanted)
    assert expected == brakes(takeovers(number), estate, NO_FLAG)


@pytest.mark.parametrize(("number", "share"), [(0, None), (1, ""), (30, ""), (31, ", more than 30 %")])
def test_a_state_that_was_left_behind_admits_no_takeover(number: int, share: str | None) -> None:
    """One secret that it may remember is one too many; the way out is to take the state along."""
    old = LeftBehind("flowforge.state.json", " --to x")
    estate = replace(CALM, managed=0, state_file="repo acme/ops", left_behind=old)
    brake = Brake(
        "FF504",
        f"{number} of 100 secrets exist on GitHub and are not remembered{share}: "
        "their state is still in flowforge.state.json",
        "--allow-takeover",
        "the manifest now names repo acme/ops: take the state there with `flowforge state migrate --to x`",
    )
    assert ((brake,) if share is not None else ()) == brakes(takeovers(number), estate, NO_FLAG)


def test_what_is_to_be_absent_does_not_dilute_the_takeover() -> None:
    """The share is of what is wanted present: a long `absent` list does not hide a lost state."""
    estate = replace(CALM, managed=0, wanted=1000, wanted_present=100)
    assert (TAKEOVER,) == brakes(takeovers(31), estate, NO_FLAG)


def test_a_takeover_is_admitted_by_its_flag() -> None:
    """`--allow-takeover` admits it, and nothing else does."""
    others = Allowed(deletes=1000, empty=True, manifest_change=True)
    assert ((), (TAKEOVER,)) == (
        brakes(takeovers(31), CALM, Allowed(takeover=True)),
        brakes(takeovers(31), CALM, others),
    )


def test_a_limited_plan_is_measured_against_the_whole_estate() -> None:
    """Under `--limit` a few deletes are few: the share is counted before the limit."""
    assert () == brakes(deletes(10), CALM, NO_FLAG)


def test_every_brake_that_holds_is_named_in_a_fixed_order() -> None:
    """All brakes are said at once, so that nobody has to find them one apply after another."""
    plan = Plan((*deletes(31).changes, *takeovers(31).changes))
    estate = replace(CALM, wanted=0, prune=True, recorded_manifests=("a.yaml", "b.yaml"))
    everything = Allowed(deletes=31, takeover=True, empty=True, manifest_change=True)
    assert ((EMPTIED, OTHER_MANIFESTS, DELETES, TAKEOVER), ()) == (
        brakes(plan, estate, NO_FLAG),
        brakes(plan, estate, everything),
    )


def test_repos_that_a_selector_finds_for_the_first_time() -> None:
    """Each group is named with its new repos, at most five of them; a line that writes nothing holds nothing up."""
    news = [f"acme/svc-{number}" for number in range(1, 8)]
    groups = {**dict.fromkeys(news, "group services"), "acme/web": "target All", "acme/old": ""}
    made = []
    for name, group in groups.items():
        place = Address(Scope(Repo.parse(name)), "ANTHROPIC_API_KEY")
        want = Wanted(place, Presence.PRESENT, "t", Where("f", 3, 1), new_to=group)
        made.append(Change(place, Action.CREATE, Reason.MISSING, wanted=want))
    held = replace(made[0], action=Action.BLOCKED, reason=Reason.UNREADABLE)
    brake = Brake(
        "FF505",
        "new to group services, and not admitted yet: acme/svc-1, acme/svc-2, acme/svc-3, acme/svc-4, "
        "acme/svc-5 and 2 more; new to target All, and not admitted yet: acme/web",
        "--allow-new-repos",
        "if they should get it, add --allow-new-repos, or write `auto_admit: true` beside the selector",
    )
    assert (brake,) == brakes(Plan(tuple(made)), CALM, NO_FLAG)
    assert () == brakes(Plan(tuple(made)), CALM, Allowed(new_repos=True))
    assert () == brakes(Plan((held, made[-1])), CALM, NO_FLAG)
    (five,) = brakes(Plan(tuple(made[:5])), CALM, NO_FLAG)
    assert five.what.endswith(": acme/svc-1, acme/svc-2, acme/svc-3, acme/svc-4, acme/svc-5")
