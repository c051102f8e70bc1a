"""The sweep: a value planted in each place, every command over every fault, and no eight characters of it anywhere."""

from collections.abc import Callable

import pytest

from flowforge.sandbox.rules.access import Token
from fuzz.hostile import echo
from fuzz.hostile.server import Call, Chosen, Hostile
from tests.faults.row import Row
from tests.faults.table import ROWS
from tests.made_up import api_key, letters
from tests.sweep.commands import OTHERS, READING, before, writes
from tests.sweep.paste import HINT
from tests.sweep.plants import ARGUMENTS, FAILING, GIVING, PLACES, SHAPES, Plant, oauth_token, paste
from tests.sweep.stage import Stage

pytestmark = pytest.mark.sweep
# What a person wrote is in the variables of what reads it, and an argument in click's own exceptions, which `explain`
# turns into sentences of ours before anything is printed.
WRITTEN = frozenset({"local variables"})
TYPED = frozenset({"local variables", "tracebacks"})
LITERALS: dict[str, Callable[[], str]] = {
    "key": api_key,
    "oauth": oauth_token,
    "ghp": lambda: "ghp_" + api_key()[20:56],
    "ops": lambda: "ops_" + "eyJ" + api_key()[20:],
}


def _name(args: tuple[str, ...]) -> str:
    return " ".join(args) or "nothing"


@pytest.mark.parametrize("args", [*READING, *OTHERS], ids=_name)
@pytest.mark.parametrize("plant", GIVING.values(), ids=GIVING)
def test_a_good_value(stage: Stage, plant: Plant, args: tuple[str, ...]) -> None:
    """A value that its source gives is written, and shown by no command: when it is new, and when it replaces one."""
    for value in (api_key(), api_key()):
        stage.seek(value)
        plant(stage, value)
        for each in (*before(args), args):
            stage.run(*each)
        if writes(args):
            assert {"ANTHROPIC_API_KEY": value} == stage.bench.world.reveal("acme/api")
        stage.bench.world.clock.advance(2)
    # Of a saved plan, what is said of a value that moved is among what was shown.
    assert (args == ("apply", "saved.json")) == (b"FF026" in stage.err)
    assert stage.leaks() == []


@pytest.mark.parametrize("args", READING, ids=_name)
@pytest.mark.parametrize(("plant", "code"), FAILING.values(), ids=FAILING)
def test_a_value_in_a_failure(stage: Stage, plant: Plant, code: str, args: tuple[str, ...]) -> None:
    """A source that fails with the value in its hands, on its stderr or in its exception, shows nothing of it."""
    value = api_key()
    stage.seek(value)
    plant(stage, value)
    for each in (*before(args), args):
        stage.run(*each)
    shown = stage.leaks()
    stage.run("apply", "--yes")
    assert ([], True) == (shown, code.encode() in stage.err)
    assert stage.leaks() == []


@pytest.mark.parametrize("shape", SHAPES.values(), ids=SHAPES)
@pytest.mark.parametrize("plant", GIVING.values(), ids=GIVING)
def test_a_bad_value(stage: Stage, plant: Plant, shape: Callable[[str], str]) -> None:
    """A value that is refused, or admitted as nonstandard, is shown neither whole nor in part."""
    value = api_key()
    stage.seek(value)
    plant(stage, shape(value))
    stage.run("plan", "-v", "--format", "json")
    manifest = stage.folder / "flowforge.yaml"
    text = manifest.read_text(encoding="utf-8")
    manifest.write_text(text.replace("targets:", "    allow_nonstandard: true\ntargets:"), encoding="utf-8")
    stage.run("apply", "--yes", "-v", "--keep-going", "--report", "json=report.json", "--report", "text=report.txt")
    assert stage.leaks() == []


@pytest.mark.parametrize("shape", SHAPES.values(), ids=SHAPES)
def test_a_bad_state_key(stage: Stage, shape: Callable[[str], str]) -> None:
    """A state key that is refused, is another one, or is taken, is shown neither whole nor in part."""
    keys = api_key(), api_key()
    stage.seek(*keys)
    GIVING["env"](stage, api_key())
    for args in (("apply", "--yes"), ("state", "rekey", "--yes"), ("plan", "--format", "json"), ("apply", "--yes")):
        stage.patch.setenv("FLOWFORGE_STATE_KEY", shape(keys[args[0] == "state"]))
        stage.patch.setenv("FLOWFORGE_STATE_KEY_OLD", shape(keys[args[0] != "state"]))
        stage.run(*args)
    assert stage.leaks() == []


@pytest.mark.parametrize("shape", SHAPES.values(), ids=SHAPES)
def test_a_pasted_value(stage: Stage, shape: Callable[[str], str]) -> None:
    """What a person pastes is shown on no screen, whether it is taken or not."""
    value = api_key()
    stage.seek(value)
    paste(stage, shape(value))
    stage.run("apply", "--report", "json=report.json", "--report", "text=report.txt", "-v")
    assert HINT in stage.out
    assert stage.leaks() == []


@pytest.mark.parametrize(
    "row",
    [row for row in ROWS if row.command == "apply" and not row.slow and "is torn" not in row.fault],
    ids=lambda row: f"{row.fault}-{row.command}",
)
def test_a_fault(stage: Stage, row: Row) -> None:
    """Whatever goes wrong on the way, neither the value nor the token is shown, with or without -v."""
    bench = stage.bench
    bench.value("old")
    if not row.fresh:
        stage.run("apply", "--yes")
        bench.world.clock.advance(2)
    bench.value("new")
    stage.seek(*filter(None, bench.values.values()))
    row.given(bench)
    with stage.watching():
        stage.take(row.act(bench, (*row.args, "-v", "--report", "json=report.json", "--report", "text=report.txt")))
    bench.mend()
    stage.run("plan", "-v", "--format", "json")
    assert stage.leaks() == []


@pytest.mark.parametrize("args", [*READING, *OTHERS], ids=_name)
@pytest.mark.parametrize("kind", echo.KINDS)
def test_a_token_that_a_server_sends_back(stage: Stage, kind: str, args: tuple[str, ...]) -> None:
    """A token that looks like none of GitHub's, in any text of an answer and in any form, is shown by no command."""
    token, value = letters(40), api_key()
    stage.seek(token, value)
    stage.bench.world.add_token(token, Token())
    stage.patch.setenv("FLOWFORGE_GITHUB_TOKEN", token)
    GIVING["env"](stage, value)
    for each in before(args):
        stage.run(*each)

    def choose(call: Call) -> Chosen | None:
        return (kind, echo.KINDS[kind]) if call.rng.random() < 2 / 3 else None

    struck = False
    for seed in range(3):
        with Hostile(stage.bench.sandbox.url, choose, seed) as server:
            stage.patch.setenv("GITHUB_API_URL", server.url)
            stage.run(*args)
        struck = struck or any(each.kind == kind for each in server.exchanges)
    assert struck or args not in READING or args == ("apply",), "it asked nobody"
    assert stage.leaks() == []


@pytest.mark.parametrize("literal", LITERALS.values(), ids=LITERALS)
@pytest.mark.parametrize("plant", PLACES.values(), ids=PLACES)
def test_a_literal_in_the_manifest(stage: Stage, plant: Plant, literal: Callable[[], str]) -> None:
    """A credential that somebody wrote into the manifest is refused or ignored, and never repeated."""
    text = literal()
    stage.seek(text.removeprefix("ghp_"))
    stage.patch.setenv("ACME_KEY", api_key())
    plant(stage, text)
    for args in (("validate", "-v"), ("plan", "-v", "--format", "json"), ("apply", "--yes", "--report", "json=r.json")):
        stage.run(*args)
    assert stage.leaks(but=WRITTEN) == []


@pytest.mark.parametrize("args", ARGUMENTS, ids=_name)
def test_a_literal_on_the_command_line(stage: Stage, args: tuple[str, ...]) -> None:
    """A credential pasted into an argument is not repeated by what is said of it."""
    for literal in (make() for make in LITERALS.values()):
        stage.seek(literal.removeprefix("ghp_"))
        stage.bench.value("new")
        stage.run(*(arg.replace("LITERAL", literal) for arg in args))
        stage.run(*(arg.replace("LITERAL", literal) for arg in args), "-v")
    assert stage.leaks(but=TYPED) == []


@pytest.mark.parametrize("variable", ["FLOWFORGE_GITHUB_TOKEN", "GH_TOKEN", "GITHUB_TOKEN"])
@pytest.mark.parametrize("change", ["", "x", "\n", " ", "\x1b", "é", "ghs_"], ids=ascii)
def test_a_token(stage: Stage, variable: str, change: str) -> None:
    """A token that works, is unknown, or cannot be one, is shown by nothing that is said of it."""
    token = stage.bench.sandbox.token
    stage.bench.value("new")
    stage.patch.delenv("FLOWFORGE_GITHUB_TOKEN")
    stage.patch.setenv(variable, change + token if change == "ghs_" else token[:40] + change + token[40:])
    stage.run("plan", "-v")
    stage.run("apply", "--yes", "-v", "--format", "json", "--report", "text=report.txt")
    assert stage.leaks() == []
