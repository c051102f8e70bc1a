"""A plan that finds nothing to do: 1,000 repos at 80 ms a request, with no secondary limit in the way."""

from common import LATENCY, Project, Server, median, names, project, sandbox, say, spread, table

REPOS = 1000
WORKERS = (8, 32)
RUNS = 5
# The sandbox's limits are off. FlowForge keeps to 900 points a minute in any case, so its minutes pass 60 times as
# fast; the latency is in real seconds all the same.
UNLIMITED = {"FLOWFORGE_TIME_SCALE": "60"}


def main() -> None:
    """Apply once, then plan, again and again."""
    say(
        f"`flowforge plan` as a whole process, nothing changed, {REPOS:,} repos, {LATENCY * 1000:.0f} ms a request, "
        f"{RUNS} runs of each.\nBound: requests x latency / workers."
    )
    with sandbox(REPOS, "--no-limits", "--time-scale=60") as server, project(names(REPOS), server, **UNLIMITED) as here:
        if here.flowforge("apply", "--yes").code != 0:
            raise RuntimeError("the fleet could not be set up")
        server.call("settings", latency=LATENCY)
        rows = [_row(here, server, workers) for workers in WORKERS]
    table(("workers", "requests", "bound s", "wall s", "wall / bound", "CPU s", "MB"), rows)


def _row(here: Project, server: Server, workers: int) -> tuple[object, ...]:
    runs = []
    for _ in range(RUNS):
        server.call("reset_stats")
        runs.append(here.flowforge("plan", "--detailed-exitcode", f"--jobs={workers}"))
    requests = sum(server.call("stats")["requests"].values())
    if any(run.code != 0 for run in runs):
        raise RuntimeError("the plan found something to do")
    bound = requests * LATENCY / workers
    wall = [run.seconds for run in runs]
    cpu, memory = median(run.cpu for run in runs), median(run.memory for run in runs)
    return workers, requests, f"{bound:.2f}", spread(wall), f"{median(wall) / bound:.2f}", f"{cpu:.2f}", f"{memory:.0f}"


if __name__ == "__main__":
    main()
