"""Workflows that grow: one for each thing in a file that there may be any number of.

`python -m tests.audit.growing` prints how much CPU time each takes at three sizes; the law of the tests counts calls.
"""

import time
from collections.abc import Callable, Mapping
from typing import Final

from flowforge.audit.judge import audit
from flowforge.audit.model import RepoFacts, StoreNames
from flowforge.workflows.programs import read_script
from tests.audit.hostile import CLAUDE_WORKFLOW, padded, with_condition, with_key, with_steps

FACTS: Final = RepoFacts("acme/api", StoreNames(frozenset({"KEY", "ANTHROPIC_API_KEY"})))
SIZES: Final = (60_000, 240_000, 480_000)


def files_of(text: str) -> Mapping[str, str]:
    """Return a repository of a large workflow and one that it may call."""
    other = CLAUDE_WORKFLOW.replace("issue_comment", "workflow_call")
    return {".github/workflows/large.yml": text, ".github/workflows/other.yml": other}


def _steps(count: int) -> str:
    return with_steps(*('run: claude -p "a $(date)" && echo b' for _ in range(count))).decode()


def _jobs(count: int) -> str:
    head, _, job = CLAUDE_WORKFLOW.partition("  answer:\n")
    return head + "".join(f"  job{n}:\n    if: github.actor != 'x[bot]' || false\n{job}" for n in range(count))


def _chain_of_jobs(count: int) -> str:
    head, _, job = CLAUDE_WORKFLOW.partition("  answer:\n")
    return head + "".join(f"  job{n}:\n    needs: [job{max(n - 1, 0)}]\n{job}" for n in range(count))


def _calls(count: int) -> str:
    callee = "  call{}:\n    uses: ./.github/workflows/other.yml\n    secrets: inherit\n"
    return "on: push\njobs:\n" + "".join(callee.format(n) for n in range(count))


def _env(count: int) -> str:
    names = "".join(f"  VARIABLE_{n}: ${{{{ env.VARIABLE_{n - 1} || secrets.KEY }}}}\n" for n in range(count))
    return f"env:\n{names}{CLAUDE_WORKFLOW}"


def _script(line: str) -> Callable[[int], str]:
    def made(count: int) -> str:
        lines = "".join(f"          {line}\n" for _ in range(count))
        return with_steps(f"run: |\n{lines}").decode()

    return made


def _aliases(count: int) -> str:
    uses = ", ".join(["*e"] * count)
    return f"x: &e {{A: b, C: [d, e, f]}}\ny: [{uses}]\n{CLAUDE_WORKFLOW}"


GROWING: Final[dict[str, tuple[Callable[[int], str], int]]] = {
    "comments": (lambda count: padded(count * 1000).decode(), 20),
    "steps": (_steps, 40),
    "jobs": (_jobs, 25),
    "a chain of jobs": (_chain_of_jobs, 40),
    "calls": (_calls, 25),
    "variables": (_env, 100),
    "aliases": (_aliases, 300),
    "alternatives": (lambda count: with_key(" || ".join(["secrets.KEY"] * count)).decode(), 400),
    "conditions": (lambda count: with_condition(" && ".join(["github.actor != 'x[bot]'"] * count)).decode(), 100),
    "parentheses": (lambda count: with_condition("(" * count + "true" + ")" * count).decode(), 400),
    "templates": (lambda count: with_key("'a'").replace(b"'a'", b"'a' }}${{ 'b'" * count).decode(), 300),
    "words": (_script("claude -p 'a b' \"$C\" d=e | tee f"), 60),
    "open quotes": (_script("claude '"), 101),
    "substitutions": (_script("a $(b $(c `claude -p d`))"), 60),
    "nested substitutions": (_script("a $(b \\"), 60),
    "heredocs": (_script("cat <<A"), 60),
    "nested shells": (_script("bash -c \"bash -c 'claude -p x'\""), 40),
    "variables of a script": (_script('if [ -z "$KEY" ]; then A="$B"; export C="$D"; fi'), 60),
}
"""Each shape by its name: a file of so many of it, and how many make a small one."""


def main() -> None:
    """Print the CPU seconds of each shape at each size, and how the largest compares with the smallest."""
    print(f"{'':<24}" + "".join(f"{size // 1000:>5} KB" for size in SIZES) + "   times")
    for name, (maker, count) in GROWING.items():
        each = (len(maker(4 * count)) - len(maker(count))) / (3 * count)
        taken = [_seconds(maker(int(size / each))) for size in SIZES]
        row = "".join(f"{seconds:8.2f}" for seconds in taken)
        print(f"{name:<24}{row}{taken[-1] / max(taken[0], 0.001):8.1f}")


def _seconds(text: str) -> float:
    # It remembers what it has read.
    read_script.cache_clear()
    began = time.process_time()
    audit(files_of(text), FACTS)
    return time.process_time() - began


if __name__ == "__main__":
    main()
