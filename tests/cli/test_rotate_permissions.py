"""The table of docs/permissions.md for a rotation: without Actions it says what it does not see, and ends as ever."""

from typing import Final

import pytest

from flowforge.github.permission_table import OLD_RUN_ROWS, TO_CANCEL, TO_LOOK
from flowforge.sandbox import Token, TokenKind
from flowforge.sandbox.rules import access
from tests.app_keys import app_key, pem
from tests.cli.conftest import Done, Fleet
from tests.cli.walking import who_has
from tests.rows import one_in

FINE: Final = "fine-grained"
APP: Final = "App"
# What the run that was queued before becomes, by what the token has of Actions.
ALIVE, ENDED, GOES_ON, UNKNOWN = "alive", "ended", "goes on", "unknown"


def signed(fleet: Fleet, kind: str, actions: str) -> None:
    """Let the fleet have a token with what `apply` needs, and with this of Actions."""
    has = {"secrets": "write"} | ({"actions": actions} if actions else {})
    world = fleet.sandbox.world
    if kind == APP:
        made = world.create_app("ci", pem(app_key()), permissions=has)
        world.install_app("ci", "acme", permissions=has)
        (fleet.folder / "app.pem").write_text(pem(app_key()), encoding="utf-8")
        auth = f"github: {{auth: {{app: {{client_id: {made['client_id']}, private_key: {{file: app.pem}}}}}}}}\n"
        fleet.simple(*fleet.repos, more=auth)
    else:
        levels = access.levels(has)
        token = Token(TokenKind.FINE_GRAINED, secrets=access.Level.NONE, permissions=levels)
        world.add_token("github_pat_exact", token)
        fleet.monkeypatch.setenv("FLOWFORGE_GITHUB_TOKEN", "github_pat_exact")


def became(fleet: Fleet, done: Done, repo: str) -> str:
    """Return what became of the run of a repo that was queued before, as the last lines say and as GitHub has it."""
    world = fleet.sandbox.world
    (run,) = world.directory[repo].runs
    said = {
        ALIVE: "1 run queued before the last write and alive:" in done.lines,
        ENDED: "1 run queued before the last write; its end was asked for:" in done.lines,
        GOES_ON: any(line.startswith(f"GitHub did not cancel those of {repo}: ") for line in done.lines),
        UNKNOWN: any(line.startswith("Whether older runs are alive is not known of acme/") for line in done.lines),
    }
    assert said[ENDED] == (run.status(world.clock.now()) == "completed")
    return " and ".join(each for each, is_so in said.items() if is_so)


@pytest.mark.parametrize("kind", [FINE, APP])
@pytest.mark.parametrize(
    ("actions", "more", "expected"),
    one_in(
        2,
        [
            ("read", (), (3, ALIVE)),
            ("", (), (3, UNKNOWN)),
            ("write", ("--cancel-runs",), (3, f"{ALIVE} and {ENDED}")),
            ("read", ("--cancel-runs",), (3, f"{ALIVE} and {GOES_ON}")),
            ("", ("--cancel-runs",), (3, UNKNOWN)),
        ],
    ),
)
def test_each_row(fleet: Fleet, kind: str, actions: str, more: tuple[str, ...], expected: tuple[int, str]) -> None:
    """With exactly these permissions it does what the table says, and without one it names it; all is written."""
    assert [(TO_LOOK, False), (TO_CANCEL, True)] == [
        (dict.fromkeys(row.needs, row.level), "--cancel-runs" in row.what) for row in OLD_RUN_ROWS
    ]
    old = fleet.set_key()
    assert 0 == fleet.flowforge("apply", "--yes").code
    fleet.later()
    new = fleet.set_key()
    repo = fleet.repos[0]
    signed(fleet, kind, actions)
    fleet.sandbox.world.add_run(repo, ".github/workflows/claude.yml", conclusion="")
    done = fleet.flowforge("rotate", "ci-key", "--yes", "--now", *more)
    code, said = expected
    assert (code, {"new": 5}, said) == (done.code, who_has(fleet, old, new), became(fleet, done, repo)), done
    named = "the GitHub App for acme lacks Actions: read" if kind == APP and not actions else "GitHub accepts actions="
    assert (named in done.out) == (UNKNOWN in said or GOES_ON in said), done
