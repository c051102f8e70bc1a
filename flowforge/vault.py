"""The only place for plaintext: a value that shows nothing, the vault that holds values, and their fingerprints.

A value leaves this module in two ways only: `SecretValue.reveal()`, called by the sealed box and by the
Authorization header, and `Fingerprinter`, whose result is a keyed hash.
"""

import hashlib
import hmac
from collections.abc import Callable, Iterable
from typing import Final, NoReturn, final

_HIDDEN: Final = "[secret]"
# scrypt at N=2**14, r=8 takes 16 MiB and about 50 ms, so that a value that a person chose cannot be guessed soon.
_SCRYPT_N: Final = 2**14


@final
class SecretValue:
    """A secret that prints as `[secret]` everywhere: repr, str, format, f-strings; it refuses copy, pickle and JSON.

    It is not a `str`, so nothing that joins, logs or encodes text can take it by accident. The text is held in a
    function's closure and is no attribute of anything, so a tool that walks attributes (deepdiff, `inspect.getmembers`,
    a format string with a dot, a debugger's list of locals) meets a function and not the value.
    """

    __slots__ = ("__reveal",)

    def __init__(self, value: str) -> None:
        """Hold `value`; the caller should drop its own reference."""
        self.__reveal: Callable[[], str] = lambda: value

    def reveal(self) -> str:
        """Return the plaintext. Callers: credentials (shape), github.seal (sealed box), github.auth (header)."""
        return self.__reveal()

    def __repr__(self) -> str:
        """Show nothing."""
        return _HIDDEN

    __str__ = __repr__

    def __format__(self, spec: str) -> str:
        """Show nothing, whatever is asked."""
        return format(_HIDDEN, spec)

    def __eq__(self, other: object) -> bool:
        """Compare in constant time."""
        if not isinstance(other, SecretValue):
            return NotImplemented
        return hmac.compare_digest(_encoded(self), _encoded(other))

    def __hash__(self) -> int:
        """Refuse to be hashed: a set of values would be a second place for them."""
        message = "a SecretValue is not hashable"
        raise TypeError(message)

    def __reduce__(self) -> NoReturn:
        """Refuse to be pickled or copied."""
        message = "a SecretValue cannot be copied or pickled"
        raise TypeError(message)

    def __getstate__(self) -> NoReturn:
        """Refuse to be pickled: the method of `object` would hand out the slots."""
        self.__reduce__()


def _encoded(value: SecretValue) -> bytes:
    """Return the bytes of any text at all."""
    # A strict encoder raises an error that has the plaintext as its `object`.
    return value.reveal().encode("utf-8", "surrogatepass")


@final
class StateKey:
    """The key that a state may have. Each purpose has a key of its own, which is derived from it."""

    __slots__ = ("__value",)

    def __init__(self, value: SecretValue) -> None:
        """Hold a key whose strength was checked before."""
        self.__value = value

    def derived(self, purpose: str) -> bytes:
        """Return the key for one purpose: HMAC-SHA256 of `flowforge state <purpose>`."""
        return hmac.digest(_encoded(self.__value), f"flowforge state {purpose}".encode("ascii"), "sha256")

    def sign(self, purpose: str, data: bytes) -> str:
        """Return the HMAC-SHA256 of public `data` under the key for one purpose, as 64 hexadecimal digits."""
        return hmac.digest(self.derived(purpose), data, "sha256").hex()

    def is_(self, value: SecretValue) -> bool:
        """Return whether a value is this key."""
        return value == self.__value

    def __reduce__(self) -> NoReturn:
        """Refuse to be pickled or copied."""
        message = "a StateKey cannot be copied or pickled"
        raise TypeError(message)


class Fingerprinter:
    """Makes keyed hashes of values, by which a state notices a changed value without holding any of it.

    A hash begins with the name of its algorithm. With a state key it is HMAC-SHA256 under that and the salt. Without
    one, values of a known shape with high entropy get HMAC-SHA256 under the salt. All others may be chosen by a person,
    and get scrypt.
    """

    def __init__(self, salt: bytes, key: StateKey | None = None) -> None:
        """Take the salt and the key of one state. Raises ValueError for a salt that is shorter than 16 bytes."""
        if len(salt) < 16:  # noqa: PLR2004 -- the least that any reader of this line would accept as a salt
            message = "the salt is too short"
            raise ValueError(message)
        self._salt = salt
        # Tells whether a value is that key. It is a function so that the key itself is no attribute of anything.
        self.is_key: Callable[[SecretValue], bool] = key.is_ if key else lambda _: False
        self._key = key.derived(f"fingerprint {salt.hex()}") if key else None

    def fingerprint(self, value: SecretValue, *, guessable: bool) -> str:
        """Return `keyed-hmac-sha256:<hex>`; without a key `hmac-sha256:`, or `scrypt:` for what could be guessed."""
        # NOTE: the encoded value is never bound to a name here, so no traceback with locals can show it.
        if self._key is not None:
            return "keyed-hmac-sha256:" + hmac.new(self._key, _encoded(value), hashlib.sha256).hexdigest()
        if guessable:
            return "scrypt:" + hashlib.scrypt(_encoded(value), salt=self._salt, n=_SCRYPT_N, r=8, p=1, dklen=32).hex()
        return "hmac-sha256:" + hmac.new(self._salt, _encoded(value), hashlib.sha256).hexdigest()


class Vault:
    """The values of one run, by fingerprint. The planner sees only fingerprints; apply takes the values from here."""

    def __init__(self) -> None:
        """Begin empty."""
        self._values: dict[str, SecretValue] = {}

    def put(self, fingerprint: str, value: SecretValue) -> None:
        """Keep a value under its fingerprint."""
        self._values[fingerprint] = value

    def get(self, fingerprint: str) -> SecretValue:
        """Return the value of a fingerprint. Raises KeyError for one that was never put here."""
        return self._values[fingerprint]

    def fingerprints(self) -> Iterable[str]:
        """Return the fingerprints that are held, in no particular order."""
        return tuple(self._values)

    def __repr__(self) -> str:
        """Show how many values are held, and nothing of them."""
        return f"Vault({len(self._values)} values)"
