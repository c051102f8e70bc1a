"""A plan of what has not changed, with a new App token each time: what it takes of GitHub's hourly budget."""

from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric import rsa

from common import Goal, Server, goals, names, project, sandbox, say, table

REPOS = 1_000


def main() -> None:
    """Apply, forget what is kept, and plan twice."""
    say(f"`flowforge plan`, nothing changed, {REPOS:,} repos that a selector finds, one GitHub App, one run of each.")
    rows = []
    with (
        sandbox(REPOS, "--no-limits") as server,
        project(names(1), server, FLOWFORGE_TIME_SCALE="40") as here,
    ):
        key = rsa.generate_private_key(public_exponent=65537, key_size=2048)
        form, hidden = serialization.PrivateFormat.TraditionalOpenSSL, serialization.NoEncryption()
        pem = key.private_bytes(serialization.Encoding.PEM, form, hidden).decode()
        made = server.call("create_app", slug="ci", key=pem)
        server.call("install_app", slug="ci", owner="acme")
        (here.folder / "app.pem").write_text(pem, encoding="utf-8")
        (here.folder / "flowforge.yaml").write_text(
            f"version: 1\ngithub: {{auth: {{app: {{client_id: {made['client_id']}, "
            "private_key: {file: app.pem}}}}\n"
            "credentials:\n  ci-key: {type: anthropic_api_key, from: {env: ACME_KEY}}\n"
            "targets:\n  - {name: All, select: {org: acme, visibility: private}, credential: ci-key}\n",
            encoding="utf-8",
        )
        del here.environ["FLOWFORGE_GITHUB_TOKEN"]
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
