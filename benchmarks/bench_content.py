"""1,000 secrets where GitHub counts writes as content, 80 a minute and 500 an hour: refusals, and the time foretold."""

import re

from common import PROGRAM, Goal, goals, names, project, ran, sandbox, say, sized, table

REPOS = sized(1_000, 100)
SCALE = 60
ERR = "err.txt"


def main() -> None:
    """Apply once for each way in which GitHub may refuse."""
    say(
        f"`flowforge apply --yes --max-wait 1h` of {REPOS:,} new secrets, each write counted as content, in a clock "
        f"{SCALE} times as fast, one run of each.\nForetold: what was left, as said after the refusal."
    )
    rows, most, worst = [], 0, 0.0
    for status, tells in ((403, True), (403, False), (429, True), (429, False)):
        with (
            sandbox(REPOS, f"--time-scale={SCALE}") as server,
            project(names(REPOS), server, FLOWFORGE_TIME_SCALE=str(SCALE)) as here,
        ):
            server.call("limits", content=True, status=status, tell_wait=tells)
            run = ran(["sh", "-c", f'"$0" apply --yes --max-wait 1h 2>{ERR}', PROGRAM], here.environ, here.folder)
            stats = server.call("stats")
            right = sum(value == here.environ["ACME_KEY"] for value in server.held(names(REPOS)).values())
            said = re.search(r"what is left takes about (\d+) min", (here.folder / ERR).read_text(encoding="utf-8"))
        refused = sum(stats["refusals"].values())
        foretold, took = float(said[1]) if said else 0.0, run.seconds * SCALE / 60
        most, worst = max(most, refused), max(worst, abs(foretold - took) / took)
        writes = sum(count for route, count in stats["requests"].items() if route.startswith("PUT "))
        rows.append(
            (status, "yes" if tells else "no", right, writes - refused, refused, f"{foretold:.0f}", f"{took:.0f}")
        )
    table(("refused by", "retry-after", "right", "written", "refusals", "foretold min", "took min"), rows)
    goals(
        Goal(f"refusals met by {REPOS:,} secrets that count as content", most, 3, digits=0),
        Goal("the time foretold, away from the time taken", worst, 0.2),
        Goal("secrets left unwritten", sum(REPOS - row[2] for row in rows), 0, digits=0),
    )


if __name__ == "__main__":
    main()
