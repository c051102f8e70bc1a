"""Four owners by one App against one of them: 250 repos each at GitHub's published limits, in real time."""

import time

from common import LATENCY, Goal, fastest_possible, goals, project, sandbox, say, sized, table
from github_app import sign_in_by_app

REPOS = sized(250, 10)
OWNERS = ("one", "two", "three", "four")


def main() -> None:
    """Apply a key in the repos of one owner, and then of four."""
    say(
        f"`flowforge apply --yes`, {REPOS} new secrets for each owner, one GitHub App, "
        f"{LATENCY * 1000:.0f} ms a request, published limits, real time, one run of each.\n"
        "Bound: 60 s for every 900 points of an owner before the last."
    )
    rows, paces = [], []
    for owners in (OWNERS[:1], OWNERS):
        names = [f"{owner}/repo-{number:03}" for owner in owners for number in range(1, REPOS + 1)]
        with sandbox(1) as server, project(names, server) as here:
            for owner in owners:
                server.call("create_repos", owner=owner, count=REPOS)
            sign_in_by_app(server, here, owners)
            server.call("settings", latency=LATENCY)
            begun = time.perf_counter()
            if here.flowforge("apply", "--yes").code != 0:
                raise RuntimeError("FlowForge failed")
            seconds = time.perf_counter() - begun
            stats = server.call("stats")
            right = sum(value == here.environ["ACME_KEY"] for value in server.held(names).values())
        bound = fastest_possible(stats["points"] // len(owners))
        paces.append(len(names) / seconds)
        refusals = sum(stats["refusals"].values())
        rows.append((len(owners), right, f"{bound:.0f}", f"{seconds:.0f}", f"{paces[-1] / paces[0]:.2f}", refusals))
    table(("owners", "repos written", "bound s", "wall s", "x the pace of one", "met 403 or 429"), rows)
    goals(
        Goal(
            f"pace of {len(OWNERS)} installations of {REPOS} repos, x that of one",
            paces[-1] / paces[0],
            3.8,
            least=True,
        )
    )


if __name__ == "__main__":
    main()
