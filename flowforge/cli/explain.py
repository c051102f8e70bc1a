"""`flowforge explain`: what a code of ours, or the text of a failed run, is about."""

from collections import deque
from collections.abc import Iterator, Sequence
from contextlib import suppress
from typing import Any, Final

from flowforge.cli.explanations.failures import RunFailure
from flowforge.cli.explanations.find import MOST, codes_of, failures_of, near, pages
from flowforge.cli.output import Output, stdout_has_colour
from flowforge.cli.surroundings import Outside
from flowforge.columns import MOST_COLUMNS
from flowforge.errors import ExitCode, Problem, UsageError, quote

_STDIN: Final = "-"
_MOST_LINES: Final = 2000


def main(words: Sequence[str]) -> int:
    """Explain, and return the exit code. Raises UsageError FF820, FF821."""
    read = list(words) == [_STDIN]
    text = _read_log() if read else " ".join(words)
    codes = codes_of(text)
    # A log may hold what looks like a code, and a person means the one that is typed.
    codes = [code for code in codes if code in pages() or not read]
    for code in codes:
        _require_known(code)
    # A line that names a code of ours may hold such a text too; the code is the surer of the two.
    failures = [] if codes else failures_of(text)
    if not codes and not failures:
        if not read and len(words) == 1 and (likely := near(text, _findings())):
            raise _no_code(text, likely)
        asked = "what was read from stdin" if read else quote(text)
        fix = "give a code such as FF504 or missing-secret, or a line of the failed run's log as it is"
        raise UsageError(Problem("FF820", f"nothing is known of {asked}", fix=fix))
    output = Output(colour=stdout_has_colour(), most=MOST_COLUMNS)
    output.lines([*_told([_code(code) for code in codes] + [_failure(each) for each in failures])])
    return ExitCode.ERROR if output.broken else ExitCode.DONE


def _require_known(code: str) -> None:
    if code not in pages():
        raise _no_code(code, near(code, list(pages())))


def _no_code(code: str, likely: str) -> UsageError:
    fix = f"did you mean `flowforge explain {likely}`?" if likely else "see docs/errors.md for all of them"
    return UsageError(Problem("FF821", f"there is no code {code}", fix=fix))


def _findings() -> list[str]:
    return [code for code in pages() if "-" in code]


def _read_log() -> str:
    """Return the end of what stdin has: a run that fails says why last."""
    screen, lines = Outside.now().screen, deque[str](maxlen=_MOST_LINES)
    with suppress(EOFError):
        while True:
            lines.append(screen.line())
    return "\n".join(lines)[-MOST:]


def _told(parts: Sequence[Iterator[str]]) -> Iterator[str]:
    for number, part in enumerate(parts):
        if number:
            yield ""
        yield from part


def _code(code: str) -> Iterator[str]:
    page = pages()[code]
    yield f"{code}: {page['about']}"
    for form in page["says"]:
        yield ""
        yield from _texts("what", form["what"])
        yield from _texts("why", form["why"])
        yield from _texts("fix", form["fix"])
    yield ""
    yield "<words> in angle brackets stand for what differs from run to run."


def _texts(word: str, texts: Sequence[str]) -> Iterator[str]:
    yield from (f"  {word if index == 0 else '  or'}: {text}" for index, text in enumerate(texts))


def _failure(failure: RunFailure) -> Iterator[str]:
    yield failure.texts[0].replace("*", "…")
    named: dict[str, Any] = {"cause": failure.cause, "check": failure.check, "fix": failure.fix}
    yield from (f"  {word}: {text}" for word, text in named.items())
