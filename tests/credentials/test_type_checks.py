"""The table of credential types: what each slot takes, warns about and refuses, with the exact texts."""

import string
import traceback
from datetime import timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from flowforge.credentials.type_checks import Verdict, check
from flowforge.credentials.types import TYPES, CredentialType
from flowforge.errors import ExitCode, Problem, SourceError, printable
from flowforge.tokens import TOKENS, recognise
from flowforge.vault import SecretValue

ANT = "sk-" + "ant-"
BODY = "bcdefghij-_" * 8 + "bcdef"
API_KEY = TYPES["anthropic_api_key"]
OAUTH = TYPES["claude_code_oauth_token"]
KEY = f"{ANT}api03-{BODY}AA"
TOKEN = f"{ANT}oat01-{BODY}AA"
NEW_KEY = "create an API key at https://platform.claude.com/settings/keys"
NEW_TOKEN = "run `claude setup-token` and use the token that it prints"
# What begins like this is, in a message, called that.
NOUNS = {
    f"{ANT}api01-": "a Claude Enterprise scoped key (sk-ant-api01-…)",
    f"{ANT}api03-": "an Anthropic API key (sk-ant-api03-…)",
    f"{ANT}oat01-": "a Claude OAuth token (sk-ant-oat01-…)",
    f"{ANT}admin01-": "an Anthropic Admin API key (sk-ant-admin01-…)",
    f"{ANT}ort01-": "a Claude OAuth refresh token (sk-ant-ort01-…)",
    f"{ANT}sid01-": "a claude.ai session (sk-ant-sid01-…)",
    "github_pat_": "a GitHub token (github_pat_…)",
    **{f"gh{letter}_": f"a GitHub token (gh{letter}_…)" for letter in "pousr"},
    "ABSK" + "QmVkcm9ja0FQSUtleS": "an Amazon Bedrock API key (ABSK…)",
    "bedrock-api-key-" + "YmVkcm9jay": "a short-lived Amazon Bedrock key",
    "ops_" + "eyJ": "a 1Password service account token (ops_…)",
}

HOMES = {
    f"{ANT}api03-": "anthropic_api_key",
    f"{ANT}oat01-": "claude_code_oauth_token",
    "ABSK" + "QmVkcm9ja0FQSUtleS": "aws_bearer_token_bedrock",
}


def problem_of(kind: str, text: str, *, allow_nonstandard: bool = False) -> Problem | None:
    """Check a value and give the one problem of its refusal, or None."""
    try:
        check(TYPES[kind], SecretValue(text), allow_nonstandard=allow_nonstandard)
    except SourceError as error:
        (problem,) = error.problems
        return problem
    return None


def test_the_table_of_types() -> None:
    """There are four, sorted; a slot is the name in upper case, unless GitHub reserves it; the rest is documented."""
    facts = [
        (kind.type, kind.slot == kind.type.upper(), kind.lifetime, kind.personal, kind.verifiable, kind.shadows)
        for kind in TYPES.values()
    ]
    assert facts == [
        ("anthropic_api_key", True, None, False, True, ("CLAUDE_CODE_OAUTH_TOKEN",)),
        ("aws_bearer_token_bedrock", True, None, False, False, ()),
        ("claude_code_oauth_token", True, timedelta(days=365), True, False, ()),
        ("github_app_private_key", False, None, False, False, ()),
    ]
    assert list(TYPES) == [kind.type for kind in TYPES.values()]


def test_who_takes_it_and_how_it_begins() -> None:
    """Claude takes two of them beside its workload identity; what people look for is the visible beginning."""
    assert {
        "anthropic_api_key": (True, f"{ANT}api03-"),
        "aws_bearer_token_bedrock": (False, "ABSK"),
        "claude_code_oauth_token": (True, f"{ANT}oat01-"),
        "github_app_private_key": (False, "-----BEGIN RSA PRIVATE KEY-----"),
    } == {name: (kind.claude, kind.begins) for name, kind in TYPES.items()}


def test_a_type_without_an_ending() -> None:
    """Where a length is usual and no ending is, the length alone is looked at."""
    row = CredentialType("t", "T", "a key", API_KEY.token, KEY[:13], "make a key", claude=False, usual_length=len(KEY))
    found = [
        check(row, SecretValue(text), allow_nonstandard=False).warnings for text in (KEY, f"{KEY[:-1]}x", f"{KEY}x")
    ]
    assert [(), (), ("the value is longer than a key usually is; was it copied exactly?",)] == found


@pytest.mark.parametrize("prefix", NOUNS)
def test_a_known_token_is_recognised_by_its_beginning(prefix: str) -> None:
    """Every documented prefix is told from the others, whatever follows it."""
    token = recognise(f"{prefix}{BODY}")
    assert token is not None
    assert token.noun == NOUNS[prefix]


def test_an_unknown_token_is_not_recognised() -> None:
    """A gateway's key, an upper-case prefix and a prefix in the middle are nothing that we know."""
    assert [recognise(text) for text in ("gw-1", TOKEN.upper(), f"x{KEY}", "")] == [None] * 4


def test_every_known_token_is_named_in_these_tests() -> None:
    """No row of the table of tokens is without a test."""
    assert {token.noun for token in TOKENS} == set(NOUNS.values())


@pytest.mark.parametrize("kind", TYPES)
@pytest.mark.parametrize("text", ["gw-0123456789", *(f"{prefix}{BODY}" for prefix in NOUNS)])
def test_a_message_is_not_taken_for_a_credential(kind: str, text: str) -> None:
    """The public prefixes that our messages name are left alone by the function that redacts text from outside."""
    problem = problem_of(kind, text)
    for line in str(problem).splitlines():
        assert printable(line) == line


@pytest.mark.parametrize(("kind", "text"), [("anthropic_api_key", KEY), ("claude_code_oauth_token", TOKEN)])
@pytest.mark.parametrize("allow_nonstandard", [False, True])
def test_a_usual_value_passes_without_a_word(kind: str, text: str, *, allow_nonstandard: bool) -> None:
    """A value of the usual prefix, length and ending is neither warned about nor guessable, under either setting."""
    verdict = check(TYPES[kind], SecretValue(text), allow_nonstandard=allow_nonstandard)
    assert (len(text), verdict) == (108, Verdict((), guessable=False))


@pytest.mark.parametrize("allow_nonstandard", [False, True])
@pytest.mark.parametrize("prefix", [prefix for prefix in NOUNS if prefix != f"{ANT}api03-"])
def test_another_token_is_no_api_key(prefix: str, *, allow_nonstandard: bool) -> None:
    """Each known token that is no API key is refused as one, and no setting of the manifest admits it."""
    home = HOMES.get(prefix)
    assert problem_of("anthropic_api_key", f"{prefix}{BODY}", allow_nonstandard=allow_nonstandard) == Problem(
        "FF215",
        f"the value is {NOUNS[prefix]}, not an Anthropic API key",
        why="Claude takes nothing but an Anthropic API key as ANTHROPIC_API_KEY",
        fix=f"use it in a credential of type {home}, or {NEW_KEY}" if home else NEW_KEY,
    )


@pytest.mark.parametrize("allow_nonstandard", [False, True])
@pytest.mark.parametrize("prefix", [prefix for prefix in NOUNS if prefix != f"{ANT}oat01-"])
def test_another_token_is_no_oauth_token(prefix: str, *, allow_nonstandard: bool) -> None:
    """Each known token that is no OAuth token is refused as one, and no setting of the manifest admits it."""
    home = HOMES.get(prefix)
    assert problem_of("claude_code_oauth_token", f"{prefix}{BODY}", allow_nonstandard=allow_nonstandard) == Problem(
        "FF215",
        f"the value is {NOUNS[prefix]}, not a Claude Code OAuth token",
        why="Claude takes nothing but a Claude Code OAuth token as CLAUDE_CODE_OAUTH_TOKEN",
        fix=f"use it in a credential of type {home}, or {NEW_TOKEN}" if home else NEW_TOKEN,
    )


@pytest.mark.parametrize("text", [f"{ANT}oat", f"{ANT}oat-{BODY}", f"{ANT}oatXX-{BODY}", f"{ANT}oat02-{BODY}"])
def test_the_stem_of_a_prefix_is_enough_to_refuse(text: str) -> None:
    """A number of a later generation, or none, does not turn an OAuth token into an API key."""
    problem = problem_of("anthropic_api_key", text, allow_nonstandard=True)
    assert problem is not None
    assert problem.code == "FF215"


@pytest.mark.parametrize("text", ["gw-0123456789", "secret-1", f"{ANT}apiXX-{BODY}", f"{ANT}new-{BODY}", KEY.upper()])
def test_a_gateway_key_needs_leave(text: str) -> None:
    """What does not begin as an API key is refused, and admitted where the manifest says so: as one to be guessed."""
    assert problem_of("anthropic_api_key", text) == Problem(
        "FF216",
        "the value does not look like an Anthropic API key",
        why="one begins with sk-ant-api03-",
        fix=f"{NEW_KEY}; for a gateway's own key write `allow_nonstandard: true` in the credential",
    )
    assert check(API_KEY, SecretValue(text), allow_nonstandard=True) == Verdict((), guessable=True)


def test_a_nonstandard_oauth_token_needs_leave() -> None:
    """The same holds for the other slot."""
    assert problem_of("claude_code_oauth_token", "gw-0123456789") == Problem(
        "FF216",
        "the value does not look like a Claude Code OAuth token",
        why="one begins with sk-ant-oat01-",
        fix=f"{NEW_TOKEN}; for a gateway's own key write `allow_nonstandard: true` in the credential",
    )
    assert check(OAUTH, SecretValue("gw-0123456789"), allow_nonstandard=True) == Verdict((), guessable=True)


@pytest.mark.parametrize(
    ("type_", "text", "noun", "remedy"),
    [(API_KEY, KEY, "an Anthropic API key", NEW_KEY), (OAUTH, TOKEN, "a Claude Code OAuth token", NEW_TOKEN)],
)
def test_a_token_cut_short_by_a_terminal(type_: CredentialType, text: str, noun: str, remedy: str) -> None:
    """Fewer than 100 characters of either are refused, 100 only warn; leave admits fewer, with a warning."""
    cut = Problem(
        "FF217",
        f"the value is cut short: shorter than {noun} is",
        why="a terminal wraps the long token, and copying then takes only a part of it",
        fix=f"{remedy}, in a window wide enough for one line; `allow_nonstandard: true` takes it as it is",
    )
    warnings = (
        f"the value is shorter than {noun} usually is; was it copied exactly?",
        f"the value does not end as {noun} usually does; was it copied exactly?",
    )
    assert [problem_of(type_.type, text[:length]) for length in (79, 80, 99)] == [cut] * 3
    assert check(type_, SecretValue(text[:100]), allow_nonstandard=False) == Verdict(warnings, guessable=False)
    assert check(type_, SecretValue(text[:79]), allow_nonstandard=True) == Verdict(warnings, guessable=False)


def test_every_type_of_token_is_long() -> None:
    """Each type refuses what a terminal of 80 columns leaves of its token."""
    assert {100} == {type_.shortest for type_ in TYPES.values() if not type_.lines}


@pytest.mark.parametrize("allow_nonstandard", [False, True])
def test_the_code_of_the_browser_is_not_the_token(*, allow_nonstandard: bool) -> None:
    """A # means that the code of a step of setup-token was pasted; an API key with one is only odd."""
    assert problem_of("claude_code_oauth_token", f"{BODY}#{BODY}", allow_nonstandard=allow_nonstandard) == Problem(
        "FF214",
        "the value is the code that the browser shows, not the token",
        why="it has a # in it; `claude setup-token` asks for this code and then prints the token",
        fix="paste the code into `claude setup-token` and use what it prints",
    )
    odd = [KEY.replace("b", mark) for mark in string.punctuation]
    assert [None] * 32 == [problem_of("anthropic_api_key", each, allow_nonstandard=allow_nonstandard) for each in odd]


@pytest.mark.parametrize("allow_nonstandard", [False, True])
def test_an_assignment_is_not_the_value(*, allow_nonstandard: bool) -> None:
    """A line of an .env file is refused as such."""
    assert problem_of("anthropic_api_key", f"ANTHROPIC_API_KEY={KEY}", allow_nonstandard=allow_nonstandard) == Problem(
        "FF213",
        "the value begins with ANTHROPIC_API_KEY=",
        why="a source reads the credential alone, not an assignment",
        fix="remove ANTHROPIC_API_KEY= from it",
    )


@pytest.mark.parametrize("allow_nonstandard", [False, True])
@pytest.mark.parametrize("kind", TYPES)
def test_a_form_that_no_value_may_have_is_refused_for_every_kind(kind: str, *, allow_nonstandard: bool) -> None:
    """The rules of tests/test_forms.py come first, and no setting of the manifest admits what they refuse."""
    joined = "FF215" if TYPES[kind].lines else "FF208"
    texts = {"": "FF201", f"{KEY}\n{TOKEN}": joined, '{"claudeAiOauth":{}}': "FF203", "***": "FF204"}
    found = [problem_of(kind, text, allow_nonstandard=allow_nonstandard) for text in texts]
    assert [problem.code if problem else None for problem in found] == list(texts.values())


@pytest.mark.parametrize(
    ("text", "clauses"),
    [
        (f"{ANT}api03-{BODY[:-1]}AA", ["is shorter than an Anthropic API key usually is"]),
        (f"{ANT}api04-{BODY}bAA", ["is longer than an Anthropic API key usually is"]),
        (f"{ANT}api03-{BODY}Ab", ["does not end as an Anthropic API key usually does"]),
        (f"{ANT}api03-{BODY[:-1]}+AA", ["has a character that an Anthropic API key usually does not have"]),
        (
            f"{KEY};",
            [
                "is longer than an Anthropic API key usually is",
                "does not end as an Anthropic API key usually does",
                "has a character that an Anthropic API key usually does not have",
            ],
        ),
    ],
)
def test_an_unusual_api_key_warns(text: str, clauses: list[str]) -> None:
    """Anthropic documents no length: another one, another ending and an odd character warn and do not block."""
    warnings = tuple(f"the value {clause}; was it copied exactly?" for clause in clauses)
    assert check(API_KEY, SecretValue(text), allow_nonstandard=False) == Verdict(warnings, guessable=False)


def test_a_short_value_is_guessable_whatever_its_prefix() -> None:
    """Fewer than 43 characters after the prefix are under 256 bits, so the fingerprint must be dear to compute."""
    found = [
        check(API_KEY, SecretValue(f"{ANT}api03-{BODY[:length]}"), allow_nonstandard=True).guessable
        for length in (1, 42, 43)
    ]
    assert found == [True, True, False]


def test_leave_does_not_change_how_a_value_is_fingerprinted() -> None:
    """A change of `allow_nonstandard` in the manifest must not look like a change of the value."""
    for text in (KEY, f"{KEY}b", KEY[:100]):
        strict, loose = (check(API_KEY, SecretValue(text), allow_nonstandard=leave) for leave in (False, True))
        assert strict == loose


SURROUNDED = st.tuples(
    st.sampled_from(["", " ", '"', '{"', "op://", f"{KEY}", *NOUNS]),
    st.text("0123456789QZ", min_size=6),
    st.sampled_from(["", "\n", "\r", "#", "\0", '"', '"}', "\u00e9", "\udc80"]),
)


@given(st.sampled_from(list(TYPES)), SURROUNDED, st.booleans())
def test_no_message_holds_a_piece_of_a_value(kind: str, parts: tuple[str, str, str], allow_nonstandard: bool) -> None:  # noqa: FBT001 -- hypothesis gives it by position
    """Whatever surrounds it, no six characters of a value are in the problem, in the verdict or in an exception."""
    text = "".join(parts)
    try:
        shown = repr(check(TYPES[kind], SecretValue(text), allow_nonstandard=allow_nonstandard))
    except SourceError as error:
        shown = f"{error!s} {error!r} {error.problems!r}"
    assert not any(parts[1][start : start + 6] in shown for start in range(len(parts[1]) - 5))


@given(st.sampled_from(list(TYPES)), st.text(st.characters()), st.booleans())
def test_any_text_at_all_is_judged(kind: str, text: str, allow_nonstandard: bool) -> None:  # noqa: FBT001 -- the same
    """No text makes the check raise anything but a SourceError of one problem, and what it says is ours."""
    problem = problem_of(kind, text, allow_nonstandard=allow_nonstandard)
    assert problem is None or problem.code in {"FF262", *(f"FF2{number:02}" for number in range(1, 18))}


@pytest.mark.parametrize("text", ["", f"{KEY}\n{KEY}", f"{ANT}oat01-{BODY}AA", "0123456789-gateway"])
def test_a_traceback_with_locals_holds_no_plaintext(text: str) -> None:
    """The frame that raises knows the value as a SecretValue only, so a crash report with locals shows nothing."""
    with pytest.raises(SourceError) as caught:
        check(API_KEY, SecretValue(text), allow_nonstandard=False)
    own = traceback.TracebackException.from_exception(caught.value, capture_locals=True).stack[-1]
    assert own.locals is not None
    assert own.locals["value"] == "[secret]"
    assert not any(text in shown for shown in own.locals.values() if text)
    assert (caught.value.__context__, caught.value.exit_code) == (None, ExitCode.ERROR)


def pem(kind: str = "RSA PRIVATE KEY", joint: str = "\n", end: str = "\n", lines: int = 25) -> str:
    """Make up what looks like a private key."""
    return joint.join([f"-----BEGIN {kind}-----", *["bcde" * 16] * lines, f"-----END {kind}-----"]) + end


APP_KEY = "github_app_private_key"


@pytest.mark.parametrize("text", [pem(), pem("PRIVATE KEY"), pem(joint="\r\n", end="\r\n"), pem(end="")])
def test_a_key_of_many_lines_passes(text: str) -> None:
    """A PEM keeps its line breaks, as either system writes them, and nobody warns of its form."""
    assert Verdict((), guessable=False) == check(TYPES[APP_KEY], SecretValue(text), allow_nonstandard=False)


@pytest.mark.parametrize(
    "text",
    [
        pem(joint="\\n"),
        pem(joint=" "),
        pem().rpartition("\n-----END")[0],
        pem("ENCRYPTED PRIVATE KEY"),
        pem("OPENSSH PRIVATE KEY"),
        pem("EC PRIVATE KEY"),
        pem() + pem(),
        "x" + pem(),
    ],
    ids=["escapes", "blanks", "cut short", "password", "openssh", "ec", "two", "something before"],
)
def test_what_is_no_whole_key(text: str) -> None:
    """Escaped or lost line breaks, a missing end, a password and other kinds of keys are refused by one sentence."""
    problem = problem_of(APP_KEY, text)
    assert problem is not None
    assert ("FF216", "the value does not look like the private key of a GitHub App") == (problem.code, problem.what)


@pytest.mark.parametrize("kind", [kind for kind in TYPES if kind != APP_KEY])
def test_a_private_key_elsewhere(kind: str) -> None:
    """In another slot it is called what it is, and not a token that a terminal has wrapped."""
    problem = problem_of(kind, pem(), allow_nonstandard=True)
    assert problem is not None
    assert ("FF215", "the value is a private key (-----BEGIN … PRIVATE KEY-----), not " + TYPES[kind].noun) == (
        problem.code,
        problem.what,
    )
    assert (problem.fix or "").startswith(f"use it in a credential of type {APP_KEY}, or ")
