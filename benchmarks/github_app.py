"""A GitHub App for a project; apart from what all share, since its import costs what others measure."""

from collections.abc import Iterable

from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric import rsa

from common import Project, Server


def sign_in_by_app(server: Server, here: Project, owners: Iterable[str]) -> None:
    """Register an App, install it for these owners, and let the project's manifest sign in with it alone."""
    key = rsa.generate_private_key(public_exponent=65537, key_size=2048)
    form, hidden = serialization.PrivateFormat.TraditionalOpenSSL, serialization.NoEncryption()
    pem = key.private_bytes(serialization.Encoding.PEM, form, hidden).decode()
    made = server.call("create_app", slug="ci", key=pem)
    for owner in owners:
        server.call("install_app", slug="ci", owner=owner)
    (here.folder / "app.pem").write_text(pem, encoding="utf-8")
    manifest = here.folder / "flowforge.yaml"
    app = f"github: {{auth: {{app: {{client_id: {made['client_id']}, private_key: {{file: app.pem}}}}}}}}\n"
    manifest.write_text(manifest.read_text(encoding="utf-8").replace("credentials:", f"{app}credentials:", 1), "utf-8")
    del here.environ["FLOWFORGE_GITHUB_TOKEN"]
