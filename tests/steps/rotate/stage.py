"""An organization at Anthropic's end of a sandbox, with an old key and a new one, and an Admin key that sees both."""

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass

from flowforge.plan.address import Address, Repo, Scope
from flowforge.plan.facts import Record
from flowforge.sandbox import Sandbox
from flowforge.steps.rotate.old_key import AdminApi, OldKey, admin_api, known_old_key
from tests.cli.verifying import ADMIN, admin_key
from tests.made_up import api_key
from tests.outgoing import Sent, record

AT = "2026-11-23T08:00:00Z"
HERE = Address(Scope(Repo.parse("acme/api")), "ANTHROPIC_API_KEY")
HOUR = 3600.0


@dataclass(frozen=True)
class Stage:
    """What a test needs of it."""

    sandbox: Sandbox
    admin: AdminApi
    environ: dict[str, str]
    old: str
    new: str
    old_id: str
    new_id: str
    sent: list[Sent]

    def key(self) -> OldKey:
        """Look the old key up."""
        found = known_old_key(self.admin, [], self.old_id)
        assert found is not None
        return found

    def use(self, *, old: float | None = None, new: float | None = 0.0) -> None:
        """Let the keys have been used, so many hours ago."""
        for text, ago in ((self.old, old), (self.new, new)):
            if ago is not None:
                self.sandbox.world.use_anthropic_key(text, ago=ago * HOUR)

    def status(self) -> str:
        """Return the old key's status at Anthropic."""
        return self.sandbox.world.anthropic_keys[self.old].status

    def posts(self) -> list[Sent]:
        """Return what was sent to Anthropic that is no GET."""
        return [each for each in self.sent if each.host == "anthropic" and each.method != "GET"]


@contextmanager
def opened() -> Iterator[Stage]:
    """Serve a sandbox whose clock stands at half past an hour, and open its Admin API."""
    with Sandbox() as sandbox:
        world = sandbox.world
        world.clock.advance(HOUR - world.clock.now() % HOUR + HOUR / 2)
        old, new, admin = api_key(), api_key(), admin_key()
        ids = [world.add_anthropic_key(each, name=name) for each, name in ((old, "old"), (new, "new"))]
        world.add_anthropic_key(admin)
        environ = {
            "FLOWFORGE_ANTHROPIC_URL": sandbox.serve_anthropic(),
            "FLOWFORGE_ALLOWED_VERIFY_HOSTS": "127.0.0.1",
            ADMIN: admin,
        }
        sent = record(sandbox)
        with admin_api(environ) as api:
            assert api is not None
            yield Stage(sandbox, api, environ, old, new, ids[0], ids[1], sent)


def recorded(key_id: str = "", fingerprint: str = "hmac-sha256:new") -> Record:
    """Make the record of a write."""
    return Record(fingerprint, AT, "ci-key", 7, AT, AT, api_key_id=key_id)
