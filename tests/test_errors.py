"""What a message may hold: never a value's tail, a control character or a runner's command; and how errors read."""

import re
import unicodedata
from dataclasses import replace

import pytest
from hypothesis import assume, example, given
from hypothesis import strategies as st

from flowforge.errors import (
    ExitCode,
    FlowForgeError,
    GitHubError,
    ManifestError,
    Problem,
    RefusedError,
    SourceError,
    StateError,
    TrustError,
    UnfoldedError,
    UnrecordedError,
    UsageError,
    Where,
    harmless,
    printable,
    quote,
    quote_sentence,
)
from flowforge.tokens import redact
from tests.made_up import letters

# Made at run time, so that no scanner takes this file for a leak.
KINDS = (
    "sk-ant-" + "api03-",
    "sk-ant-" + "oat01-",
    "sk-ant-" + "admin01-",
    "gh" + "p_",
    "gh" + "s_",
    "github" + "_pat_",
)
TAIL = st.text("ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789_-.", min_size=12, max_size=40)
# Text around a token, which shows no letter that could pass for a part of one.
AROUND = st.text(" \t\n\x1b[]():;,'\"{}=/#@äß…\u200b\u202e\u2028\U000e0041", max_size=12)
# Everything that makes trouble in a terminal or a CI log, near everything else.
TEXT = st.text(
    st.one_of(st.sampled_from(":#[] \t\n\r\x1b\x07\x9b\u200b\u202e\u2066\u2028\ufeff\ud800ab"), st.characters())
)


def trouble(text: str) -> set[str]:
    """Return the characters that a terminal could act on or hide: controls, formats, surrogates, separators."""
    return {char for char in text if unicodedata.category(char) in {"Cc", "Cf", "Cs", "Cn", "Co", "Zl", "Zp"}}


@given(AROUND, st.sampled_from(KINDS), TAIL, AROUND)
def test_no_token_shows_more_than_its_kind(before: str, kind: str, tail: str, after: str) -> None:
    """Wherever a token stands, and in whatever case it is written, its kind is shown and none of the rest."""
    assume(tail.lower() not in kind)
    for token in (kind + tail, kind.upper() + tail):
        shown = before + token[: len(kind)] + "[redacted]" + after
        assert shown == redact(before + token + after)
        assert tail not in printable(before + token + after)
        assert tail not in quote(before + token + after)
        assert tail not in quote_sentence(before + token + after)


@given(TAIL)
def test_a_token_of_no_known_kind_shows_nothing(tail: str) -> None:
    """What follows `sk-ant-` is shown only where it is a documented kind: not the head of a value of no kind."""
    letters = tail.replace("-", "").replace("_", "").replace(".", "") + "x"
    assert "sk-ant-[redacted]" == redact("sk-ant-" + letters)


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("two: gh" + "p_aaaa and sk-ant-" + "api03-bbbb.", "two: ghp_[redacted] and sk-ant-api03-[redacted]"),
        ("ghs" + "_12345_eyJh.eyJi.c2ln@host", "ghs_[redacted]@host"),
        ("https://x:gh" + "o_abc@github.com/a/b", "https://x:gho_[redacted]@github.com/a/b"),
        ("one begins with sk-ant-" + "oat01-, not ghp_", "one begins with sk-ant-oat01-, not ghp_"),
        ("nothing to hide: acme/api, ANTHROPIC_API_KEY", "nothing to hide: acme/api, ANTHROPIC_API_KEY"),
    ],
)
def test_what_is_redacted(text: str, expected: str) -> None:
    """Several tokens in one text, an installation token with its dots, a token in a URL, kinds alone, and none."""
    assert expected == redact(text)


@given(TEXT)
@example("\x1b]0;title\x07")
@example("\ud800")
@example("a\u202eb")
def test_no_character_that_a_terminal_acts_on_is_printed(text: str) -> None:
    """Control, direction and zero-width characters, lone surrogates and line ends are escaped."""
    for shown in (printable(text), quote(text), quote_sentence(text)):
        assert set() == trouble(shown)
        shown.encode("utf-8")


@given(TEXT, st.sampled_from(("::", " ::", "\n::", "\u3000::", "x::", "::error::")))
def test_no_text_begins_a_command_of_the_runner(text: str, head: str) -> None:
    """Neither `::` at the start, behind any white space, nor `##[` anywhere survives."""
    for shown in (printable(head + text), quote(head + text), quote_sentence(head + text), printable(text)):
        assert (False, False) == (shown.strip().startswith("::"), "##[" in shown)


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("plain", "plain"),
        ("grün → ok", "grün → ok"),
        ("a::b", "a::b"),
        ("::error::x", "\\u003a:error::x"),
        ("  ::error::x", "  \\u003a:error::x"),
        ("say ##[add-mask]x", "say ##\\u005badd-mask]x"),
        ("a\nb\tc\x1b[31m", "a\\nb\\tc\\x1b[31m"),
        ("[red]", "[red]"),
        ("\u202e\ud800\U000e0041", "\\u202e\\ud800\\U000e0041"),
    ],
)
def test_how_text_is_made_printable(text: str, expected: str) -> None:
    """Harmless text is left as it is; the rest is escaped where it stands."""
    assert expected == printable(text)


@given(st.lists(TEXT.map(lambda text: text.replace("\n", "").replace("\x1b", "")), min_size=2, max_size=5))
def test_only_colours_stay_where_they_may(pieces: list[str]) -> None:
    """Each piece between two colours is made as harmless as it is alone; where none may stay, they are none either."""
    red = "\x1b[1;31m"
    assert red.join(map(harmless, pieces)) == harmless(red.join(pieces), coloured=True)
    assert "\x1b" not in harmless(red.join(pieces))
    unfinished = "\x1b[1;31".join(pieces)
    assert "\x1b" not in re.sub(r"\x1b\[[0-9;]*m", "", harmless(unfinished, coloured=True))


@given(TEXT)
def test_making_text_printable_twice_changes_nothing(text: str) -> None:
    """What passes through two messages reads as after the first."""
    once = printable(text)
    assert once == printable(once)


@pytest.mark.parametrize(
    ("length", "expected"), [(119, '"' + "a" * 119 + '"'), (120, '"' + "a" * 120 + '"'), (121, '"' + "a" * 119 + '…"')]
)
def test_a_quotation_is_short(length: int, expected: str) -> None:
    """At most 120 characters between the quotation marks, the last of a longer text an ellipsis."""
    assert expected == quote("a" * length)


def test_a_sentence_is_whole_and_on_one_line() -> None:
    """What somebody else says is not cut where a quotation is, as its end says what to do; a page of it is."""
    said = "It forbids this.\n\n  See:\t" + "https://github.com/settings/" + "x" * 200
    assert f'"It forbids this. See: https://github.com/settings/{"x" * 200}"' == quote_sentence(said)
    assert '"' + "a" * 999 + '…"' == quote_sentence("a" * 1001)


@pytest.mark.parametrize("gap", [" ", "\n", "\u200b", "\u00a0", "+", "/", "=", "\ufe0f", "] ", "…"])
def test_a_quotation_ends_with_the_first_credential(gap: str) -> None:
    """A value that something breaks in two shows nothing of its second part, whatever the break."""
    for kind in KINDS:
        text = f"see {kind}AAAA{gap}SECRETTAIL\nMORE"
        assert [f'"see {kind}[redacted]"'] * 2 == [quote(text), quote_sentence(text)]


@pytest.mark.parametrize("gap", [" ", "\n", "\u200b", "\u00ad", "\u202e", "\x00", "\ufe0f"])
@pytest.mark.parametrize("kind", KINDS)
def test_a_credential_that_is_broken_within_its_kind(kind: str, gap: str) -> None:
    """Where a kind is seen only without what hides it nothing is shown, also before a credential that is seen."""
    for at in range(1, len(kind) + 1):
        broken = kind[:at] + gap + kind[at:] + "SECRETTAIL"
        known = not kind.startswith("sk-ant-") or at <= len("sk-ant-") or at == len(kind)
        head = "" if known else "sk-ant-"
        shown = [quote(broken), quote(f"{broken} or {kind}AAAA"), quote_sentence(broken)]
        assert [f'"{head}[redacted]"'] * 3 == shown


@given(TEXT)
def test_a_quotation_is_what_is_printable_or_its_head(text: str) -> None:
    """A quotation adds nothing but its marks and the ellipsis."""
    inner, whole = quote(text)[1:-1], printable(text)
    assert inner == whole or (len(inner) == 120 and inner.endswith("…") and whole.startswith(inner[:-1]))


def test_a_token_at_the_cut_is_redacted_before_it_is_cut() -> None:
    """A token that begins just before the limit does not lose its shape to the cut and slip through."""
    tail = "Zz9" * 30
    assert "Z" not in quote("a" * 105 + "sk-ant-" + "api03-" + tail)


@pytest.mark.parametrize(
    ("where", "expected"),
    [
        (Where("flowforge.yaml", 3, 7), "flowforge.yaml:3:7"),
        (Where("flowforge.yaml"), "flowforge.yaml"),
        (Where("flowforge.yaml", 3), "flowforge.yaml:3:0"),
    ],
)
def test_a_position_reads_as_editors_read_it(where: Where, expected: str) -> None:
    """A position is `file:line:column`; a line of 0 is the file as a whole."""
    assert expected == str(where)


def test_positions_sort_as_they_stand() -> None:
    """Positions sort by file, line and column as numbers."""
    places = [Where("b", 1, 1), Where("a", 10, 3), Where("a", 10, 1), Where("a", 2, 1)]
    assert places[::-1] == sorted(places)


@pytest.mark.parametrize(
    ("problem", "expected"),
    [
        (Problem("FF100", "nothing to read"), "error FF100: nothing to read"),
        (Problem("FF100", "bad", "m.yaml:1:2"), "error FF100: m.yaml:1:2: bad"),
        (Problem("FF100", "bad", why="it is"), "error FF100: bad\n  why: it is"),
        (Problem("FF100", "bad", fix="mend it"), "error FF100: bad\n  fix: mend it"),
        (
            Problem("FF100", "bad", "m.yaml:1:2", "it is", "mend it"),
            "error FF100: m.yaml:1:2: bad\n  why: it is\n  fix: mend it",
        ),
    ],
)
def test_a_problem_reads_from_code_to_fix(problem: Problem, expected: str) -> None:
    """Code, where, what, why, fix, and no empty line for what is not said."""
    assert expected == str(problem)


def test_an_error_holds_all_its_problems() -> None:
    """An error keeps every problem, and its text is theirs in order."""
    problems = (Problem("FF101", "first"), Problem("FF102", "second", fix="mend it"))
    error = ManifestError(*problems)
    assert (problems, "error FF101: first\nerror FF102: second\n  fix: mend it") == (error.problems, str(error))


@pytest.mark.parametrize(
    ("kind", "code"),
    [
        (UsageError, ExitCode.ERROR),
        (ManifestError, ExitCode.ERROR),
        (SourceError, ExitCode.ERROR),
        (GitHubError, ExitCode.ERROR),
        (TrustError, ExitCode.ERROR),
        (StateError, ExitCode.ERROR),
        (UnfoldedError, ExitCode.ERROR),
        (UnrecordedError, ExitCode.UNRECORDED),
        (RefusedError, ExitCode.REFUSED),
    ],
)
def test_each_kind_of_error_has_its_exit_code(kind: type[FlowForgeError], code: ExitCode) -> None:
    """A refusal by a safety limit is 4, an unrecorded write 5, every other error 1, and all are caught as one."""
    error = kind(Problem("FF100", "bad"))
    assert (True, code) == (isinstance(error, FlowForgeError), error.exit_code)


def test_a_trouble_with_github_is_not_certain() -> None:
    """That nothing was changed is said where it is known, and never assumed."""
    assert GitHubError(Problem("FF310", "no answer")).certain is False


def test_the_exit_codes_are_the_documented_numbers() -> None:
    """Scripts depend on these numbers: none moves."""
    expected = {
        "DONE": 0,
        "ERROR": 1,
        "CHANGES": 2,
        "PARTIAL": 3,
        "REFUSED": 4,
        "UNRECORDED": 5,
        "INTERRUPTED": 130,
    }
    assert expected == {code.name: code.value for code in ExitCode}


def test_what_is_printed_is_escaped_as_json_escapes_it() -> None:
    """Each character that does not print becomes its units in UTF-16, half ones too, and nothing else changes."""
    assert r"ä→😀 \u001b \u202e \udb40\udc41 \ud800" == harmless("ä→😀 \x1b \u202e \U000e0041 \ud800")


@pytest.mark.parametrize("part", ["what", "where", "why", "fix"])
def test_no_problem_shows_a_credential(part: str) -> None:
    """A sentence that names a part of a text from outside, such as a host, hides a credential in it."""
    token = f"sk-ant-api03-{letters(80)}AA"
    problem = replace(Problem("FF100", "bad"), **{part: f"write https://api.{token.lower()}.ghe.com"})
    assert token[13:21].lower() not in str(problem)
    assert "sk-ant-api03-[redacted]" in getattr(problem, part)
