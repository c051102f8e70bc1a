"""Reading and judging workflows: 1,000 files of usual size, single files that grow to 500 KB, a fleet over HTTP."""

import json
import time
from collections.abc import Sequence
from itertools import cycle, islice

from common import LATENCY, Goal, goals, names, project, sandbox, say, sized, table
from flowforge.audit.judge import audit
from flowforge.audit.model import RepoFacts, StoreNames
from flowforge.workflows.repository import FOLDER

FILES = sized(1_000, 100)
REPOS = sized(1_000, 100)
OF_A_REPO = 4
ODD = 10  # repos with a workflow that GraphQL does not hand over, because it takes a text with a NUL for none
FACTS = RepoFacts(stores=StoreNames(frozenset({"ANTHROPIC_API_KEY"})))
SIZES = (125_000, 250_000, 500_000)
_HEAD = "on: [issue_comment, pull_request, push]\npermissions: {contents: read, id-token: write}\njobs:\n"
_JOB = """\
  job{n}:
    if: >-
      (github.event_name == 'issue_comment' && contains(github.event.comment.body, '@claude')) ||
      (github.event_name == 'pull_request' && github.actor != 'dependabot[bot]')
    runs-on: ubuntu-latest
    steps:
      - uses: actions/checkout@v4
        with: {{fetch-depth: 1}}
      - name: Look at it
        uses: anthropics/claude-code-action@v1
        with:
          anthropic_api_key: ${{{{ secrets.ANTHROPIC_API_KEY }}}}
          prompt: |
            Review this change with a view to what may break.
            Say where, and what to do instead.
      - run: |
          npm ci && npm test -- --reporter=dot | tee out.txt
          claude -p "Summarise $(wc -l < out.txt) lines" > summary.txt
"""
_STEP = '      - run: claude -p "Summarise {n}" && echo "$(date)"\n'


def main() -> None:
    """Print both tables."""
    usual = [_HEAD + "".join(_JOB.format(n=n) for n in range(1 + kind % 3)) for kind in range(6)]
    texts = iter(cycle(usual))
    repos = [
        {f"{FOLDER}/w{n}.yml": f"{text}# {repo}\n" for n, text in enumerate(islice(texts, OF_A_REPO))}
        for repo in range(FILES // OF_A_REPO)
    ]
    size = sum(len(text) for files in repos for text in files.values())
    began = time.process_time()
    for files in repos:
        audit(files, FACTS)
    taken = time.process_time() - began
    say(f"{FILES:,} files, {size / FILES / 1000:.1f} KB on average: {taken:.2f} s of CPU")
    table(("one file of", "steps: CPU s", "jobs: CPU s"), (_growth(size) for size in SIZES))
    graphql, single = _fleet(usual)
    goals(
        Goal(f"CPU s of reading and judging {FILES:,} workflow files", taken, 2),
        Goal(f"GraphQL requests of `audit` of {REPOS:,} repos", graphql, REPOS / 50, digits=0),
        Goal("REST requests for each file that GraphQL did not hand over", single / ODD, 1),
    )


def _fleet(usual: Sequence[str]) -> tuple[int, int]:
    """Audit an owner's repos over HTTP, print what it takes, and return the requests by GraphQL and of single files."""
    with sandbox(REPOS, "--no-limits") as server, project(names(1), server, FLOWFORGE_TIME_SCALE="40") as here:
        for repo, text in zip(names(REPOS), cycle(usual), strict=False):
            server.call("edit_file", full_name=repo, path=f"{FOLDER}/claude.yml", text=text)
        for number, repo in enumerate(names(REPOS)[:: REPOS // ODD]):
            text = f"{usual[0]}# {number} \0\n"
            server.call("edit_file", full_name=repo, path=f"{FOLDER}/odd.yml", text=text)
        server.call("reset_stats")
        server.call("settings", latency=LATENCY)
        run = here.flowforge("audit", "--owner", "acme", "--format", "json")
        asked = server.call("stats")["requests"]
    graphql: int = sum(number for route, number in asked.items() if route.endswith("/graphql"))
    files = sum(number for route, number in asked.items() if "/git/blobs" in route or "/contents" in route)
    judged = len(json.loads(run.out)["repos"])
    head = ("repos judged", "GraphQL", "REST", "of them files", "wall s", "CPU s", "MB")
    rest = sum(asked.values()) - graphql
    table(head, [(judged, graphql, rest, files, f"{run.seconds:.1f}", f"{run.cpu:.1f}", f"{run.memory:.0f}")])
    return graphql, files


def _growth(size: int) -> tuple[str, str, str]:
    job = _HEAD + "  one:\n    steps:\n"
    steps = job + "".join(_STEP.format(n=n) for n in range((size - len(job)) // len(_STEP)))
    jobs = _HEAD + "".join(_JOB.format(n=n) for n in range((size - len(_HEAD)) // len(_JOB)))
    return f"{size // 1000} KB", _seconds(steps), _seconds(jobs)


def _seconds(text: str) -> str:
    began = time.process_time()
    audit({f"{FOLDER}/large.yml": text}, FACTS)
    return f"{time.process_time() - began:.2f}"


if __name__ == "__main__":
    main()
