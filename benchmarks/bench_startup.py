"""Start-up as whole processes: `--version`, and `validate` of 1,000 repos, beside Python itself on the same machine."""

import sys

from common import PROGRAM, median, names, project, ran, say, spread, table

RUNS = 15
REPOS = 1000


def main() -> None:
    """Take turns, so that noise meets every row alike."""
    say(f"Whole processes, {RUNS} runs of each in turns: median (least-most) of wall seconds, median CPU seconds.")
    with project(names(REPOS)) as here:
        commands = {
            "python -c pass": [sys.executable, "-c", "pass"],
            "python -c 'import click'": [sys.executable, "-c", "import click"],
            "python -c 'import jsonschema, yaml'": [sys.executable, "-c", "import jsonschema, yaml"],
            "flowforge --version": [PROGRAM, "--version"],
            "flowforge --help": [PROGRAM, "--help"],
            f"flowforge validate, {REPOS:,} repos": [PROGRAM, "validate"],
            "flowforge plan --help": [PROGRAM, "plan", "--help"],
        }
        runs = [{what: ran(how, here.environ, here.folder) for what, how in commands.items()} for _ in range(RUNS)]
    rows = [
        (
            name,
            spread([run[name].seconds for run in runs], 3),
            f"{median(run[name].cpu for run in runs):.3f}",
            f"{median(run[name].memory for run in runs):.0f}",
        )
        for name in commands
    ]
    table(("command", "wall s", "CPU s", "MB"), rows)


if __name__ == "__main__":
    main()
