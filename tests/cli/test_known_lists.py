"""Lists that an earlier run knew, by the real commands: what they save, never change, and who may keep any."""

import json
import os
import random
import sqlite3
import zlib
from collections.abc import Callable
from contextlib import closing
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from flowforge.github.kept_bodies import NAME
from tests.app_keys import app_key, pem

if TYPE_CHECKING:
    from tests.cli.conftest import Done, Fleet

SECRET: Final = "ANTHROPIC_API_KEY"


def _file() -> Path:
    return Path(os.environ["FLOWFORGE_CACHE_DIR"]) / NAME


def _plan(fleet: "Fleet", *args: str) -> Any:  # noqa: ANN401 -- JSON
    return json.loads(fleet.flowforge("plan", "--format", "json", *args).out)


def _known(document: Any) -> tuple[int, int]:  # noqa: ANN401 -- JSON
    known = document["known_lists"]
    return known["asked"], known["unchanged"]


def _statuses(fleet: "Fleet", part: str = "/secrets?") -> dict[str, int]:
    """Return the status of each list since the last call, by its repo."""
    found = {each.path.split("/")[3]: each.status for each in fleet.sandbox.world.log() if part in each.path}
    fleet.sandbox.world.reset_stats()
    return found


def _of_an_app(fleet: "Fleet", target: str) -> None:
    """Sign in as an App, whose token is another one in each run. target: what the manifest's one target says."""
    (fleet.folder / "app.pem").write_text(pem(app_key()), encoding="utf-8")
    made = fleet.sandbox.world.create_app("ci", pem(app_key()))
    fleet.sandbox.world.install_app("ci", "acme")
    app = f"{{client_id: {made['client_id']}, private_key: {{file: app.pem}}}}"
    fleet.manifest(
        f"version: 1\ngithub: {{auth: {{app: {app}}}}}\ncredentials:\n  ci-key: {{type: anthropic_api_key, from: "
        f"{{env: ACME_KEY}}}}\ntargets:\n  - {{name: All, {target}, credential: ci-key}}\n"
    )


def _used(fleet: "Fleet") -> int:
    """Return how much of the hour's budgets was used since the last call, those of the App itself with it."""
    limits = fleet.sandbox.world.limits
    used = sum(account.used for account in limits._accounts.values())
    limits._accounts.clear()
    return used


@pytest.mark.slow
@pytest.mark.parametrize("chosen", [True, False], ids=["select", "repos"])
def test_a_second_plan_with_a_new_token_costs_next_to_nothing(fleet: "Fleet", *, chosen: bool) -> None:
    """Of what the first plan took of the hour less than two in a hundred, and the share of unchanged lists is told."""
    world = fleet.sandbox.world
    fleet.grow(150)
    _of_an_app(fleet, "select: {org: acme, visibility: private}" if chosen else f"repos: [{', '.join(fleet.repos)}]")
    world.limits.points = 100_000
    assert 0 == fleet.flowforge("apply", "--yes", "--allow-new-repos").code
    _file().unlink()
    tokens = [text for text in world.tokens.tokens if text.startswith("ghs_")]
    _used(fleet)
    first, spent = _plan(fleet), _used(fleet)
    second, again = _plan(fleet), _used(fleet)
    print(f"{spent} requests of the hour, then {again} ({again / spent:.1%}); {second['known_lists']}")
    assert 2 == len([text for text in world.tokens.tokens if text.startswith("ghs_")]) - len(tokens)
    assert spent >= 150
    assert again < 0.02 * spent
    asked = second["known_lists"]["asked"]
    assert asked >= 150
    assert {"asked": asked, "unchanged": asked, "share": 1.0} == second["known_lists"]
    assert (True, first["changes"]) == (second["in_sync"], second["changes"])


def test_the_share_is_told(fleet: "Fleet") -> None:
    """In JSON always, in text with -v; on the day on which ETags are made otherwise it is nothing."""
    assert {"asked": 0, "unchanged": 0, "share": None} == _plan(fleet)["known_lists"]
    fleet.sandbox.world.set_secret("acme/repo-001", "OTHER", "x")
    assert {"asked": 5, "unchanged": 4, "share": 0.8} == _plan(fleet)["known_lists"]
    line = "Of 5 lists known from an earlier run, 5 cost nothing of the hourly budget."
    shown = fleet.flowforge("plan", "-v").lines
    assert (1, 0) == (shown.count(line), fleet.flowforge("plan").lines.count(line))
    fleet.sandbox.world.settings.computed_etags = False
    assert {"asked": 5, "unchanged": 0, "share": 0.0} == _plan(fleet)["known_lists"]
    assert line.replace(", 5", ", 0") in fleet.flowforge("plan", "-v").lines


@pytest.mark.parametrize("way", ["option", "variable"])
def test_it_can_be_switched_off(fleet: "Fleet", way: str) -> None:
    """Then nothing is known, and nothing is kept; what is there stays."""
    more = ["--no-cache"] if way == "option" else []
    if way == "variable":
        fleet.monkeypatch.setenv("FLOWFORGE_NO_CACHE", "1")
    _plan(fleet, *more)
    assert not _file().exists()
    fleet.monkeypatch.delenv("FLOWFORGE_NO_CACHE", raising=False)
    _plan(fleet)
    before = hash(_file().read_bytes())
    if way == "variable":
        fleet.monkeypatch.setenv("FLOWFORGE_NO_CACHE", "1")
    assert (0, 0) == _known(_plan(fleet, *more))
    assert before == hash(_file().read_bytes())


def test_a_pull_request_uses_it_and_does_not_write_it(fleet: "Fleet") -> None:
    """What it is told is in no file that the next run reads; a push keeps what it is told."""
    _plan(fleet)
    before = hash(_file().read_bytes())
    fleet.sandbox.world.set_secret("acme/repo-001", "OTHER", "x")
    for name, value in (("CI", "true"), ("GITHUB_ACTIONS", "true"), ("GITHUB_EVENT_NAME", "pull_request")):
        fleet.monkeypatch.setenv(name, value)
    assert [(5, 4), (5, 4)] == [_known(_plan(fleet)) for _ in range(2)]
    assert (before, [NAME]) == (
        hash(_file().read_bytes()),
        [each.name for each in _file().parent.iterdir() if each.name.startswith("lists")],
    )
    _file().unlink()
    assert ((0, 0), False) == (_known(_plan(fleet)), _file().exists())
    fleet.monkeypatch.setenv("GITHUB_EVENT_NAME", "push")
    assert [(0, 0), (5, 5)] == [_known(_plan(fleet)) for _ in range(2)]


def test_what_apply_writes_it_has_read_in_full(fleet: "Fleet") -> None:
    """A rotated value, a new repo and an edit behind our back: no write stands on a 304, and each costs one list."""
    assert 0 == fleet.flowforge("apply", "--yes").code
    fleet.later()
    assert (5, 5) == _known(_plan(fleet))
    world = fleet.sandbox.world
    world.set_secret("acme/repo-002", SECRET, "somebody else's")
    fleet.grow(6)
    fleet.later()
    _statuses(fleet)
    # The edit is in the list that comes whole, the new repo is known to no run, and the others are the same.
    assert 0 == fleet.flowforge("apply", "--yes").code
    listed = [each.status for each in world.log() if "/repo-002/actions/secrets?" in each.path]
    assert ([200, 200], {304}) == (listed, {status for repo, status in _statuses(fleet).items() if repo < "repo-002"})
    # Drift that a plan has seen is in a list that is the same for the apply after it: that one asks again.
    world.set_secret("acme/repo-003", SECRET, "somebody else's")
    fleet.later()
    assert [("acme/repo-003/actions/ANTHROPIC_API_KEY", ("update", "changed_outside"))] == list(fleet.plan().items())
    world.reset_stats()
    assert 0 == fleet.flowforge("apply", "--yes").code
    listed = [each.status for each in world.log() if "/repo-003/actions/secrets?" in each.path]
    assert [304, 200, 200] == listed
    # A rotation is known before GitHub is asked: each list comes once before its write, and once after it.
    fleet.set_key()
    fleet.later()
    world.reset_stats()
    assert 0 == fleet.flowforge("apply", "--yes").code
    assert {200: 12} == {
        status: count
        for status in (200, 304)
        if (count := sum(each.status == status for each in world.log() if "/secrets?" in each.path))
    }
    world.reset_stats()
    assert (6, 6) == _known(_plan(fleet))


def test_what_is_planned_takes_no_account_of_it(fleet: "Fleet") -> None:
    """A plan promises as many requests, and as long a time, whatever an earlier run knows."""
    first, second = _plan(fleet), _plan(fleet)
    promised = ("requests", "requests_to_come", "eta_seconds")
    assert [first[name] for name in promised] == [second[name] for name in promised]


Spoil = Callable[[Path, random.Random], None]


def _bodies(path: Path, change: Callable[[str, bytes], bytes]) -> None:
    """Change each body in the file, by its request."""
    with closing(sqlite3.connect(path)) as file:
        rows = file.execute("SELECT request, body FROM lists ORDER BY request").fetchall()
        for name, packed in rows:
            file.execute(
                "UPDATE lists SET body = ? WHERE request = ?",
                (zlib.compress(change(name, zlib.decompress(packed))), name),
            )
        file.commit()


def _forge(path: Path, rng: random.Random) -> None:
    """Say of each list what an attacker would like: it is empty, lacks a secret, has one, or has another time."""

    def forged(_: str, body: bytes) -> bytes:
        found = json.loads(body)
        secrets = found["secrets"]
        match rng.randrange(6):
            case 0:
                secrets.clear()
            case 1:
                secrets.append(
                    {"name": SECRET, "created_at": "2020-01-01T00:00:00Z", "updated_at": "2020-01-01T00:00:00Z"}
                )
            case 2:
                for each in secrets:
                    each["updated_at"] = "2020-01-01T00:00:00Z"
            case 3:
                return body + b" "
            case 4:
                return body[: rng.randrange(len(body))]
            case _:
                return rng.randbytes(rng.randrange(2_000))
        found["total_count"] = len(secrets)
        return json.dumps(found, separators=(",", ":")).encode()

    _bodies(path, forged)


def _swap(path: Path, rng: random.Random) -> None:
    """Give each list the true body of another one."""
    with closing(sqlite3.connect(path)) as file:
        rows = file.execute("SELECT request, body FROM lists ORDER BY request").fetchall()
        bodies = [body for _, body in rows]
        rng.shuffle(bodies)
        file.executemany(
            "UPDATE lists SET body = ? WHERE request = ?", zip(bodies, (name for name, _ in rows), strict=True)
        )
        file.commit()


def _flip(path: Path, rng: random.Random) -> None:
    """Change some bytes of the file, anywhere."""
    data = bytearray(path.read_bytes())
    for _ in range(rng.randrange(1, 40)):
        data[rng.randrange(len(data))] = rng.randrange(256)
    path.write_bytes(data)


def _noise(path: Path, rng: random.Random) -> None:
    path.write_bytes(rng.randbytes(rng.randrange(30_000)))


@given(seed=st.integers(0, 2**32), spoil=st.sampled_from([_forge, _swap, _flip, _noise]))
@settings(max_examples=12, suppress_health_check=[HealthCheck.function_scoped_fixture])
def test_a_forged_file_changes_no_plan(fleet: "Fleet", seed: int, spoil: Spoil) -> None:
    """Whatever somebody writes there, the plan is the one without it: the same lines, the same code, no word more."""
    world = fleet.sandbox.world
    if not world.reveal("acme/repo-001"):
        assert 0 == fleet.flowforge("apply", "--yes").code
        fleet.later()
        world.delete_secret("acme/repo-001", SECRET)
        world.set_secret("acme/repo-002", SECRET, "somebody else's")
        world.set_secret("acme/repo-003", "OTHER", "x")
        world.limits.enabled = False
    _file().unlink(missing_ok=True)

    def planned() -> tuple["Done", Any]:
        done = fleet.flowforge("plan", "--format", "json", "--detailed-exitcode")
        return done, json.loads(done.out)

    whole, truth = planned()
    spoil(_file(), random.Random(seed))
    done, document = planned()
    assert (whole.code, whole.err) == (done.code, done.err)
    assert truth == {**document, "known_lists": truth["known_lists"]}
