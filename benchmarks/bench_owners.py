"""Four owners by one App against one of them: 250 repos each at GitHub's published limits, in a clock twice as fast."""

import time
from pathlib import Path

from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric import rsa

from common import LATENCY, Goal, Project, Server, fastest_possible, goals, made_up, project, sandbox, say, table

SCALE = 2
REPOS = 250
OWNERS = ("one", "two", "three", "four")


def main() -> None:
    """Apply a key in the repos of one owner, and then of four."""
    say(
        f"`flowforge apply --yes`, {REPOS} new secrets for each owner, one GitHub App, "
        f"{LATENCY * 1000:.0f} ms a request, published limits, a clock {SCALE} times as fast, one run of each.\n"
        "Bound: 60 s for every 900 points of an owner before the last."
    )
    rows, paces = [], []
    for owners in (OWNERS[:1], OWNERS):
        names = [f"{owner}/repo-{number:03}" for owner in owners for number in range(1, REPOS + 1)]
        with sandbox(1, f"--time-scale={SCALE}") as server, project(names, server) as here:
            _sign_in(server, here)
            begun = time.perf_counter()
            if here.flowforge("apply", "--yes").code != 0:
                raise RuntimeError("FlowForge failed")
            seconds = (time.perf_counter() - begun) * SCALE
            stats = server.call("stats")
            right = sum(value == here.environ["ACME_KEY"] for value in server.held(names).values())
        bound = fastest_possible(stats["points"] // len(owners))
        paces.append(len(names) / seconds)
        refusals = sum(stats["refusals"].values())
        rows.append((len(owners), right, f"{bound:.0f}", f"{seconds:.0f}", f"{paces[-1] / paces[0]:.2f}", refusals))
    table(("owners", "repos written", "bound s", "s of GitHub's clock", "x the pace of one", "met 403 or 429"), rows)
    goals(
        Goal(
            f"pace of {len(OWNERS)} installations of {REPOS} repos, x that of one",
            paces[-1] / paces[0],
            3.8,
            least=True,
        )
    )


def _sign_in(server: Server, here: Project) -> None:
    """Make the repos, register an App, install it for every owner, and let the manifest sign in with it."""
    key = rsa.generate_private_key(public_exponent=65537, key_size=2048)
    form, hidden = serialization.PrivateFormat.TraditionalOpenSSL, serialization.NoEncryption()
    pem = key.private_bytes(serialization.Encoding.PEM, form, hidden).decode()
    made = server.call("create_app", slug="ci", key=pem)
    for owner in OWNERS:
        server.call("create_repos", owner=owner, count=REPOS)
        server.call("install_app", slug="ci", owner=owner)
    server.call("settings", latency=LATENCY)
    (here.folder / "app.pem").write_text(pem, encoding="utf-8")
    manifest = Path(here.folder, "flowforge.yaml")
    app = f"github: {{auth: {{app: {{client_id: {made['client_id']}, private_key: {{file: app.pem}}}}}}}}\n"
    manifest.write_text(manifest.read_text(encoding="utf-8").replace("credentials:", f"{app}credentials:", 1), "utf-8")
    here.environ |= {"FLOWFORGE_TIME_SCALE": str(SCALE), "ACME_KEY": made_up()}
    del here.environ["FLOWFORGE_GITHUB_TOKEN"]


if __name__ == "__main__":
    main()
