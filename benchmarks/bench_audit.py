"""Reading and judging workflows: CPU of 1,000 files of usual size, and of single files that grow to 500 KB."""

import time
from itertools import cycle, islice

from common import Goal, goals, say, table
from flowforge.audit.judge import audit
from flowforge.audit.model import RepoFacts, StoreNames
from flowforge.workflows.repository import FOLDER

FILES = 1_000
OF_A_REPO = 4
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
    goals(Goal(f"CPU s of reading and judging {FILES:,} workflow files", taken, 2))


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
