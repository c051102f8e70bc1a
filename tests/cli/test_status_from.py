"""`flowforge status --from`: the reports of several hosts and owners on one page, and what is no such report."""

import json
from typing import TYPE_CHECKING, Any

import pytest

from tests.made_status import credential, secret, status
from tests.render import hostile

if TYPE_CHECKING:
    from tests.cli.conftest import Done, Fleet


def write(fleet: "Fleet", name: str, document: object) -> str:
    """Write a report, and return its name."""
    (fleet.folder / name).write_text(json.dumps(document), encoding="utf-8")
    return name


def joined(fleet: "Fleet", *names: str, args: tuple[str, ...] = (), code: int = 0) -> Any:  # noqa: ANN401 -- JSON
    """Return the document of these reports together. GitHub is asked nothing, and there is no manifest."""
    fleet.requests()
    done = fleet.flowforge("status", *(part for name in names for part in ("--from", name)), "--format", "json", *args)
    assert (code, {}) == (done.code, fleet.requests()), done.err
    return json.loads(done.out)


def refused(fleet: "Fleet", *names: str, args: tuple[str, ...] = ()) -> "Done":
    """Join reports, which must end with 1 before anything is asked."""
    fleet.requests()
    done = fleet.flowforge("status", *(part for name in names for part in ("--from", name)), *args)
    assert (1, {}) == (done.code, fleet.requests()), done.err
    return done


def one(number: int, days: int | None = None, **other: Any) -> dict[str, Any]:  # noqa: ANN401 -- members of the document
    """Return a report with one secret, of a credential that all share."""
    key = credential("key", days, **({"expires_at": f"2026-12-{days:02}"} if days else {}))
    return {**status(0), "credentials": [key], "secrets": [secret(number, "alive", credential="key")], **other}


def test_owners_of_one_host(fleet: "Fleet") -> None:
    """One host keeps its names. A credential that is described alike is one line, of the one that expires first."""
    names = [write(fleet, "a.json", one(1, 20)), write(fleet, "b.json", one(2, 5))]
    found = joined(fleet, *names)
    (key,) = found["credentials"]
    assert ("github.com", 6, 7, "2026-12-05") == (found["host"], key["places"], key["days_left"], key["expires_at"])
    assert ["acme/api-0001", "acme/api-0002"] == [each["repo"] for each in found["secrets"]]
    assert (True, []) == (found["complete"], found["warnings"])


def test_two_hosts_with_the_same_names(fleet: "Fleet") -> None:
    """The host stands before each name, and nothing of one host is taken for the other's."""
    names = [write(fleet, "a.json", one(1)), write(fleet, "b.json", one(1, host="ghe.acme.test"))]
    found = joined(fleet, *names)
    assert ["ghe.acme.test/key", "github.com/key"] == [each["name"] for each in found["credentials"]]
    assert [
        ("ghe.acme.test/acme/api-0001/actions/ANTHROPIC_API_KEY", "ghe.acme.test/acme/api-0001", "ghe.acme.test/key"),
        ("github.com/acme/api-0001/actions/ANTHROPIC_API_KEY", "github.com/acme/api-0001", "github.com/key"),
    ] == [(each["address"], each["repo"], each["credential"]) for each in found["secrets"]]
    assert found["host"] is None


def test_what_is_joined_can_be_joined_and_posted(fleet: "Fleet") -> None:
    """The document is one of a status: it fits the schema, and comes out as it went in."""
    names = [write(fleet, "a.json", one(1)), write(fleet, "b.json", one(2, 5))]
    found = joined(fleet, *names)
    assert found == joined(fleet, write(fleet, "both.json", found))
    done = fleet.flowforge("status", "--from", "both.json", "--format", "html")
    assert (0, True) == (done.code, "acme/api-0002" in done.out)


def test_days_are_counted_from_the_newest_report(fleet: "Fleet") -> None:
    """An older report's days are fewer by now; it is named, and one that is incomplete makes the whole so."""
    names = [write(fleet, "a.json", one(1, 20, today="2026-11-20", complete=False)), write(fleet, "b.json", one(2))]
    found = joined(fleet, *names)
    assert ("2026-11-28", False, 22) == (found["today"], found["complete"], found["credentials"][0]["days_left"])
    assert ["a.json is of 2026-11-20, 8 days before the newest"] == found["warnings"]


def test_the_exit_code_is_that_of_all(fleet: "Fleet") -> None:
    """What is dead, expiring or changed in one report is so in all of them together."""
    dead = {**one(2, 5), "secrets": [secret(2, "dead", credential="key", state="drifted")]}
    names = [write(fleet, "a.json", one(1)), write(fleet, "b.json", dead)]
    for args in (("--fail-on-dead",), ("--fail-on-failing",), ("--expect-in-sync",), ("--fail-on-expiring", "7d")):
        joined(fleet, names[0], args=args)
        joined(fleet, *names, args=args, code=3)
    joined(fleet, *names, args=("--fail-on-expiring", "6d"))


def test_owner_of(fleet: "Fleet") -> None:
    """What a person looks after on every host; a name that nobody has names those that are there."""
    mine = {**one(2), "credentials": [credential("key", None, owner="ada")]}
    names = [write(fleet, "a.json", one(1)), write(fleet, "b.json", mine)]
    found = joined(fleet, *names, args=("--owner-of", "ada"))
    assert (["ada"], ["acme/api-0002"]) == (
        [each["owner"] for each in found["credentials"]],
        [each["repo"] for each in found["secrets"]],
    )
    assert "FF037" in refused(fleet, *names, args=("--owner-of", "bob")).err


def test_a_secret_of_two_reports(fleet: "Fleet") -> None:
    """It would be counted twice: both files and the secret are named. A file that is given twice is read once."""
    names = [write(fleet, "a.json", one(1)), write(fleet, "b.json", one(1))]
    assert (
        'error FF039: "b.json" and "a.json" have a secret in common\n'
        "  why: it is acme/api-0001/actions/ANTHROPIC_API_KEY\n"
        "  fix: give one report of each owner, and the newest\n"
    ) == refused(fleet, *names).err
    assert joined(fleet, "a.json", "a.json") == joined(fleet, "a.json")


@pytest.mark.parametrize(
    ("document", "why"),
    [
        ({"format": "flowforge.plan", "version": 1}, 'its format is "flowforge.plan"'),
        ({"format": "flowforge.status", "version": 2}, "its version is 2, and this FlowForge knows 1"),
        ({"format": "flowforge.status", "version": 1}, "it does not fit its schema at / (required)"),
        (one(1, today="2026-02-30"), "a day in it is no day"),
        ({**one(1), "credentials": [credential("key", 1, expires_at="soon")]}, "a day in it is no day"),
    ],
)
def test_what_is_no_report_of_a_status(fleet: "Fleet", document: object, why: str) -> None:
    """It is named, beside one that is."""
    names = [write(fleet, "a.json", one(2)), write(fleet, "b.json", document)]
    assert f'error FF803: "b.json" is no report that can be joined\n  why: {why}\n' in refused(fleet, *names).err


def test_a_file_that_is_not_there(fleet: "Fleet") -> None:
    """The report of a host that is missing is an error, and no smaller fleet."""
    assert 'error FF800: the report "b.json" cannot' in refused(fleet, write(fleet, "a.json", one(1)), "b.json").err


@pytest.mark.parametrize("option", [("-m", "other.yaml"), ("--owner", "acme"), ("-l", "acme/*"), ("--exclude", "a/*")])
def test_it_stands_alone(fleet: "Fleet", option: tuple[str, str]) -> None:
    """What chooses among the lines of a manifest would be ignored: it is refused."""
    assert "error FF038: --from reads" in refused(fleet, write(fleet, "a.json", one(1)), args=option).err


def test_hostile_names_make_no_line(fleet: "Fleet") -> None:
    """Whoever wrote a report, its texts are texts: there are as many lines as plain names make."""
    counted = []
    for names in (hostile.NAMES, [f"plain{number}" for number in range(len(hostile.NAMES))]):
        document = hostile.status(names)
        for each in document["credentials"]:
            each["expires_at"] = None
        done = fleet.flowforge("status", "--from", write(fleet, "a.json", document), "-v")
        lines = done.out.splitlines()
        assert (0, []) == (done.code, [line for line in lines if line.startswith("::") or "##[" in line]), done.err
        counted.append(len(lines))
    assert counted[0] == counted[1]
