"""The source `acme-vault`: one field of a secret in a key-value store (version 2) of HashiCorp Vault.

It asks the server at VAULT_ADDR with the token in VAULT_TOKEN: `GET /v1/{mount}/data/{path}`.
"""

import json
from http.client import HTTPConnection, HTTPException, HTTPSConnection
from urllib.parse import quote, urlsplit

from flowforge.sources.plugin import NotAvailableError, PluginContext, SecretValue, Spec, text_of

SECONDS = 10
ANSWERS = {
    403: ("Vault does not let this token read {}", "have its policy allow it, or sign in again"),
    404: ("Vault has no secret {}", "write it as mount/path, such as kv/claude"),
}


class AcmeVault:
    """`{acme-vault: kv/claude, field: key}`."""

    interface = 1
    options = frozenset({"field"})

    def read(self, spec: Spec, context: PluginContext) -> SecretValue:
        """Read one field, `value` where none is named."""
        secret, field = text_of(spec, "acme-vault"), text_of(spec, "field", "value")
        mount, _, path = secret.partition("/")
        status, answer = _ask(f"/v1/{quote(mount)}/data/{quote(path)}", context)
        if status != 200:  # noqa: PLR2004 -- it says itself what it is
            what, fix = ANSWERS.get(status, (f"Vault answered {status} for {{}}", "try again later"))
            raise NotAvailableError(what.format(secret), fix=fix)
        fields = json.loads(answer)["data"]["data"]
        if field not in fields:
            what = f"{secret} has no field {field}"
            raise NotAvailableError(what, fix="name one of the fields that it has, as field: ...")
        return SecretValue(fields[field])


def _ask(path: str, context: PluginContext) -> tuple[int, bytes]:
    """Return the status and the body. A redirect is not followed: the token is for this server alone."""
    for name in ("VAULT_ADDR", "VAULT_TOKEN"):
        if name not in context.environ:
            what = f"{name} is unset"
            raise NotAvailableError(what, fix="set it where flowforge runs")
    address = urlsplit(context.environ["VAULT_ADDR"])
    connect = HTTPSConnection if address.scheme == "https" else HTTPConnection
    connection = connect(address.netloc, timeout=SECONDS)
    try:
        connection.request("GET", path, headers={"X-Vault-Token": context.environ["VAULT_TOKEN"]})
        answer = connection.getresponse()
        return answer.status, answer.read()
    except (OSError, HTTPException):
        what = "Vault cannot be reached"
        raise NotAvailableError(what, fix="check VAULT_ADDR and the network") from None
    finally:
        connection.close()
