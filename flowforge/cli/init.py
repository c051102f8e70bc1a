"""`flowforge init`: write a starter manifest, its schema, and what git is to ignore."""

import os
from collections.abc import Iterator
from pathlib import Path

from flowforge.cli import ignored
from flowforge.cli.output import write_text
from flowforge.cli.streams import reason, say
from flowforge.errors import ExitCode, Problem, UsageError, quote
from flowforge.on_demand import load
from flowforge.plan.address import Repo
from flowforge.render.phrases import count
from flowforge.resources import schema_text

SCHEMA_FILE = ".flowforge.schema.json"
_STARTER = """\
# yaml-language-server: $schema=./{schema}
#
# Which repositories need which Claude credential, and where each value comes from. No value is in this file.
version: 1

# github: {{api_url: https://ghe.example.com/api/v3}}    # a GitHub Enterprise Server

credentials:
  ci-key:
    type: anthropic_api_key            # created at https://platform.claude.com/settings/keys
    from: {{env: ACME_ANTHROPIC_KEY}}    # or {{file: ci-key.txt}}, a file that is not in git
    only: ["@everything"]              # no other repository ever gets it
    # expires: 2027-02-01              # the plan warns 30 days before

  # A subscription's token, printed by `claude setup-token`, is one person's and lives one year:
  # my-token: {{type: claude_code_oauth_token, from: {{env: MY_CLAUDE_TOKEN}}, issued: 2026-11-23}}

groups:
  everything:
    repos:
{repos}

targets:
  - name: Claude in CI
    groups: [everything]
    credential: ci-key
"""


def main(repos: tuple[str, ...], manifest: Path, *, owner: str, setup_token: bool) -> int:
    """Write all, and return the exit code."""
    named = sorted({_repo(text) for text in repos}) or [Repo.parse("my-org/my-repo")]
    _require_sense(repos, owner, setup_token=setup_token)
    schema = manifest.parent / SCHEMA_FILE
    # Before anything is asked: a look at a large owner takes minutes.
    if os.path.lexists(manifest):
        what, fix = f"{quote(str(manifest))} is there already", "edit it, or name another file with -m"
        raise UsageError(Problem("FF010", what, fix=fix))
    text = _STARTER.format(schema=SCHEMA_FILE, repos="\n".join(f"      - {repo}" for repo in named))
    if owner:
        text = load("flowforge.cli.init_owner").drafted_text(owner, SCHEMA_FILE, setup_token=setup_token)
    # The schema first, and over an older one: a manifest that names a schema which is not there confuses editors.
    _write(schema, schema_text("manifest"), os.O_TRUNC)
    _write(manifest, text, os.O_EXCL)  # another process may have written one since it was looked for
    say(f"Wrote {quote(str(manifest))} and {quote(str(schema))}.", *_for_git(manifest))
    say(_after_draft(setup_token=setup_token) if owner else _after_starter(edited=bool(repos)))
    return ExitCode.DONE


def _require_sense(repos: tuple[str, ...], owner: str, *, setup_token: bool) -> None:
    """Refuse options that mean nothing together. Raises UsageError FF036."""
    if repos and owner:
        what, fix = "--owner finds the repositories by itself", "leave out their names, or --owner"
        raise UsageError(Problem("FF036", what, fix=fix))
    if setup_token and not owner:
        what, fix = "--setup-token needs to know whose repositories are meant", "add --owner NAME"
        raise UsageError(Problem("FF036", what, fix=fix))


def _after_draft(*, setup_token: bool) -> str:
    if setup_token:
        return "Read it, run `claude setup-token`, then: `flowforge apply`"
    return "Fill in the blanks, then: `flowforge adopt`, and `flowforge plan`"


def _for_git(manifest: Path) -> Iterator[str]:
    """Write the .gitignore, and yield what to commit. That it cannot be written undoes nothing: the lines are told."""
    path = manifest.parent / ignored.FILE
    try:
        added = ignored.ignore(manifest.parent)
    except OSError as error:
        lines = " ".join(ignored.LINES)
        yield f"{quote(str(path))} cannot be written: {reason(error)}. These lines belong there: {lines}"
    else:
        if added:
            yield f"Added {count(len(added), 'line')} to {quote(str(path))}."
    state = quote(str(manifest.with_name(f"{manifest.stem}.state.json")))
    yield (
        f"Commit them. The first apply makes {state}, which holds no value: commit it, too, where this repository is "
        "private, or keep it on a branch (state.github)."
    )


def _repo(text: str) -> Repo:
    try:
        return Repo.parse(text)
    except ValueError:
        raise UsageError(Problem("FF009", f"{quote(text)} is not a repository", fix="write it as owner/name")) from None


def _write(path: Path, text: str, flags: int) -> None:
    try:
        write_text(path, text, flags)
    except OSError as error:
        what, fix = f"{quote(str(path))} cannot be written", "name a file with -m in a folder that you may write to"
        raise UsageError(Problem("FF011", what, why=reason(error), fix=fix)) from None


def _after_starter(*, edited: bool) -> str:
    first = "Next" if edited else "Name your repositories in it. Then"
    return f"{first}, with ACME_ANTHROPIC_KEY set: `flowforge plan`"
