"""`flowforge post`: a report as a comment on its pull request, or as one issue."""

import os
import re
from pathlib import Path
from typing import Any, Final

from flowforge.ci_event import FORKABLE, Event
from flowforge.cli.output import Output
from flowforge.cli.posted_report import MOST, MOST_UNVERIFIED, commit_of, read_report
from flowforge.cli.runner_files import give_summary, is_runner, summary_room
from flowforge.cli.signals import interruption, written
from flowforge.cli.streams import say
from flowforge.cli.surroundings import Outside
from flowforge.errors import ExitCode, printable
from flowforge.github.conversations import MOST_TEXT
from flowforge.render.as_markdown import bare_page_of, page_of
from flowforge.render.pages import Page
from flowforge.render.sums import is_well
from flowforge.run.posting import Message, Posted, PostRequest, post

_COMMIT: Final = re.compile(r"[0-9a-f]{40}|[0-9a-f]{64}")
_DID: Final = {
    "created": "Posted to {0}.",
    "updated": "Updated on {0}.",
    "closed": "All is well: the issue of {0} is closed.",
    "nothing": "All is well: {0} needs no issue.",
}
_TITLE: Final = "FlowForge: not all is well"


def main(*, report: Path, to: Any, repo: str, number: int | None, token_env: str, name: str, quiet: bool) -> int:  # noqa: ANN401 -- click's choice
    """Post the report, or put it into the summary where that is not permitted; return the exit code."""
    output = Output(quiet=quiet)
    event = Event.of(os.environ)
    # The run before may have been a fork's, and its report says what the fork's author likes.
    unverified = event.name == FORKABLE
    with interruption() as interrupted:
        document = read_report(report, MOST_UNVERIFIED if unverified else MOST)
        request = PostRequest(
            to,
            repo,
            number or 0,
            commit_of(document),
            dict(os.environ),
            event,
            token_env,
            interrupted.stop,
            _nothing if quiet else say,
            **_clock(),
        )
        page = bare_page_of(document) if unverified else page_of(document)
        heading = _heading(event, request.environ.get("GITHUB_REPOSITORY", ""), name) if to == "pr" else ""
        # A marker of its own, so that a report that nobody vouches for never replaces another one.
        marker = _marker("unverified" if unverified else to, name)
        prefix = f"{marker}\n{heading}"
        # GitHub's limit is for all of the text, so what stands before the page takes part of it.
        text = prefix + page.text(MOST_TEXT - len(prefix.encode()))
        title = f"{_TITLE} ({name})" if name else _TITLE
        written.set()  # whatever ends it from here on, nobody can say that nothing was written
        posted = post(request, Message(marker, text, title, is_well(document)))
    if posted.did == "refused":
        _instead(posted, heading, page)
    elif not quiet:
        output.lines([_DID[posted.did].format(printable(str(posted.place)))])
    return ExitCode.ERROR if output.broken else ExitCode.DONE


def _marker(kind: str, name: str) -> str:
    return f"<!-- flowforge post {kind}{f' {name}' if name else ''} -->"


def _heading(event: Event, repo: str, name: str) -> str:
    """Return what stands above a report: what it is of, and that nobody vouches for it, where nobody does."""
    head = event.head_of_run if event.name == FORKABLE else None
    commit = head.commit if head else event.commit
    of = f" `{commit[:7]}`" if _COMMIT.fullmatch(commit) else ""
    if head is not None:
        whose = "a pull request" if head.repo.lower() == repo.lower() else "a fork"
        return f"### Plan made by code of {whose}, not verified{of}\n\n"
    return f"### {name}{of}\n\n" if name else ""


def _instead(posted: Posted, heading: str, page: Page) -> None:
    """Put the report into the summary of the step, where it could not be posted: one warning, and no error."""
    room = summary_room() if is_runner() else 0
    if room:
        give_summary(heading + page.text(room - len(heading.encode())))
    # A warning and no error: that a token may not write comments should fail no job.
    why = printable(posted.problem.what) if posted.problem else ""
    instead = "; the summary of this step has it instead" if room else ""
    say(f"warning: nothing was posted to {printable(str(posted.place))}: {why}{instead}")


def _clock() -> dict[str, Any]:
    """Return the clock of the request where a test hands one in."""
    return {name: made for name, made in Outside.now().request.items() if name == "clock"}


def _nothing(_: object) -> None:
    """Stay quiet."""
