"""What a secret costs where GitHub's limits bind: points until the last write, of 1,000 repos, new and rotated."""

from common import (
    Goal,
    fastest_possible,
    goals,
    made_up,
    names,
    points_to_last_write,
    project,
    sandbox,
    say,
    sized,
    table,
)

REPOS = sized(1_000, 50)
SCALE = 30


def main() -> None:
    """Apply new secrets, and an hour later other values."""
    say(
        f"`flowforge apply --yes` of {REPOS:,} repos at the published limits, in a clock {SCALE} times as fast, one "
        "run of each.\nPoints: of all requests until the last write. Bound: 60 s for every 900 points before the last."
    )
    rows, each = [], []
    with (
        sandbox(REPOS, f"--time-scale={SCALE}") as server,
        project(names(REPOS), server, FLOWFORGE_TIME_SCALE=str(SCALE)) as here,
    ):
        for what in ("new", "rotated"):
            server.call("reset_stats")
            server.call("advance", seconds=3600)
            here.environ["ACME_KEY"] = made_up()
            run = here.flowforge("apply", "--yes", "--max-wait=1h")
            if run.code != 0:
                raise RuntimeError("FlowForge failed")
            points, seconds = points_to_last_write(server), run.seconds * SCALE
            right = sum(value == here.environ["ACME_KEY"] for value in server.held(names(REPOS)).values())
            each.append(points / REPOS)
            bound = fastest_possible(points)
            refused = sum(server.call("stats")["refusals"].values())
            rows.append((what, right, points, f"{points / REPOS:.3f}", f"{bound:.0f}", f"{seconds:.0f}", refused))
    table(("secrets", "right", "points", "a secret", "bound s", "s of GitHub's clock", "met 403 or 429"), rows)
    goals(
        Goal("points of a new secret where the limit binds", each[0], 7.1, digits=3),
        Goal("points of a rotated one", each[1], 6.1, digits=3),
    )


if __name__ == "__main__":
    main()
