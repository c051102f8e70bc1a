"""Plan and then apply at once, 200 repos, at GitHub's published limits and in real time: it takes about two minutes."""

import time
from typing import Any

from common import LATENCY, Goal, Server, beyond, fastest_possible, goals, names, project, sandbox, say, sized, table

REPOS = sized(200, 20)


def main() -> None:
    """Measure the pair as one: to GitHub they are one client."""
    say(
        f"`flowforge plan` and then `flowforge apply --yes`, {REPOS} new secrets, {LATENCY * 1000:.0f} ms a request, "
        "published limits, real time, one run.\n"
        "Bound: 60 s for every 900 points before the last; 900 points fit into any minute."
    )
    repos = names(REPOS)
    with sandbox(REPOS) as server, project(repos, server) as here:
        server.call("settings", latency=LATENCY)
        begun = time.perf_counter()
        rows = []
        for command in (("plan",), ("apply", "--yes")):
            run = here.flowforge(*command)
            if run.code != 0:
                raise RuntimeError("FlowForge failed")
            rows.append(_row(command[0], server, time.perf_counter() - begun))
        right = sum(value == here.environ["ACME_KEY"] for value in server.held(repos).values())
    table(("after", "requests", "points", "bound s", "wall s", "wall / bound", "met 403 or 429"), rows)
    print(f"{right} of {REPOS} repos hold the right value.\n")
    *_, ratio, refusals = rows[-1]
    goals(
        Goal(
            f"wall time of a plan and an apply of {REPOS} repos, x what 900 points a minute allow", float(ratio), 1.15
        ),
        Goal("refusals met by it", refusals, 0, digits=0),
    )


def _row(after: str, server: Server, seconds: float) -> tuple[Any, ...]:
    stats = server.call("stats")
    bound = fastest_possible(stats["points"])
    ratio = f"{beyond(seconds, bound):.2f}"
    refusals = sum(stats["refusals"].values())
    return after, sum(stats["requests"].values()), stats["points"], f"{bound:.0f}", f"{seconds:.1f}", ratio, refusals


if __name__ == "__main__":
    main()
