"""A plan of what has not changed, with a new App token each time: what it takes of GitHub's hourly budget."""

from common import Goal, Server, goals, names, project, sandbox, say, sized, table
from github_app import sign_in_by_app

REPOS = sized(1_000, 50)


def main() -> None:
    """Apply, forget what is kept, and plan twice."""
    say(f"`flowforge plan`, nothing changed, {REPOS:,} repos that a selector finds, one GitHub App, one run of each.")
    rows = []
    with (
        sandbox(REPOS, "--no-limits") as server,
        project(names(1), server, FLOWFORGE_TIME_SCALE="40") as here,
    ):
        (here.folder / "flowforge.yaml").write_text(
            "version: 1\ncredentials:\n  ci-key: {type: anthropic_api_key, from: {env: ACME_KEY}}\n"
            "targets:\n  - {name: All, select: {org: acme, visibility: private}, credential: ci-key}\n",
            encoding="utf-8",
        )
        sign_in_by_app(server, here, ["acme"])
        if here.flowforge("apply", "--yes", "--allow-new-repos", "--no-cache").code != 0:
            raise RuntimeError("the fleet could not be set up")
        for what in ("the first plan", "the next one"):
            server.call("reset_stats")
            run = here.flowforge("plan", "--detailed-exitcode")
            if run.code != 0:
                raise RuntimeError("the plan found something to do")
            rows.append((what, *_spent(server), f"{run.seconds:.1f}", f"{run.cpu:.1f}"))
    table(("run", "requests", "unchanged (304)", "of the hour's budget", "wall s", "CPU s"), rows)
    goals(
        Goal("share of the first plan's hourly budget that the next one takes", rows[1][3] / rows[0][3], 0.02, digits=3)
    )


def _spent(server: Server) -> tuple[int, int, int]:
    """Return the requests since the last reset, how many of them were unchanged, and how many were charged."""
    stats = server.call("stats")
    requests, unchanged = sum(stats["requests"].values()), stats["statuses"].get("304", 0)
    return requests, unchanged, requests - unchanged


if __name__ == "__main__":
    main()
