"""A plan that finds nothing to do: 1,000 repos at 80 ms a request, with no secondary limit in the way."""

import os
import sys
from typing import Any

from common import (
    LATENCY,
    Goal,
    Project,
    Server,
    goals,
    median,
    names,
    project,
    ran,
    sandbox,
    say,
    sized,
    spread,
    table,
)

REPOS = sized(1_000, 50)
WORKERS = (8, 32)
RUNS = sized(5, 1)
# The sandbox's limits are off. FlowForge keeps to 900 points a minute in any case, so its minutes pass 40 times as
# fast; the latency is in real seconds all the same. The file in which it tells other processes what it spent would be
# written 40 times as often too, which nobody's is, so it has no place to be.
UNLIMITED = {"FLOWFORGE_TIME_SCALE": "40", "FLOWFORGE_CACHE_DIR": os.devnull}
# The same requests with the same HTTP library and nothing else, to tell FlowForge from the machine.
BARE = """
import os, sys, httpx
from concurrent.futures import ThreadPoolExecutor
workers, repos = int(sys.argv[1]), int(sys.argv[2])
headers = {"Authorization": "Bearer " + os.environ["FLOWFORGE_GITHUB_TOKEN"]}
limits = httpx.Limits(max_connections=workers, max_keepalive_connections=workers)
with httpx.Client(base_url=os.environ["GITHUB_API_URL"], headers=headers, limits=limits, verify=False) as client:
    with ThreadPoolExecutor(workers) as pool:
        paths = [f"/repos/acme/repo-{n:03}/actions/secrets?per_page=100" for n in range(1, repos + 1)]
        answers = list(pool.map(lambda path: client.get(path).json(), paths))
sys.exit(len(answers) != repos)
"""


def main() -> None:
    """Apply once, then plan, again and again."""
    say(
        f"`flowforge plan` as a whole process, nothing changed, {REPOS:,} repos, {LATENCY * 1000:.0f} ms a request, "
        f"{RUNS} runs of each in turns.\nBound: requests x latency / workers. "
        "Start-up: a plan of one repo.\n"
        "Bare: a process that makes the same requests with httpx and threads, and nothing else."
    )
    with sandbox(REPOS, "--no-limits", "--time-scale=40") as server, project(names(REPOS), server, **UNLIMITED) as here:
        if here.flowforge("apply", "--yes").code != 0:
            raise RuntimeError("the fleet could not be set up")
        server.call("settings", latency=LATENCY)
        rows = [_row(here, server, workers) for workers in WORKERS]
    head = ("workers", "requests", "bound s", "plan s", "start-up s", "bare s", "plan / bound")
    table((*head, "without start-up", "bare / bound", "plan CPU s", "bare CPU s", "MB"), rows)
    goals(
        *(
            Goal(f"wall time of a plan of {REPOS:,} repos in sync by {row[0]} workers, x the bound", float(row[6]), 1.2)
            for row in rows
        ),
        Goal("requests of it, x the repos", rows[-1][1] / REPOS, 1.01),
    )


def _row(here: Project, server: Server, workers: int) -> tuple[Any, ...]:
    plans, bare, one = [], [], []
    for _ in range(RUNS):
        one.append(here.flowforge("plan", "--limit=acme/repo-001"))
        server.call("reset_stats")
        plans.append(here.flowforge("plan", "--detailed-exitcode", f"--jobs={workers}"))
        requests = sum(server.call("stats")["requests"].values())
        bare.append(ran([sys.executable, "-c", BARE, str(workers), str(REPOS)], here.environ, here.folder))
    if any(run.code != 0 for run in (*plans, *bare, *one)):
        raise RuntimeError("the plan found something to do")
    bound = requests * LATENCY / workers
    wall, alone = [run.seconds for run in plans], [run.seconds for run in bare]
    start = median(run.seconds for run in one)
    ratios = (f"{seconds / bound:.2f}" for seconds in (median(wall), median(wall) - start, median(alone)))
    cpu = (f"{median(run.cpu for run in runs):.2f}" for runs in (plans, bare))
    memory = f"{median(run.memory for run in plans):.0f}"
    return workers, requests, f"{bound:.2f}", spread(wall), f"{start:.2f}", spread(alone), *ratios, *cpu, memory


if __name__ == "__main__":
    main()
