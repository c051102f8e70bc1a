"""Every text that op is known to refuse with: what it means, and how often op is started for what it says of many."""

from pathlib import Path
from typing import TYPE_CHECKING, Final

import pytest

from flowforge.errors import Problem
from flowforge.sources.op_answer import OpRefusal, Reach, Refused, recognise
from flowforge.sources.op_problem import problem
from flowforge.sources.op_reference import Reference
from tests.rows import one_in
from tests.sources.op_reader import Reader

if TYPE_CHECKING:
    from tests.conftest import FakeOp

CLAUDE: Final = Reference("op://CI/Claude/credential", "CI", "Claude", "credential")
COULD_NOT: Final = "could not read secret 'op://CI/Claude/credential': "
INIT: Final = COULD_NOT + "error initializing client: "
DELETED: Final = (
    "error initializing client: Authentication: (failed to auth.LookupAuth), Network: (failed to "
    "request.DoUnencrypted), Server: (403) (Forbidden (Service Account Deleted)), The Service Account used in this "
    "integration has been deleted."
)
TOKEN: Final = "Validation: (failed to session.DecodeSACredentials), Server: (failed to DecodeSACredentials), "
LIMIT: Final = (
    "(429) Too Many Requests: You've reached the maximum number of this type of requests this service account is "
    "allowed to make. Please retry in 58 minutes or try other requests."
)
NO_ACCOUNTS: Final = """\
No accounts configured for use with 1Password CLI.

 - Turn on the 1Password desktop app integration to sign in with the accounts you've added to the app: \
https://developer.1password.com/docs/cli/app-integration/ for details.
 - Add an account manually with 'op account add' and sign in by entering your password on the command line.

Do you want to add an account manually now? [Y/n] """
PANIC: Final = "panic: runtime error: invalid memory address or nil pointer dereference\n[signal SIGSEGV]"
FATAL: Final = "Server: (500) (Internal Server Error), Server experienced a fatal error."
SESSION: Final = "RequestDelegatedSession: cannot setup session. Please check the logs of the 1Password app."
SYNTAX: Final = "too many '/': secret references should match op://<vault>/<item>[/<section>]/<field>"
DISMISSED: Final = "authorization prompt dismissed, please try again"
NO_APP: Final = "1Password CLI couldn't connect to the 1Password Desktop App. To fix this, update the app."
APP: Final = Refused(OpRefusal.APP)
OUT: Final = Refused(OpRefusal.SIGNED_OUT)
MALFORMED_TOKEN: Final = Refused(OpRefusal.NOT_ACCEPTED, "malformed")
UNREACHED: Final = Refused(OpRefusal.FAILING, "could not be reached")
NO_PERMISSION: Final = Refused(OpRefusal.NOT_PERMITTED)

# What op says after `[ERROR] ` and the date.
TEXTS: Final = (
    ('could not get item CI/Claude: "CI" isn\'t a vault in this account.', Refused(OpRefusal.MISSING, "vault")),
    ('"Claude" isn\'t an item in the "CI" vault. Specify the item with its UUID.', Refused(OpRefusal.MISSING, "item")),
    (COULD_NOT + "item 'CI/Claude' doesn't have a field 'credential'", Refused(OpRefusal.MISSING, "field")),
    (
        'More than one item matches "Claude". Try again and specify it by its ID:\n\t* x',
        Refused(OpRefusal.AMBIGUOUS, "item"),
    ),
    ('More than one vault matches "CI". Try again', Refused(OpRefusal.AMBIGUOUS, "vault")),
    ("You are not currently signed in. Please run `op signin --help` for instructions", OUT),
    ("account is not signed in", OUT),
    ("no account found for filter acme", OUT),
    ("service account token set, but not authenticated yet", OUT),
    ("session expired, sign in to create a new session", OUT),
    ("No session token found", OUT),
    ("Signin credentials are not compatible with the provided user auth from server", OUT),
    (NO_ACCOUNTS, OUT),
    ("multiple accounts found. Use the --account flag", Refused(OpRefusal.SEVERAL_ACCOUNTS)),
    (DELETED, Refused(OpRefusal.NOT_ACCEPTED, "deleted")),
    (INIT + TOKEN + "failed to parseToken, format is invalid", MALFORMED_TOKEN),
    (INIT + TOKEN + "illegal base64 data at input byte 12", MALFORMED_TOKEN),
    (INIT + TOKEN + "unexpected end of JSON input", MALFORMED_TOKEN),
    ("failed to DeserializeServiceAccountAuthToken, unrecognized auth type", MALFORMED_TOKEN),
    (INIT + "Authentication: (), Server: (401) (Unauthorized), no.", Refused(OpRefusal.NOT_ACCEPTED)),
    ("(403) Forbidden: You aren't authorized to access this resource", NO_PERMISSION),
    ("(101) You do not have permission to perform this action", NO_PERMISSION),
    (COULD_NOT + "item can't be read because it has been deleted or archived", Refused(OpRefusal.ARCHIVED)),
    (INIT + "connecting to desktop app: read: connection reset, make sure the app is installed", APP),
    (INIT + "connecting to desktop app timed out", APP),
    (INIT + "authorization timeout", APP),
    (INIT + DISMISSED, APP),
    (NO_APP, APP),
    (INIT + SESSION, APP),
    (LIMIT, Refused(OpRefusal.LIMITED, "58 minutes")),
    (COULD_NOT + FATAL, Refused(OpRefusal.FAILING, "failed")),
    (COULD_NOT + "dial tcp 127.0.0.1:8080: connect: connection refused", UNREACHED),
    ("Get https://acme.1password.com: dial tcp: lookup acme.1password.com: no such host", UNREACHED),
    (SYNTAX, Refused(OpRefusal.MALFORMED)),
    (COULD_NOT + "something that nobody has seen yet", Refused(OpRefusal.UNKNOWN, "exit code 1")),
)
# The only one that stands before the error, whatever the error is; a crash has none.
RAW: Final = (
    (f"{NO_ACCOUNTS}\n[ERROR] 2026/03/18 10:20:30 {INIT}EOF", OUT),
    (f"{NO_ACCOUNTS}\n[ERROR] 2026/03/18 10:20:30 {INIT}account is not signed in", OUT),
    (PANIC, Refused(OpRefusal.CRASHED)),
)
DATED: Final = tuple((f"[ERROR] 2026/03/18 10:20:30 {said}", refused) for said, refused in TEXTS)
ALL: Final = (*DATED, *RAW)


@pytest.mark.parametrize(("said", "refused"), ALL)
def test_every_text_has_its_class(said: str, refused: Refused) -> None:
    """Alone, after a notice, and where op was asked for many at once."""
    other = Reference("op://CI/Codex/credential", "CI", "Codex", "credential")
    notice = "A newer version of the CLI is available.\n"
    found = [
        recognise(1, f"{before}{said}\n", about) for before in ("", notice) for about in ([CLAUDE], [other, CLAUDE])
    ]
    assert [refused] * 4 == found


def test_every_class_is_met() -> None:
    """The table has a text for every refusal that op gives by a text."""
    by_itself = {OpRefusal.NOT_INSTALLED, OpRefusal.SILENT, OpRefusal.EMPTY, OpRefusal.TOO_MUCH, OpRefusal.STOPPED}
    assert set(OpRefusal) == by_itself | {refused.refusal for _, refused in ALL}


def _of(reach: Reach) -> list[str]:
    """Return 40 references that share so much of their path."""
    return [
        {
            Reach.ACCOUNT: f"op://vault {number}/Claude/credential",
            Reach.VAULT: f"op://CI/repo-{number}/credential",
            Reach.ITEM: f"op://CI/Claude/key {number}",
        }[reach]
        for number in range(40)
    ]


FOR_MANY: Final = tuple((said, refused) for said, refused in ALL if refused.reach is not Reach.REFERENCE)


@pytest.mark.parametrize(("said", "refused"), one_in(2, FOR_MANY))
def test_what_concerns_many_stops_after_the_first(op: "FakeOp", folder: Path, said: str, refused: Refused) -> None:
    """Forty references start op once (three tries of what could pass), and have one sentence and one fix."""
    op.is_like(answers={"*": [[1, said]]})
    found = Reader(op, folder).read(*_of(refused.reach))
    starts = 3 if refused.refusal is OpRefusal.FAILING else 1
    told = {(each.code, each.what, each.fix) for each in found if isinstance(each, Problem)}
    assert (40, 1, starts) == (len(found), len(told), len(op.runs))


@pytest.mark.parametrize("said", [TEXTS[-1][0], PANIC])
def test_what_nobody_can_explain_stops_once_all_were_refused_alike(op: "FakeOp", folder: Path, said: str) -> None:
    """One by itself and the four batches say the same, and op has given nothing: forty more would be no wiser."""
    op.is_like(answers={"*": [[1, said]]})
    references = _of(Reach.VAULT)
    found = Reader(op, folder).read(*references)
    about = Reference(references[0], "CI", "repo-0", "credential")
    assert ([problem(recognise(1, said), about)] * 40, 5) == (found, len(op.runs))


def test_an_unexplained_refusal_of_one_stays_its_own(op: "FakeOp", folder: Path) -> None:
    """Where op gives a value to any other, each reference has its own answer."""
    references = _of(Reach.VAULT)
    for reference in references:
        op.holds("a plainly-made-up value", reference)
    op.is_like(answers={references[0]: ["strange"]})
    found = Reader(op, folder).read(*references)
    about = Reference(references[0], "CI", "repo-0", "credential")
    unknown = problem(Refused(OpRefusal.UNKNOWN, "exit code 4"), about)
    assert [unknown, *["a plainly-made-up value"] * 39] == found


NEW: Final = (
    (
        APP,
        Problem(
            "FF280",
            "the 1Password app of this machine did not let op in",
            why=(
                "it is locked or not running, its integration with the CLI is off, or nobody allowed the access in time"
            ),
            fix=(
                "unlock it, and switch on Settings > Developer > Integrate with 1Password CLI; set "
                "OP_SERVICE_ACCOUNT_TOKEN where nobody can"
            ),
        ),
    ),
    (
        Refused(OpRefusal.ARCHIVED),
        Problem(
            "FF281",
            '1Password item "Claude" in vault "CI" is archived or deleted',
            fix="restore it, or name another item",
        ),
    ),
    (
        NO_PERMISSION,
        Problem(
            "FF282",
            '1Password does not permit this account to read from vault "CI"',
            fix="let the account, or the service account, read the items of the vault",
        ),
    ),
    (
        Refused(OpRefusal.SEVERAL_ACCOUNTS),
        Problem(
            "FF283",
            "1Password has several accounts here, and the manifest names none",
            fix="write `account: NAME` beside the reference; `op account list` has them",
        ),
    ),
    (
        MALFORMED_TOKEN,
        Problem(
            "FF238",
            "OP_SERVICE_ACCOUNT_TOKEN is not the token of a 1Password service account",
            why="the token begins with ops_ and is one long line; of one that was cut or changed op can read nothing",
            fix=(
                "set OP_SERVICE_ACCOUNT_TOKEN to the whole token; that of a Connect server belongs in OP_CONNECT_TOKEN"
            ),
        ),
    ),
)


@pytest.mark.parametrize(("refused", "expected"), NEW)
def test_what_people_are_told(refused: Refused, expected: Problem) -> None:
    """The whole problem of what a person has to do something about, by name."""
    assert expected == problem(refused, CLAUDE)
