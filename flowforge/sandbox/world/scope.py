"""One scope of secrets, like a repository's Actions secrets: its key pair, its opened boxes, its lagging lists."""

import base64
import binascii
import re

from nacl.exceptions import CryptoError
from nacl.public import PrivateKey, SealedBox

from flowforge.data_class import dataclass
from flowforge.sandbox.rules.answers import RefusalError, invalid
from flowforge.sandbox.world.viewers import SharedWith

# 48,000 bytes of ciphertext, 48 of which are the sealed box's own: measured at GitHub, not 48 * 1024.
MAX_PLAINTEXT = 47_952
_NAME = re.compile(r"[A-Za-z_][A-Za-z0-9_]*")
_NAME_RULE = (
    "names can only contain alphanumeric characters ([a-z], [A-Z], [0-9]) or underscores (_). "
    "Spaces are not allowed. Must start with a letter ([a-z], [A-Z]) or underscores (_)."
)
# GitHub answers 422 to both; its wording is not known, so this is ours.
_TOO_LARGE = "The secret is too large: the limit is 48 KB."
_BAD_BOX = "Bad request - validation failed due to an improperly encrypted secret"


class KeyRing:
    """The one key id that a product's scopes share. After `rotate` there is a new id, and a new key for every scope."""

    def __init__(self, first: int) -> None:
        """Begin with an id."""
        self._number = first

    @property
    def key_id(self) -> str:
        """Return the current id: the same for every repository, while the keys differ."""
        return str(self._number)

    def rotate(self) -> None:
        """Make every key, and boxes sealed for it, invalid."""
        self._number += 1


@dataclass(frozen=True, slots=True)
class Lag:
    """How long reads show what was before a write: for so many reads and seconds, whichever lasts longer."""

    reads: int = 0
    seconds: float = 0.0


@dataclass(slots=True)
class Secret:
    """A secret. Its times are whole seconds since the epoch, as GitHub's are."""

    name: str
    """The name, in upper case."""
    value: bytes
    """The plaintext: the sandbox opens every sealed box."""
    created: int
    """When it was created."""
    updated: int
    """When it was written last."""
    audience: SharedWith | None = None
    """Who sees an organization's secret; None for any other."""
    before: int | None = None
    """The updated_at that lagging reads still show; None if they show no such secret yet."""
    stale_reads: int = 0
    """How many reads still lag."""
    stale_until: float = 0.0
    """Until when reads lag."""

    def seen(self, now: float) -> int | None:
        """Return the updated_at that a read at `now` shows, or None for a secret that a lagging read misses."""
        if self.stale_reads > 0 or now < self.stale_until:
            self.stale_reads -= 1
            return self.before
        return self.updated


class SecretScope:
    """Secrets by upper-case name, and the key pair they are sealed for. Not thread-safe: the world's lock guards it.

    latest: the time of the last write, also of a secret that is gone.
    """

    def __init__(self, ring: KeyRing, most: int, whose: str) -> None:
        """Start without secrets. most: how many there may be. whose: such as `repository`, for the refusal of more."""
        self.secrets: dict[str, Secret] = {}
        self.latest = 0
        self._ring = ring
        self._most = most
        self._whose = whose
        # Made when it is first needed, so that thousands of scopes cost nothing.
        self._key: PrivateKey | None = None
        self._key_id = ""

    def replace_key(self) -> None:
        """Drop the key pair: the next one differs under the same id, as when a scope was created anew."""
        self._key = None

    def public_key(self) -> dict[str, str]:
        """Return GitHub's answer: the shared id and this scope's own key in base64."""
        return {"key_id": self._ring.key_id, "key": base64.b64encode(bytes(self._private_key().public_key)).decode()}

    def open(self, encrypted: str, key_id: str) -> bytes:
        """Return the plaintext of a sealed box. Raise a 422 if it was not sealed for the present key of this scope."""
        if key_id != self._ring.key_id:
            raise invalid(_BAD_BOX)
        try:
            value = SealedBox(self._private_key()).decrypt(base64.b64decode(encrypted, validate=True))
        except (CryptoError, binascii.Error, ValueError, TypeError):
            raise invalid(_BAD_BOX) from None
        if len(value) > MAX_PLAINTEXT:
            raise invalid(_TOO_LARGE)
        return value

    def put(self, name: str, value: bytes, *, at: int, lag: Lag, audience: SharedWith | None = None) -> bool:
        """Store a value under a checked name with the whole second `at`. Return whether the secret is new."""
        old = self.secrets.get(name)
        if old is None and len(self.secrets) >= self._most:
            message = f"The {self._whose} has {self._most} secrets already, which is the limit."
            raise invalid(message)
        self.latest = max(self.latest, at)
        self.secrets[name] = Secret(
            name=name,
            value=value,
            created=old.created if old else at,
            updated=at,
            audience=audience,
            before=old.updated if old else None,
            stale_reads=lag.reads,
            stale_until=at + lag.seconds if lag.seconds else 0.0,
        )
        return old is None

    def listed(self, now: float) -> list[tuple[Secret, int]]:
        """Return the secrets that a read at `now` shows, by name, each with the updated_at it shows."""
        seen = [(secret, secret.seen(now)) for _, secret in sorted(self.secrets.items())]
        return [(secret, updated) for secret, updated in seen if updated is not None]

    def _private_key(self) -> PrivateKey:
        if self._key is None or self._key_id != self._ring.key_id:
            self._key, self._key_id = PrivateKey.generate(), self._ring.key_id
        return self._key


def checked_name(name: str, kind: str = "Secret") -> str:
    """Return the name in upper case. Raise a 422 in GitHub's words for one that breaks its rules.

    kind: `Secret` or `Variable`; of variables' names GitHub says the same.
    """
    if not _NAME.fullmatch(name):
        message = f"{kind} {_NAME_RULE}"
        raise invalid(message)
    if name.upper().startswith("GITHUB_"):
        raise RefusalError(422, f"{kind} names must not start with GITHUB_.")
    return name.upper()
