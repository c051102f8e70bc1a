"""The source `onepassword`: what each answer of `op` becomes, how many processes it takes, and how it ends."""

import os
import threading
import time
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from flowforge.errors import Problem
from tests.sources.op_reader import VALUE, Reader

if TYPE_CHECKING:
    from tests.conftest import FakeOp

REFERENCE = "op://CI/Claude/credential"
READ = ["read", "--no-newline", REFERENCE]
CLI = "the 1Password CLI (op)"
LOOK = f'run `op read "{REFERENCE}" > /dev/null` and see what it says'
STATUS = "run it again later; https://status.1password.com says whether it is known"
UNSEEN = "1Password answers the same for what the account may not see"
CORRECT = "correct the reference, or let the account see the vault"
EXPIRED = "an OP_SESSION_ variable of an earlier sign-in counts for nothing once it has expired"
SIGN_IN = "run `op signin`; set OP_SERVICE_ACCOUNT_TOKEN where nobody can, such as CI"
HAND_OVER = "it waits where a person has to unlock 1Password or to allow the access"
UNLOCK = "unlock it and run again; set OP_SERVICE_ACCOUNT_TOKEN where nobody can"


@pytest.fixture
def reader(op: "FakeOp", folder: Path) -> Reader:
    """Read from a vault with one value; pauses between tries are short."""
    op.holds(VALUE, REFERENCE)
    return Reader(op, folder)


@pytest.fixture
def impatient(reader: Reader) -> None:
    """Wait for op for a second and a half in place of fifteen."""
    reader.seconds = 1.5


@pytest.mark.parametrize("value", [VALUE, " with spaces and a line end\n", "{{ op://CI/Claude/other }} $HOME", "ä\r\n"])
def test_what_op_prints_is_the_value(reader: Reader, value: str) -> None:
    """With --no-newline nothing is added, so nothing is dropped; the reference alone is on the command line."""
    reader.op.holds(value, REFERENCE)
    assert ([value], [READ]) == (reader.read(REFERENCE), reader.op.runs)
    assert (["Reading 1 value from 1Password"], []) == (reader.told, reader.warned)


def test_a_notice_beside_a_good_value_is_no_error(reader: Reader) -> None:
    """Stderr counts for nothing where op ends well, whatever words stand in it."""
    reader.op.is_like(answers={"*": ["notice"]})
    assert [VALUE] == reader.read(REFERENCE)


def test_a_section_an_attribute_and_an_account(reader: Reader) -> None:
    """The longer forms of a reference go to op as they are, the account beside them."""
    reader.op.holds("of a section", "op://CI/Claude/Keys/main")
    assert ["of a section"] == reader.read("op://CI/Claude/Keys/main", account="acme")
    assert [VALUE] == reader.read(REFERENCE + "?attribute=otp")
    assert [
        ["read", "--no-newline", "op://CI/Claude/Keys/main", "--account=acme"],
        ["read", "--no-newline", REFERENCE + "?attribute=otp"],
    ] == reader.op.runs


def _said(answer: str, code: str, what: str, why: str = "", fix: str = "") -> object:
    return pytest.param(answer, Problem(code, what, why=why, fix=fix), id=answer)


@pytest.mark.parametrize(
    ("answer", "problem"),
    [
        _said(
            "malformed",
            "FF235",
            f'1Password does not accept "{REFERENCE}" as a reference',
            "",
            "write IDs in place of the names",
        ),
        _said("signed out", "FF237", f"{CLI} is not signed in", EXPIRED, SIGN_IN),
        _said("account signed out", "FF237", f"{CLI} is not signed in", EXPIRED, SIGN_IN),
        _said("no account", "FF237", f"{CLI} is not signed in", EXPIRED, SIGN_IN),
        _said("not authenticated", "FF237", f"{CLI} is not signed in", EXPIRED, SIGN_IN),
        _said(
            "deleted",
            "FF238",
            "the 1Password service account was deleted",
            "",
            "create another one, and set OP_SERVICE_ACCOUNT_TOKEN to its token",
        ),
        _said(
            "unauthorized",
            "FF238",
            "1Password does not accept the token that op has",
            "",
            "check OP_SERVICE_ACCOUNT_TOKEN, or OP_CONNECT_TOKEN, where flowforge runs",
        ),
        _said(
            "ambiguous",
            "FF240",
            'more than one 1Password item matches "Claude" in vault "CI"',
            "",
            "write the ID of the item in place of its name",
        ),
        _said(
            "limited",
            "FF241",
            "1Password's limit of requests is reached; it admits more in 58 minutes",
            "",
            "run it again in 58 minutes; `op service-account ratelimit` says what is left",
        ),
        _said(
            "limited for a minute",
            "FF241",
            "1Password's limit of requests is reached; it admits more in 1 minute",
            "",
            "run it again in 1 minute; `op service-account ratelimit` says what is left",
        ),
        _said(
            "limited somehow",
            "FF241",
            "1Password's limit of requests is reached",
            "",
            "run it again in an hour; `op service-account ratelimit` says what is left",
        ),
        _said(
            "crash",
            "FF243",
            f"{CLI} crashed",
            "a damaged service account token is known to make it crash",
            "check OP_SERVICE_ACCOUNT_TOKEN, and update op",
        ),
        _said(
            "strange",
            "FF246",
            f"{CLI} refused for a reason that FlowForge does not know (exit code 4)",
            "what it said is not shown, as it could hold anything",
            LOOK,
        ),
    ],
)
def test_each_refusal_is_told_once_and_at_once(reader: Reader, answer: str, problem: Problem) -> None:
    """Known by its text whatever the exit code, said in our words alone, and not asked for again."""
    reader.op.is_like(answers={"*": [answer]})
    assert ([problem], [READ]) == (reader.read(REFERENCE), reader.op.runs)


@pytest.mark.parametrize(
    ("reference", "what"),
    [
        ("op://Ops/Claude/credential", '1Password vault "Ops" is not in the account'),
        ("op://CI/Codex/credential", '1Password item "Codex" is not in vault "CI"'),
        ("op://CI/Claude/key", '1Password item "Claude" in vault "CI" has no field "key"'),
        ("op://CI/connection refused/x", '1Password item "connection refused" is not in vault "CI"'),
        ("op://isn.t a vault/More than one item matches/x", '1Password vault "isn.t a vault" is not in the account'),
    ],
)
def test_what_is_missing_is_named(reader: Reader, reference: str, what: str) -> None:
    """Vault, item and field are told apart, and names that read like another error are taken for names."""
    assert [Problem("FF239", what, why=UNSEEN, fix=CORRECT)] == reader.read(reference)
    assert 1 == len(reader.op.runs)


def test_the_account_is_named_where_op_is_not_signed_in(reader: Reader) -> None:
    """Of several accounts one may be signed in."""
    reader.op.is_like(answers={"*": ["no account"]})
    problem = Problem("FF237", f'{CLI} is not signed in to account "acme"', why=EXPIRED, fix=SIGN_IN)
    assert [problem] == reader.read(REFERENCE, account="acme")
    reader.op.is_like(answers={"*": ["strange"]})
    (other,) = reader.read(REFERENCE, account="acme")
    assert isinstance(other, Problem)
    assert f'run `op read --account "acme" "{REFERENCE}" > /dev/null` and see what it says' == other.fix


@pytest.mark.parametrize("answer", ["failing", "unreached"])
def test_what_passes_is_tried_again(reader: Reader, answer: str) -> None:
    """An error 500 or a refused connection, and then the value."""
    reader.op.is_like(answers={"*": [answer, answer, ""]})
    assert ([VALUE], [READ] * 3) == (reader.read(REFERENCE), reader.op.runs)


@pytest.mark.parametrize(("answer", "did"), [("failing", "failed"), ("unreached", "could not be reached")])
def test_what_does_not_pass_is_given_up(reader: Reader, answer: str, did: str) -> None:
    """Three tries are all; the sentence says so."""
    reader.op.is_like(answers={"*": [answer]})
    problem = Problem("FF242", f"1Password {did}, 3 times in a row", fix=STATUS)
    assert ([problem], [READ] * 3) == (reader.read(REFERENCE), reader.op.runs)


@pytest.mark.usefixtures("impatient")
def test_op_that_waits_for_a_person(reader: Reader) -> None:
    """It has no flag against asking; it is ended, and not begun again for what else is wanted of the account."""
    reader.op.is_like(answers={"*": ["hang"]})
    problem = Problem("FF244", f"{CLI} gave no answer within 15 seconds", why=HAND_OVER, fix=UNLOCK)
    assert ([problem], [READ]) == (reader.read(REFERENCE), reader.op.runs)
    _gone(reader)


def test_an_empty_field(reader: Reader) -> None:
    """Nothing printed is nothing to write, and the sentence names the field."""
    reader.op.holds("", REFERENCE)
    what = '1Password field "credential" of item "Claude" in vault "CI" is empty'
    assert [Problem("FF245", what, fix="put the credential into it")] == reader.read(REFERENCE)


def test_a_field_that_is_no_credential(reader: Reader) -> None:
    """More than any secret holds, and bytes that are no text."""
    where = '1Password field "credential" of item "Claude" in vault "CI"'
    reader.op.holds(VALUE * 4000, REFERENCE)
    fix = "name the field that holds the credential alone"
    assert [Problem("FF247", f"{where} holds more than 64 KiB", fix=fix)] == reader.read(REFERENCE)
    reader.op.holds("\udcff" + VALUE, REFERENCE)
    fix = "write it as plain text; a credential is ASCII"
    assert [Problem("FF223", f"{where} is not UTF-8", fix=fix)] == reader.read(REFERENCE)


@pytest.mark.parametrize(("mode", "what"), [(None, "is not installed"), (0o644, "cannot be executed")])
def test_op_is_not_there(reader: Reader, mode: int | None, what: str) -> None:
    """A program that is missing and one that may not be run are the same mistake in two sentences."""
    program = reader.op.path / "op"
    if mode is None:
        program.unlink()
    else:
        program.chmod(mode)
    reader.more = {"PATH": str(reader.op.path)}
    fix = "install it where flowforge runs: https://developer.1password.com/docs/cli/get-started"
    assert [Problem("FF236", f"{CLI} {what}", fix=fix)] == reader.read(REFERENCE)


@pytest.mark.parametrize(
    "text",
    [
        "op://CI/Claude",
        "op://CI/Claude/a/b/c",
        "op://CI//credential",
        "op://CI/Claude/{x}",
        "op://CI/Cl;aude/credential",
        "op://CI/ /credential",
        "op://CI/Claude/credential\n",
        "CI/Claude/credential",
        "--help",
        "op://CI/Claude/" + "x" * 500,
    ],
)
def test_what_is_no_reference_starts_no_process(reader: Reader, text: str) -> None:
    """The syntax is checked once placeholders are filled; the text is not shown, as it may be a value out of place."""
    assert [
        Problem(
            "FF235",
            "this is not a 1Password reference",
            why="it is op://vault/item/field or op://vault/item/section/field, of at most 500 characters",
            fix="of a name with other characters than letters, digits, - _ . and spaces, write the ID",
        )
    ] == reader.read(text)
    assert ([], []) == (reader.op.runs, reader.told)


def _many(reader: Reader, count: int) -> list[str]:
    references = [f"op://CI/repo-{number:03}/credential" for number in range(count)]
    for reference in references:
        reader.op.holds(f"the value of {reference}", reference)
    return references


def test_each_distinct_reference_is_read_once(reader: Reader) -> None:
    """What differs in another option alone is one read; another account is another."""
    specs = [{"onepassword": REFERENCE}, {"onepassword": REFERENCE, "note": "x"}]
    specs += [{"onepassword": REFERENCE, "account": "acme"}, {"onepassword": "op://CI"}]
    values = reader.read_all(*specs)
    assert [VALUE] * 3 == values[:3]
    assert sorted([READ, [*READ, "--account=acme"]]) == sorted(reader.op.runs)
    assert ["Reading 2 values from 1Password"] == reader.told


def test_fifty_references_take_five_processes(reader: Reader) -> None:
    """One goes first; `op inject` reads the others, a quarter in each of four, and all arrive where they belong."""
    references = _many(reader, 50)
    reader.op.holds("holds\n{{ op://CI/repo-002/credential }} \x00 anything", references[1])
    expected = [f"the value of {reference}" for reference in references]
    expected[1] = "holds\n{{ op://CI/repo-002/credential }} \x00 anything"
    first = ["read", "--no-newline", references[0]]
    assert (expected, [first, *[["inject"]] * 4]) == (reader.read(*references), reader.op.runs)
    assert ["Reading 50 values from 1Password"] == reader.told


def test_accounts_are_asked_apart(reader: Reader) -> None:
    """One process knows one account."""
    references = _many(reader, 6)
    specs = [{"onepassword": each, "account": account} for each in references for account in ("a", "b")]
    assert [f"the value of {spec['onepassword']}" for spec in specs] == reader.read_all(*specs)
    firsts = [["read", "--no-newline", references[0], f"--account={account}"] for account in ("a", "b")]
    batches = [["inject", f"--account={account}"] for account in ("a", "b") for _ in range(3)]
    assert [*batches, *firsts] == sorted(reader.op.runs)


def test_one_missing_item_costs_its_batch_and_blocks_itself(reader: Reader) -> None:
    """A batch that fails is read one by one, so that each of its references gets its own answer."""
    references = _many(reader, 21)
    references[7] = "op://CI/Codex/credential"
    expected: list[str | Problem] = [f"the value of {reference}" for reference in references]
    expected[7] = Problem("FF239", '1Password item "Codex" is not in vault "CI"', why=UNSEEN, fix=CORRECT)
    assert expected == reader.read(*references)
    read = sorted(["read", "--no-newline", each] for each in (references[0], *references[6:11]))
    assert [["inject"]] * 4 + read == sorted(reader.op.runs)


@pytest.mark.parametrize(
    "world", [{"cut": 100}, {"answers": {"inject": ["crash"]}}, {"answers": {"inject": ["strange"]}}]
)
def test_a_batch_that_cannot_be_understood_is_read_one_by_one(reader: Reader, world: dict[str, object]) -> None:
    """Output that breaks off, a crash, an unknown reason: none of them becomes a wrong value."""
    references = _many(reader, 6)
    reader.op.is_like(**world)
    assert [f"the value of {reference}" for reference in references] == reader.read(*references)
    assert 1 + 3 + 5 == len(reader.op.runs)


def test_what_follows_the_last_mark_is_no_value(reader: Reader) -> None:
    """A line end that op adds to a template, or a notice on stdout, is outside of the marks."""
    reader.op.is_like(tail="\na newer version is available\n")
    references = _many(reader, 9)
    assert [f"the value of {reference}" for reference in references] == reader.read(*references)
    assert 1 + 4 == len(reader.op.runs)


def test_a_batch_that_takes_too_long_is_read_one_by_one(reader: Reader) -> None:
    """Fifty values may take longer than one may."""
    reader.seconds = 3.0
    references = _many(reader, 6)
    reader.op.is_like(answers={"inject": ["hang"]})
    assert [f"the value of {reference}" for reference in references] == reader.read(*references)
    assert 1 + 3 + 5 == len(reader.op.runs)


@pytest.mark.parametrize("world", [{}, {"answers": {"inject": ["crash"]}}])
def test_never_more_than_four_at_a_time(reader: Reader, world: dict[str, object]) -> None:
    """Neither batches nor single reads: desktop sign-ins fail where more come at once."""
    reader.op.is_like(delay=0.3, **world)
    reader.read(*_many(reader, 6 if world else 50))
    at_once, most = 0, 0
    for entry in reader.op.log:
        at_once += 1 if entry["event"] == "begin" else -1
        most = max(most, at_once)
    assert (0, True) == (at_once, 1 < most <= 4)


STOPPED = Problem("FF248", f"{CLI} was stopped with the run", fix="run it again")


@pytest.mark.parametrize("count", [1, 50])
def test_a_run_that_stops_leaves_no_process(reader: Reader, count: int) -> None:
    """Ctrl-C ends what waits for op long before op or its limit would, and nothing of op goes on."""
    references = _many(reader, count)
    reader.op.is_like(answers={"inject": ["hang"]} if count > 1 else {"*": ["hang"]})
    reader.seconds = 120.0
    assert _stopped(reader, references, read=count > 1) < 30
    assert (1 if count == 1 else 1 + 4) == len(reader.op.runs)
    _gone(reader)


def test_a_run_that_stops_does_not_wait_for_the_next_try(reader: Reader) -> None:
    """The pause between two tries ends at once."""
    reader.pauses = (60.0, 60.0)
    reader.op.is_like(answers={"*": ["failing"]})
    assert _stopped(reader, [REFERENCE], after="end") < 30


def _stopped(reader: Reader, references: list[str], after: str = "begin", *, read: bool = False) -> float:
    """Read until all that can run at once has begun or ended, stop, and give the seconds that it took to end.

    read: whether the first of them is read, and the others are what hangs.
    """
    reader.stop.clear()
    expected, moments = reader.op.count(after) + (1 + 4 if read else 1), []

    def stop() -> None:
        while reader.op.count(after) < expected:
            time.sleep(0.02)
        moments.append(time.monotonic())
        reader.stop.set()

    threading.Thread(target=stop, daemon=True).start()
    first = [f"the value of {references[0]}"] if read else [STOPPED]
    assert [*first, *[STOPPED] * (len(references) - 1)] == reader.read(*references)
    return time.monotonic() - moments[0]


def _gone(reader: Reader) -> None:
    for process in {entry["process"] for entry in reader.op.log}:
        with pytest.raises(ProcessLookupError):
            os.kill(process, 0)


def test_what_op_gets_to_know(reader: Reader) -> None:
    """It keeps its own variables and HOME, even one that an `env` source names; it sees no token and no value."""
    reader.more = {
        "HOME": "/home/x",
        "OP_SERVICE_ACCOUNT_TOKEN": "ops_made-up",
        "OP_SESSION_acme": "x",
        "OP_NAMED": "x",
        "ACME_KEY": "x",
        "GITHUB_TOKEN": "x",
        "FLOWFORGE_JOBS": "1",
    }
    reader.read(REFERENCE)
    kept = {"HOME", "OP_FAKE", "OP_NAMED", "OP_SERVICE_ACCOUNT_TOKEN", "OP_SESSION_acme", "PATH"}
    assert kept == set(reader.op.log[0]["environ"]) - {"LC_CTYPE", "PWD", "SHLVL", "_"}


@pytest.fixture(params=["OP_CONNECT_HOST", "OP_CONNECT_TOKEN", "OP_SERVICE_ACCOUNT_TOKEN"])
def one_unset(request: pytest.FixtureRequest) -> str:
    """Name each of the three variables in turn."""
    return str(request.param)


TWO_WAYS = {"OP_CONNECT_HOST": "http://x", "OP_CONNECT_TOKEN": "x", "OP_SERVICE_ACCOUNT_TOKEN": "ops_made-up"}


def test_two_ways_to_sign_in_are_warned_of(reader: Reader) -> None:
    """Where both are set, Connect wins, and who set the service account may not expect it."""
    reader.more = TWO_WAYS
    assert [VALUE] == reader.read(REFERENCE)
    warning = (
        "OP_CONNECT_HOST with OP_CONNECT_TOKEN and OP_SERVICE_ACCOUNT_TOKEN are set: op asks the Connect server, and "
        "the service account for nothing; unset what you do not use"
    )
    assert [warning] == reader.warned


def test_one_way_to_sign_in_is_not_warned_of(reader: Reader, one_unset: str) -> None:
    """Connect needs both of its variables; one that is empty counts as unset."""
    reader.more = TWO_WAYS | {one_unset: ""}
    assert ([VALUE], []) == (reader.read(REFERENCE), reader.warned)


@pytest.mark.parametrize("relative", ["", ".", "bin"])
def test_an_op_in_the_manifests_folder_is_not_run(reader: Reader, folder: Path, relative: str) -> None:
    """A folder of PATH that is relative would be one of those whose content comes with a proposed manifest."""
    made = folder / relative / "op"
    made.parent.mkdir(exist_ok=True)
    made.write_text("#!/bin/sh\nprintf 'not yours'\n")
    made.chmod(0o755)
    reader.more = {"PATH": f"{relative}{os.pathsep}{reader.op.environ['PATH']}"}
    assert [VALUE] == reader.read(REFERENCE)
