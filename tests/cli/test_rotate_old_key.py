"""The old key at the end of a rotation: told, waited for and switched off, over real HTTP to both ends."""

import json
from dataclasses import dataclass
from pathlib import Path

import pytest

from flowforge.sandbox import Fault, FaultKind
from tests.cli.conftest import Done, Fleet
from tests.cli.verifying import ADMIN, ORGANIZATION, admin_key, known, serve, verifying
from tests.cli.walking import who_has
from tests.outgoing import Sent, record

HOUR = 3600.0
AT_ONCE = ("rotate", "ci-key", "--yes", "--batch", "rest")
QUIET = (*AT_ONCE, "--quiet-for", "24h")


@dataclass(frozen=True)
class Replaced:
    """A fleet of two repos that hold an old key whose id the state has recorded, with a new one at its source."""

    fleet: Fleet
    old: str
    new: str
    old_id: str
    admin: str
    sent: list[Sent]

    def use(self, *, old: float | None = None, new: float | None = 0.0) -> None:
        """Let the keys have been used, so many hours ago."""
        for text, ago in ((self.old, old), (self.new, new)):
            if ago is not None:
                self.fleet.sandbox.world.use_anthropic_key(text, ago=ago * HOUR)

    def rotate(self, *args: str) -> Done:
        """Run a rotation that nobody asks about."""
        return self.fleet.flowforge(*args)

    @property
    def status(self) -> str:
        """The old key's status at Anthropic."""
        return self.fleet.sandbox.world.anthropic_keys[self.old].status

    @property
    def posts(self) -> list[str]:
        """What was sent to Anthropic that is no GET."""
        return [each.target for each in self.sent if each.host == "anthropic" and each.method != "GET"]

    @property
    def is_open(self) -> bool:
        """Whether the state has a rotation."""
        return "rotations" in json.loads(Path("flowforge.state.json").read_text("utf-8"))


@pytest.fixture
def replaced(fleet: Fleet) -> Replaced:
    """Return one, on a sandbox whose clock stands at half past an hour."""
    world = fleet.sandbox.world
    world.clock.advance(HOUR - world.clock.now() % HOUR + HOUR / 2)
    serve(fleet)
    verifying(fleet)
    admin, old = admin_key(), known(fleet, name="of last year")
    world.add_anthropic_key(admin, organization=ORGANIZATION)
    fleet.monkeypatch.setenv(ADMIN, admin)
    assert 0 == fleet.flowforge("apply", "--yes").code
    fleet.later()
    new = known(fleet, name="of this year")
    return Replaced(fleet, old, new, world.anthropic_keys[old].id, admin, record(fleet.sandbox))


def test_it_is_told_by_its_recorded_id(replaced: Replaced) -> None:
    """The walk overwrites the records that have the id, and yet the end names the key; nothing is sent that changes."""
    done = replaced.rotate("rotate", "ci-key", "--yes", "--batch", "1,rest", "--canary-command", "true")
    assert (0, []) == (done.code, replaced.posts), done
    assert f'The old key is {replaced.old_id} ("of last year", active).' in done.lines
    assert not replaced.is_open


def test_not_quiet_then_quiet_then_off(replaced: Replaced) -> None:
    """Exit 3 and the time of the next try while it is used; the same command ends it and switches it off then."""
    replaced.use(old=2.0)
    off = (*QUIET, "--deactivate", replaced.old_id)
    first = replaced.rotate(*off)
    assert (3, True, []) == (first.code, replaced.is_open, replaced.posts), first
    assert {"new": 2, "other": 3} == who_has(replaced.fleet, replaced.old, replaced.new)  # three have no secret
    (line,) = [line for line in first.lines if line.startswith("The same command goes on, from 2")]
    assert any(each.startswith("It is not quiet: it was used between") for each in first.lines)
    replaced.fleet.sandbox.world.clock.advance(25 * HOUR)
    replaced.use()
    done = replaced.rotate(*off)
    assert (0, False, "inactive") == (done.code, replaced.is_open, replaced.status), (line, done)
    assert [f"/v1/organizations/api_keys/{replaced.old_id}"] == replaced.posts
    assert "It is switched off. That can be taken back, at https://platform.claude.com/settings/keys." in done.lines
    again = replaced.rotate(*off, "--old-key", replaced.old_id, "--format", "json")
    assert (0, 1) == (again.code, len(replaced.posts)), again
    # A run that wrote nothing has a document all the same.
    found = json.loads(again.out)
    assert ("flowforge.report", {}, True) == (found["format"], found["counts"], found["rotation"]["ended"])


@pytest.mark.parametrize("status", ["inactive", "archived"])
def test_somebody_else_switched_it_off(replaced: Replaced, status: str) -> None:
    """In the middle of the walk too: it is told, nothing is sent, and nobody is sent to switch it off once more."""
    done = replaced.rotate("rotate", "ci-key", "--yes", "--batch", "1,rest", "--canary-command", "false")
    assert 3 == done.code
    replaced.fleet.sandbox.world.anthropic_keys[replaced.old].status = status
    done = replaced.rotate("rotate", "ci-key", "--yes", "--no-canary")
    assert (0, []) == (done.code, replaced.posts), done
    assert f'The old key is {replaced.old_id} ("of last year", {status}).' in done.lines
    assert not any(line.startswith("The old key stays valid") for line in done.lines)


def test_quiet_alone_switches_nothing_off(replaced: Replaced) -> None:
    """--quiet-for with --yes ends the rotation, and the key stays for a person."""
    replaced.use()
    done = replaced.rotate(*QUIET)
    assert (0, False, "active", []) == (done.code, replaced.is_open, replaced.status, replaced.posts), done
    assert any(line.startswith("The old key stays valid until") for line in done.lines)


@pytest.mark.parametrize(
    ("kind", "said"),
    [
        ("another id", "--deactivate does not name it"),
        ("used", "It is not quiet: it was used"),
        ("late", "It is not quiet: the report of usage may be late"),
        ("refused", "It is not quiet: its usage cannot be read"),
        ("in another credential", "the value of credential other begins and ends as it does, and may be it"),
        ("unread", "not all values of today were read: credential other"),
    ],
)
def test_it_is_not_switched_off(replaced: Replaced, kind: str, said: str) -> None:
    """Whatever speaks against it, nothing is sent, the exit code is 3, and the rotation stays open for it."""
    fleet, world = replaced.fleet, replaced.fleet.sandbox.world
    replaced.use(old=1.0 if kind == "used" else None, new=None if kind == "late" else 0.0)
    named = world.anthropic_keys[replaced.new].id if kind == "another id" else replaced.old_id
    if kind == "refused":
        world.faults.add(Fault("usage_report", FaultKind.STATUS, status=403, times=9))
    if kind in {"in another credential", "unread"}:
        fleet.monkeypatch.setenv("OTHER", replaced.old if kind == "in another credential" else "")
        other = "  other: {type: anthropic_api_key, from: {env: OTHER}}\ntargets:"
        text = Path("flowforge.yaml").read_text("utf-8").replace("targets:", other)
        fleet.manifest(f"{text}  - {{name: More, repos: [acme/repo-003], credential: other}}\n")
    done = replaced.rotate(*QUIET, "--deactivate", named)
    assert (3, True, [], "active") == (done.code, replaced.is_open, replaced.posts, replaced.status), done
    assert said in done.out, done


def test_a_place_that_was_changed_by_hand(replaced: Replaced) -> None:
    """What somebody wrote there since may be the old key: it is named, and nothing is sent."""
    replaced.use(old=1.0)
    off = (*QUIET, "--deactivate", replaced.old_id)
    assert 3 == replaced.rotate(*off).code
    replaced.fleet.later()
    replaced.fleet.sandbox.world.set_secret("acme/repo-001", "ANTHROPIC_API_KEY", replaced.old)
    replaced.fleet.sandbox.world.clock.advance(26 * HOUR)
    replaced.use()
    done = replaced.rotate(*off)
    assert (3, [], True) == (done.code, replaced.posts, replaced.is_open), done
    assert "it may still be in acme/repo-001/actions/ANTHROPIC_API_KEY" in done.out


@pytest.mark.parametrize(
    ("code", "args"),
    [
        ("FF295", ("--old-key", "old")),
        ("FF295", ("--deactivate", "apikey_", "--quiet-for", "24h")),
        ("FF916", ("--deactivate", "apikey_1")),
        ("FF916", ("--quiet-for", "60w")),
        ("FF913", ("--quiet-for", "24h", "--now")),
        ("FF913", ("--quiet-for", "24h", "--deactivate", "apikey_1", "--back")),
    ],
)
def test_what_is_refused_first(replaced: Replaced, code: str, args: tuple[str, ...]) -> None:
    """What could not be done at the end is refused before anything is written."""
    done = replaced.fleet.refused(*AT_ONCE, *args)
    assert (1, 1) == (done.code, done.err.count(code)), done


def test_an_id_that_anthropic_does_not_know(replaced: Replaced) -> None:
    """It names no key, and the error names it, before anything is written; where nobody answers, nothing is said."""
    done = replaced.fleet.refused(*AT_ONCE, "--old-key", "apikey_01nobody")
    assert (1, "error FF915") == (done.code, done.err.split(":")[0]), done
    assert '"apikey_01nobody"' in done.err
    replaced.fleet.sandbox.world.faults.add(Fault("api_keys/", FaultKind.STATUS, status=500, times=9))
    assert 0 == replaced.rotate(*AT_ONCE, "--old-key", "apikey_01nobody").code


@pytest.mark.parametrize("option", [("--old-key", "apikey_1"), ("--old-key", "apikey_1", "--now")])
def test_an_id_without_an_admin_key(replaced: Replaced, option: tuple[str, ...]) -> None:
    """Nobody would look it up, so that it is refused, and not dropped."""
    replaced.fleet.monkeypatch.delenv(ADMIN)
    done = replaced.fleet.refused("rotate", "ci-key", "--yes", *option)
    assert (1, "error FF914") == (done.code, done.err.split(":")[0]), done


@pytest.mark.parametrize("event", ["", "pull_request"])
def test_without_an_admin_key(replaced: Replaced, event: str) -> None:
    """Nobody could ever end such a rotation, so it does not begin; for a pull request the key counts as not there."""
    if event:
        for name, text in {"CI": "true", "GITHUB_ACTIONS": "true", "GITHUB_EVENT_NAME": event}.items():
            replaced.fleet.monkeypatch.setenv(name, text)
    else:
        replaced.fleet.monkeypatch.delenv(ADMIN)
    done = replaced.fleet.refused(*QUIET)
    assert (1, 1) == (done.code, done.err.count("FF914")), done


def test_which_key_is_not_known(replaced: Replaced) -> None:
    """Two ids in the records are no answer, and it is not guessed; the id that a person gives is one."""
    path = Path("flowforge.state.json")
    replaced.fleet.monkeypatch.delenv(ADMIN)
    assert 0 == replaced.rotate(*AT_ONCE).code
    replaced.fleet.later()
    known(replaced.fleet)
    assert "api_key_id" not in path.read_text("utf-8")
    replaced.fleet.monkeypatch.setenv(ADMIN, replaced.admin)
    done = replaced.fleet.refused(*QUIET)
    assert (1, 1) == (done.code, done.err.count("FF915")), done
    replaced.use()
    done = replaced.rotate(*QUIET, "--old-key", replaced.old_id)
    assert (0, False) == (done.code, replaced.is_open), done
