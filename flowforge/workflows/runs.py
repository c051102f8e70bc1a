"""The classes of run of a workflow: event by event, a person of the repository, Dependabot, a fork, a bot by name."""

import re
from collections.abc import Iterator, Mapping
from enum import StrEnum
from typing import Final

from flowforge.data_class import dataclass
from flowforge.workflows.nodes import YamlNode
from flowforge.workflows.workflow import CALLED

DEPENDABOT_LOGIN: Final = "dependabot[bot]"


class Who(StrEnum):
    """Who starts a run."""

    PERSON = "person"
    DEPENDABOT = "dependabot"
    FORK = "fork"
    BOT = "bot"


@dataclass(frozen=True, slots=True)
class RunClass:
    """A class of run."""

    event: str
    who: Who
    login: str = ""
    """Of a bot."""
    repo: str | None = None
    """Owner and name of the repository, in lower case, where known."""

    @property
    def store(self) -> str:
        """The store that it reads secrets from; empty where GitHub withholds them."""
        if self.who is Who.DEPENDABOT:
            return "dependabot" if self.event in _READS_OWN else ""
        return "" if self.who is Who.FORK and self.event in _WITHHELD else "actions"


# docs.github.com, "Secrets": a run by a fork's pull request gets none but GITHUB_TOKEN.
_WITHHELD: Final = frozenset({"pull_request", "pull_request_review", "pull_request_review_comment"})
# docs.github.com, "Dependabot on GitHub Actions". What it says of pull_request_target does not agree with itself.
_DEPENDABOT: Final = frozenset({"pull_request", "pull_request_target"})
_READS_OWN: Final = frozenset({"pull_request", "push"})
# The last two run for the base repository with its secrets, whoever opened the pull request.
_FORK: Final = frozenset({"pull_request", "pull_request_target", "workflow_run"})
# No bot starts these as itself.
_NO_BOT: Final = frozenset({"schedule", "workflow_dispatch", "repository_dispatch", "workflow_run", CALLED})
# Names of branches as Dependabot makes them.
_BRANCHES: Final = ("dependabot/npm_and_yarn/left-pad-1.3.0", "dependabot/pip/requests-2.32.0")


def runs_of(
    events: Mapping[str, YamlNode], bots: frozenset[str] = frozenset(), repo: str | None = None
) -> Iterator[RunClass]:
    """Yield the classes of run of these events. bots: logins that conditions name, in lower case."""
    for event, filters in events.items():
        if event == CALLED:
            continue
        yield RunClass(event, Who.PERSON, repo=repo)
        if event in _DEPENDABOT or (event == "push" and _admits_dependabot(filters)):
            yield RunClass(event, Who.DEPENDABOT, DEPENDABOT_LOGIN, repo)
        if event in _FORK:
            yield RunClass(event, Who.FORK, repo=repo)
        if event not in _NO_BOT:
            yield from (RunClass(event, Who.BOT, login, repo) for login in sorted(bots - {DEPENDABOT_LOGIN}))


def _admits_dependabot(filters: YamlNode) -> bool:
    branches, ignored = filters.get("branches"), filters.get("branches-ignore")
    if branches is not None:
        return any(_matches(branches, name) for name in _BRANCHES)
    if ignored is not None:
        return not all(_matches(ignored, name) for name in _BRANCHES)
    return filters.get("tags") is None and filters.get("tags-ignore") is None


def _matches(patterns: YamlNode, name: str) -> bool:
    """Whether a list of branch patterns admits a name: the last one that fits decides."""
    admitted = False
    for pattern in patterns.texts():
        if _fits(pattern.removeprefix("!"), name):
            admitted = not pattern.startswith("!")
    return admitted


def _fits(pattern: str, name: str) -> bool:
    """Return whether a name is of GitHub's pattern of branches; of what else that knows than stars, `?` alone is read.

    It takes the length of the one times that of the other, whatever stands in the pattern: a regular expression of many
    stars takes for ever.
    """
    ends = {0}  # how much of the name the pattern may have taken so far
    for part in re.findall(r"\*+|[^*]", pattern):
        if part == "*":
            ends = {end for begin in ends for end in range(begin, _slash(name, begin) + 1)}
        elif part.startswith("*"):
            ends = set(range(min(ends), len(name) + 1)) if ends else ends
        else:
            one = {end + 1 for end in ends if part == "?" or name[end : end + 1] == part}
            ends = {end for end in (ends | one if part == "?" else one) if end <= len(name)}
    return len(name) in ends


def _slash(name: str, begin: int) -> int:
    found = name.find("/", begin)
    return len(name) if found < 0 else found
