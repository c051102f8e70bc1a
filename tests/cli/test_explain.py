"""`flowforge explain`: each of our codes, and the failures that people meet in a log."""

import re
import string
from io import StringIO
from pathlib import Path
from typing import TYPE_CHECKING, Final

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from flowforge.audit.codes import CODES
from flowforge.cli.explanations.failures import FAILURES, RunFailure
from flowforge.cli.explanations.find import codes_of, failures_of, pages
from tests.rows import one_in
from tools.error_codes import raised

if TYPE_CHECKING:
    from tests.cli.conftest import Fleet

ROOT: Final = Path(__file__).parents[2]
FORMS: Final = [(failure, text) for failure in FAILURES for text in failure.texts]
# Lines as they stand in logs of others, and the first text of what each is about.
LOGS: Final = {
    "Failed to authenticate. API Error: 401 Invalid bearer token": "Invalid bearer token",
    "##[error]API Error: 401 OAuth access token is invalid.": "Invalid bearer token",
    "API Error: Header '14' has invalid value: '***'": "Header '*' has invalid value",
    "it contains a line break at character 41 (120 characters on 2 lines).": "Header '*' has invalid value",
    "Error: Claude execution failed: result is_error:true": "Claude execution failed: result is_error:true",
    "result is_error:true": "Claude execution failed: result is_error:true",
    "\x1b[31mInvalid API key · Fix external API key\x1b[0m": "Invalid API key",
    "OAuth token revoked · Please run /login": "OAuth token revoked",
    "  - Either ANTHROPIC_API_KEY, CLAUDE_CODE_OAUTH_TOKEN, or workload identity federation\n"
    "(ANTHROPIC_FEDERATION_RULE_ID and ANTHROPIC_ORGANIZATION_ID) is required when using direct Anthropic API.": (
        "Either ANTHROPIC_API_KEY, CLAUDE_CODE_OAUTH_TOKEN, or workload identity federation * is required"
    ),
    "Could not fetch an OIDC token. Did you remember to add id-token: write to your workflow permissions?": (
        "Could not fetch an OIDC token"
    ),
    "credit balance is to low": "Credit balance is too low",
}


@pytest.mark.no_coverage
@pytest.mark.slow
def test_every_code_has_a_page() -> None:
    """Each code that the program can raise or find is explained, and no other; `make docs` writes the pages."""
    assert sorted({*(each.code for each in raised(ROOT / "flowforge")), *CODES}) == sorted(pages())
    wordless = [code for code, page in pages().items() if not any(form["what"] for form in page["says"])]
    assert [] == [*wordless, *(code for code, page in pages().items() if not page["about"])]


@pytest.mark.parametrize("code", CODES)
def test_every_finding_has_its_words(code: str) -> None:
    """Each code of the audit has a page with all three sentences, and a section of docs/findings.md to link to."""
    (forms,) = pages()[code]["says"]
    sections = (ROOT / "docs" / "findings.md").read_text(encoding="utf-8").splitlines()
    assert ([], 1) == ([part for part in ("what", "why", "fix") if not forms[part]], sections.count(f"## {code}"))


def test_a_sentence_that_is_a_place_has_the_forms_that_are_put_there(fleet: "Fleet") -> None:
    """Where the table leaves a reason open, each reason is shown as the code gives it."""
    assert "  why: with --bare Claude Code never reads CLAUDE_CODE_OAUTH_TOKEN\n    or: it knows the input" in (
        fleet.flowforge("explain", "oauth-not-accepted").out
    )


@pytest.mark.parametrize("code", one_in(4, sorted(pages())))
def test_a_page_is_what_the_program_says(fleet: "Fleet", code: str) -> None:
    """`explain CODE` prints every sentence of the code; upper case or lower makes no difference."""
    done = fleet.flowforge("explain", code.lower())
    page = pages()[code]
    said = [text for form in page["says"] for word in ("what", "why", "fix") for text in form[word]]
    shown = [line.partition(": ")[2] for line in done.lines if re.match(r"  (what|why|fix|  or): ", line)]
    assert (0, "", f"{code}: {page['about']}", said) == (done.code, done.err, done.lines[0], shown)


def test_the_page_of_a_code_reads_well(fleet: "Fleet") -> None:
    """What, why and what to do, each form on a line; several codes stand one after the other."""
    assert fleet.flowforge("explain", "FF005", "and", "FF002").out == (
        "FF005: the command line or its surroundings\n\n"
        "  what: stdout did not take all of the output\n\n"
        "<words> in angle brackets stand for what differs from run to run.\n\n"
        "FF002: the command line or its surroundings\n\n"
        "  what: FlowForge runs on Linux and macOS only\n  fix: use it under WSL, in a container, or in CI\n\n"
        "<words> in angle brackets stand for what differs from run to run.\n"
    )


@pytest.mark.parametrize("line", LOGS, ids=lambda line: line[:40])
def test_a_line_of_a_log_is_explained(fleet: "Fleet", line: str) -> None:
    """As it stands in the log, in colours or not, whole or in part, quoted or not, slightly misspelt."""
    done = fleet.flowforge("explain", *line.split(" "))
    failure = next(each for each in FAILURES if each.texts[0] == LOGS[line])
    assert (0, "") == (done.code, done.err)
    assert [
        failure.texts[0].replace("*", "…"),
        f"  cause: {failure.cause}",
        f"  check: {failure.check}",
        f"  fix: {failure.fix}",
    ] == done.lines[:4]


@pytest.mark.parametrize(("failure", "text"), FORMS, ids=lambda value: value[:40] if isinstance(value, str) else "")
def test_each_known_text_leads_to_its_failure(failure: RunFailure, text: str) -> None:
    """Every text of the table is found, with whatever stands where the table has a star; each has all three parts."""
    assert failure == failures_of(f"Error: {text.replace('*', '14')} (code 1)")[0]
    assert [] == [part for part in (failure.cause, failure.check, failure.fix) if not part or part.endswith(".")]


@given(st.text(string.ascii_letters + string.digits + " :'*[(\\", max_size=60))
@example(text="(" * 50)
@example(text="")
def test_any_text_can_be_asked_about(text: str) -> None:
    """Nothing that is pasted breaks the search; what says nothing of a failure has no explanation."""
    assert all(each in FAILURES for each in failures_of(text))
    assert [] == failures_of("a b c")


def test_a_text_with_a_code_of_ours_is_about_the_code() -> None:
    """What our own error output says leads to its page, each code once."""
    assert ["FF504", "FF120"] == codes_of("error FF504: 3 of 4 … error ff120 … FF504, not XFF5041")
    assert ["missing-secret", "FF504"] == codes_of(
        "a.yml:4 Missing-Secret, x-missing-secret, no-such-code, FF504, gated"
    )
    assert [["gated"], []] == [codes_of("gated"), codes_of("it is gated")]


@pytest.mark.parametrize(
    ("words", "expected"),
    [
        (
            ["my", "cat"],
            (
                'error FF820: nothing is known of "my cat"\n'
                "  fix: give a code such as FF504 or missing-secret, or a line of the failed run's log as it is\n"
            ),
        ),
        (["FF998"], "error FF821: there is no code FF998\n  fix: did you mean `flowforge explain FF919`?\n"),
        (
            ["missing-secrets"],
            "error FF821: there is no code missing-secrets\n  fix: did you mean `flowforge explain missing-secret`?\n",
        ),
        ([], "error FF003: Missing argument 'CODE|TEXT...'\n  fix: see `flowforge explain --help`\n"),
    ],
)
def test_what_is_not_known_is_said(fleet: "Fleet", words: list[str], expected: str) -> None:
    """A text that nothing is known of, a code that there is not, and nothing at all."""
    done = fleet.flowforge("explain", *words)
    assert (1, "", expected) == (done.code, done.out, done.err)


def test_a_log_comes_from_stdin(fleet: "Fleet") -> None:
    """`-` reads a log: what the run says at its end is explained, and what only looks like a code is passed over."""
    failure = FAILURES[0]
    line = f"Error: {failure.texts[0].replace('*', '14')}"
    fleet.stdin(StringIO("\n".join(["FF998", *["a step of the run"] * 5000, line, ""])))
    done = fleet.flowforge("explain", "-")
    assert (0, "", failure.texts[0].replace("*", "…")) == (done.code, done.err, done.lines[0])


@pytest.mark.parametrize("log", ["", "nothing of note\n" * 5000], ids=["empty", "long"])
def test_a_log_of_which_nothing_is_known(fleet: "Fleet", log: str) -> None:
    """A log without a known failure ends in an error that does not print it again."""
    fleet.stdin(StringIO(log))
    done = fleet.flowforge("explain", "-")
    assert (1, "error FF820: nothing is known of what was read from stdin") == (done.code, done.err.splitlines()[0])


def test_a_credential_in_a_pasted_line_is_not_shown(fleet: "Fleet") -> None:
    """Somebody pastes a line with the token in it: the answer has no part of it."""
    value = fleet.set_key()
    done = fleet.flowforge("explain", "strange", "line", value)
    assert (1, False) == (done.code, value[14:22] in done.out + done.err)


def test_an_error_on_a_terminal_ends_with_where_to_read_on(fleet: "Fleet") -> None:
    """Each code once, five at most; a log of CI, which nobody types into, has none of that."""
    fleet.manifest("version: 1\ncredential: {}\ngroups: 3\n")
    logged = fleet.flowforge("validate")
    fleet.answers("", sees=True)
    shown = fleet.flowforge("validate")
    assert (1, f"{logged.err}  more: `flowforge explain FF148 FF120 FF122`\n") == (shown.code, shown.err)
