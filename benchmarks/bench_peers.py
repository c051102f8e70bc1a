"""One new secret in 200 repos with FlowForge and with what people use today, each on a sandbox of its own.

Then the same command again, an hour later, when there is nothing to do, and an hour after that with a rotated value.
Takes fifteen minutes.

Installs nothing. gh comes from the system; PyGithub and Ansible from the environment whose `bin` is named by
BENCH_PEERS, such as one made by `python3 -m venv peers && peers/bin/pip install PyGithub PyNaCl 'ansible>=13'`, which
needs Python 3.12. With an older one, `pip install PyNaCl ansible-core` and then `pip install --ignore-requires-python
--no-deps 'ansible>=13'`: what is used of it runs there too.
"""

import json
import os
import shutil
import subprocess
from collections.abc import Callable, Iterator, Mapping, Sequence
from pathlib import Path
from typing import NamedTuple

from common import (
    LATENCY,
    PROGRAM,
    SECRET,
    Goal,
    Project,
    Server,
    goals,
    made_up,
    names,
    project,
    ran,
    sandbox,
    say,
    sized,
    table,
)

REPOS = sized(200, 8)
FIRST = "first time"
GH = f'gh secret set {SECRET} --repo "$1" --body "$ACME_KEY"'
PYGITHUB = f"""
import os, sys, github
hub = github.Github(base_url=os.environ["GITHUB_API_URL"], auth=github.Auth.Token(os.environ["GH_TOKEN"]))
for name in open("repos.txt").read().split():
    hub.get_repo(name, lazy=True).create_secret("{SECRET}", os.environ["ACME_KEY"])
"""
MODULES = "ansible_collections.community.general.plugins.modules"
PLAYBOOK = [
    {
        "hosts": "all",
        "connection": "local",
        "gather_facts": False,
        "tasks": [
            {
                "community.general.github_secrets": {
                    "organization": "acme",
                    "repository": "{{ inventory_hostname }}",
                    "key": SECRET,
                    "value": "{{ lookup('env', 'ACME_KEY') }}",
                    "token": "{{ lookup('env', 'GH_TOKEN') }}",
                    "api_url": "{{ lookup('env', 'GITHUB_API_URL') }}",
                }
            }
        ],
    }
]


class Row(NamedTuple):
    """One run of one tool, as the table has it."""

    what: str
    wall: str
    cpu: str
    memory: str
    requests: int
    points: int
    writes: int
    refused: int
    code: int
    wrong: int

    @property
    def run(self) -> str:
        """Which of a tool's runs it is."""
        return self.what.removeprefix("- ") if self.what.startswith("- ") else FIRST

    @property
    def seconds(self) -> float:
        """How long it took."""
        return float(self.wall)


Command = Callable[[Project, Server], list[str] | None]


def main() -> None:
    """Give each the same work on a new sandbox: the same latency, the same limits, real time."""
    say(
        f"One new secret in {REPOS} repos, {LATENCY * 1000:.0f} ms a request, GitHub's published limits, real time, "
        "one run of each, one after the other.\nAgain: the same command an hour later, with nothing to do. "
        "Rotated: with a new value, an hour after that.\n"
        "MB: peak of the largest process. Refused: answers 403 or 429. Wrong: repos that do not hold the value then."
    )
    print("; ".join(_versions()) + "\n")
    peers: Mapping[str, Command] = {
        "flowforge apply --yes": lambda _, __: [PROGRAM, "apply", "--yes"],
        "gh secret set, xargs -P16": _gh,
        "PyGithub, a loop": _pygithub,
        "Ansible github_secrets, 16 forks": _ansible,
    }
    measured = {name: list(_rows(name, command)) for name, command in peers.items()}
    rows = [row for those in measured.values() for row in those]
    table(("what", "wall s", "CPU s", "MB", "requests", "points", "writes", "refused", "exit code", "wrong"), rows)
    ours, *others = [[row for row in those if isinstance(row, Row)] for those in measured.values()]
    found = [those for those in others if those]
    table(("FlowForge beside", "run", "x its seconds", "x its requests", "it left wrong"), _ratios(ours, found))
    print(
        "Ratios are goals only beside a run that left nothing wrong. Who the repos are, which FlowForge asks before it "
        "writes and the others never, is a request for each hundred and one for each owner.\n"
    )
    goals(*_compared(ours, found))


def _compared(ours: Sequence[Row], others: Sequence[Sequence[Row]]) -> Iterator[Goal]:
    """Yield how FlowForge does beside each that leaves nothing wrong."""
    yield Goal("repos that FlowForge leaves wrong, in three runs", sum(row.wrong for row in ours), 0, digits=0)
    for those in others:
        for own, other in zip(ours, those, strict=True):
            beside = f"{own.run}, {those[0].what}"
            if other.wrong:
                continue
            yield Goal(f"seconds, x those of: {beside}", own.seconds / other.seconds, 1)
            if own.run == FIRST:
                yield Goal(
                    f"requests a repo beyond those of: {beside}", (own.requests - other.requests) / REPOS, 1, digits=3
                )
            else:
                yield Goal(f"requests, x those of: {beside}", own.requests / other.requests, 1, digits=3)


def _ratios(ours: Sequence[Row], others: Sequence[Sequence[Row]]) -> Iterator[tuple[object, ...]]:
    """Yield a row for each run of each: what FlowForge takes, in times of what the other takes."""
    for those in others:
        for own, other in zip(ours, those, strict=True):
            ratios = own.seconds / other.seconds, own.requests / other.requests
            yield those[0].what, own.run, *(f"{ratio:.2f}" for ratio in ratios), other.wrong


def _versions() -> Iterator[str]:
    """Yield the versions of what is compared."""
    yield ran([PROGRAM, "--version"], os.environ, Path()).out.strip().replace(", version", "")
    if gh := shutil.which("gh"):
        yield ran([gh, "--version"], os.environ, Path()).out.splitlines()[0]
    if python := _peer("python3"):
        code = (
            "import importlib.metadata as m; print(*(f'{n} {m.version(n)}' for n in ('PyGithub', 'ansible')), sep='; ')"
        )
        yield ran([python, "-c", code], os.environ, Path()).out.strip()


def _rows(name: str, command: Command) -> Iterator[Row | tuple[str, ...]]:
    repos = names(REPOS)
    with sandbox(REPOS) as server, project(repos, server, GH_TOKEN="") as here:
        server.call("settings", latency=LATENCY)
        here.environ["GH_TOKEN"] = server.token
        (here.folder / "repos.txt").write_text("\n".join(repos) + "\n", encoding="utf-8")
        given = command(here, server)
        if given is None:
            yield name, "not here: see the top of this script", *[""] * 8
            return
        yield _measured(name, given, here, server)
        for what in ("- again", "- rotated"):
            server.call("advance", seconds=3600)
            shutil.rmtree(here.folder / "cache", ignore_errors=True)  # FlowForge's memory of the last minute
            here.environ["ACME_KEY"] = made_up() if what == "- rotated" else here.environ["ACME_KEY"]
            yield _measured(what, given, here, server)


def _measured(what: str, command: list[str], here: Project, server: Server) -> Row:
    server.call("reset_stats")
    run = ran(command, here.environ, here.folder)
    stats, held = server.call("stats"), server.held(names(REPOS))
    wrong = sum(held.get(repo) != here.environ["ACME_KEY"] for repo in names(REPOS))
    writes = sum(count for route, count in stats["requests"].items() if not route.startswith("GET "))
    requests, refused = sum(stats["requests"].values()), sum(stats["refusals"].values())
    figures = f"{run.seconds:.1f}", f"{run.cpu:.1f}", f"{run.memory:.0f}"
    return Row(what, *figures, requests, stats["points"], writes, refused, run.code, wrong)


def _gh(here: Project, server: Server) -> list[str] | None:
    gh, xargs = shutil.which("gh"), shutil.which("xargs")
    if gh is None or xargs is None:
        return None
    here.environ |= {"GH_CONFIG_DIR": str(here.folder / "gh"), "GH_NO_UPDATE_NOTIFIER": "1"}
    subprocess.run([gh, "config", "set", "http_unix_socket", server.socket], check=True, env=here.environ)  # noqa: S603 -- gh
    return ["sh", "-c", f"{xargs} -P16 -I{{}} sh -c '{GH}' _ {{}} <repos.txt"]


def _pygithub(here: Project, server: Server) -> list[str] | None:
    del here, server
    python = _python_with("github")
    return [python, "-c", PYGITHUB] if python else None


def _ansible(here: Project, server: Server) -> list[str] | None:
    del server
    playbook, python = _peer("ansible-playbook"), _python_with(f"{MODULES}.github_secrets")
    if playbook is None or python is None:
        return None
    (here.folder / "playbook.yml").write_text(json.dumps(PLAYBOOK), encoding="utf-8")
    hosts = "\n".join(name.partition("/")[2] for name in names(REPOS))
    (here.folder / "hosts").write_text(f"[all:vars]\nansible_python_interpreter={python}\n[all]\n{hosts}\n", "utf-8")
    here.environ |= {"LC_ALL": "C.UTF-8", "ANSIBLE_LOCALHOST_WARNING": "false"}
    return [playbook, "-f", "16", "-i", "hosts", "playbook.yml"]


def _python_with(module: str) -> str | None:
    """Return the peers' Python if it has a module."""
    python = _peer("python3")
    if python is None:
        return None
    found = subprocess.run([python, "-c", f"import {module}"], check=False, capture_output=True).returncode == 0  # noqa: S603 -- a peer's Python
    return python if found else None


def _peer(program: str) -> str | None:
    folder = os.environ.get("BENCH_PEERS")
    return shutil.which(program, path=str(Path(folder).absolute()) if folder else None)


if __name__ == "__main__":
    main()
