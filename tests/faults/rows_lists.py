"""Lists that change while they are paged, or have no end. The pages are made small, so that two repos have several."""

from collections.abc import Callable
from functools import partial
from typing import Final

from flowforge.sandbox import Fault
from flowforge.sandbox import FaultKind as Kind
from tests.faults.bench import FOREVER, MANIFEST, Bench
from tests.faults.row import (
    API_OLD,
    BOTH_CHANGED,
    BOTH_OLD,
    INCOMPLETE,
    WEB_OLD,
    WEB_ONLY_BLOCKED,
    Expected,
    Given,
    Row,
    faults,
)

LIST_API: Final = r"^GET /repos/acme/api/actions/secrets\?per_page=100$"
LIST_REPOS: Final = r"^GET /orgs/acme/repos\?type=all&per_page=100$"
LIST_TEAM: Final = r"^GET /orgs/acme/teams/core/repos\?per_page=100$"
READINGS: Final = 5


def _after(bench: Bench, match: str, *verbs: Callable[[], object]) -> None:
    """Do something after the first page of each of so many readings of a list, whose pages have one item."""
    left = iter(verbs)

    def then() -> None:
        next(left)()

    bench.world.settings.per_page = 1
    bench.fault(match, Fault("", Kind.THEN, len(verbs), then=then))


def _secrets_go(readings: int) -> Given:
    """Have a secret that stands before ours leave in each of so many readings."""

    def given(bench: Bench) -> None:
        names = [f"AAA_{number}" for number in range(readings)]
        for name in names:
            bench.world.set_secret("acme/api", name, "not ours")
        _after(bench, LIST_API, *(partial(bench.world.delete_secret, "acme/api", name) for name in names))

    return given


def _repos_go(readings: int, choice: str) -> Given:
    """Have a repo that stands before ours leave in each of so many readings. choice: what the manifest says of repos."""

    def given(bench: Bench) -> None:
        names = [f"acme/zoo-{number}" for number in range(readings)]
        for name in names:
            bench.world.create_repo(name)
        text = MANIFEST.replace("repos: [acme/api, acme/web]", choice)
        keep = "groups: {keep: {select: {org: acme, name: web}}}\n" if "@keep" in choice else ""
        (bench.folder / "flowforge.yaml").write_text(text + keep, encoding="utf-8")
        _after(bench, LIST_REPOS, *(partial(bench.world.delete_repo, name) for name in reversed(names)))

    return given


def _member_goes(bench: Bench) -> None:
    """Have a repo leave that stands before ours in the list of a team, which the manifest selects."""
    bench.world.create_repo("acme/aaa")
    bench.world.create_team("acme", "core", ["aaa", "api", "web"])
    text = MANIFEST.replace("repos: [acme/api, acme/web]", "select: {org: acme, team: core, name: [api, web]}")
    (bench.folder / "flowforge.yaml").write_text(text, encoding="utf-8")
    _after(bench, LIST_TEAM, partial(bench.world.delete_repo, "acme/aaa"))


def _exclude_nobody(bench: Bench) -> None:
    (bench.folder / "flowforge.yaml").write_text(MANIFEST, encoding="utf-8")


NEVER_THE_SAME: Final = "the list was cut short: it changed each time it was read"
EXCLUDING: Final = 'repos: [acme/api, acme/web]\n    exclude: ["@keep"]'

ROWS: Final = (
    Row("another secret goes between two pages of a list", "apply", Expected(), _secrets_go(1)),
    Row(
        "a list of secrets that changes each time it is read",
        "plan",
        Expected(
            (
                "~ acme/web  ANTHROPIC_API_KEY  ci-key  value changed",
                f"! acme/api  ANTHROPIC_API_KEY  ci-key  {NEVER_THE_SAME}",
                "    fix: run it again in a while",
                "Plan: 0 to create, 1 to update, 0 to delete, 0 in sync, 1 blocked.",
                INCOMPLETE,
            ),
            3,
            BOTH_OLD,
            BOTH_CHANGED,
        ),
        _secrets_go(READINGS),
    ),
    Row(
        "a list of secrets that changes each time it is read",
        "apply",
        Expected(
            (
                f"! acme/api  ANTHROPIC_API_KEY  ci-key  {NEVER_THE_SAME}",
                "    fix: run it again in a while",
                INCOMPLETE,
                WEB_ONLY_BLOCKED,
            ),
            3,
            API_OLD,
            "api: update, value_changed; web: in sync",
        ),
        _secrets_go(READINGS),
    ),
    Row(
        "a list of secrets that has no end",
        "apply",
        Expected(
            (
                "waiting 60 s to stay within GitHub's rate limit",
                "! acme/api  ANTHROPIC_API_KEY  ci-key  the list was cut short: it has more than 1,000 pages",
                "    fix: run it again; if it stays, use another token",
                INCOMPLETE,
                WEB_ONLY_BLOCKED,
            ),
            3,
            API_OLD,
            "api: update, value_changed; web: in sync",
        ),
        faults("^GET /repos/acme/api/actions/secrets[?]", Fault("", Kind.ENDLESS, FOREVER)),
    ),
    Row(
        "another repo goes between two pages of the list that an excluded group is found in",
        "apply",
        Expected(
            (
                "  acme/web  ANTHROPIC_API_KEY          no longer in the manifest",
                (
                    "    fix: `flowforge apply --prune` deletes it; "
                    "`flowforge state forget acme/web/actions/ANTHROPIC_API_KEY` leaves it there for good"
                ),
                "Done: 0 created, 1 updated, 0 deleted, 0 failed, 0 blocked.",
            ),
            0,
            WEB_OLD,
            "api: in sync; web: none, not_named",
        ),
        _repos_go(1, EXCLUDING),
        repair=_exclude_nobody,
    ),
    Row(
        "the list that an excluded group is found in changes each time it is read",
        "apply",
        Expected(
            (
                f"! acme/api  ANTHROPIC_API_KEY  ci-key  {NEVER_THE_SAME}",
                f"! acme/web  ANTHROPIC_API_KEY  ci-key  {NEVER_THE_SAME}",
                "    fix: run it again in a while",
                f"! target All (flowforge.yaml:7:5)  its repositories are not known: {NEVER_THE_SAME}",
                "    fix: run it again in a while",
                "No changes found; 1 entry without known repos, 2 blocked.",
                INCOMPLETE,
                "Not all done: 0 created, 0 updated, 0 deleted, 0 failed, 2 blocked.",
            ),
            3,
            BOTH_OLD,
            "api: update, value_changed; web: none, not_named",
        ),
        _repos_go(READINGS, EXCLUDING),
        repair=_exclude_nobody,
    ),
    Row(
        "another repo goes between two pages of the list that a selector stands on",
        "apply",
        Expected(),
        _repos_go(1, "select: {org: acme, name: [api, web]}"),
        more=("--prune",),
    ),
    Row(
        "another repo goes between two pages of a team's list that a selector stands on",
        "apply",
        Expected(),
        _member_goes,
        more=("--prune",),
    ),
)
