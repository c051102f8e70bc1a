"""Start-up as whole processes: every help, `validate` of 1,000 repos, a plan of one, beside click on the same machine.

CPU seconds are compared: on a machine that does other things too, wall seconds say little.
"""

import sys
from collections.abc import Iterator

from common import PROGRAM, Goal, Ran, goals, median, names, project, ran, sandbox, say, sized, spread, table
from flowforge.cli.commands import COMMANDS
from flowforge.cli.lazy import Row

RUNS = sized(15, 1)
REPOS = sized(1_000, 100)
CLICK = "python -c 'import click'"


def helps(rows: tuple[Row, ...] = COMMANDS, *words: str) -> Iterator[list[str]]:
    """Yield the words of each command."""
    for row in rows:
        yield [*words, row.name]
        yield from helps(row.rows, *words, row.name)


def main() -> None:
    """Take turns, so that noise meets every row alike."""
    say(
        f"Whole processes, {RUNS} runs of each in turns: median CPU seconds, and how often that of click; wall seconds."
    )
    with sandbox(1) as server, project(names(REPOS)) as large, project(names(1), server) as small:
        python = {"python -c pass": "pass", CLICK: "import click"}
        commands = {name: ([sys.executable, "-c", code], small) for name, code in python.items()}
        for words in (["--version"], ["--help"], *([*words, "--help"] for words in helps())):
            commands[" ".join(["flowforge", *words])] = [PROGRAM, *words], small
        commands[f"flowforge validate, {REPOS:,} repos"] = [PROGRAM, "validate"], large
        commands["flowforge validate, 1 repo"] = [PROGRAM, "validate"], small
        commands["flowforge plan, 1 repo"] = [PROGRAM, "plan"], small
        runs: dict[str, list[Ran]] = {name: [] for name in commands}
        for _ in range(RUNS):
            for name, (command, here) in commands.items():
                runs[name].append(ran(command, here.environ, here.folder))
    cpu = {name: median(each.cpu for each in those) for name, those in runs.items()}
    rows = [
        (name, f"{cpu[name]:.3f}", f"{cpu[name] / cpu[CLICK]:.2f}", spread([each.seconds for each in those], 3))
        for name, those in runs.items()
    ]
    table(("command", "CPU s", "x click", "wall s"), rows)
    ratio = {name: seconds / cpu[CLICK] for name, seconds in cpu.items()}
    goals(
        Goal("CPU time of `flowforge --version`, x that of `import click`", ratio["flowforge --version"], 1.4),
        Goal("of the slowest help", max(ratio[name] for name in ratio if name.endswith("--help")), 1.4),
        Goal("of a plan of one repo", ratio["flowforge plan, 1 repo"], 6),
        Goal(f"of `validate` of {REPOS:,} repos", ratio[f"flowforge validate, {REPOS:,} repos"], 6),
    )


if __name__ == "__main__":
    main()
