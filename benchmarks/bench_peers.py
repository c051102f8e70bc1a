"""One new secret in 200 repos with FlowForge and with what people use today, each on a sandbox of its own.

Then the same command again, an hour later, when there is nothing to do. Takes eight minutes.

Installs nothing. gh comes from the system; PyGithub and Ansible from the environment whose `bin` is named by
BENCH_PEERS, such as one made by `python3 -m venv peers && peers/bin/pip install PyGithub ansible PyNaCl`.
"""

import json
import os
import shutil
import subprocess
from collections.abc import Callable, Iterator, Mapping
from pathlib import Path

from common import LATENCY, PROGRAM, SECRET, Project, Server, names, project, ran, sandbox, say, table

REPOS = 200
GH = f'gh secret set {SECRET} --repo "$1" --body "$ACME_KEY"'
PYGITHUB = f"""
import os, sys, github
hub = github.Github(base_url=os.environ["GITHUB_API_URL"], auth=github.Auth.Token(os.environ["GH_TOKEN"]))
for name in open("repos.txt").read().split():
    hub.get_repo(name, lazy=True).create_secret("{SECRET}", os.environ["ACME_KEY"])
"""
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

Command = Callable[[Project, Server], list[str] | None]


def main() -> None:
    """Give each the same work on a new sandbox: the same latency, the same limits, real time."""
    say(
        f"One new secret in {REPOS} repos, {LATENCY * 1000:.0f} ms a request, GitHub's published limits, real time, "
        "one run of each, one after the other.\nAgain: the same command an hour later, with nothing to do. "
        "Wrong: repos that do not hold the value afterwards."
    )
    peers: Mapping[str, Command] = {
        "flowforge apply --yes": lambda _, __: [PROGRAM, "apply", "--yes"],
        "gh secret set, xargs -P16": _gh,
        "PyGithub, a loop": _pygithub,
        "Ansible github_secrets, 16 forks": _ansible,
    }
    rows = [row for name, command in peers.items() for row in _rows(name, command)]
    table(("what", "wall s", "CPU s", "requests", "writes", "refused", "exit code", "wrong"), rows)


def _rows(name: str, command: Command) -> Iterator[tuple[object, ...]]:
    repos = names(REPOS)
    with sandbox(REPOS) as server, project(repos, server, GH_TOKEN="") as here:
        server.call("settings", latency=LATENCY)
        here.environ["GH_TOKEN"] = server.token
        (here.folder / "repos.txt").write_text("\n".join(repos) + "\n", encoding="utf-8")
        given = command(here, server)
        if given is None:
            yield name, "not here: see the top of this script", *[""] * 6
            return
        yield name, *_measured(given, here, server)
        server.call("advance", seconds=3600)
        shutil.rmtree(here.folder / "cache", ignore_errors=True)  # FlowForge's memory of the last minute
        yield "- again", *_measured(given, here, server)


def _measured(command: list[str], here: Project, server: Server) -> tuple[object, ...]:
    server.call("reset_stats")
    run = ran(command, here.environ, here.folder)
    stats, held = server.call("stats"), server.held(names(REPOS))
    wrong = sum(held.get(repo) != here.environ["ACME_KEY"] for repo in names(REPOS))
    writes = sum(count for route, count in stats["requests"].items() if not route.startswith("GET "))
    requests, refused = sum(stats["requests"].values()), sum(stats["refusals"].values())
    return f"{run.seconds:.1f}", f"{run.cpu:.1f}", requests, writes, refused, run.code, wrong


def _gh(here: Project, server: Server) -> list[str] | None:
    gh, xargs = shutil.which("gh"), shutil.which("xargs")
    if gh is None or xargs is None:
        return None
    here.environ |= {"GH_CONFIG_DIR": str(here.folder / "gh"), "GH_NO_UPDATE_NOTIFIER": "1"}
    subprocess.run([gh, "config", "set", "http_unix_socket", server.socket], check=True, env=here.environ)  # noqa: S603 -- gh
    return ["sh", "-c", f"{xargs} -P16 -I{{}} sh -c '{GH}' _ {{}} <repos.txt"]


def _pygithub(here: Project, server: Server) -> list[str] | None:
    del here, server
    python = _peer("python3")
    if python is None or subprocess.run([python, "-c", "import github"], check=False, capture_output=True).returncode:  # noqa: S603 -- a peer's Python
        return None
    return [python, "-c", PYGITHUB]


def _ansible(here: Project, server: Server) -> list[str] | None:
    del server
    playbook, python = _peer("ansible-playbook"), _peer("python3")
    if playbook is None or python is None:
        return None
    (here.folder / "playbook.yml").write_text(json.dumps(PLAYBOOK), encoding="utf-8")
    hosts = "\n".join(name.partition("/")[2] for name in names(REPOS))
    (here.folder / "hosts").write_text(f"[all:vars]\nansible_python_interpreter={python}\n[all]\n{hosts}\n", "utf-8")
    here.environ |= {"LC_ALL": "C.UTF-8", "ANSIBLE_LOCALHOST_WARNING": "false"}
    return [playbook, "-f", "16", "-i", "hosts", "playbook.yml"]


def _peer(program: str) -> str | None:
    folder = os.environ.get("BENCH_PEERS")
    return shutil.which(program, path=str(Path(folder).absolute()) if folder else None)


if __name__ == "__main__":
    main()
