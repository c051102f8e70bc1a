"""Checks that hold for values of every type: each names a mistake that people make when they copy a credential."""

import re
from typing import Final

from flowforge.data_class import dataclass
from flowforge.errors import Problem

# GitHub takes 48,000 bytes of sealed box, 48 of which are the box's own.
MAX_BYTES: Final = 47_952
RUN_SETUP: Final = "run `claude setup-token` and use the token that it prints"

# The whole value, never a part of it: a real key may well contain `xxx`.
_PLACEHOLDERS = (
    r"(?:sk-ant-(?:[a-z]+\d\d-)?)?(?:"
    r"[x*.…]{3,}|your(?:[-_ ][a-z]+)+|<[^<>]*>|(?:change|replace|fill)[-_ ]?(?:me|this|it)(?:[-_ ][a-z]+)*)"
    r"|\$\{.*\}|\$\(.*\)|\$[a-z_][a-z0-9_]*|%[a-z_]+%|\$?\{\{.*\}\}|op://.*"
    r"|todo|tb[ad]|fixme|placeholder|dummy|example|secret|password|\[?redacted\]?|\[secret\]"
    # What templates, shells and programs write where there is nothing.
    r"|nil|null|none|nan|n[/._-]?a\.?|nothing|empty|blank|missing|disabled|true|false|[-_~?=#+!/]+"
    r"|not[-_ ]?(?:set|there|found|given|known|available|applicable|configured|defined|provided|specified)"
    r"|un(?:set|known|defined|available|configured|specified)"
)


@dataclass(frozen=True, slots=True)
class _Rule:
    """A form that no value of any type may have."""

    pattern: re.Pattern[str]
    problem: Problem
    lines: bool = True
    """Whether it holds for a value of many lines, too."""


def _rule(pattern: str, code: str, what: str, why: str, fix: str, *, lines: bool = True) -> _Rule:
    return _Rule(re.compile(pattern, re.IGNORECASE), Problem(code, what, why=why, fix=fix), lines)


# Tried in order: the first that fits is the message, so the more exact one stands before the more general one.
_RULES = (
    _rule(
        r"\A\Z",
        "FF201",
        "the value is empty",
        "an empty secret still takes its place, and Claude then reports a missing credential",
        "put the credential where its source reads it",
    ),
    _rule(
        r"\A\s+\Z",
        "FF202",
        "the value is blank",
        "white space alone is no credential",
        "put the credential where its source reads it",
    ),
    # The token of a login lasts some 8 to 12 hours (dnakov/cc-gh#3, siteboon/claudecodeui#1209).
    _rule(
        r'\A\s*\{[\s\S]*"claudeAiOauth"',
        "FF203",
        "the value is a .credentials.json of Claude Code",
        "its token lives for hours, and the login that it belongs to replaces it",
        RUN_SETUP,
    ),
    _rule(
        rf"\A\s*(?a:{_PLACEHOLDERS})\s*\Z",  # as ASCII, which compiles twice as fast: none has another letter
        "FF204",
        "the value is a placeholder",
        "it stands for a credential and is none; FlowForge fills in no variable and no reference inside a value",
        "put the credential itself where its source reads it",
    ),
    _rule(
        r"\A\s*(?:\{[\s\S]*\}|\[[\s\S]*\])\s*\Z",
        "FF205",
        "the value is JSON",
        "a secret holds the credential alone; FlowForge takes no document apart",
        "extract the credential, and let the source read only that",
    ),
    _rule(
        r"\A\s*([\"'`])[\s\S]*\1\s*\Z",
        "FF206",
        "the value is in quotes",
        "the quotes would be stored as part of the credential",
        "remove them from where the source reads the value",
    ),
    _rule(
        r"\A[^\r\n]*\r\n?\Z",
        "FF207",
        "the value ends with a carriage return",
        "its source ends it as Windows ends a line (CR LF), which is dropped only of a file and a command's output",
        "remove the line end where its source reads the value",
        lines=False,
    ),
    # A terminal wraps the 108 characters of a token: the paste is cut at some 80, or has a line break in it
    # (anthropics/claude-code#54738).
    _rule(
        r"[\r\n]",
        "FF208",
        "the value has a line break in it",
        "a terminal that wraps a long credential breaks it when it is copied; FlowForge joins no lines, "
        "and drops only one line end at the end of a file",
        "copy the credential again as one line, and save it alone",
        lines=False,
    ),
    _rule(
        r"[ \t]",
        "FF209",
        "the value has white space in it",
        "no credential has any; it comes from copying too much, or from a wrapped line",
        "copy the credential again, without spaces or tabs before, in or after it",
        lines=False,
    ),
    # Claude Code then says `Invalid auth token · … Invalid Authorization header value` (code.claude.com/docs, errors).
    _rule(
        r"[\x00-\x1f\x7f]",
        "FF210",
        "the value has a control character in it",
        "an HTTP header cannot carry it, so Claude would fail to sign in",
        "copy the credential again as plain text",
        lines=False,
    ),
    _rule(
        r"[^\x00-\x7f]",
        "FF211",
        "the value has a character in it that is not ASCII",
        "no credential has one; it is often invisible, or a typographic quote or dash from a chat or a document",
        "copy the credential again from where it was issued",
    ),
    # Last: what else is wrong with so short a text says more.
    _rule(
        r"\A.{1,3}\Z",
        "FF262",
        "the value is too short to be a credential",
        "no credential has fewer than four characters",
        "put the credential itself where its source reads it",
    ),
)
_TOO_LARGE = Problem(
    "FF212",
    f"the value is larger than {MAX_BYTES:,} bytes",
    why="GitHub takes no larger secret",
    fix="let the source read the credential alone",
)


def unfit(text: str, *, lines: bool = False) -> Problem | None:
    """Return the first reason why a text cannot be a credential of any type; None if there is none.

    FF201 to FF212, and FF262. lines: whether values of the type have many lines.
    """
    if len(text.encode("utf-8", "surrogatepass")) > MAX_BYTES:
        return _TOO_LARGE
    return next((rule.problem for rule in _RULES if (rule.lines or not lines) and rule.pattern.search(text)), None)
